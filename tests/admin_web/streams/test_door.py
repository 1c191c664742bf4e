"""Streams have the doors of pages: who is let in, how many, and what ends them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask_login import current_user
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from admin_web.languages import page_language
from admin_web.roles import WHO_MAY
from admin_web.streams import EventStream, Route, Socket, admit
from admin_web.streams.door import Streams
from ivr.records.tables import Staff
from ivr.services import sessions
from ivr.web_server import Pages, patience
from tests.admin_web.builders import DeskUnderTest, Visitor, make_desk
from tests.serving import LIMIT_S, running

SUPERVISORS = frozenset({"administrator", "supervisor"})


@dataclass
class Room:
    """A room with a stream of events and a socket, and what became of them."""

    stops: threading.Event = field(default_factory=threading.Event)
    seen: list[Any] = field(default_factory=list)

    async def tell(self, stream: EventStream) -> None:
        await stream.send("hello", {"who": stream.person.username, **stream.about})
        said = await stream.in_page(lambda: f"{current_user.username} {page_language()}")
        await stream.send("page", await stream.in_thread(str.upper, said))
        try:
            await asyncio.Event().wait()
        finally:
            self.stops.set()

    async def echo(self, socket: Socket) -> None:
        try:
            while True:
                message = await socket.receive()
                if message == {"say": "stop"}:
                    return
                if message == {"say": "fail"}:
                    raise LookupError("as the test wants it")
                if message == {"say": "wait"}:
                    await asyncio.Event().wait()
                await socket.send(message)
        finally:
            self.stops.set()


@dataclass
class Served:
    """A desk with the room, served; and its visitors' streams."""

    desk: DeskUnderTest
    room: Room
    url: str
    server: Any
    thread: threading.Thread

    def cookie(self, visitor: Visitor) -> dict[str, str]:
        found = visitor.client.get_cookie("desk_session")
        return {"Cookie": f"desk_session={found.value}; desk_language=en" if found else ""}

    def socket(self, visitor: Visitor, **headers: str) -> ClientConnection:
        address = self.url.replace("http", "ws")
        return connect(
            f"{address}/test/socket",
            additional_headers={"Origin": self.url, **self.cookie(visitor), **headers},
            open_timeout=LIMIT_S,
            proxy=None,
        )

    @contextmanager
    def events(self, visitor: Visitor) -> Iterator[httpx.Response]:
        with httpx.stream(
            "GET",
            f"{self.url}/test/events/7",
            headers={"Accept": "text/event-stream", **self.cookie(visitor)},
            timeout=LIMIT_S,
            trust_env=False,
        ) as answer:
            yield answer


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    desk = make_desk(tmp_path)
    room = Room()
    desk.app.add_url_rule("/test/events/<int:n>", "test.events", lambda n: admit(number=n))
    desk.app.add_url_rule("/test/socket", "test.socket", lambda: admit())
    monkeypatch.setitem(WHO_MAY, "test.events", SUPERVISORS)
    monkeypatch.setitem(WHO_MAY, "test.socket", SUPERVISORS)
    routes = {
        "test.events": Route(room.tell, websocket=False),
        "test.socket": Route(room.echo, websocket=True, each=2, at_once=3),
    }
    streams = Streams(desk.app, routes, sessions_every_s=0.05, heartbeat_s=0.05)
    pages = Pages(desk.app, 10_000)

    async def front(scope: Any, receive: Any, send: Any) -> None:
        await (streams if streams.serves(scope) else pages)(scope, receive, send)

    with running(front, when_stopping=streams.stop) as (server, (host, port), thread):
        yield Served(desk, room, f"http://{host}:{port}", server, thread)


def told(lines: Iterator[str]) -> tuple[str, Any]:
    """The next event and its data; comments are passed over."""
    event = ""
    for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return event, json.loads(line.removeprefix("data: "))
    return "", None


def closed(socket: ClientConnection) -> tuple[int, str]:
    """With which code and word the desk closed it."""
    try:
        while True:
            socket.recv(LIMIT_S)
    except ConnectionClosed:
        pass
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


def test_events_come_with_the_page_s_facts_person_and_language(served: Served) -> None:
    with served.events(served.desk.as_("supervisor")) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        lines = answer.iter_lines()
        assert told(lines) == ("hello", {"who": "supervisor", "number": 7})
        assert told(lines) == ("page", "SUPERVISOR EN")
        assert ":" in next(line.strip() for line in lines if line.startswith(":"))  # heartbeat
    assert served.room.stops.wait(LIMIT_S)


def test_a_socket_carries_bytes_and_objects_both_ways(served: Served) -> None:
    with served.socket(served.desk.as_("administrator")) as socket:
        socket.send(b"\x00\xff")
        assert socket.recv(LIMIT_S) == b"\x00\xff"
        socket.send("no object")
        socket.send("[" * 20_000)  # deeper than Python follows: passed over, like any other
        socket.send(json.dumps(["nor", "this"]))
        socket.send(json.dumps({"a": "声"}))
        assert json.loads(socket.recv(LIMIT_S)) == {"a": "声"}
        socket.send(json.dumps({"say": "stop"}))
        assert closed(socket) == (1000, "")


def test_a_socket_stays_open_when_the_time_for_a_head_is_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    with served.socket(served.desk.as_("supervisor")) as socket:
        for _ in range(5):
            time.sleep(0.05)  # what must not happen has time to
            socket.send(b"here")
            assert socket.recv(LIMIT_S) == b"here"


