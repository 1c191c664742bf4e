"""Sums of complaints by day: the same figures as the complaints give, at every moment."""

import random
from datetime import UTC, datetime, timedelta

from ivr.records.tables import Complaint, ComplaintState
from ivr.services import complaint_days, complaint_figures, retention

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SINCE, UNTIL = NOW - timedelta(days=45, hours=5), NOW - timedelta(hours=1)


def add(session, number, at, **more):
    facts = {
        "category": "roads",
        "state": ComplaintState.RECEIVED,
        "finished": True,
        "created_at": at,
        "updated_at": at,
    }
    session.add(Complaint(ticket=f"{number:012}", **facts | more))


def fill(database, count=300):
    chance = random.Random(4)
    with database.begin() as session:
        for number in range(count):
            at = NOW - timedelta(seconds=chance.randrange(60 * 86400))
            state = chance.choice(list(ComplaintState))
            add(session, number, at, state=state, category=chance.choice(("roads", "prices")))


def figures(database):
    with database.read() as session:
        return complaint_figures.filed(session, SINCE, UNTIL)


def summed(database, now=NOW):
    while complaint_days.tend(database, now):
        pass


def test_sums_say_what_the_complaints_say(database):
    fill(database)
    counted = figures(database)
    summed(database)
    with database.read() as session:
        known = complaint_days.Known.of(session)
        assert (NOW.date() - known.last).days == 1
        assert (known.last - known.first).days > 50
    assert figures(database) == counted
    assert counted.total > 100


def test_a_change_is_in_the_figures_before_its_day_is_counted_again(database):
    fill(database)
    summed(database)
    before = figures(database)
    later = NOW + timedelta(hours=2)
    with database.begin() as session:
        add(session, 1000, NOW - timedelta(days=3), category="prices", updated_at=later)
        row = session.get(Complaint, f"{1:012}")
        row.category, row.created_at = "roads", NOW - timedelta(days=9)
        row.updated_at = later
    changed = figures(database)
    assert changed.total >= before.total + 1
    summed(database, later)
    assert figures(database) == changed
    summed(database, later + timedelta(days=1))
    assert figures(database) == changed


def test_with_more_changed_than_is_worth_it_all_complaints_are_read(database, monkeypatch):
    fill(database)
    summed(database)
    counted = figures(database)
    monkeypatch.setattr(complaint_days, "MOST_CHANGED", 0)
    with database.begin() as session:
        session.get(Complaint, f"{1:012}").updated_at = NOW
        session.flush()
        assert complaint_days.Known.of(session) is None
    assert figures(database) == counted


def test_an_idle_line_writes_nothing(database):
    fill(database, 20)
    summed(database, NOW + timedelta(days=2))
    with database.read() as session:
        kept = complaint_days._State.read(session)
    assert not complaint_days.tend(database, NOW + timedelta(days=2, seconds=30))
    with database.read() as session:
        assert complaint_days._State.read(session) == kept


def test_what_the_purge_removes_leaves_the_sums(database, tmp_path):
    fill(database)
    summed(database)
    periods = retention.Periods(calls=0, recordings=0, transcripts=0, complaints=30, audit=0)
    done = retention.purge(database, periods, NOW, state_dir=tmp_path)
    assert done.removed["complaints"] > 10
    left = figures(database)
    with database.begin() as session:
        complaint_days.forget(session)
    assert figures(database) == left
