"""Sessions of staff: where, until when, and ended at once."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.services import audit, sessions, staff
from ivr.services.errors import NotFoundError
from ivr.services.sessions import SessionLimits

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMITS = SessionLimits(idle=timedelta(hours=1), longest=timedelta(hours=12))


@pytest.fixture
def li(database):
    return add(database, "li.na")


def add(database, username):
    with database.begin() as session:
        given = {"password_hash": "x", "role": "editor", "who": "admin", "now": NOW}
        return staff.create(session, username=username, **given)


def begin(database, person, now=NOW):
    with database.begin() as session:
        return sessions.begin(session, person.id, address="192.0.2.7", browser="Firefox", now=now)


def find(database, token, now=NOW):
    with database.read() as session:
        found = sessions.find(session, token, now, LIMITS)
    return None if found is None else found[0]


def test_the_cookie_names_the_session_and_the_database_cannot_make_one(database, li):
    token = begin(database, li)
    row = find(database, token)
    assert (row.staff_id, row.address, row.browser) == (li.id, "192.0.2.7", "Firefox")
    assert token not in row.token_hash
    for forged in (row.token_hash, token[:-1], token + "x", "", "\ud800"):
        assert find(database, forged) is None


def test_it_ends_after_a_time_without_use_and_some_hours_after_its_beginning(database, li):
    token = begin(database, li)
    assert find(database, token, NOW + timedelta(minutes=59))
    assert find(database, token, NOW + timedelta(minutes=60)) is None
    at = NOW
    while at < NOW + timedelta(hours=11, minutes=30):
        at += timedelta(minutes=30)
        with database.begin() as session:
            sessions.note_use(session, find(database, token, at).id, at)
    assert at == NOW + timedelta(hours=11, minutes=30)
    assert find(database, token, at + timedelta(minutes=29))
    assert find(database, token, at + timedelta(minutes=30)) is None


def test_one_is_ended_and_the_others_stay(database, li):
    here, there = begin(database, li), begin(database, li, NOW + timedelta(minutes=1))
    with database.begin() as session:
        listed = sessions.lasting(session, li.id, NOW + timedelta(minutes=1), LIMITS)
        assert [row.id for row in listed] == [find(database, there).id, find(database, here).id]
        sessions.end(session, li, listed[0].id, who="li.na", now=NOW)
        sessions.end(session, li, listed[0].id, who="li.na", now=NOW)  # gone already
    assert find(database, there) is None
    assert find(database, here)
    with database.read() as session:
        assert [entry.what for entry in audit.newest(session)].count("session_ended") == 1


def test_nobody_ends_the_session_of_another_by_its_number(database, li):
    other = add(database, "wang.fang")
    token = begin(database, li)
    row = find(database, token)
    with database.begin() as session, pytest.raises(NotFoundError):
        sessions.end(session, other, row.id, who="wang.fang", now=NOW)
    assert find(database, token)


def test_all_others_are_ended_and_nobody_elses(database, li):
    other = begin(database, add(database, "wang.fang"))
    kept, *rest = (begin(database, li) for _ in range(3))
    with database.begin() as session:
        assert sessions.end_all(session, li, now=NOW, except_for=find(database, kept).id) == 2
    assert [find(database, token) for token in rest] == [None, None]
    assert find(database, kept)
    assert find(database, other)


def test_old_rows_are_forgotten_some_at_a_time(database, li):
    tokens = [begin(database, li, NOW - timedelta(days=40)) for _ in range(3)]
    new = begin(database, li)
    with database.begin() as session:
        assert sessions.forget(session, NOW - timedelta(days=30), limit=2) == 2
        assert sessions.forget(session, NOW - timedelta(days=30), limit=2) == 1
        assert sessions.forget(session, NOW - timedelta(days=30), limit=2) == 0
    assert find(database, new)
    assert len(tokens) == 3
