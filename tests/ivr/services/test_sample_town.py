from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ivr.records.tables import ComplaintState, UtilityKind
from ivr.services import (
    areas,
    complaint_search,
    complaints,
    facts,
    lookups,
    outages,
    sample_town,
)

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def town(database):
    with database.begin() as session:
        assert sample_town.load(session, NOW)
    return database


@pytest.mark.parametrize(
    ("arguments", "name", "values"),
    [
        (
            {"account": "880123"},
            "found",
            {"amount": Decimal("128.50"), "kind": "electricity", "state": "unpaid"},
        ),
        ({"account": "880456"}, "code_needed", {}),
        (
            {"account": "880456", "code": "4321"},
            "found",
            {"amount": Decimal("36.00"), "kind": "water"},
        ),
        ({"account": "880456", "code": "1234"}, "wrong_code", {"tries_left": 2}),
        ({"account": "880789"}, "nothing_owed", {"kind": "gas"}),
    ],
)
def test_the_accounts_owe_what_the_readme_says(town, arguments, name, values):
    with town.begin() as session:
        outcome = lookups.run(session, "bills.find", arguments, NOW)
    assert outcome.name == name
    assert outcome.values.items() >= values.items()


def test_two_outages_are_current_and_one_has_ended(town):
    with town.read() as session:
        kinds = [row.kind for row in outages.current(session, NOW)]
        assert sorted(kinds) == [UtilityKind.ELECTRICITY, UtilityKind.WATER]
        assert len(outages.everything(session)) == 3


def test_there_are_complaints_in_each_state_with_their_history(town):
    with town.read() as session:
        assert all(count >= 2 for count in complaint_search.counts(session).values())
        for complaint in complaint_search.search(session).complaints:
            events = complaints.get(session, complaint.ticket).events
            assert events[-1].to_state is complaint.state
            if complaint.state is ComplaintState.REPLIED:
                assert complaint.reply


def test_it_is_marked_as_sample_and_loaded_once(town):
    with town.begin() as session:
        assert facts.is_sample(session)
        assert not sample_town.load(session, NOW)


def test_a_database_that_holds_anything_is_left_alone(database):
    with database.begin() as session:
        areas.save(session, "01", "真实", "Real")
        assert not sample_town.load(session, NOW)
        assert not facts.is_sample(session)
        assert outages.everything(session) == []
