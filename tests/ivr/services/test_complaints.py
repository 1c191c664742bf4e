from datetime import UTC, date, datetime, timedelta

import pytest

from ivr.records.tables import ComplaintState, RecordingKind
from ivr.services import calls, complaint_search, complaints, recordings
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def file_one(session, **changes):
    given = {
        "category": "roads",
        "call_id": None,
        "recording_id": None,
        "caller": "13800001111",
        "callback_number": "13900002222",
        "finished": True,
        "now": NOW,
    }
    return complaints.file(session, **(given | changes))


def begin_recording(session, recording_id="r1"):
    calls.open_call(session, calls.NewCall("c1", "13800001111", "line", NOW))
    recordings.begin(
        session,
        recording_id,
        call_id="c1",
        kind=RecordingKind.COMPLAINT,
        path=f"recordings/{recording_id}.wav",
        now=NOW,
    )


def test_filing_gives_a_ticket_the_department_of_the_category_and_a_deadline(database):
    with database.begin() as session:
        filed = file_one(session)
    assert filed.ticket == "202611220001"
    assert filed.department == "urban_management"
    assert filed.deadline == date(2026, 11, 29)
    with database.read() as session:
        complaint = complaints.get(session, filed.ticket)
        assert complaint.state is ComplaintState.RECEIVED
        assert [(e.who, e.from_state, e.to_state) for e in complaint.events] == [
            ("line", None, ComplaintState.RECEIVED)
        ]


def test_a_category_nobody_knows_is_still_filed(database):
    with database.begin() as session:
        filed = file_one(session, category="meteorites")
        assert complaints.get(session, filed.ticket).category == "meteorites"
        assert filed.deadline == date(2026, 12, 7)


def test_filing_a_recording_again_confirms_the_same_ticket(database):
    with database.begin() as session:
        begin_recording(session)
        first = file_one(session, recording_id="r1", finished=False, callback_number="")
        assert complaints.get(session, first.ticket).callback_number == "13800001111"
    with database.begin() as session:
        again = file_one(session, recording_id="r1", finished=True)
        assert again.ticket == first.ticket
        complaint = complaints.get(session, first.ticket)
        assert complaint.finished
        assert complaint.callback_number == "13900002222"
    with database.begin() as session:
        file_one(session, recording_id="r1", finished=False, callback_number="")
        assert complaints.get(session, first.ticket).finished


@pytest.mark.parametrize(
    ("language", "department"), [("zh-CN", "城市管理局"), ("en", "Urban Management Bureau")]
)
def test_progress_is_told_in_the_callers_language(database, language, department):
    with database.begin() as session:
        filed = file_one(session)
        outcome = complaints.progress(session, filed.ticket, "2222", language, NOW)
    assert outcome.name == "found"
    assert outcome.values == {
        "ticket": filed.ticket,
        "state": "received",
        "department": department,
        "deadline": date(2026, 11, 29),
        "reply": "",
    }


@pytest.mark.parametrize(
    ("ticket", "last4"),
    [
        ("202611220001", "1111"),  # the caller's, not the callback number's
        ("202611220001", "222"),
        ("202611220001", ""),
        ("202611220002", "2222"),
        ("", "2222"),
    ],
)
def test_wrong_tickets_and_wrong_digits_sound_the_same(database, ticket, last4):
    with database.begin() as session:
        file_one(session)
        outcome = complaints.progress(session, ticket, last4, "en", NOW)
        assert outcome == complaints.Outcome("not_found")


def test_a_complaint_without_any_number_is_found_by_nobody(database):
    with database.begin() as session:
        filed = file_one(session, caller="anonymous", callback_number="")
        for last4 in ("", "0000", "mous"):
            outcome = complaints.progress(session, filed.ticket, last4, "en", NOW)
            assert outcome.name == "not_found"


def test_the_reply_is_what_the_caller_hears_and_each_step_is_in_the_history(database):
    with database.begin() as session:
        ticket = file_one(session).ticket
    later = NOW + timedelta(hours=1)
    for to_state, note in (("assigned", ""), ("handling", ""), ("replied", "路灯已修复。")):
        with database.begin() as session:
            complaints.change_state(session, ticket, to_state, who="li", note=note, now=later)
    with database.read() as session:
        outcome = complaints.progress(session, ticket, "2222", "zh-CN", later)
        assert (outcome.values["state"], outcome.values["reply"]) == ("replied", "路灯已修复。")
        history = [
            (e.who, e.to_state.value, e.note) for e in complaints.get(session, ticket).events
        ]
    assert history == [
        ("line", "received", ""),
        ("li", "assigned", ""),
        ("li", "handling", ""),
        ("li", "replied", "路灯已修复。"),
    ]


