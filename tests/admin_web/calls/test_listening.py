"""Listening in at the desk: who may, what is written down before a sound is heard, how it ends."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from admin_web.streams.door import Streams
from admin_web.streams.routes import STREAMS
from ivr.records.tables import AuditEntry
from ivr.services import calls, live_calls
from ivr.web_server import Pages
from tests.admin_web.builders import DeskUnderTest, Visitor, add_call, make_desk
from tests.serving import LIMIT_S, running

SOUND = bytes(range(160))


class Line:
    """The line's end of the socket, as `ivr.responder.listening` keeps it."""

    def __init__(self, path: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._listening.settimeout(LIMIT_S)
        self.asked = threading.Event()
        self.question: dict[str, object] = {}
        self.connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        try:
            self.connection, _ = self._listening.accept()
            self.connection.settimeout(LIMIT_S)
            self.question = json.loads(self.connection.makefile().readline())
            self.asked.set()
        except OSError:
            return

    def send(self, data: bytes) -> None:
        assert self.asked.wait(LIMIT_S)
        assert self.connection is not None
        self.connection.sendall(data)

    def answer(self, **said: object) -> None:
        self.send(json.dumps(said).encode() + b"\n")

    def sound(self) -> None:
        self.send(b"S" + len(SOUND).to_bytes(2, "big") + SOUND)

    def tell(self, **said: object) -> None:
        data = json.dumps(said).encode()
        self.send(b"J" + len(data).to_bytes(2, "big") + data)

    def hung_up(self) -> bool:
        """Wait until the desk has let go."""
        assert self.connection is not None
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:  # it went without having read all
            return True

    def close(self) -> None:
        for one in (self.connection, self._listening):
            if one is not None:
                one.close()


class Served:
    def __init__(self, desk: DeskUnderTest, url: str) -> None:
        self.desk, self.url = desk, url
        self.line = Line(desk.state_dir / "listening.sock")
        begun = desk.clock() - timedelta(seconds=61)
        with desk.database.begin() as session:
            calls.open_call(session, calls.NewCall("one", "13912345678", "12345", begun))
            calls.record_answer(session, "one", begun, language="zh-CN")
            live_calls.note(session, {"one": ("main", "menu", begun)}, desk.clock())

    @contextmanager
    def listener(self, role: str = "supervisor", reason: str = "why") -> Iterator[ClientConnection]:
        visitor: Visitor = self.desk.as_(role)
        cookie = visitor.client.get_cookie("desk_session")
        assert cookie is not None
        with connect(
            f"{self.url.replace('http', 'ws')}/calls/one/listen/sound",
            additional_headers={"Origin": self.url, "Cookie": f"desk_session={cookie.value}"},
            open_timeout=LIMIT_S,
            proxy=None,
        ) as opened:
            opened.send(json.dumps({"reason": reason}))
            yield opened

    def noted(self) -> list[AuditEntry]:
        with self.desk.database.read() as session:
            return (
                session.query(AuditEntry)
                .filter(AuditEntry.what.like("listening_in_%"))
                .order_by(AuditEntry.id)
                .all()
            )

    def until_noted(self, count: int) -> list[AuditEntry]:
        limit = threading.Event()
        for _ in range(int(LIMIT_S * 20)):
            if len(self.noted()) >= count:
                return self.noted()
            limit.wait(0.05)
        raise AssertionError(f"noted: {self.noted()}")


@contextmanager
def serving(tmp_path: Path, **settings: Any) -> Iterator[Served]:
    desk = make_desk(tmp_path, **settings)
    streams = Streams(desk.app, STREAMS)
    pages = Pages(desk.app, 10_000)

    async def front(scope: Any, receive: Any, send: Any) -> None:
        await (streams if streams.serves(scope) else pages)(scope, receive, send)

    with running(front, when_stopping=streams.stop) as (_server, (host, port), _thread):
        served = Served(desk, f"http://{host}:{port}")
        try:
            yield served
        finally:
            served.line.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, listening_in="tone") as ready:
        yield ready


def told(connection: ClientConnection) -> dict[str, object]:
    message = connection.recv(timeout=LIMIT_S)
    assert isinstance(message, str)
    found: dict[str, object] = json.loads(message)
    return found


