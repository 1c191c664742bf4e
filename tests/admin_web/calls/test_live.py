"""Calls in progress, pushed: one look a second for all pages, no row missed, none twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_web.calls import live_hub
from admin_web.calls.live_hub import LiveHub, Sight, change
from admin_web.streams.door import Streams
from admin_web.streams.routes import STREAMS
from ivr.records import RecordsError
from ivr.records.tables import EndedBy
from ivr.services import calls, live_calls
from ivr.services.live_calls import Live, LiveCall
from ivr.web_server import Pages
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in, watched
from tests.admin_web.builders import DeskUnderTest, Visitor, make_desk
from tests.serving import LIMIT_S, running

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def call(name: str, node: str = "menu") -> LiveCall:
    return LiveCall(name, "138", "12345", "zh-CN", AT, AT, "main", node, AT)


shown = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(("menu", "ask"))),
    unique_by=lambda one: one[0],
    max_size=6,
)


@given(st.lists(shown, min_size=1, max_size=8))
def test_who_applies_the_changes_sees_what_there_is_whatever_was_skipped(
    sights: list[list[tuple[str, str]]],
) -> None:
    page: dict[str, LiveCall] = {}
    order: list[str] = []
    before = None
    for number, rows in enumerate(sights, 1):
        now = Sight(number, [call(*one) for one in rows], len(rows))
        told = change(before, now)
        page |= {one.id: one for one in told.rows}
        order = list(told.order) if told.order is not None else order
        assert [page[one] for one in order] == list(now.calls or ())
        if before is not None:
            unchanged = {one.id for one in before.calls or () if one in (now.calls or ())}
            assert not unchanged & {one.id for one in told.rows}, "told twice"
        before = now


def test_many_watch_but_one_looks() -> None:
    seen = [Live([call("a")], 1, [], AT), Live([call("a"), call("b")], 2, [], AT)]

    async def scene() -> tuple[int, list[int]]:
        hub = LiveHub(lambda: (seen[min(hub.looks - 1, 1)], True), every_s=0.01)

        async def in_thread(work: live_hub.Look) -> tuple[Live, bool]:
            return await asyncio.to_thread(work)

        async def watch() -> list[int]:
            hub.enter(in_thread)
            number = 0
            found: list[int] = []
            while len(found) < 2:
                sight = await hub.after(number, LIMIT_S)
                assert sight is not None
                number = sight.number
                found.append(len(sight.calls or ()))
            return found

        found = await asyncio.gather(*(watch() for _ in range(20)))
        looks = hub.looks
        for _ in range(20):
            hub.leave()
        ended = hub.looks
        await asyncio.sleep(0.05)
        assert hub.looks <= ended + 1, "nobody looks for nobody"
        return looks, [one[-1] for one in found]

    looks, last = asyncio.run(scene())
    assert last == [2] * 20
    assert looks < 20


@pytest.mark.parametrize("fault", [RecordsError("away"), LookupError("a fault of ours")])
def test_records_that_cannot_be_read_are_said_and_got_over(fault: Exception) -> None:
    async def scene() -> list[bool]:
        def look() -> tuple[Live, bool]:
            if hub.looks < 3:
                raise fault
            return Live([], 0, [], None), True

        hub = LiveHub(look, every_s=0.01)

        async def in_thread(work: live_hub.Look) -> tuple[Live, bool]:
            return work()

        hub.enter(in_thread)
        first = await hub.after(0, LIMIT_S)
        assert first is not None
        second = await hub.after(first.number, LIMIT_S)
        assert second is not None
        hub.leave()
        return [first.calls is None, second.calls is None]

    assert asyncio.run(scene()) == [True, False]


@dataclass
class Served:
    desk: DeskUnderTest
    url: str

    def ring(self, name: str, node: str = "menu") -> None:
        begun = self.desk.clock() - timedelta(seconds=5)
        with self.desk.database.begin() as session:
            calls.open_call(
                session, calls.NewCall(name, "13912345678", "12345", begun, flow="main")
            )
            calls.record_answer(session, name, begun, language="zh-CN")
        self.stand(**{name: node})

    def stand(self, **nodes: str) -> None:
        now = self.desk.clock()
        with self.desk.database.begin() as session:
            places = {name: ("main", node, now) for name, node in nodes.items()}
            live_calls.note(session, places, now)

    def end(self, name: str) -> None:
        with self.desk.database.begin() as session:
            calls.close_call(
                session, name, calls.CallEnd(self.desk.clock(), EndedBy.CALLER, language="zh-CN")
            )

    @contextmanager
    def events(self, visitor: Visitor) -> Iterator[Iterator[tuple[str, str, Any]]]:
        cookie = visitor.client.get_cookie("desk_session")
        assert cookie is not None
        with httpx.stream(
            "GET",
            f"{self.url}/calls/live/events",
            headers={"Cookie": f"desk_session={cookie.value}; desk_language=en"},
            timeout=LIMIT_S,
            trust_env=False,
        ) as answer:
            assert answer.status_code == 200
            yield events_of(answer.iter_lines())


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """Name, id and data of each event, without those that say only that all is as it was."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif fields:
            if fields.get("event") not in (None, "alive"):
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
            fields = {}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    desk = make_desk(tmp_path)
    streams = Streams(desk.app, STREAMS)
    pages = Pages(desk.app, 10_000)

    async def front(scope: Any, receive: Any, send: Any) -> None:
        await (streams if streams.serves(scope) else pages)(scope, receive, send)

    with running(front, when_stopping=streams.stop) as (_server, (host, port), _thread):
        yield Served(desk, f"http://{host}:{port}")


