"""Codes for recording by telephone: who gets one, what opens, and what three wrong tries do."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.records.tables import AuditEntry, Role, Staff, StudioCaller, StudioCode
from ivr.services import studio_codes
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DESK = "01088880001"


def person(database, username="li.na", role=Role.EDITOR):
    with database.begin() as session:
        session.add(Staff(username=username, password_hash="-", role=role, created_at=NOW))
    return username


def code_for(database, username="li.na", now=NOW):
    with database.begin() as session:
        return studio_codes.make(session, username, who=username, now=now)


def tried(database, digits, caller=DESK, now=NOW):
    with database.begin() as session:
        return studio_codes.attempt(session, digits, caller, now)


def wrong(code):
    """The same code with another secret."""
    return code[:4] + f"{(int(code[4:]) + 1) % 10**6:06d}"


def audited(database):
    with database.read() as session:
        return [(row.who, row.what, row.record) for row in session.scalars(select(AuditEntry))]


def test_a_code_opens_for_its_holder_and_its_secret_is_kept_nowhere(database):
    code = code_for(database, person(database))
    assert re.fullmatch(r"[0-9]{10}", code)
    found = tried(database, code)
    assert found.person is not None
    assert found.person.username == "li.na"
    with database.read() as session:
        row = session.scalars(select(StudioCode)).one()
        assert (row.selector, row.last_used_at) == (code[:4], NOW)
        assert code[4:] not in repr(vars(row)).replace(row.secret_hash, "")
        assert row.secret_hash.startswith("scrypt$")
        assert not any(
            code[4:] in str(entry.detail) for entry in session.scalars(select(AuditEntry))
        )
    assert audited(database) == [
        ("li.na", "studio_code_made", "li.na"),
        ("li.na", "studio_entered", ""),
    ]


def test_every_code_is_another_one(database):
    person(database)
    assert len({code_for(database) for _ in range(20)}) == 20


def test_a_new_code_ends_the_old_one(database):
    old, new = code_for(database, person(database)), code_for(database)
    assert tried(database, old).code is None
    assert tried(database, new).code is not None


def test_an_ended_code_opens_nothing_and_cannot_be_ended_twice(database):
    code = code_for(database, person(database))
    held = tried(database, code).code
    assert held is not None
    with database.begin() as session:
        studio_codes.end(session, "li.na", who="admin", now=NOW)
    assert tried(database, code).code is None
    with database.read() as session:
        assert studio_codes.holder(session, held.id) is None
    with database.begin() as session, pytest.raises(NotFoundError, match="no telephone code"):
        studio_codes.end(session, "li.na", who="admin", now=NOW)


@pytest.mark.parametrize("change", [{"active": False}, {"role": Role.SUPERVISOR}])
def test_who_leaves_or_gets_another_role_records_no_more(database, change):
    code = code_for(database, person(database))
    held = tried(database, code).code
    assert held is not None
    with database.begin() as session:
        for name, value in change.items():
            setattr(session.get(Staff, held.staff_id), name, value)
    assert tried(database, code).code is None
    with database.read() as session:
        assert studio_codes.holder(session, held.id) is None


def test_who_edits_no_prompts_gets_no_code(database):
    person(database, "wang", Role.SUPERVISOR)
    with database.begin() as session, pytest.raises(RefusedError, match="edit prompts"):
        studio_codes.make(session, "wang", who="wang", now=NOW)


def test_three_wrong_tries_lock_the_code_for_every_caller(database):
    code = code_for(database, person(database))
    callers = ("01088880002", "01088880003", "01088880004")
    assert [tried(database, wrong(code), caller).tries_left for caller in callers] == [2, 1, 0]
    assert tried(database, code).locked_min == 30
    assert tried(database, code, now=NOW + timedelta(minutes=29, seconds=1)).locked_min == 1
    assert tried(database, code, now=NOW + timedelta(minutes=30)).code is not None
    assert ("line", "studio_code_locked", "li.na") in audited(database)


def unknown(code: str) -> list[str]:
    """Three codes that begin as nobody's does."""
    return [f"{(int(code[:4]) + step) % 10**4:04d}000000" for step in (1, 2, 3)]


def test_three_wrong_tries_lock_the_caller_whatever_was_keyed(database):
    code = code_for(database, person(database))
    assert [tried(database, digits).tries_left for digits in unknown(code)] == [2, 1, 0]
    assert tried(database, code).locked_min == 30
    assert tried(database, code, "01088880009").code is not None


def test_callers_who_withhold_their_number_are_counted_as_one(database):
    code = code_for(database, person(database))
    for digits in unknown(code):
        tried(database, digits, "")
    assert tried(database, code, "").code is None
    assert tried(database, code, DESK).code is not None


def test_a_right_code_forgets_the_wrong_ones_before_it(database):
    code = code_for(database, person(database))
    for _ in range(3):
        assert tried(database, wrong(code)).tries_left == 2
        assert tried(database, code).code is not None


def test_wrong_codes_of_long_ago_are_forgotten(database):
    code = code_for(database, person(database))
    tried(database, wrong(code), "01088880002")
    tried(database, code, now=NOW + timedelta(hours=1))
    with database.read() as session:
        assert session.scalars(select(StudioCaller)).all() == []


def test_a_new_code_lifts_the_lock_of_the_old_one(database):
    code = code_for(database, person(database))
    for caller in ("1", "2", "3"):
        tried(database, wrong(code), caller)
    assert tried(database, code_for(database)).code is not None


def test_ten_tries_at_once_are_no_more_guesses_than_three(database):
    code = code_for(database, person(database))
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda n: tried(database, wrong(code), f"0108888{n:04d}"), range(10))
        )
    assert sum(answer.tries_left > 0 for answer in answers) == 2
    assert all(answer.code is None for answer in answers)


@pytest.mark.parametrize("digits", ["", "1", "12345678901234567890", "abcdefghij"])
def test_what_is_no_code_is_a_wrong_one(database, digits):
    code_for(database, person(database))
    assert tried(database, digits).tries_left == 2
