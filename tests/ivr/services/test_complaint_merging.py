"""Two complaints about one thing: both callers hear of the one that is worked on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivr.records import Database
from ivr.records.tables import ComplaintState
from ivr.services import complaint_merging as merging
from ivr.services import complaint_search, complaints
from ivr.services.complaint_search import ComplaintFilter
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def file(database: Database, number: str, minutes: int = 0, **given: object) -> str:
    with database.begin() as session:
        return complaints.file(
            session,
            category="roads",
            call_id=None,
            recording_id=None,
            caller=number,
            callback_number=number,
            finished=True,
            now=NOW + timedelta(minutes=minutes),
            **given,
        ).ticket


def merge(database: Database, ticket: str, into: str) -> None:
    with database.begin() as session:
        merging.merge(
            session, ticket, into, who="clerk", notes=("gone there", "come here"), now=NOW
        )


def heard(database: Database, ticket: str, last4: str) -> dict[str, object]:
    with database.read() as session:
        outcome = complaints.progress(session, ticket, last4, "en", NOW)
    assert outcome.name == "found"
    return dict(outcome.values)


def test_both_tickets_tell_how_the_kept_complaint_stands(database: Database) -> None:
    first, second = file(database, "13800001111"), file(database, "13900002222", 5)
    merge(database, second, first)
    with database.begin() as session:
        complaints.change_state(session, first, ComplaintState.HANDLING, who="clerk", now=NOW)
        complaints.change_state(
            session, first, ComplaintState.REPLIED, who="clerk", note="Mended.", now=NOW
        )
    for ticket, last4 in ((first, "1111"), (second, "2222")):
        told = heard(database, ticket, last4)
        assert (told["state"], told["reply"], told["ticket"]) == ("replied", "Mended.", ticket)
    with database.read() as session:
        assert complaints.progress(session, second, "1111", "en", NOW).name == "not_found"


def test_a_duplicate_waits_for_nothing_and_both_histories_say_why(database: Database) -> None:
    first, second = file(database, "13800001111"), file(database, "13900002222")
    merge(database, second, first)
    with database.read() as session:
        waiting = complaint_search.search(session, ComplaintFilter(unsettled=True))
        assert [row.ticket for row in waiting.complaints] == [first]
        assert complaints.get(session, second).events[-1].note == "gone there"
        assert complaints.get(session, first).events[-1].note == "come here"
        assert [row.ticket for row in merging.duplicates(session, first)] == [second]


def test_what_was_merged_before_follows(database: Database) -> None:
    one, two, three = (file(database, f"1380000{n}{n}{n}{n}") for n in (1, 2, 3))
    merge(database, one, two)
    merge(database, two, three)
    with database.read() as session:
        assert complaints.get(session, one).merged_into == three
        assert len(merging.duplicates(session, three)) == 2


def test_circles_and_chains_are_refused(database: Database) -> None:
    one, two, three = (file(database, f"1380000{n}{n}{n}{n}") for n in (1, 2, 3))
    with pytest.raises(RefusedError, match="into itself"):
        merge(database, one, one)
    merge(database, one, two)
    with pytest.raises(RefusedError, match="a duplicate itself"):
        merge(database, two, one)
    with pytest.raises(RefusedError, match="a duplicate itself"):
        merge(database, three, one)
    with pytest.raises(RefusedError, match="before"):
        merge(database, one, three)
    with pytest.raises(NotFoundError):
        merge(database, three, "209901010001")


def test_a_merged_complaint_is_not_worked_on(database: Database) -> None:
    first, second = file(database, "13800001111"), file(database, "13900002222")
    merge(database, second, first)
    with database.begin() as session, pytest.raises(RefusedError, match="work on that one"):
        complaints.change_state(session, second, ComplaintState.HANDLING, who="clerk", now=NOW)


def test_a_merge_can_be_taken_back(database: Database) -> None:
    first, second = file(database, "13800001111"), file(database, "13900002222")
    with database.begin() as session:
        complaints.change_state(session, second, ComplaintState.HANDLING, who="clerk", now=NOW)
    merge(database, second, first)
    with database.begin() as session:
        merging.separate(session, second, who="clerk", note="not the same", now=NOW)
    assert heard(database, second, "2222")["state"] == "handling"
    with database.begin() as session, pytest.raises(RefusedError, match="was not merged"):
        merging.separate(session, second, who="clerk", note="", now=NOW)


def test_what_is_confidential_makes_the_kept_one_confidential(database: Database) -> None:
    first, second = file(database, "13800001111"), file(database, "13900002222")
    with database.begin() as session:
        complaints.get(session, second).confidential = True
    merge(database, second, first)
    with database.read() as session:
        assert complaints.get(session, first).confidential
        found = complaint_search.search(session, ComplaintFilter(confidential=False))
        assert found.total == 0
