"""Transcripts on the pages: whose words they are, who checked them, why there are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.records.tables import AuditEntry, Heartbeat, TranscriptFault
from ivr.services import (
    call_backs,
    complaint_search,
    complaints,
    heartbeats,
    recordings,
    transcript_queue,
    transcripts,
)
from ivr.services.transcript_queue import Written
from tests.admin_web.builders import (
    DEPARTMENT,
    DeskUnderTest,
    add_call,
    add_complaint,
    add_recording,
    make_desk,
)

HEARD = Written("东湖街道的路灯坏了。", "Whisper base", "zh-CN", 0.8)


def complain(desk: DeskUnderTest, name: str = "rec-1") -> str:
    """A complaint with a recording; its ticket."""
    call = add_call(desk, f"call-{name}")
    return add_complaint(desk, call_id=call, recording_id=add_recording(desk, call, name))


def leave_message(desk: DeskUnderTest, name: str = "msg-1") -> int:
    call = add_call(desk, f"call-{name}")
    add_recording(desk, call, name)
    with desk.database.begin() as session:
        return call_backs.create(
            session,
            call_id=call,
            number="13800138000",
            reason="message",
            recording_id=name,
            now=desk.clock(),
        ).id


def listen(desk: DeskUnderTest, outcome: Written | TranscriptFault = HEARD) -> None:
    """The machine takes everything that waits."""
    with desk.database.begin() as session:
        transcript_queue.enqueue(session, desk.clock(), since=None)
        while (job := transcript_queue.claim(session, desk.clock())) is not None:
            if isinstance(outcome, Written):
                transcript_queue.finish(session, job.recording_id, outcome, desk.clock())
            else:
                transcript_queue.fail(session, job.recording_id, outcome, desk.clock(), "detail")


def audited(desk: DeskUnderTest, what: str) -> list[str]:
    with desk.database.read() as session:
        rows = session.query(AuditEntry).filter_by(what=what).order_by(AuditEntry.id)
        return [row.record for row in rows]


def test_machine_words_stand_beside_the_recording_under_a_label_nobody_misses(desk):
    ticket = complain(desk)
    listen(desk)
    page = desk.as_("supervisor").get(f"/complaints/{ticket}").text
    assert "东湖街道的路灯坏了。" in page
    assert "机器转写，未经核对" in page
    assert page.index("<audio") < page.index("机器转写，未经核对") < page.index("东湖街道的路灯")
    english = desk.as_("supervisor").english().get(f"/complaints/{ticket}").text
    assert "Machine transcript, not verified" in english


def test_on_paper_the_label_stands_above_the_words_too(desk):
    ticket = complain(desk)
    listen(desk)
    page = desk.as_("supervisor").get(f"/complaints/{ticket}/print").text
    assert page.index("机器转写，未经核对") < page.index("东湖街道的路灯")


def test_what_the_recogniser_was_unsure_of_is_said(desk):
    ticket = complain(desk)
    listen(desk, Written("东湖", "Whisper base", "zh-CN", 0.41))
    page = desk.as_("supervisor").english().get(f"/complaints/{ticket}").text
    assert "The recogniser itself was unsure." in page


def test_staff_mend_the_words_and_the_machines_stay_to_be_seen(desk):
    ticket = complain(desk)
    listen(desk)
    visitor = desk.as_("supervisor").english()
    page = visitor.get("/transcripts/rec-1").text
    assert f"/complaints/{ticket}/recording.wav" in page
    answer = visitor.post(
        "/transcripts/rec-1", {"text": "东湖街道的路灯坏了两个星期。", "seen": "0", "checked": "0"}
    )
    assert answer.headers["Location"] == f"/complaints/{ticket}"
    page = visitor.get(f"/complaints/{ticket}").text
    assert "Edited by staff, not verified" in page
    assert "东湖街道的路灯坏了。" in page
    assert "What the machine wrote" in page
    visitor.post(
        "/transcripts/rec-1", {"text": "东湖街道的路灯坏了两个星期。", "seen": "1", "checked": "1"}
    )
    page = visitor.get(f"/complaints/{ticket}").text
    assert "Compared with the recording by supervisor" in page
    assert "not verified" not in page
    history = visitor.get("/transcripts/rec-1").text
    assert history.count("东湖街道的路灯坏了两个星期。") == 2  # to edit, and in the history
    assert "Machine" in history
    assert audited(desk, "transcript_changed") == [f"complaint {ticket}"]
    assert audited(desk, "transcript_checked") == [f"complaint {ticket}"]


def test_a_stale_edit_keeps_what_was_typed_and_shows_what_the_other_wrote(desk):
    complain(desk)
    listen(desk)
    visitor = desk.as_("supervisor").english()
    visitor.post("/transcripts/rec-1", {"text": "甲的写法", "seen": "0", "checked": "0"})
    answer = visitor.post("/transcripts/rec-1", {"text": "乙的写法", "seen": "0", "checked": "1"})
    assert answer.status_code == 422
    assert "somebody else changed this transcript meanwhile" in answer.text
    assert "乙的写法</textarea>" in answer.text
    assert "甲的写法" in answer.text
    answer = visitor.post("/transcripts/rec-1", {"text": "乙的写法", "seen": "1", "checked": "1"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    "given", [{"text": " ", "seen": "0"}, {"text": "好" * 20_001, "seen": "0"}, {"text": "好"}]
)
def test_what_cannot_be_kept_is_refused_beside_the_field(desk, given):
    complain(desk)
    listen(desk)
    answer = desk.as_("supervisor").post("/transcripts/rec-1", given)
    assert answer.status_code == 422


def test_a_message_for_a_person_has_its_words_on_the_page_of_call_backs(desk):
    task = leave_message(desk)
    listen(desk)
    visitor = desk.as_("supervisor")
    page = visitor.get("/call-backs/").text
    assert "东湖街道的路灯坏了。" in page
    assert "机器转写，未经核对" in page
    assert f"/call-backs/{task}/recording.wav" in visitor.get("/transcripts/msg-1").text
    answer = visitor.post("/transcripts/msg-1", {"text": "改", "seen": "0", "checked": "1"})
    assert answer.headers["Location"].startswith("/call-backs/")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("on", "This recording waits to be transcribed."),
        ("off", "IVR_TRANSCRIPTS=1"),
        ("not_installed", "make install-transcripts"),
    ],
)
def test_without_words_the_page_says_why_and_what_to_do(tmp_path, setting, said):
    desk = make_desk(tmp_path, transcripts=setting)
    ticket = complain(desk)
    page = desk.as_("supervisor").english().get(f"/complaints/{ticket}").text
    assert said in page
    assert "Write it down yourself" in page


def test_words_are_shown_and_mended_where_transcription_was_switched_off_later(tmp_path):
    desk = make_desk(tmp_path, transcripts="off")
    ticket = complain(desk)
    listen(desk)
    visitor = desk.as_("supervisor").english()
    assert "东湖街道" in visitor.get(f"/complaints/{ticket}").text
    assert "Let the machine listen again" not in visitor.get("/transcripts/rec-1").text


def test_what_is_being_written_silent_or_failed_is_said(desk):
    ticket = complain(desk)
    visitor = desk.as_("supervisor").english()
    with desk.database.begin() as session:
        transcript_queue.enqueue(session, desk.clock(), since=None)
        transcript_queue.claim(session, desk.clock())
    assert "Being written" in visitor.get(f"/complaints/{ticket}").text
    with desk.database.begin() as session:
        silent = Written("", "Whisper base", "zh-CN", None)
        transcript_queue.finish(session, "rec-1", silent, desk.clock())
    assert "No speech was recognised" in visitor.get(f"/complaints/{ticket}").text
    ticket = complain(desk, "rec-2")
    listen(desk, TranscriptFault.UNREADABLE)
    page = visitor.get(f"/complaints/{ticket}").text
    assert "Transcription failed: the file of the recording cannot be read." in page


@pytest.mark.parametrize("state", ["failed", "purged"])
def test_a_recording_that_is_never_transcribed_does_not_claim_to_wait(desk, state):
    ticket = complain(desk)
    with desk.database.begin() as session:
        recordings.get(session, "rec-1").state = state
    listen(desk)
    page = desk.as_("supervisor").english().get(f"/complaints/{ticket}").text
    assert "This recording is not transcribed" in page
    assert "waits to be transcribed" not in page


def test_what_failed_is_tried_again_by_a_button_in_the_language_chosen(desk):
    ticket = complain(desk)
    listen(desk, TranscriptFault.UNREADABLE)
    visitor = desk.as_("supervisor").english()
    assert "Transcribe again" in visitor.get("/transcripts/rec-1").text
    answer = visitor.post("/transcripts/rec-1/again", {"seen": "0", "language": "en"})
    assert answer.headers["Location"] == f"/complaints/{ticket}"
    with desk.database.begin() as session:
        assert transcript_queue.claim(session, desk.clock()).language == "en"
    assert audited(desk, "transcript_again") == [f"complaint {ticket}"]


def test_words_of_staff_are_not_given_to_the_machine_again(desk):
    complain(desk)
    listen(desk)
    visitor = desk.as_("supervisor").english()
    visitor.post("/transcripts/rec-1", {"text": "人写的", "seen": "0", "checked": "0"})
    assert "Transcribe again" not in visitor.get("/transcripts/rec-1").text
    answer = visitor.post("/transcripts/rec-1/again", {"seen": "1", "language": "en"})
    assert "is not overwritten" in visitor.get(answer.headers["Location"]).text
    with desk.database.read() as session:
        assert transcripts.find(session, "rec-1").text == "人写的"


def test_whoever_reads_the_words_is_noted_once_in_a_while(desk):
    ticket = complain(desk)
    task = leave_message(desk)
    visitor = desk.as_("supervisor")
    visitor.get("/transcripts/rec-1")
    visitor.get("/call-backs/")
    assert audited(desk, "transcript_read") == [], "there are no words yet"
    listen(desk)
    for _ in range(3):
        visitor.get("/transcripts/rec-1")
        visitor.get("/call-backs/")
    assert audited(desk, "transcript_read") == [f"complaint {ticket}", f"call-back {task}"]
    desk.as_("administrator").get("/transcripts/rec-1")
    desk.clock.move(minutes=15)
    visitor.get("/transcripts/rec-1")
    assert len(audited(desk, "transcript_read")) == 4


def test_a_clerk_works_on_the_transcripts_of_their_department_only(desk):
    own, other = complain(desk), complain(desk, "rec-2")
    leave_message(desk)
    with desk.database.begin() as session:
        complaints.get(session, own).department = DEPARTMENT
        complaints.get(session, other).department = None
    listen(desk)
    clerk = desk.as_("clerk")
    given = {"text": "改过的", "seen": "0", "checked": "1"}
    assert clerk.post("/transcripts/rec-1", given).headers["Location"] == f"/complaints/{own}"
    for name in ("rec-2", "msg-1"):
        assert clerk.get(f"/transcripts/{name}").status_code == 404
        assert clerk.post(f"/transcripts/{name}", given).status_code == 404
        again = clerk.post(f"/transcripts/{name}/again", {"seen": "0", "language": "en"})
        assert again.status_code == 404
    with desk.database.read() as session:
        assert transcripts.find(session, "rec-2").text == HEARD.text


def test_an_editor_has_no_business_with_what_citizens_said(desk):
    complain(desk)
    assert desk.as_("editor").get("/transcripts/rec-1").status_code == 403


def test_there_is_no_page_for_a_recording_of_nothing(desk):
    add_recording(desk, add_call(desk), "replaced")
    visitor = desk.as_("supervisor")
    for name in ("replaced", "none"):
        assert visitor.get(f"/transcripts/{name}").status_code == 404
        answer = visitor.post(f"/transcripts/{name}", {"text": "x", "seen": "0"})
        assert answer.status_code == 404
    with desk.database.read() as session:
        assert transcripts.find(session, "replaced") is None


def test_a_search_for_words_finds_the_complaint_and_shows_where(desk):
    ticket = complain(desk)
    listen(desk)
    page = desk.as_("supervisor").get("/complaints/?text=路灯").text
    assert ticket in page
    assert "东湖街道的<mark>路灯</mark>坏了。" in page
    assert "未经核对" in page
    with desk.database.read() as session:
        assert complaint_search.search(session).total > 1


def test_a_number_somebody_spoke_is_masked_where_numbers_are(tmp_path):
    desk = make_desk(tmp_path, sample=False, numbers_for=frozenset())
    complain(desk)
    listen(desk, replace(HEARD, text="请打我电话13912345678谢谢"))
    supervisor = desk.as_("supervisor")
    for path in (
        "/complaints/?text=电话",
        "/complaints/complaints.csv",
        "/complaints/?text=12345678",
    ):
        page = supervisor.get(path).text
        assert "13912345678" not in page, path
        assert "<mark>12345678</mark>" not in page
    assert "139****5678" in supervisor.get("/complaints/complaints.csv").text


def test_programs_get_the_words_and_whether_they_are_verified(tmp_path):
    desk = make_desk(tmp_path, sample=False, api_token="a token of the tests")
    complain(desk)
    complain(desk, "rec-2")
    add_complaint(desk)
    with desk.database.begin() as session:
        transcript_queue.enqueue(session, desk.clock(), since=None)
        transcripts.write(
            session, "rec-1", "人写的", seen=0, checked=True, who="li", now=desk.clock()
        )
    token = {"Authorization": "Bearer a token of the tests"}
    found = desk.visitor().get("/api/complaints", headers=token).get_json()["complaints"]
    said = {
        row["recording"]["id"] if row["recording"] else None: row["transcript"] for row in found
    }
    assert said[None] is None
    assert (said["rec-1"]["text"], said["rec-1"]["verified"]) == ("人写的", True)
    assert (said["rec-2"]["state"], said["rec-2"]["verified"]) == ("waiting", False)


def beat(desk: DeskUnderTest, **detail: object) -> None:
    with desk.database.begin() as session:
        heartbeats.beat(session, "transcripts", {"transcripts_waiting": 7, **detail}, desk.clock())


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({}, "Ready"),
        ({"writing": True}, "Writing"),
        ({"paused": True}, "Waits for quieter times"),
        ({"stuck": True}, "nothing was written for half an hour"),
        ({"trouble": "the model is damaged"}, "the model is damaged"),
    ],
)
def test_the_first_page_says_how_transcription_stands(desk, detail, said):
    beat(desk, **detail)
    page = desk.as_("administrator").english().get("/").text
    assert said in page
    assert "7 recordings wait" in page
    assert ("are not being transcribed" in page) == bool({"stuck", "trouble"} & set(detail))


def test_a_process_that_is_silent_is_stuck(desk):
    beat(desk)
    desk.clock.move(minutes=3)
    page = desk.as_("administrator").english().get("/").text
    assert "gave no sign of life lately" in page


@pytest.mark.parametrize(
    ("setting", "said"),
    [("off", "Switched off"), ("not_installed", "make install-transcripts"), ("on", "Starting")],
)
def test_without_a_process_the_first_page_says_why(tmp_path, setting, said):
    desk = make_desk(tmp_path, transcripts=setting)
    assert said in desk.as_("administrator").english().get("/").text
    with desk.database.read() as session:
        assert session.get(Heartbeat, "transcripts") is None
