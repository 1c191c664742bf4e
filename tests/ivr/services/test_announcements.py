"""Announcements as they are kept: always with an end, one for each group of callers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.services import announcements
from ivr.services.announcements import LONGEST, LONGEST_TEXT, Notice
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def begin(database: Any, now: datetime = NOW, **given: Any) -> int:
    notice = Notice(**{"words_zh": "停水", "words_en": "", "ends_at": now + HOUR, **given})
    with database.begin() as session:
        return announcements.begin(session, notice, who="clerk", now=now).id


def running(database: Any, now: datetime) -> list[int]:
    with database.read() as session:
        return [row.id for row in announcements.in_force(session, now)]


def test_it_is_in_force_from_the_click_to_its_end_and_no_longer(database):
    number = begin(database)
    assert running(database, NOW) == [number]
    assert running(database, NOW + HOUR - timedelta(seconds=1)) == [number]
    assert running(database, NOW + HOUR) == []
    with database.read() as session:
        (past,) = announcements.history(session, NOW + HOUR)
        assert (past.begun_by, past.ended_by, announcements.over_at(past)) == (
            "clerk",
            "",
            NOW + HOUR,
        )


def test_a_new_one_takes_the_place_of_the_one_for_the_same_callers_only(database):
    first, bills = begin(database), begin(database, flow="bills")
    second = begin(database, now=NOW + timedelta(minutes=1))
    assert running(database, NOW + timedelta(minutes=2)) == [second, bills]
    with database.read() as session:
        replaced = announcements.get(session, first)
        assert (replaced.ended_at, replaced.ended_by) == (NOW + timedelta(minutes=1), "clerk")


@pytest.mark.parametrize(
    "given",
    [
        {"words_zh": " \n "},
        {"words_zh": "长" * (LONGEST_TEXT + 1)},
        {"ends_at": NOW},
        {"ends_at": NOW + LONGEST + timedelta(seconds=1)},
    ],
)
def test_without_words_or_without_an_end_in_reach_it_is_refused(database, given):
    with pytest.raises(RefusedError):
        begin(database, **given)
    assert running(database, NOW) == []


def test_words_are_kept_as_one_line(database):
    number = begin(database, words_zh=" 停水\n\n通知\x00 ")
    with database.read() as session:
        assert announcements.get(session, number).words_zh == "停水 通知"


def test_it_is_ended_or_lengthened_while_it_runs_and_not_after(database):
    number = begin(database)
    with database.begin() as session:
        changed = announcements.extend(session, number, NOW + 2 * HOUR, now=NOW)
        assert changed.revision == 2
    assert running(database, NOW + HOUR) == [number]
    with database.begin() as session:
        announcements.end(session, number, who="chief", now=NOW + HOUR)
    for change in (
        lambda session: announcements.end(session, number, who="x", now=NOW + HOUR),
        lambda session: announcements.extend(session, number, NOW + 3 * HOUR, now=NOW + HOUR),
    ):
        with pytest.raises(RefusedError, match="over already"), database.begin() as session:
            change(session)
    with pytest.raises(NotFoundError), database.begin() as session:
        announcements.end(session, 999, who="x", now=NOW)
