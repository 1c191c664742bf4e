from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.records.tables import CallBackTask, Complaint, EndedBy, RecordingState
from ivr.services import call_backs, call_search, calls, complaints, recordings, recovery
from ivr.services.errors import NotFoundError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
RESTART = NOW + timedelta(minutes=10)
SECOND = timedelta(seconds=1)


def open_call(session, call_id="c1"):
    calls.open_call(session, calls.NewCall(call_id, "13800001111", "line", NOW))
    calls.record_answer(session, call_id, NOW + SECOND, language="en")


def record(session, recording_id, *, call_id="c1", kind="complaint", at=NOW, category="roads"):
    recordings.begin(
        session,
        recording_id,
        call_id=call_id,
        kind=kind,
        path=f"recordings/{recording_id}.wav",
        category=category,
        now=at,
    )


def file(session, recording_id, *, now, call_id="c1"):
    return complaints.file(
        session,
        category="roads",
        call_id=call_id,
        recording_id=recording_id,
        caller="13800001111",
        callback_number="13900002222",
        finished=True,
        now=now,
    )


def recover(database):
    with database.begin() as session:
        return recovery.recover(session, RESTART)


def test_a_complaint_cut_off_by_a_crash_is_filed_as_unfinished_with_a_ticket(database):
    with database.begin() as session:
        open_call(session)
        calls.add_steps(
            session, "c1", [calls.StepTaken(1, NOW + 5 * SECOND, "complaint", "speak", "record")]
        )
        record(session, "r1")
    done = recover(database)
    assert done.calls == ("c1",)
    assert done.recordings == (("r1", "recordings/r1.wav"),)
    assert done.tickets == ("202611220001",)
    with database.read() as session:
        complaint = complaints.get(session, done.tickets[0])
        assert not complaint.finished
        assert (complaint.category, complaint.call_id) == ("roads", "c1")
        assert (complaint.callback_number, complaint.language) == ("13800001111", "en")
        assert complaint.recording.state is RecordingState.UNFINISHED
        call = call_search.find(session, "c1").call
        assert call.ended_by is EndedBy.CRASH
        assert call.ended_at == NOW + 5 * SECOND  # the last that is known of it


def test_recovering_twice_does_nothing_the_second_time(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1")
        record(session, "m1", kind="message")
    assert recover(database) != recovery.Recovered((), (), (), ())
    assert recover(database) == recovery.Recovered((), (), (), ())


def test_calls_that_ended_are_left_alone(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1")
        recordings.finish(session, "r1", 4.5)
        file(session, "r1", now=NOW + SECOND)
        calls.close_call(session, "c1", calls.CallEnd(NOW + 9 * SECOND, EndedBy.CALLER))
    assert recover(database) == recovery.Recovered((), (), (), ())


def test_a_recording_that_was_replaced_is_not_filed_beside_the_one_that_was(database):
    with database.begin() as session:
        open_call(session)
        for n in (1, 2):
            record(session, f"r{n}", at=NOW + n * SECOND)
            recordings.finish(session, f"r{n}", 4.5)
        file(session, "r2", now=NOW + 9 * SECOND)
    assert recover(database).tickets == ()


def test_a_second_complaint_in_the_call_is_filed_beside_the_first(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1")
        file(session, "r1", now=NOW + SECOND)
        record(session, "r2", at=NOW + 5 * SECOND)
    assert len(recover(database).tickets) == 1
    with database.read() as session:
        rows = session.scalars(select(Complaint).order_by(Complaint.ticket)).all()
        assert [(c.recording_id, c.finished) for c in rows] == [("r1", True), ("r2", False)]


def test_a_complaint_spoken_to_the_end_but_not_filed_is_filed(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1", category=None)
        recordings.finish(session, "r1", 4.5)
    done = recover(database)
    assert (len(done.tickets), done.recordings) == (1, ())
    with database.read() as session:
        complaint = complaints.get(session, done.tickets[0])
        assert complaint.category == "other"
        assert complaint.recording.state is RecordingState.COMPLETE


def test_a_recording_cut_off_in_a_call_whose_end_was_written_is_filed_too(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1")
        calls.close_call(session, "c1", calls.CallEnd(NOW + 9 * SECOND, EndedBy.CALLER))
    done = recover(database)
    assert (done.calls, len(done.tickets)) == ((), 1)
    with database.read() as session:
        assert call_search.find(session, "c1").call.ended_by is EndedBy.CALLER


def test_what_could_not_be_recorded_is_not_filed(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1")
        recordings.fail(session, "r1")
    assert recover(database).tickets == ()


def test_a_message_left_for_a_person_becomes_a_call_back(database):
    with database.begin() as session:
        open_call(session)
        record(session, "m1", kind="message")
    done = recover(database)
    with database.begin() as session:
        (task,) = call_backs.waiting(session)
        assert ((task.id,), done.tickets) == (done.call_backs, ())
        assert (task.number, task.recording_id) == ("13800001111", "m1")
        call_backs.mark_done(session, task.id, who="li", note="spoke to her", now=RESTART)
        call_backs.mark_done(session, task.id, who="wang", note="again", now=RESTART)
    with database.read() as session:
        assert call_backs.count_waiting(session) == 0
        (task,) = call_backs.done(session)
        assert (task.done_by, task.note) == ("li", "spoke to her")


def test_the_length_of_a_repaired_file_is_kept_and_it_stays_unfinished(database):
    with database.begin() as session:
        open_call(session)
        record(session, "r1")
    recover(database)
    with database.begin() as session:
        recordings.finish(session, "r1", 3.25)
    with database.read() as session:
        row = recordings.get(session, "r1")
        assert (row.state, row.seconds) == (RecordingState.UNFINISHED, 3.25)


def test_a_call_back_is_made_once_for_a_recording(database):
    with database.begin() as session:
        open_call(session)
        record(session, "m1", kind="message")
        given = {"call_id": "c1", "number": "1", "reason": "no_answer", "now": NOW}
        first = call_backs.create(session, recording_id="m1", **given)
        assert call_backs.create(session, recording_id="m1", **given) is first
        call_backs.create(session, **given)
        assert len(session.scalars(select(CallBackTask)).all()) == 2
        with pytest.raises(NotFoundError):
            call_backs.mark_done(session, 99, who="li", note="", now=NOW)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.wav", "a/../../x.wav", ""])
def test_a_recording_stays_in_the_state_folder(database, path):
    with database.begin() as session:
        open_call(session)
        with pytest.raises(ValueError, match="relative"):
            recordings.begin(session, "r", call_id="c1", kind="message", path=path, now=NOW)
