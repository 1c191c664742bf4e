from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import argon2
import pytest
from argon2 import PasswordHasher

from ivr.records.tables import Role
from ivr.services import audit, passwords, sessions, staff, tokens
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.sessions import SessionLimits
from ivr.services.staff import SignInResult

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMITS = SessionLimits(timedelta(hours=1), timedelta(hours=12))
GOOD = "horse battery staple"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024))


def test_the_hashes_of_the_running_line_are_as_costly_as_rfc_9106_asks():
    hasher = argon2.profiles.RFC_9106_LOW_MEMORY
    kept = passwords.PRODUCTION
    assert (kept.memory_cost, kept.time_cost) >= (hasher.memory_cost, hasher.time_cost)


@pytest.fixture
def li(database):
    hashed = staff.new_password_hash(GOOD, "li.na")
    with database.begin() as session:
        given = {"password_hash": hashed, "who": "admin", "now": NOW}
        return staff.create(session, username="Li.Na", role="editor", **given)


def sign_in(database, password=GOOD, username="li.na", now=NOW):
    return staff.authenticate(database, username, password, now)


def test_the_right_password_signs_in_whatever_the_case_of_the_username(database, li):
    signed_in = sign_in(database, username=" LI.NA ")
    assert signed_in.result is SignInResult.OK
    assert (signed_in.staff.username, signed_in.staff.role) == ("li.na", Role.EDITOR)
    assert signed_in.staff.last_sign_in_at == NOW


def test_wrong_and_unknown_look_the_same(database, li):
    assert sign_in(database, "wrong") == sign_in(database, username="nobody")
    assert sign_in(database, "", "").result is SignInResult.WRONG
    assert sign_in(database, GOOD, "li.na\x00").result is SignInResult.OK  # NUL is no character


def test_an_unknown_username_costs_a_verification_too(database, li, monkeypatch):
    judged = []
    monkeypatch.setattr(staff, "password_matches", lambda _, hashed: bool(judged.append(hashed)))
    sign_in(database, "guess", "nobody")
    sign_in(database, "guess", "li.na")
    assert judged == [None, li.password_hash]


def test_five_wrong_tries_lock_for_fifteen_minutes(database, li):
    results = [sign_in(database, "wrong").result for _ in range(staff.TRIES)]
    assert results == [SignInResult.WRONG] * staff.TRIES
    locked = sign_in(database)
    assert (locked.result, locked.locked_until) == (SignInResult.LOCKED, NOW + staff.LOCK)
    assert sign_in(database, now=NOW + staff.LOCK).result is SignInResult.OK


def test_the_right_password_on_the_last_try_lifts_the_lock(database, li):
    for _ in range(staff.TRIES - 1):
        sign_in(database, "wrong")
    assert sign_in(database).result is SignInResult.OK
    assert [sign_in(database, "wrong").result for _ in range(2)] == [SignInResult.WRONG] * 2


def test_a_burst_at_once_gets_no_more_tries_than_the_same_one_by_one(database, li):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: sign_in(database, f"wrong{n}").result, range(12)))
    assert results.count(SignInResult.WRONG) == staff.TRIES
    assert results.count(SignInResult.LOCKED) == 12 - staff.TRIES


def test_who_is_not_active_cannot_sign_in_and_their_sessions_end(database, li):
    token = begin_session(database, li)
    add_admin(database)
    with database.begin() as session:
        assert staff.edit(session, "li.na", active=False, who="boss", now=NOW)
        assert sessions.find(session, token, NOW, LIMITS) is None
    assert sign_in(database).result is SignInResult.WRONG


def begin_session(database, person):
    with database.begin() as session:
        return sessions.begin(session, person.id, address="", browser="", now=NOW)


def add_admin(database, username="boss"):
    with database.begin() as session:
        given = {"password_hash": "x", "who": "admin", "now": NOW}
        staff.create(session, username=username, role=Role.ADMINISTRATOR, **given)


def test_the_last_administrator_cannot_be_lost(database):
    add_admin(database, "one")
    add_admin(database, "two")
    with database.begin() as session:
        staff.edit(session, "one", role="supervisor", who="two", now=NOW)
    for change in ({"active": False}, {"role": "editor"}):
        with pytest.raises(RefusedError, match="administrator"), database.begin() as session:
            staff.edit(session, "two", who="two", now=NOW, **change)