def test_it_is_written_down_before_the_first_sound_and_again_at_the_end(served: Served) -> None:
    with served.listener(reason=" a complaint of the line ") as heard:
        assert served.line.asked.wait(LIMIT_S)
        assert served.line.question == {"call": "one"}
        assert served.noted() == [], "nothing is heard yet"
        served.line.answer(listening=True)
        served.line.sound()
        assert told(heard) == {"listening": True}
        [began] = served.noted()
        assert (began.what, began.who, began.record) == (
            "listening_in_began",
            "supervisor",
            "call one",
        )
        assert began.detail == {"reason": "a complaint of the line"}
        assert heard.recv(timeout=LIMIT_S) == SOUND
        served.line.tell(confidential=True)
        assert told(heard) == {"confidential": True}
        served.line.tell(ended="call")
        assert told(heard) == {"ended": "call"}
        assert served.line.hung_up()
    _began, ended = served.until_noted(2)
    assert ended.what == "listening_in_ended"
    assert ended.detail is not None
    assert ended.detail["why"] == "call"
    assert float(ended.detail["seconds"]) >= 0


def test_who_leaves_hangs_up_at_the_line_and_is_noted(served: Served) -> None:
    with served.listener() as heard:
        served.line.answer(listening=True)
        assert told(heard) == {"listening": True}
        served.line.sound()
        heard.recv(timeout=LIMIT_S)
    assert served.line.hung_up()
    assert (served.until_noted(2)[1].detail or {})["why"] == "left"


def test_a_line_that_goes_away_is_said_and_nothing_hangs(served: Served) -> None:
    with served.listener() as heard:
        served.line.answer(listening=True)
        assert told(heard) == {"listening": True}
        served.line.close()
        assert told(heard) == {"ended": "line"}
        with pytest.raises(ConnectionClosed):
            heard.recv(timeout=LIMIT_S)
    assert len(served.until_noted(2)) == 2


@pytest.mark.parametrize("why", ["gone", "busy"])
def test_what_the_line_refuses_is_said_and_not_noted(served: Served, why: str) -> None:
    with served.listener() as heard:
        served.line.answer(refused=why)
        assert told(heard) == {"refused": why}
    assert served.noted() == []


def test_without_a_reason_nobody_listens(served: Served) -> None:
    with served.listener(reason="  ") as heard:
        assert told(heard) == {"refused": "reason"}
    assert not served.line.asked.is_set()


def test_a_line_that_does_not_run_is_said(served: Served) -> None:
    served.line.close()
    (served.desk.state_dir / "listening.sock").unlink()
    with served.listener() as heard:
        assert told(heard) == {"refused": "line"}


@pytest.mark.parametrize("role", ["editor", "clerk", "auditor"])
def test_only_supervisors_listen(served: Served, role: str) -> None:
    with pytest.raises(InvalidStatus) as refused, served.listener(role):
        pass
    assert refused.value.response.status_code == 403
    assert served.desk.as_(role).get("/calls/one/listen").status_code == 403
    assert not served.line.asked.is_set()


def test_it_is_off_unless_it_was_switched_on(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        somebody = served.desk.as_("administrator")
        assert somebody.get("/calls/one/listen").status_code == 404
        assert "/listen" not in somebody.get("/calls/live").text
        with pytest.raises(InvalidStatus) as refused, served.listener("administrator"):
            pass
        assert refused.value.response.status_code == 404


def test_the_page_says_whether_the_caller_is_told(served: Served, tmp_path: Path) -> None:
    somebody = served.desk.as_("supervisor").english()
    assert "/calls/one/listen" in somebody.get("/calls/live").text
    assert "hears a short tone" in somebody.get("/calls/one/listen").text
    (tmp_path / "silent").mkdir()
    silent = make_desk(tmp_path / "silent", listening_in="silent")
    with silent.database.begin() as session:
        calls.open_call(session, calls.NewCall("one", "139", "12345", silent.clock()))
    page = silent.as_("supervisor").english().get("/calls/one/listen").text
    assert "not told that you listen" in page


def test_a_call_that_is_over_offers_its_record(served: Served) -> None:
    add_call(served.desk, "past")
    page = served.desk.as_("supervisor").english().get("/calls/past/listen").text
    assert "This call has ended" in page
    assert "data-listen=" not in page
    assert served.desk.as_("supervisor").get("/calls/nobody/listen").status_code == 404


def test_what_cannot_be_written_down_is_not_heard(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("the audit log is away")

    monkeypatch.setattr("admin_web.calls.listening.note", fail)
    with served.listener() as heard:
        served.line.answer(listening=True)
        served.line.sound()
        with pytest.raises(ConnectionClosed):
            heard.recv(timeout=LIMIT_S)
    assert served.line.hung_up()
