from datetime import UTC, date, datetime, timedelta

import pytest

from ivr.records.tables import ComplaintState
from ivr.services import complaints
from ivr.services.complaint_corrections import Correction, correct
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def file_one(session):
    return complaints.file(
        session,
        category="roads",
        call_id=None,
        recording_id=None,
        caller="13800001111",
        callback_number="13900002222",
        finished=True,
        now=NOW,
    ).ticket


def given(session, ticket, wanted, *, seen=None, note="why"):
    return correct(
        session,
        ticket,
        wanted,
        seen=seen or complaints.get(session, ticket).updated_at,
        who="li",
        note=note,
        now=LATER,
    )


def test_what_is_given_changes_and_the_rest_and_the_state_stay(database):
    with database.begin() as session:
        ticket = file_one(session)
        wanted = Correction(category="prices", deadline=date(2026, 12, 24))
        assert given(session, ticket, wanted) == ["category", "deadline"]
    with database.read() as session:
        row = complaints.get(session, ticket)
        assert (row.category, row.deadline) == ("prices", date(2026, 12, 24))
        assert row.callback_number == "13900002222"
        assert row.state is ComplaintState.RECEIVED
        assert row.updated_at == LATER
        assert [(e.who, e.note) for e in row.events][-1] == ("li", "why")


def test_a_corrected_number_is_the_one_that_opens_the_progress(database):
    with database.begin() as session:
        ticket = file_one(session)
        given(session, ticket, Correction(callback_number="0571-8888 7777"))
        assert complaints.progress(session, ticket, "7777", "en", LATER).name == "found"
        assert complaints.progress(session, ticket, "2222", "en", LATER).name == "not_found"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Correction(), "nothing was changed"),
        (Correction(category="roads"), "nothing was changed"),
        (Correction(category="meteorites"), "no category"),
        (Correction(department="moon"), "no department"),
        (Correction(callback_number="12-3"), "at least 4 digits"),
        (Correction(reply="soon"), "only a reply that was given"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_is_written(database, wanted, reason):
    with database.begin() as session:
        ticket = file_one(session)
    with pytest.raises(RefusedError, match=reason), database.begin() as session:
        given(session, ticket, wanted)
    with database.read() as session:
        row = complaints.get(session, ticket)
        assert (row.category, row.callback_number, row.reply) == ("roads", "13900002222", "")
        assert len(row.events) == 1


def test_a_reply_is_corrected_but_not_taken_back(database):
    with database.begin() as session:
        ticket = file_one(session)
        for state, note in (("assigned", ""), ("replied", "done")):
            complaints.change_state(session, ticket, state, who="li", note=note, now=NOW)
        assert given(session, ticket, Correction(reply="done\r\non Friday")) == ["reply"]
        assert complaints.get(session, ticket).reply == "done\non Friday"
    with pytest.raises(RefusedError, match="not to nothing"), database.begin() as session:
        given(session, ticket, Correction(reply=" "))


def test_somebody_faster_is_not_overwritten(database):
    with database.begin() as session:
        ticket = file_one(session)
        seen = complaints.get(session, ticket).updated_at
        given(session, ticket, Correction(category="prices"))
    with pytest.raises(RefusedError, match="somebody else"), database.begin() as session:
        given(session, ticket, Correction(category="other"), seen=seen)


def test_a_ticket_nobody_gave_out_is_not_found(database):
    with pytest.raises(NotFoundError), database.begin() as session:
        correct(session, "209901010001", Correction(), seen=NOW, who="x", note="x", now=NOW)
