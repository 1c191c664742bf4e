from datetime import UTC, datetime, timedelta

import pytest

from ivr.records.tables import RecordingKind, TranscriptFault, TranscriptState
from ivr.services import (
    call_backs,
    calls,
    complaint_search,
    complaints,
    recordings,
    transcript_queue,
    transcripts,
)
from ivr.services.complaint_search import ComplaintFilter
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.transcript_queue import MOST_ATTEMPTS, Written

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HEARD = Written("路灯坏了两个星期。", "Whisper base", "zh-CN", 0.8)


def record(session, name, *, minutes=0, kind=RecordingKind.COMPLAINT, language="zh-CN"):
    """A complete recording in a call of its own."""
    at = NOW - timedelta(minutes=minutes)
    calls.open_call(session, calls.NewCall(f"call-{name}", "13800001111", "line", at))
    calls.record_answer(session, f"call-{name}", at, codec="PCMU", language=language)
    path = f"recordings/{name}.wav"
    recordings.begin(session, name, call_id=f"call-{name}", kind=kind, path=path, now=at)
    recordings.finish(session, name, 12.0)
    return name


def complain(session, name, *, minutes=0, language="zh-CN"):
    """A recorded complaint; its ticket."""
    return complaints.file(
        session,
        category="roads",
        call_id=f"call-{name}",
        recording_id=record(session, name, minutes=minutes, language=language),
        caller="13800001111",
        callback_number="13900002222",
        finished=True,
        now=NOW - timedelta(minutes=minutes),
        language=language,
    ).ticket


def enqueue(session, since=None):
    return transcript_queue.enqueue(session, NOW, since=since)


def written(session, name, heard=HEARD):
    """The recording's transcript, made by the machine."""
    enqueue(session)
    while (job := transcript_queue.claim(session, NOW)) is not None:
        transcript_queue.finish(session, job.recording_id, heard, NOW)
    return transcripts.find(session, name)


def test_what_was_filed_waits_and_what_was_recorded_again_does_not(database):
    with database.begin() as session:
        complain(session, "filed")
        record(session, "replaced")
        record(session, "message", kind=RecordingKind.MESSAGE)
        call_backs.create(
            session,
            call_id="call-message",
            number="13800001111",
            reason="message",
            recording_id="message",
            now=NOW,
        )
        assert enqueue(session) == 2
        assert enqueue(session) == 0
        assert transcripts.find(session, "replaced") is None
        assert transcripts.find(session, "message").language == "zh-CN"


def test_a_recording_still_being_made_does_not_wait_yet(database):
    with database.begin() as session:
        complain(session, "one")
        recordings.get(session, "one").state = "recording"
        session.flush()
        assert enqueue(session) == 0


def test_the_newest_is_taken_first_and_asked_again_before_all(database):
    with database.begin() as session:
        complain(session, "old", minutes=300)
        complain(session, "new", minutes=5)
        complain(session, "middle", minutes=100)
        enqueue(session)
        job = transcript_queue.claim(session, NOW)
        assert (job.recording_id, job.path, job.seconds) == ("new", "recordings/new.wav", 12.0)
        transcripts.ask_again(session, "old", language=None, seen=0, now=NOW)
        assert transcript_queue.claim(session, NOW).recording_id == "old"
        assert transcript_queue.claim(session, NOW).recording_id == "middle"
        assert transcript_queue.claim(session, NOW) is None


def test_what_was_filed_before_the_day_asked_for_is_left(database):
    with database.begin() as session:
        complain(session, "old", minutes=3 * 24 * 60)
        complain(session, "new")
        assert enqueue(session, since=NOW - timedelta(days=1)) == 1


def test_a_fault_is_tried_again_later_and_then_says_why(database):
    with database.begin() as session:
        complain(session, "one")
        enqueue(session)
        at = NOW
        for attempt in range(1, MOST_ATTEMPTS + 1):
            assert transcript_queue.claim(session, at).recording_id == "one"
            transcript_queue.fail(session, "one", TranscriptFault.RECOGNISER_ENDED, at, "status -9")
            assert transcript_queue.claim(session, at) is None, "not at once"
            row = transcripts.find(session, "one")
            assert row.attempts == attempt
            at += timedelta(minutes=10)
        assert row.state is TranscriptState.FAILED
        assert (row.fault, row.fault_detail) == (TranscriptFault.RECOGNISER_ENDED, "status -9")
        assert transcript_queue.claim(session, at) is None
        transcripts.ask_again(session, "one", language="en", seen=0, now=at)
        job = transcript_queue.claim(session, at)
        assert (job.recording_id, job.language) == ("one", "en")


@pytest.mark.parametrize("fault", sorted(transcript_queue.FINAL))
def test_what_cannot_end_otherwise_is_not_tried_again(database, fault):
    with database.begin() as session:
        complain(session, "one")
        enqueue(session)
        transcript_queue.claim(session, NOW)
        transcript_queue.fail(session, "one", fault, NOW)
        assert transcripts.find(session, "one").state is TranscriptState.FAILED


def test_what_an_orderly_stop_interrupted_waits_as_if_never_tried(database):
    with database.begin() as session:
        complain(session, "one")
        enqueue(session)
        for _ in range(MOST_ATTEMPTS + 2):
            transcript_queue.claim(session, NOW)
            transcript_queue.give_back(session, "one")
        row = transcripts.find(session, "one")
        assert (row.state, row.attempts) == (TranscriptState.WAITING, 0)


