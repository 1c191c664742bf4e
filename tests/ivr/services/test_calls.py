from datetime import UTC, datetime, timedelta

import pytest

from ivr.records.tables import EndedBy
from ivr.services import call_search, calls, complaints, recordings
from ivr.services.call_search import CallFilter
from ivr.services.errors import NotFoundError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def place(session, call_id="c1", *, at=NOW, seconds=30, caller="13800001111", **end):
    calls.open_call(session, calls.NewCall(call_id, caller, "line", at, trunk="pbx"))
    calls.record_answer(session, call_id, at + timedelta(seconds=1), codec="PCMU", flow="main")
    calls.add_steps(
        session,
        call_id,
        [
            calls.StepTaken(1, at, "main", "main_menu", "menu", "1", "match"),
            calls.StepTaken(2, at, "bill", "ask_code", "input", "****", "match"),
        ],
    )
    given = {"ended_by": EndedBy.CALLER, "reason": "BYE", "language": "zh-CN"} | end
    at_end = at + timedelta(seconds=1 + seconds)
    calls.close_call(session, call_id, calls.CallEnd(at_end, **given))


def test_a_call_is_kept_with_its_path_and_quality(database):
    quality = calls.Quality(
        packets_sent=1500, packets_received=1490, packets_lost=10, jitter_ms=1.5
    )
    with database.begin() as session:
        place(session, quality=quality, self_served=True)
    with database.read() as session:
        found = call_search.find(session, "c1")
        with pytest.raises(NotFoundError):
            call_search.find(session, "c2")
    call = found.call
    assert (call.caller, call.called, call.trunk, call.codec) == (
        "13800001111",
        "line",
        "pbx",
        "PCMU",
    )
    assert (call.ended_by, call.end_reason, call.self_served) == (EndedBy.CALLER, "BYE", True)
    assert (call.packets_lost, call.jitter_ms, call.round_trip_ms) == (10, 1.5, None)
    assert [(s.node, s.digits) for s in found.steps] == [("main_menu", "1"), ("ask_code", "****")]


def test_what_a_stranger_writes_into_headers_cannot_break_the_record(database):
    hostile = "a\x00\x1b[31m\ud800" + "é" * 500
    with database.begin() as session:
        calls.open_call(
            session,
            calls.NewCall(
                "c1",
                hostile,
                hostile,
                NOW,
                caller_name=hostile,
                sip_call_id=hostile,
                remote=hostile,
            ),
        )
        calls.add_steps(session, "c1", [calls.StepTaken(1, NOW, "f", "n", "k", hostile, hostile)])
        calls.close_call(session, "c1", calls.CallEnd(NOW, EndedBy.ERROR, hostile))
    with database.read() as session:
        call = call_search.find(session, "c1").call
        assert call.caller == ("a[31m" + "é" * 500)[:128]
        assert len(call.end_reason) == 200


def test_closing_a_call_that_was_never_opened_is_said(database):
    with database.begin() as session, pytest.raises(NotFoundError):
        calls.close_call(session, "nobody", calls.CallEnd(NOW, EndedBy.LINE))


def test_the_end_keeps_what_was_known_before(database):
    with database.begin() as session:
        calls.open_call(session, calls.NewCall("c1", "1", "2", NOW, flow="main", flow_revision=7))
        calls.close_call(session, "c1", calls.CallEnd(NOW, EndedBy.CALLER))
    with database.read() as session:
        call = call_search.find(session, "c1").call
        assert (call.flow, call.flow_revision, call.answered_at) == ("main", 7, None)


def test_many_calls_are_written_together_and_each_keeps_its_own(database):
    quality = calls.Quality(packets_lost=3)
    with database.begin() as session:
        calls.open_calls(
            session, [calls.NewCall(f"c{n}", str(n), "line", NOW, flow="main") for n in range(3)]
        )
        calls.record_answers(
            session,
            [
                ("c0", calls.Answer(NOW, "PCMA", language="en")),
                ("c1", calls.Answer(NOW, "PCMU", flow="bill")),
            ],
        )
        calls.add_paths(
            session, [(f"c{n}", calls.StepTaken(1, NOW, "f", f"n{n}", "k")) for n in range(3)]
        )
        calls.close_calls(
            session,
            [
                ("c0", calls.CallEnd(NOW, EndedBy.LINE, quality=quality)),
                ("c1", calls.CallEnd(NOW, EndedBy.CALLER, language="zh-CN", self_served=False)),
            ],
        )
    with database.read() as session:
        kept = [call_search.find(session, f"c{n}") for n in range(3)]
        rows = [
            (d.call.codec, d.call.language, d.call.flow, d.call.ended_by, d.call.packets_lost)
            for d in kept
        ]
        assert [d.steps[0].node for d in kept] == ["n0", "n1", "n2"]
        assert kept[1].call.self_served is False
    assert rows == [
        ("PCMA", "en", "main", EndedBy.LINE, 3),
        ("PCMU", "zh-CN", "bill", EndedBy.CALLER, None),
        (None, None, "main", None, None),
    ]