@pytest.mark.parametrize("before", list(ComplaintState))
@pytest.mark.parametrize("after", list(ComplaintState))
def test_only_what_the_table_allows_can_follow(database, before, after):
    with database.begin() as session:
        ticket = file_one(session).ticket
        complaints.get(session, ticket).state = before
        session.flush()
        rules = {rule.to_state: rule for rule in complaints.transitions(session, before)}

        def move(note):
            return complaints.change_state(session, ticket, after, who="li", note=note, now=NOW)

        if after not in rules:
            with pytest.raises(RefusedError, match="cannot become"):
                move("a reason")
            return
        if rules[after].needs_note:
            with pytest.raises(RefusedError, match="needs a note"):
                move("  \n")
        assert move("a reason").state is after


def test_who_decides_on_an_old_page_is_refused(database):
    with database.begin() as session:
        ticket = file_one(session).ticket
        complaints.change_state(session, ticket, "handling", who="li", now=NOW)
        with pytest.raises(RefusedError, match="load the page again"):
            complaints.change_state(
                session, ticket, "assigned", who="wang", note="n", now=NOW, expected="received"
            )


def test_a_complaint_can_be_given_to_another_department_with_another_deadline(database):
    with database.begin() as session:
        ticket = file_one(session).ticket
        changes = {"department": "environment", "deadline": date(2026, 12, 24)}
        moved = complaints.change_state(session, ticket, "assigned", who="li", now=NOW, **changes)
        assert (moved.department, moved.deadline) == ("environment", date(2026, 12, 24))
        with pytest.raises(RefusedError, match="no department"):
            complaints.change_state(
                session, ticket, "handling", who="li", now=NOW, department="nowhere"
            )


def test_notes_keep_their_lines_and_lose_what_no_column_takes(database):
    with database.begin() as session:
        ticket = file_one(session, caller="1380\x00000\ud8001", callback_number="").ticket
        complaints.annotate(session, ticket, who="li", note="one\r\ntwo\x00\tthree", now=NOW)
        complaint = complaints.get(session, ticket)
        assert complaint.events[-1].note == "one\ntwo three"
        assert complaint.caller == "13800001"
        with pytest.raises(RefusedError):
            complaints.annotate(session, ticket, who="li", note=" ", now=NOW)
        with pytest.raises(NotFoundError):
            complaints.annotate(session, "1", who="li", note="x", now=NOW)


def test_the_desk_pages_through_complaints_newest_first_without_missing_one(database):
    with database.begin() as session:
        # Three at the same instant: the ticket decides, and none is lost between pages.
        given = [file_one(session, now=NOW + timedelta(minutes=n // 3)).ticket for n in range(10)]
    with database.read() as session:
        seen, after = [], None
        while True:
            page = complaint_search.search(session, limit=4, after=after)
            assert page.total == 10
            seen += [c.ticket for c in page.complaints]
            after = page.next
            if after is None:
                break
    assert seen == given[::-1]


def test_the_desk_filters_complaints(database):
    with database.begin() as session:
        first = file_one(session).ticket
        second = file_one(session, category="prices", finished=False).ticket
        complaints.change_state(session, first, "handling", who="li", now=NOW)

    def found(**wanted):
        with database.read() as session:
            page = complaint_search.search(session, complaint_search.ComplaintFilter(**wanted))
            return {c.ticket for c in page.complaints}

    assert found() == {first, second}
    assert found(state=ComplaintState.HANDLING) == {first}
    assert found(category="prices") == {second}
    assert found(finished=False) == {second}
    assert found(text="0002222") == {first, second}
    assert found(text=second) == {second}
    assert found(text="%") == set()
    assert found(since=NOW, until=NOW) == set()
    assert found(department="market_regulation") == {second}
    assert found(overdue_on=date(2026, 11, 30)) == {first, second}
    assert found(overdue_on=date(2026, 11, 29)) == set()
    with database.read() as session:
        counts = complaint_search.counts(session)
        assert counts[ComplaintState.HANDLING] == 1
        assert sum(counts.values()) == 2


@pytest.mark.parametrize("key", ["", "x", "~", "20261122T030000.000000~", "é~1", "1~2~3"])
def test_a_page_key_somebody_wrote_is_refused(database, key):
    with database.read() as session, pytest.raises(RefusedError):
        complaint_search.search(session, after=key)


def test_csv_keeps_formulas_from_running(database):
    with database.begin() as session:
        file_one(session, caller='=HYPERLINK("x")', callback_number="+8613900002222")
    with database.read() as session:
        header, row = list(complaint_search.csv_rows(session))
    cells = dict(zip(header, row, strict=True))
    assert cells["caller"] == '\'=HYPERLINK("x")'
    assert cells["callback_number"] == "'+8613900002222"
    assert cells["created_at"] == "2026-11-22 11:00:00"
    assert cells["finished"] == "yes"
