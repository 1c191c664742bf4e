"""What is kept no longer goes, and nothing else: least of all what an open complaint needs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ivr.records.tables import (
    AuditEntry,
    Call,
    CallBackTask,
    CallStep,
    Complaint,
    ComplaintEvent,
    ComplaintState,
    EndedBy,
    Recording,
    RecordingState,
    Transcript,
    TranscriptEdit,
    TranscriptState,
)
from ivr.services import audit, audit_check, call_backs, calls, recordings, retention
from ivr.services.calls import CallEnd, NewCall, StepTaken
from ivr.services.retention import Periods

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
KEPT = Periods(calls=100, recordings=30, transcripts=30, complaints=200, audit=365)
FOR_EVER = Periods(calls=0, recordings=0, transcripts=0, complaints=0, audit=0)


class Line:
    """A line with a past; times are days ago."""

    def __init__(self, database, state_dir):
        self.database, self.state_dir = database, state_dir

    def call(self, name, days, *, recorded=False, transcript=False):
        at = NOW - timedelta(days=days)
        with self.database.begin() as session:
            calls.open_call(
                session, NewCall(id=name, started_at=at, flow="main", caller="138", called="12345")
            )
            step = StepTaken(0, at, "main", "menu", "menu", "1", "match")
            calls.add_steps(session, name, [step])
            end = CallEnd(at + timedelta(minutes=1), EndedBy.CALLER)
            calls.close_call(session, name, end)
            if recorded:
                path = f"recordings/{name}.wav"
                recordings.begin(session, name, call_id=name, kind="complaint", path=path, now=at)
                recordings.finish(session, name, 1.0)
                file = self.state_dir / path
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(b"RIFF")
            if transcript:
                session.add(
                    Transcript(
                        recording_id=name,
                        state=TranscriptState.DONE,
                        asked_at=at,
                        due_at=at,
                        text="路灯不亮",
                        edits=[TranscriptEdit(at=at, who="li.na", text="路灯不亮")],
                    )
                )
        return name

    def complaint(self, ticket, days, state, *, call=None, recording=None, merged_into=None):
        at = NOW - timedelta(days=days)
        with self.database.begin() as session:
            session.add(
                Complaint(
                    ticket=ticket,
                    category="roads",
                    state=ComplaintState(state),
                    call_id=call,
                    recording_id=recording,
                    deadline=date(2026, 1, 1),
                    finished=True,
                    created_at=at,
                    updated_at=at,
                    merged_into=merged_into,
                    events=[ComplaintEvent(at=at, who="line", to_state=ComplaintState(state))],
                )
            )
        return ticket

    def purge(self, periods=KEPT, **given):
        return retention.purge(
            self.database, periods, NOW, state_dir=self.state_dir, **given
        ).removed

    def due(self, periods=KEPT):
        with self.database.read() as session:
            return retention.due(session, periods, NOW)

    def state_of(self, name):
        with self.database.read() as session:
            return session.get(Recording, name).state

    def has_file(self, name):
        return (self.state_dir / f"recordings/{name}.wav").exists()

    def count(self, table):
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table))


@pytest.fixture
def line(database, tmp_path):
    return Line(database, tmp_path)


def test_calls_older_than_their_period_go_with_their_steps(line):
    line.call("old", 101)
    line.call("young", 99)
    assert line.due()["calls"] == 1
    assert line.purge() == {"calls": 1}
    assert (line.count(Call), line.count(CallStep)) == (1, 1)
    assert line.purge() == {}


def test_a_call_that_has_not_ended_stays(line):
    with line.database.begin() as session:
        at = NOW - timedelta(days=500)
        calls.open_call(
            session, NewCall(id="long", started_at=at, flow="main", caller="138", called="12345")
        )
    assert line.purge() == {}


def test_a_recording_loses_its_file_and_keeps_its_row_until_its_call_goes(line):
    line.call("c", 31, recorded=True)
    assert line.purge() == {"recordings": 1}
    assert not line.has_file("c")
    assert line.state_of("c") is RecordingState.PURGED
    line.call("d", 101, recorded=True)
    assert line.purge() == {"recordings": 1, "calls": 1}
    assert line.count(Recording) == 1


@pytest.mark.parametrize("state", ["received", "assigned", "handling", "replied"])
def test_a_recording_of_an_open_complaint_is_never_removed(line, state):
    line.call("c", 3000, recorded=True, transcript=True)
    line.complaint("1", 3000, state, call="c", recording="c")
    everything = Periods(calls=1, recordings=1, transcripts=1, complaints=1, audit=365)
    assert line.due(everything) == dict.fromkeys(retention.KINDS, 0)
    assert line.purge(everything) == {}
    assert line.has_file("c")


def test_an_earlier_take_of_the_same_call_stays_as_long(line):
    """A caller recorded again; the complaint names the last, and the call holds both."""
    line.call("c", 50, recorded=True)
    line.complaint("1", 50, "handling", call="c")
    assert line.purge() == {}


def test_what_was_merged_into_an_open_complaint_keeps_its_recording(line):
    line.call("a", 50, recorded=True)
    line.complaint("1", 50, "handling")
    line.complaint("2", 50, "closed", call="a", recording="a", merged_into="1")
    assert line.purge() == {}
    assert line.has_file("a")


@pytest.mark.parametrize("state", ["closed", "rejected"])
def test_a_recording_of_a_complaint_that_is_over_goes_and_its_call_stays_with_it(line, state):
    line.call("c", 150, recorded=True)
    line.complaint("1", 150, state, call="c", recording="c")
    assert line.purge() == {"recordings": 1}
    assert line.count(Call) == 1


def test_complaints_go_after_their_end_with_all_that_was_theirs(line):
    line.call("c", 400, recorded=True, transcript=True)
    line.complaint("1", 201, "closed", call="c", recording="c")
    line.complaint("2", 199, "closed")
    line.complaint("3", 1000, "handling")
    line.complaint("4", 300, "closed")
    line.complaint("5", 300, "closed", merged_into="4")
    assert line.due()["complaints"] == 2  # 4 goes once 5 has gone
    removed = line.purge()
    assert removed == {"complaints": 3, "recordings": 1, "transcripts": 1, "calls": 1}
    assert (line.count(Complaint), line.count(ComplaintEvent)) == (2, 2)
    assert (line.count(Transcript), line.count(TranscriptEdit), line.count(Recording)) == (0, 0, 0)


def test_a_message_stays_while_somebody_waits_to_be_called_back(line):
    line.call("c", 150, recorded=True)
    with line.database.begin() as session:
        task = call_backs.create(
            session,
            call_id="c",
            number="138",
            reason="message",
            recording_id="c",
            now=NOW - timedelta(days=150),
        )
    assert line.purge() == {}
    with line.database.begin() as session:
        done_at = NOW - timedelta(days=101)
        call_backs.mark_done(session, task.id, who="li.na", note="", now=done_at)
    assert line.purge() == {"recordings": 1, "call_backs": 1, "calls": 1}
    assert line.count(CallBackTask) == 0


def test_a_recording_being_made_is_not_touched(line):
    line.call("c", 50, recorded=True)
    with line.database.begin() as session:
        session.get(Recording, "c").state = RecordingState.RECORDING
    assert line.purge() == {}


def test_kept_for_ever_nothing_goes(line):
    line.call("c", 30_000, recorded=True)
    line.complaint("1", 30_000, "closed")
    assert line.due(FOR_EVER) == {}
    assert line.purge(FOR_EVER) == {}


def test_a_file_that_is_gone_already_is_no_fault(line):
    line.call("c", 50, recorded=True)
    (line.state_dir / "recordings/c.wav").unlink()
    assert line.purge() == {"recordings": 1}


def test_a_file_that_cannot_be_removed_is_named_and_the_others_go(line):
    for name in ("a", "b"):
        line.call(name, 50, recorded=True)
    (line.state_dir / "recordings/a.wav").unlink()
    (line.state_dir / "recordings/a.wav").mkdir()  # what no unlink removes, whoever asks
    with line.database.begin() as session:
        session.get(Recording, "b").path = "../outside.wav"
    (line.state_dir.parent / "outside.wav").write_bytes(b"not ours")
    line.call("c", 50, recorded=True)
    done = retention.purge(line.database, KEPT, NOW, state_dir=line.state_dir)
    assert done.removed == {"recordings": 1}
    assert [fault.split(":")[0] for fault in done.faults] == ["recordings/a.wav", "../outside.wav"]
    assert (line.state_dir.parent / "outside.wav").exists()
    assert line.state_of("a") is RecordingState.COMPLETE
    with line.database.read() as session:
        assert len(retention.last(session).faults) == 2


def test_more_than_a_batch_goes_batch_by_batch_with_a_rest_between(line, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "MOST", 3)
    for number in range(7):
        line.call(f"c{number}", 200)
    rests = []
    assert line.purge(rest=lambda: rests.append(line.count(Call)) or True) == {"calls": 7}
    assert rests[:3] == [4, 1, 0]


def test_a_run_that_is_ended_says_what_it_did_and_the_next_goes_on(line, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "MOST", 3)
    for number in range(5):
        line.call(f"c{number}", 200)
    assert line.purge(rest=lambda: False) == {"calls": 3}
    assert line.purge() == {"calls": 2}


def test_what_went_stands_in_the_log_and_for_the_page(line):
    line.call("old", 101)
    with line.database.read() as session:
        assert retention.last(session) is None
    line.purge()
    with line.database.read() as session:
        entry = audit.newest(session)[0]
        assert (entry.who, entry.what, entry.detail) == ("line", "purged", {"calls": "1"})
        assert retention.last(session).removed == {"calls": 1}
    line.purge()
    with line.database.read() as session:
        assert len(audit.newest(session)) == 1  # nothing went: nothing is said
        assert retention.last(session).removed == {}


def write_log(line, ages):
    for days in ages:
        with line.database.begin() as session:
            audit.record(session, who="a", what="x", now=NOW - timedelta(days=days))


def test_the_oldest_entries_of_the_log_go_and_the_rest_is_still_sound(line, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_AUDIT", 2)
    write_log(line, [500, 450, 400, 300, 200])
    heads = []
    with line.database.read() as session:
        heads.append(audit_check.head(session))
    assert line.due()["audit"] == 3
    assert line.purge() == {"audit": 3}
    found = audit_check.check(line.database, heads)
    assert (found.fault, found.entries) == (None, 4)  # two, the anchor's, and "purged"
    with line.database.read() as session:
        assert [e.what for e in audit.newest(session)] == ["purged", "audit_purged", "x", "x"]
        assert min(e.id for e in audit.newest(session)) == 4


def test_an_entry_between_that_is_young_keeps_all_behind_it(line):
    """Only a beginning goes: a clock that was wrong once makes no hole."""
    write_log(line, [500, 10, 400])
    assert line.due()["audit"] == 1
    assert line.purge() == {"audit": 1}
    assert audit_check.check(line.database).sound


def test_a_purge_of_the_log_that_was_ended_half_way_is_sound_and_goes_on(line, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_AUDIT", 2)
    write_log(line, [500, 450, 400, 399, 398, 10])
    assert line.purge(rest=lambda: False) == {"audit": 2}
    assert audit_check.check(line.database).sound
    assert line.purge() == {"audit": 3}
    assert audit_check.check(line.database).sound
    with line.database.read() as session:
        oldest = session.scalar(select(func.min(AuditEntry.id)))
    assert oldest == 6


def test_night_after_night_one_anchor_follows_another(line):
    write_log(line, [500, 450, 400, 300])
    for years in range(1, 4):
        later = NOW + timedelta(days=200 * years)
        retention.purge(line.database, KEPT, later, state_dir=line.state_dir)
        assert audit_check.check(line.database).sound
        with line.database.begin() as session:
            audit.record(session, who="a", what="x", now=later)


def test_entries_removed_behind_a_forged_anchor_are_found(line):
    write_log(line, [5, 4, 3, 2])
    from ivr.records.tables import AuditAnchor

    with line.database.begin() as session:
        second = session.get(AuditEntry, 2)
        session.add(AuditAnchor(up_to=2, hash=second.hash, at=NOW))
        session.flush()
        session.delete(session.get(AuditEntry, 1))
        session.delete(second)
    found = audit_check.check(line.database)
    assert (found.broken, "not by the purge" in found.fault) == (2, True)
