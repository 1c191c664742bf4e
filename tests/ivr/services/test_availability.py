"""What is known of the times without the line, and nothing more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivr.records import Database
from ivr.services import availability, heartbeats

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))


def beat(database: Database, minutes: float, **detail: object) -> None:
    with database.begin() as session:
        heartbeats.beat(session, "responder", detail, NOON + timedelta(minutes=minutes))


def found(database: Database, minutes: float) -> availability.Availability:
    with database.read() as session:
        return availability.between(session, *DAY, NOON + timedelta(minutes=minutes))


def test_nothing_is_claimed_of_the_time_before_the_first_sign(database: Database) -> None:
    assert found(database, 0).share is None
    beat(database, 0)
    seen = found(database, 0.1)
    assert seen.share == 1
    assert seen.watched_s == pytest.approx(6)


def test_a_stop_and_a_silence_are_told_apart(database: Database) -> None:
    beat(database, 0)
    beat(database, 0.1, draining=True)
    beat(database, 1.1)  # a minute after it was told to stop
    beat(database, 3.1)  # two minutes of silence
    seen = found(database, 3.1)
    assert [(gap.kind, gap.seconds) for gap in seen.gaps] == [("stopped", 60), ("silent", 120)]
    assert seen.share == pytest.approx(1 - 180 / 186)


def test_a_gap_that_lasts_counts_up_to_now(database: Database) -> None:
    beat(database, 0)
    seen = found(database, 10)
    (gap,) = seen.gaps
    assert gap.until is None
    assert seen.lost_s == seen.watched_s == 600
    assert seen.share == 0


def test_a_gap_counts_only_as_far_as_it_lies_in_the_period(database: Database) -> None:
    beat(database, -13 * 60)
    beat(database, -11 * 60)  # away from one hour before the day to one hour into it
    seen = found(database, -11 * 60)
    assert seen.lost_s == seen.watched_s == 3600


def test_signs_a_little_late_are_no_gap(database: Database) -> None:
    for n in range(5):
        beat(database, n * 9 / 60)
    assert found(database, 36 / 60).gaps == []


def test_another_process_says_nothing_of_the_line(database: Database) -> None:
    beat(database, 0)
    with database.begin() as session:
        heartbeats.beat(session, "voice", {}, NOON)
        heartbeats.beat(session, "voice", {}, NOON + timedelta(hours=1))
    beat(database, 0.1)
    assert found(database, 0.1).gaps == []
