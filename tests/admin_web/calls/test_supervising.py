"""Calls in progress, notes, kept searches, and how a call sounded."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from admin_web.calls.quality import described
from ivr.records.tables import Call
from ivr.services import call_search, calls, live_calls
from tests.admin_web.builders import DeskUnderTest, add_call


def ring(desk: DeskUnderTest, call_id: str, *, answered: bool = True) -> None:
    """A call that began a minute ago and goes on."""
    begun = desk.clock() - timedelta(seconds=61)
    with desk.database.begin() as session:
        calls.open_call(session, calls.NewCall(call_id, "13912345678", "12345", begun, flow="main"))
        if answered:
            calls.record_answer(session, call_id, begun, language="zh-CN")


def stand(desk: DeskUnderTest, **places: tuple[str, str]) -> None:
    """The line says where its calls are, since seven seconds."""
    since = desk.clock() - timedelta(seconds=7)
    with desk.database.begin() as session:
        live_calls.note(
            session,
            {call: (flow, node, since) for call, (flow, node) in places.items()},
            desk.clock(),
        )


def test_a_call_in_progress_is_shown_with_its_place_in_words(desk: DeskUnderTest) -> None:
    ring(desk, "one")
    ring(desk, "two", answered=False)
    stand(desk, one=("bills", "ask_account"))
    page = desk.as_("supervisor").english().get("/calls/live").text
    assert "2 calls in progress" in page
    assert re.search(r"Bills · Asks for keys: [^<]+<code class=\"muted\">bills\.ask_account", page)
    assert "1:01" in page
    assert "0:07" in page
    assert "Being connected" in page


def test_when_nobody_calls_the_page_says_so(desk: DeskUnderTest) -> None:
    add_call(desk)
    page = desk.as_("supervisor").get("/calls/live/now").text
    assert "现在没有通话" in page
    assert "<html" not in page


def test_a_line_that_said_nothing_lately_is_not_believed(desk: DeskUnderTest) -> None:
    ring(desk, "one")
    stand(desk, one=("bills", "ask_account"))
    desk.clock.move(seconds=30)
    page = desk.as_("supervisor").english().get("/calls/live/now").text
    assert "ask_account" not in page
    assert "The line does not answer" in page


def test_an_idle_line_writes_its_emptiness_once(desk: DeskUnderTest) -> None:
    stand(desk)
    first = desk.clock()
    desk.clock.move(seconds=2)
    stand(desk)
    with desk.database.read() as session:
        assert live_calls.in_progress(session, desk.clock()).at == first


def test_more_calls_than_are_listed_are_counted(desk: DeskUnderTest) -> None:
    for n in range(4):
        ring(desk, f"c{n}")
    stand(desk, **{f"c{n}": ("main", "menu") for n in range(4)})
    with desk.database.read() as session:
        found = live_calls.in_progress(session, desk.clock(), limit=3)
    assert (len(found.calls), found.total) == (3, 4)
    assert found.by_place == [(("main", "menu"), 4)]


def test_a_note_is_kept_with_its_writer_and_found_again(desk: DeskUnderTest) -> None:
    add_call(desk)
    add_call(desk, "other")
    visitor = desk.as_("supervisor").english()
    visitor.post("/calls/call-1/notes", {"text": "Could not be understood."})
    page = visitor.get("/calls/call-1").text
    assert "Could not be understood." in page
    assert "supervisor" in page.split("Could not be understood.")[1]
    assert "1 call<" in visitor.get("/calls/?noted=y").text
    assert visitor.post("/calls/call-1/notes", {"text": "  "}).status_code == 422
    assert visitor.post("/calls/none/notes", {"text": "x"}).status_code == 404


def test_a_search_is_kept_used_and_forgotten(desk: DeskUnderTest) -> None:
    visitor = desk.as_("supervisor").english()
    answer = visitor.post(
        "/calls/searches", {"name": "From Xishan", "query": "caller=0288&language=en"}
    )
    assert answer.status_code == 302
    page = visitor.get("/calls/").text
    assert "From Xishan" in page
    assert "From Xishan" not in desk.as_("administrator").get("/calls/").text
    number = re.search(r"/calls/searches/(\d+)/remove", page)
    assert number is not None
    assert desk.as_("administrator").post(f"/calls/searches/{number[1]}/remove").status_code == 404
    visitor.post(f"/calls/searches/{number[1]}/remove")
    assert "/remove" not in visitor.get("/calls/").text


def test_a_shared_search_is_seen_by_all_and_an_administrator_may_forget_it(
    desk: DeskUnderTest,
) -> None:
    desk.as_("supervisor").post(
        "/calls/searches", {"name": "共用", "shared": "y", "query": "caller=0288"}
    )
    visitor = desk.as_("administrator")
    number = re.search(r"/calls/searches/(\d+)/remove", visitor.get("/calls/").text)
    assert number is not None
    assert visitor.post(f"/calls/searches/{number[1]}/remove").status_code == 302


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "", "query": "caller=1"}, "Fill this in."),
        ({"name": "x", "query": ""}, "search for something first"),
        ({"name": "x", "query": "nonsense=1"}, "search for something first"),
    ],
)
def test_a_search_that_cannot_be_kept_says_why(
    desk: DeskUnderTest, given: dict[str, str], said: str
) -> None:
    answer = desk.as_("supervisor").english().post("/calls/searches", given)
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, {"clear"}),
        ({"packets_lost": 60, "packets_received": 2940}, {"crackling at times"}),
        ({"packets_lost": 600, "packets_received": 2400}, {"words were lost"}),
        ({"jitter_ms": 25.0}, {"crackling at times"}),
        ({"packets_received": 0, "packets_lost": 0}, {"no sound arrived"}),
        ({"remote_packets_lost": None}, {"the caller's side reported nothing"}),
        ({"round_trip_ms": 700.0}, {"people talk over each other"}),
    ],
)
def test_sound_is_described_in_words(
    desk: DeskUnderTest, facts: dict[str, object], words: set[str]
) -> None:
    add_call(desk)
    with desk.database.begin() as session:
        call = session.get(Call, "call-1")
        assert call is not None
        for name, value in facts.items():
            setattr(call, name, value)
    with desk.app.test_request_context("/", headers={"Cookie": "desk_language=en"}):
        with desk.database.read() as session:
            found = described(call_search.find(session, "call-1").call)
        assert words <= {one.word for one in found}


def test_hours_of_weekdays_are_found_within_a_range_of_days(desk: DeskUnderTest) -> None:
    add_call(desk, "sunday")  # 22 November 2026, 15:55 on the line's calendar
    visitor = desk.as_("supervisor").english()
    days = "first_day=2026-11-01&last_day=2026-11-22"
    assert "1 call<" in visitor.get(f"/calls/?{days}&weekday=6&hour=15").text
    for query in ("weekday=5&hour=15", "weekday=6&hour=16", "last_hour=14"):
        assert "1 call<" not in visitor.get(f"/calls/?{days}&{query}").text, query
    assert visitor.get("/calls/?weekday=6").status_code == 422


def test_the_file_has_what_the_list_shows(desk: DeskUnderTest) -> None:
    add_call(desk, "one", caller="0288111")
    add_call(desk, "two", caller="0299222")
    text = desk.as_("supervisor").get("/calls/calls.csv?caller=0288").text
    assert "0288111" in text
    assert "0299222" not in text
    heading = text.splitlines()[0]
    assert heading.endswith("outcome,last_place,person_wait_s,signalling,sound_encrypted")
