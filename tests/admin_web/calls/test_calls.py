"""The list of calls, one call, its recordings, and CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from ivr.records.tables import AuditEntry, EndedBy
from tests.admin_web.builders import DeskUnderTest, add_call, add_recording, write_wav


def test_without_calls_the_page_says_what_to_do(desk: DeskUnderTest) -> None:
    assert "Dial the line" in desk.as_("supervisor").english().get("/calls/?caller=").text


def test_calls_are_found_by_number_day_language_and_end(desk: DeskUnderTest) -> None:
    add_call(desk, "one", caller="13800000001", language="en", ended_by=EndedBy.TRANSFER)
    yesterday = desk.clock() - timedelta(days=1)
    add_call(desk, "two", caller="13800000002", called="96110", started_at=yesterday)
    visitor = desk.as_("supervisor")

    def found(query: str) -> list[str]:
        page = visitor.get(f"/calls/?{query}").text
        return [call for call in ("one", "two") if f'"/calls/{call}"' in page]

    assert found("") == ["one", "two"]
    assert found("caller=00001") == ["one"]
    assert found("called=96110") == ["two"]
    assert found("language=en") == ["one"]
    assert found("ended_by=transfer") == ["one"]
    assert found("first_day=2026-11-22") == ["one"]
    assert found("last_day=2026-11-21") == ["two"]
    assert found("node=ask_account") == ["one", "two"]
    assert found("caller=999") == []


def test_a_day_is_a_day_of_the_line_and_not_of_utc(desk: DeskUnderTest) -> None:
    # 17:30 UTC is half past one of the next morning in Shanghai.
    add_call(desk, started_at=datetime(2026, 11, 20, 17, 30, tzinfo=UTC))
    visitor = desk.as_("supervisor")
    page = visitor.get("/calls/?first_day=2026-11-21&last_day=2026-11-21").text
    assert "2026年11月21日 01:30:00" in page
    assert "2026年11月21日 01:30:00" not in visitor.get("/calls/?last_day=2026-11-20").text


def test_a_search_that_makes_no_sense_is_told_beside_the_field(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor").english()
    answer = visitor.get("/calls/?first_day=2026-11-22&last_day=2026-11-21")
    assert answer.status_code == 422
    assert "before the first one" in answer.text
    assert visitor.get("/calls/?ended_by=magic").status_code == 422


def test_pages_go_on_after_the_last_row_and_show_every_call_once(desk: DeskUnderTest) -> None:
    for number in range(53):
        add_call(
            desk, f"c{number:02d}", started_at=desk.clock() - timedelta(minutes=number), steps=[]
        )
    visitor = desk.as_("supervisor")
    first = visitor.get("/calls/?called=12345").text
    link = first.split('class="pages"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "called=12345" in link
    add_call(desk, "newcomer", steps=[], started_at=desk.clock())
    second = visitor.get(link).text
    shown = [
        {c for c in (f"c{n:02d}" for n in range(53)) if f'"/calls/{c}"' in page}
        for page in (first, second)
    ]
    assert [len(page) for page in shown] == [50, 3]
    assert not shown[0] & shown[1]
    assert visitor.get("/calls/?after=nonsense").status_code == 404


def test_a_call_shows_its_path_in_the_zone_of_the_line(desk: DeskUnderTest) -> None:
    add_call(desk)
    page = desk.as_("supervisor").english().get("/calls/call-1").text
    assert "22 Nov 2026, 15:55:00" in page
    assert "15:55:02.0" in page
    assert "<kbd>880123</kbd>" in page
    assert ">****</kbd>" in page
    assert page.index("ask_account") < page.index("ask_code")
    assert "0.09% of 3,250 packets lost, jitter 1.2 ms" in page
    assert "Caller hung up" in page


def test_a_recording_in_the_path_is_no_key_and_the_end_is_told_in_words(
    desk: DeskUnderTest,
) -> None:
    add_call(
        desk,
        steps=[("complaint", "speak", "record", "5a52592826fc4143a67441ec9d4c5873", "match")],
        end_reason="no sound packet for 30 s",
    )
    page = desk.as_("supervisor").get("/calls/call-1").text
    assert "5a52592826fc4143a67441ec9d4c5873" not in page
    assert ">已录音</td>" in page
    assert "30 秒没有收到声音" in page
    assert ">投诉</span>" in page
    assert "complaint.</span>speak" in page


def test_a_call_that_is_not_there_is_a_page_that_says_so(desk: DeskUnderTest) -> None:
    assert desk.as_("supervisor").get("/calls/none").status_code == 404


def test_a_recording_is_sent_whole_and_by_ranges(desk: DeskUnderTest) -> None:
    add_recording(desk, add_call(desk))
    visitor = desk.as_("supervisor")
    assert "<audio" in visitor.get("/calls/call-1").text
    whole = visitor.get("/calls/recordings/rec-1.wav")
    stored = (desk.state_dir / "recordings" / "rec-1.wav").read_bytes()
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "audio/wav", stored)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = visitor.get("/calls/recordings/rec-1.wav", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, stored[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(stored)}"
    last = visitor.get("/calls/recordings/rec-1.wav", headers={"Range": "bytes=-10"})
    assert last.data == stored[-10:]
    beyond = visitor.get("/calls/recordings/rec-1.wav", headers={"Range": "bytes=9999999-"})
    assert beyond.status_code == 416


def test_who_listened_is_written_down_once_for_all_ranges(desk: DeskUnderTest) -> None:
    add_recording(desk, add_call(desk))
    visitor = desk.as_("supervisor")
    for wanted in ("bytes=0-", "bytes=100-", "bytes=200-"):
        visitor.get("/calls/recordings/rec-1.wav", headers={"Range": wanted})
    with desk.database.read() as session:
        entries = session.query(AuditEntry).filter_by(what="recording_heard").all()
    assert [(entry.who, entry.record) for entry in entries] == [("supervisor", "recording rec-1")]


@pytest.mark.parametrize(
    "path", ["ivr.db", "outside.wav", "recordings/notes.txt", "recordings/link.wav", "recordings"]
)
def test_no_other_file_is_ever_sent(desk: DeskUnderTest, path: str) -> None:
    write_wav(desk.state_dir / "outside.wav")
    folder = desk.state_dir / "recordings"
    folder.mkdir()
    (folder / "notes.txt").write_text("secret")
    (folder / "link.wav").symlink_to(desk.state_dir / "outside.wav")
    add_recording(desk, add_call(desk), path=path)
    assert desk.as_("supervisor").get("/calls/recordings/rec-1.wav").status_code == 404


@pytest.mark.parametrize("name", ["../ivr.db", "..%2fivr.db", "%2e%2e/ivr.db", "rec-1.wav/../x"])
def test_an_address_cannot_climb_out(desk: DeskUnderTest, name: str) -> None:
    answer = desk.as_("supervisor").get(f"/calls/recordings/{name}")
    assert answer.status_code in (404, 308)
    assert b"SQLite" not in answer.data


def test_the_csv_holds_what_the_search_found(desk: DeskUnderTest) -> None:
    add_call(desk, "one", caller="13800000001")
    add_call(desk, "two", caller="=HYPERLINK(1)")
    answer = desk.as_("supervisor").get("/calls/calls.csv")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = answer.data.decode("utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    callers = {row["id"]: row["caller"] for row in rows if row["id"] in ("one", "two")}
    assert callers == {"one": "13800000001", "two": "'=HYPERLINK(1)"}
    narrowed = desk.as_("supervisor").get("/calls/calls.csv?caller=00001").data.decode()
    assert "one" in narrowed
    assert "HYPERLINK" not in narrowed