def test_a_new_password_ends_the_lock_and_the_sessions(database, li):
    for _ in range(staff.TRIES):
        sign_in(database, "wrong")
    token = begin_session(database, li)
    hashed = staff.new_password_hash("another long one", "li.na")
    with database.begin() as session:
        staff.set_password(session, "li.na", hashed, must_change=False, who="boss", now=NOW)
        assert sessions.find(session, token, NOW, LIMITS) is None
    assert sign_in(database, "another long one").result is SignInResult.OK


@pytest.mark.parametrize("username", ["", "a", "has space", "ümlaut", "-x", "a" * 33, "a/b"])
def test_a_username_that_cannot_be_typed_or_linked_is_refused(database, username):
    with database.begin() as session, pytest.raises(RefusedError):
        staff.create(session, username=username, password_hash="x", role="editor", who="a", now=NOW)


def test_a_username_is_taken_once(database, li):
    with database.begin() as session, pytest.raises(RefusedError, match="already"):
        staff.create(session, username="LI.NA", password_hash="x", role="editor", who="a", now=NOW)


def test_the_first_administrator_gets_a_generated_password_once(database):
    generated = staff.ensure_first_administrator(database, None, NOW)
    assert len(generated) >= 16
    assert staff.ensure_first_administrator(database, None, NOW) is None
    assert staff.ensure_first_administrator(database, "other one!", NOW) is None
    signed_in = sign_in(database, generated, "admin")
    assert signed_in.staff.role is Role.ADMINISTRATOR
    assert not signed_in.staff.must_change_password


@pytest.mark.parametrize(("password", "must_change"), [("admin123", True), (GOOD, False)])
def test_the_operators_password_is_taken_and_a_weak_one_must_be_changed(
    database, password, must_change
):
    assert staff.ensure_first_administrator(database, password, NOW) is None
    signed_in = sign_in(database, password, "admin")
    assert signed_in.result is SignInResult.OK
    assert signed_in.staff.must_change_password is must_change


def test_a_password_typed_full_width_is_the_same_password():
    hashed = passwords.hash_password("abcd１２３４efgh")
    assert passwords.password_matches("abcd1234efgh", hashed)
    assert not passwords.password_matches("abcd1234efgx", hashed)
    assert not passwords.password_matches("abcd1234efgh", None)
    assert not passwords.password_matches("abcd1234efgh", "not a hash")


def test_who_signed_in_and_who_was_refused_is_kept(database, li):
    sign_in(database, "wrong")
    sign_in(database)
    with database.read() as session:
        entries = [(e.who, e.what) for e in audit.newest(session)][:2]
    assert entries == [("li.na", "signed_in"), ("li.na", "sign_in_refused")]


def test_a_token_opens_until_it_is_revoked_and_is_not_kept_readable(database):
    with database.begin() as session:
        token = tokens.create(session, "dashboard", who="boss", now=NOW)
        row = tokens.verify(session, token)
        assert row.name == "dashboard"
        assert token not in row.token_hash
        assert tokens.verify(session, token + "x") is None
        assert tokens.verify(session, "\ud800") is None
        tokens.note_use(session, row, NOW)
        tokens.note_use(session, row, NOW + timedelta(seconds=5))
        assert row.last_used_at == NOW
        with pytest.raises(RefusedError):
            tokens.create(session, "dashboard", who="boss", now=NOW)
        tokens.revoke(session, row.id, NOW)
        assert tokens.verify(session, token) is None
        with pytest.raises(NotFoundError):
            tokens.revoke(session, 99, NOW)


def test_a_clerk_works_for_a_department_and_nobody_else_does(database, li):
    with database.begin() as session:
        for department, said in ((None, "choose it"), ("nowhere", "no department")):
            with pytest.raises(RefusedError, match=said):
                staff.edit(session, "li.na", role="clerk", department=department, who="x", now=NOW)
    token = begin_session(database, li)
    add_admin(database)
    with database.begin() as session:
        given = {"who": "boss", "now": NOW}
        clerk = staff.edit(session, "li.na", role="clerk", department="environment", **given)
        assert (clerk.role, clerk.department) == (Role.CLERK, "environment")
        assert sessions.find(session, token, NOW, LIMITS) is None
    token = begin_session(database, li)
    with database.begin() as session:
        staff.edit(session, "li.na", role="clerk", department="environment", **given)
        assert sessions.find(session, token, NOW, LIMITS) is not None  # nothing changed
        staff.edit(session, "li.na", role="clerk", department="public_utilities", **given)
        assert sessions.find(session, token, NOW, LIMITS) is None
        person = staff.edit(session, "li.na", role="editor", department="environment", **given)
        assert person.department is None
    with database.read() as session:
        entry = next(e for e in audit.newest(session) if e.what == "staff_changed")
        assert entry.detail == {"now": "editor"}