def test_one_call_that_was_never_opened_is_noticed_among_many(database):
    with database.begin() as session:
        calls.open_call(session, calls.NewCall("c0", "1", "2", NOW))
        ends = [(call_id, calls.CallEnd(NOW, EndedBy.LINE)) for call_id in ("c0", "nobody")]
        with pytest.raises(NotFoundError):
            calls.close_calls(session, ends)


def test_pages_hold_every_call_once_although_calls_come_in_meanwhile(database):
    with database.begin() as session:
        for n in range(9):
            place(session, f"c{n}", at=NOW + timedelta(seconds=n // 2))
    with database.begin() as session:
        first = call_search.search(session, limit=4)
        place(session, "late", at=NOW + timedelta(hours=1))
        second = call_search.search(session, limit=4, after=first.next)
        third = call_search.search(session, limit=4, after=second.next)
    ids = [s.call.id for page in (first, second, third) for s in page.calls]
    assert ids == [f"c{n}" for n in range(8, -1, -1)]
    assert (first.total, third.next) == (9, None)


def test_the_list_is_filtered(database):
    with database.begin() as session:
        place(session, "a", caller="13800001111", language="en")
        place(session, "b", caller="02088889999", ended_by=EndedBy.TRANSFER, self_served=False)
        calls.open_call(session, calls.NewCall("c", "5", "bills", NOW + timedelta(hours=1)))
        recordings.begin(
            session, "r", call_id="a", kind="complaint", path="recordings/r.wav", now=NOW
        )
        complaints.file(
            session,
            category="roads",
            call_id="a",
            recording_id="r",
            caller="1",
            callback_number="",
            finished=True,
            now=NOW,
        )

    def found(**wanted):
        with database.read() as session:
            page = call_search.search(session, CallFilter(**wanted))
            ids = "".join(sorted(s.call.id for s in page.calls))
            assert page.total == len(ids)
            return ids

    assert found() == "abc"
    assert found(caller="13800001111") == "a"
    assert found(caller="1380") == "a"
    assert found(caller="1111") == "a"
    assert found(caller="0001111") == "a"
    assert found(caller="0000") == "", "a part in the middle is not looked for"
    assert found(caller="%") == ""
    assert found(called="bills") == "c"
    assert found(called="bil") == "c"
    assert found(language="en") == "a"
    assert found(ended_by=EndedBy.TRANSFER) == "b"
    assert found(since=NOW + timedelta(minutes=1)) == "c"
    assert found(until=NOW + timedelta(minutes=1)) == "ab"
    assert found(answered=False) == "c"
    assert found(answered=True) == "ab"
    assert found(self_served=False) == "b"
    assert found(with_recording=True) == "a"
    assert found(with_complaint=True) == "a"
    assert found(node="ask_code") == "ab"
    with database.read() as session:
        (summary,) = call_search.search(session, CallFilter(language="en")).calls
        assert (summary.recordings, summary.tickets, summary.seconds) == (1, ("202611220001",), 30)
        assert [call.id for call in call_search.running(session)] == ["c"]


def test_csv_has_a_row_for_each_call_whatever_the_batch(database):
    with database.begin() as session:
        for n in range(7):
            place(session, f"c{n}", at=NOW + timedelta(minutes=n), caller="=1+1")
    with database.read() as session:
        header, *rows = call_search.csv_rows(session, batch=3)
    assert [row[0] for row in rows] == [f"c{n}" for n in range(6, -1, -1)]
    cells = dict(zip(header, rows[-1], strict=True))
    assert cells["caller"] == "'=1+1"
    assert cells["path"] == "main_menu=1 ask_code=****"
    assert cells["started_at"] == "2026-11-22 11:00:00"
    assert cells["seconds"] == "30"