def test_a_recording_that_takes_the_machine_down_every_time_is_given_up(database):
    with database.begin() as session:
        complain(session, "one")
        enqueue(session)
    at = NOW
    for _ in range(MOST_ATTEMPTS):
        with database.begin() as session:
            assert transcript_queue.claim(session, at) is not None
        at += timedelta(hours=1)
        with database.begin() as session:
            assert list(transcript_queue.recover(session, at)) == ["one"]
        at += timedelta(hours=1)
    with database.read() as session:
        row = transcripts.find(session, "one")
        assert (row.state, row.fault) == (TranscriptState.FAILED, TranscriptFault.INTERRUPTED)


def test_nothing_heard_is_no_empty_transcript_but_says_so(database):
    with database.begin() as session:
        complain(session, "one")
        row = written(session, "one", Written("", "Whisper base", "zh-CN", None))
        assert row.state is TranscriptState.SILENT
        assert not transcripts.has_words(row)


def test_staff_mend_the_words_and_the_machines_own_stay(database):
    with database.begin() as session:
        complain(session, "one")
        written(session, "one")
        transcripts.write(
            session, "one", "路灯坏了三个星期。\r\n", seen=0, checked=False, who="li", now=NOW
        )
        row = transcripts.write(
            session, "one", "路灯坏了三个星期。", seen=1, checked=True, who="wang", now=NOW
        )
        assert row.machine_text == "路灯坏了两个星期。"
        assert row.text == "路灯坏了三个星期。"
        assert [(e.who, e.text) for e in row.edits] == [("li", "路灯坏了三个星期。")]
        assert (row.checked_by, row.checked_at) == ("wang", NOW)
        row = transcripts.write(
            session, "one", "路灯坏了。", seen=2, checked=False, who="li", now=NOW
        )
        assert row.checked_by is None, "other words are not the ones that were checked"


def test_a_stale_edit_is_refused(database):
    with database.begin() as session:
        complain(session, "one")
        written(session, "one")
        transcripts.write(session, "one", "甲", seen=0, checked=False, who="li", now=NOW)
        with pytest.raises(RefusedError, match="somebody else"):
            transcripts.write(session, "one", "乙", seen=0, checked=False, who="wang", now=NOW)
        with pytest.raises(RefusedError, match="nothing was changed"):
            transcripts.write(session, "one", "甲", seen=1, checked=False, who="li", now=NOW)
        with pytest.raises(RefusedError, match="empty"):
            transcripts.write(session, "one", " \n", seen=1, checked=False, who="li", now=NOW)


def test_words_of_staff_are_never_overwritten_by_the_machine(database):
    with database.begin() as session:
        complain(session, "one")
        enqueue(session)
        transcript_queue.claim(session, NOW)
        transcripts.write(session, "one", "人写的", seen=0, checked=True, who="li", now=NOW)
        transcript_queue.finish(session, "one", HEARD, NOW)
        row = transcripts.find(session, "one")
        assert (row.text, row.machine_text) == ("人写的", HEARD.text)
        with pytest.raises(RefusedError, match="not overwritten"):
            transcripts.ask_again(session, "one", language=None, seen=row.version, now=NOW)


def test_staff_write_a_transcript_where_no_machine_did(database):
    with database.begin() as session:
        complain(session, "one")
        row = transcripts.write(
            session, "one", "听录音写的", seen=0, checked=True, who="li", now=NOW
        )
        assert (row.state, row.machine_text) == (TranscriptState.DONE, "")
        with pytest.raises(NotFoundError):
            transcripts.write(session, "none", "x", seen=0, checked=False, who="li", now=NOW)


def test_a_search_finds_complaints_by_what_was_said(database):
    with database.begin() as session:
        lamp, water = complain(session, "lamp"), complain(session, "water")
        enqueue(session)
        for name, text in (("lamp", "东湖街道的路灯坏了。"), ("water", "Park Street 没有水")):
            transcript_queue.claim(session, NOW)
            transcripts.write(session, name, text, seen=0, checked=False, who="li", now=NOW)

    def found(text):
        with database.read() as session:
            page = complaint_search.search(session, ComplaintFilter(text=text))
            assert page.total == len(page.complaints)
            return [row.ticket for row in page.complaints]

    assert found("路灯") == [lamp]
    assert found("路灯 东湖") == [lamp]
    assert found("路灯 西山") == []
    assert found("park street") == [water]
    assert found(f"{lamp} 路灯") == [lamp]
    assert found("100%") == []
    assert found("１３８") == [water, lamp], "full-width digits are digits"


def test_the_transcript_is_in_the_file_of_complaints(database):
    with database.begin() as session:
        complain(session, "one")
        written(session, "one")
        complain(session, "none", minutes=1)
        transcripts.write(session, "one", "=改过", seen=0, checked=False, who="li", now=NOW)
    with database.read() as session:
        header, first, second = list(complaint_search.csv_rows(session))
    at, verified = header.index("transcript"), header.index("transcript_verified")
    assert (first[at], first[verified]) == ("'=改过", "no")
    assert (second[at], second[verified]) == ("", "")


def test_the_queue_says_how_many_wait_and_since_when(database):
    with database.begin() as session:
        complain(session, "one")
        complain(session, "two")
        assert transcript_queue.state(session, NOW).oldest_due is None
        enqueue(session)
        state = transcript_queue.state(session, NOW + timedelta(hours=1))
        assert (state.waiting, state.failed, state.oldest_due) == (2, 0, NOW)