def test_who_is_not_signed_in_is_told_so(served: Served) -> None:
    with served.events(served.desk.visitor()) as answer:
        assert answer.status_code == 401
    with served.socket(served.desk.visitor()) as socket:
        assert closed(socket) == (4401, "signed_out")


def test_a_role_without_the_door_is_refused(served: Served) -> None:
    with served.events(served.desk.as_("clerk")) as answer:
        assert answer.status_code == 403
    with pytest.raises(InvalidStatus) as caught:
        served.socket(served.desk.as_("clerk"))
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "https://{host}", "null", ""])
def test_a_socket_opened_by_another_site_is_refused(served: Served, origin: str) -> None:
    visitor = served.desk.as_("supervisor")
    host = served.url.removeprefix("http://")
    with pytest.raises(InvalidStatus) as caught:
        served.socket(visitor, Origin=origin.format(host=host))
    assert caught.value.response.status_code == 403


def test_events_asked_for_by_another_site_are_refused(served: Served) -> None:
    headers = {**served.cookie(served.desk.as_("supervisor")), "Origin": "http://evil.example"}
    answer = httpx.get(f"{served.url}/test/events/7", headers=headers, trust_env=False)
    assert answer.status_code == 403


def test_an_address_without_a_stream_opens_no_socket(served: Served) -> None:
    headers = {"Origin": served.url, **served.cookie(served.desk.as_("supervisor"))}
    for path in ("/", "/test/events/7", "/nowhere"):
        with pytest.raises(InvalidStatus) as caught:
            connect(served.url.replace("http", "ws") + path, additional_headers=headers, proxy=None)
        assert caught.value.response.status_code == 404


def test_a_stream_s_address_asked_for_as_a_page_says_what_it_is(served: Served) -> None:
    headers = served.cookie(served.desk.as_("supervisor"))
    answer = httpx.get(f"{served.url}/test/socket", headers=headers, trust_env=False)
    assert answer.status_code == 426
    assert served.desk.as_("supervisor").get("/test/events/7").status_code == 426


def test_too_many_streams_are_told_that_it_is_busy(served: Served) -> None:
    first, second = served.desk.as_("supervisor"), served.desk.as_("administrator")
    with (
        served.socket(first) as leaving,
        served.socket(first),
        served.socket(second),
    ):
        for visitor in (first, second):
            with served.socket(visitor) as one_more:
                assert closed(one_more) == (1013, "busy")
        leaving.close()
        # Its place is free again once the room has noticed.
        while True:
            with served.socket(second) as again:
                again.send(b"here")
                try:
                    assert again.recv(LIMIT_S) == b"here"
                    break
                except ConnectionClosed:
                    continue


def test_too_many_events_are_told_so_and_to_ask_later(served: Served) -> None:
    visitor = served.desk.as_("supervisor")
    with (
        served.events(visitor),
        served.events(visitor),
        served.events(visitor),
        served.events(visitor),
        served.events(visitor) as busy,
    ):
        assert busy.read().decode() == "retry: 30000\nevent: busy\ndata: {}\n\n"


def test_the_end_of_a_session_ends_its_streams_and_no_others(served: Served) -> None:
    visitor, other = served.desk.as_("supervisor"), served.desk.as_("administrator")
    with (
        served.socket(visitor) as socket,
        served.socket(other) as others,
        served.events(visitor) as answer,
    ):
        lines = answer.iter_lines()
        assert told(lines)[0] == "hello"
        with served.desk.database.begin() as session:
            person = session.scalars(select(Staff).where(Staff.username == "supervisor")).one()
            sessions.end_all(session, person, now=served.desk.clock())
        assert closed(socket) == (4401, "signed_out")
        while (event := told(lines)[0]) == "page":
            continue
        assert event == "signed_out"
        assert list(lines) in ([], [""])
        others.send(b"still here")
        assert others.recv(LIMIT_S) == b"still here"


def test_an_open_stream_does_not_prolong_its_session(served: Served) -> None:
    with served.socket(served.desk.as_("supervisor")) as socket:
        served.desk.clock.move(minutes=61)
        assert closed(socket) == (4401, "signed_out")


def test_a_room_hears_that_the_other_side_has_left(served: Served) -> None:
    with served.socket(served.desk.as_("supervisor")) as socket:
        socket.send(b"here")
        socket.recv(LIMIT_S)
    assert served.room.stops.wait(LIMIT_S)


def test_a_room_that_fails_ends_its_stream_and_says_so_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with served.socket(served.desk.as_("supervisor")) as socket:
        socket.send(json.dumps({"say": "fail"}))
        assert closed(socket) == (1011, "failed")
    assert "test.socket: a stream failed" in caplog.text


def test_what_comes_faster_than_the_room_takes_it_ends_the_stream(served: Served) -> None:
    with served.socket(served.desk.as_("supervisor")) as socket:
        socket.send(json.dumps({"say": "wait"}))
        try:
            for _ in range(1000):
                socket.send(b"x" * 160)
        except ConnectionClosed:
            pass
        assert closed(socket) == (1008, "too fast")


def test_a_desk_that_stops_ends_its_streams_at_once(served: Served) -> None:
    visitor = served.desk.as_("supervisor")
    with served.socket(visitor) as socket, served.events(visitor) as answer:
        lines = answer.iter_lines()
        assert told(lines)[0] == "hello"
        served.server.should_exit = True
        assert closed(socket)[0] == 1012
        assert list(lines)[-1] == ""
        served.thread.join(LIMIT_S)
        assert not served.thread.is_alive()
    assert served.room.stops.is_set()