def test_a_page_is_told_what_changes_and_nothing_else(served: Served) -> None:
    served.ring("one")
    with served.events(served.desk.as_("supervisor")) as events:
        _name, first, told = next(events)
        assert told["after"] is None
        assert list(told["rows"]) == told["order"] == ["one"]
        assert "13912345678" in told["rows"]["one"]
        assert "1 call in progress" in told["head"]
        served.ring("two")
        seen = list(told["order"])
        before = first
        while seen != ["one", "two"]:
            _name, number, told = next(events)
            assert told["after"] == int(before)
            before = number
            seen = told["order"] or seen
        served.end("one")
        while seen != ["two"]:
            _name, number, told = next(events)
            assert told["after"] == int(before)
            before = number
            seen = told["order"] or seen


def test_who_opens_the_stream_again_is_told_all_there_is(served: Served) -> None:
    served.ring("one")
    somebody = served.desk.as_("supervisor")
    with served.events(somebody) as events:
        next(events)
    served.ring("two")
    with served.events(somebody) as events:
        _name, _id, told = next(events)
        assert told["after"] is None
        assert sorted(told["rows"]) == ["one", "two"]


def test_an_auditor_is_not_told(served: Served) -> None:
    cookie = served.desk.as_("auditor").client.get_cookie("desk_session")
    assert cookie is not None
    answer = httpx.get(
        f"{served.url}/calls/live/events",
        headers={"Cookie": f"desk_session={cookie.value}"},
        timeout=LIMIT_S,
        trust_env=False,
    )
    assert answer.status_code == 403


@NEEDS_CHROMIUM
def test_calls_come_and_go_on_an_open_page(served: Served, browser: Any) -> None:
    context = browser.new_context(base_url=served.url, viewport={"width": 1200, "height": 800})
    page = context.new_page()
    faults = watched(page)
    sign_in(page, "supervisor", "/calls/live")
    page.wait_for_selector("[data-pushed]", state="attached", timeout=60_000)
    assert page.locator("[data-live-none]").is_visible()
    served.ring("one")
    page.locator("tr[data-call=one]").wait_for(timeout=60_000)
    lasts = page.locator("tr[data-call=one] [data-for]").first
    before = lasts.inner_text()
    page.wait_for_function(
        "(before) => document.querySelector('tr[data-call=one] [data-for]').textContent != before",
        arg=before,
    )
    # The stream is cut: the page says so, and finds its way back by itself.
    context.set_offline(True)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    page.locator("[data-live-stale]").wait_for(timeout=60_000)
    served.end("one")
    served.ring("two")
    context.set_offline(False)
    page.locator("tr[data-call=two]").wait_for(timeout=60_000)
    page.locator("[data-live-stale]").wait_for(state="hidden", timeout=60_000)
    assert page.locator("tr[data-call]").count() == 1
    context.close()
    assert faults == []


@NEEDS_CHROMIUM
def test_a_page_that_gets_no_stream_asks_instead(
    browser: Any, address: str, desk: DeskUnderTest
) -> None:
    # This desk is served as pages only: the stream is refused.
    served = Served(desk, address)
    context = browser.new_context(base_url=address)
    page = context.new_page()
    sign_in(page, "supervisor", "/calls/live")
    served.ring("one")
    page.locator("tr[data-call=one]").wait_for(timeout=60_000)
    context.close()
