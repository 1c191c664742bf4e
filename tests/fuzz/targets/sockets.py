"""What comes in by our own Unix sockets: lines of the voice server, who wants to listen in."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twisted.internet.testing import StringTransport

from ivr.media.tap import Tap
from ivr.responder.listening import Listener, Listening
from prompts.clause import Clause
from prompts.errors import PromptError
from prompts.voice_server import _VoiceServer
from tests.fuzz.target import Target

MOST_LINES = 20
WORDS = (
    *(
        b'{"id": 1, ',
        b'"text": ',
        b'"language": ',
        b'"zh-CN"',
        b'"en"',
        b'"recorded": null',
        b'"x"',
    ),
    *(b'"words": [["', b'"chang2 le4"', b'"tempo": 75', b'"priority": "bulk"', b'"status": true'),
    *(b'"take": ', b'"folder": ', b'"prompt": ', b'"variant": ""', b'"\\ud800"', b"null", b"true"),
    *(b"[[[[", b"{}", b"[]", b"1e999", b"-0", b"NaN", b"\\u0000", b'{"call": "one"}', b"\n"),
    *(b"[" * 3000, b"9" * 5000),
)


class _Renderer:
    """Renders nothing; the key is the clause's own."""

    failures: dict[str, str] = {}  # noqa: RUF012 - never changed

    def render_key(self, clause: Clause) -> str:
        return clause.key("voice")

    def failing(self) -> list[str]:
        return []


class _Writer:
    def __init__(self) -> None:
        self.written: list[bytes] = []

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written.append(data)


def voice(data: bytes) -> None:
    """Every line is answered by one object, now or when its turn comes."""
    server = _VoiceServer(Path("unused"), _Renderer(), warm=False, serving=lambda: None)  # type: ignore[arg-type]
    writer: Any = _Writer()
    lines = data.split(b"\n")[:MOST_LINES]
    for line in lines:
        server._take(line + b"\n", writer)
    while not server._jobs.empty():
        job = server._jobs.get_nowait()
        if job.work is not None and "keep" not in job.work.__qualname__:
            try:
                answer = job.work(_Renderer())  # type: ignore[arg-type]
            except PromptError as error:
                answer = {"error": str(error)}
        else:
            answer = {"error": "not in a test"}
        server._reply(job, answer)
    assert len(writer.written) == len(lines)
    for answered in writer.written:
        assert isinstance(json.loads(answered), dict)


class _Leg:
    def tap(self) -> Tap:
        return Tap()

    def untap(self) -> None:
        return

    def announce(self, _tone: bytes) -> None:
        return


class _Call:
    leg = _Leg()
    heard_by_others = True
    confidential = False


class _Transport(StringTransport):
    socket, _other = socket.socketpair()


def listening(data: bytes) -> None:
    """A question in any pieces is answered once, and then there is sound or the end."""
    calls: dict[str, Any] = {"one": _Call()}
    heard = Listening(None, Path("unused"), calls.get, told=False)
    listener, transport = Listener(heard), _Transport()
    listener.makeConnection(transport)
    step = data[0] % 100 + 1 if data else 1
    for at in range(0, len(data), step):
        listener.dataReceived(data[at : at + step])
        assert len(listener._question) < 2000
    heard.tick(0.04)
    said = transport.value()
    if said:
        first = json.loads(said.partition(b"\n")[0])
        assert first.get("listening") or first["refused"]
    listener.connectionLost()
    assert not heard._ears


def seeds() -> Iterable[bytes]:
    yield b'{"id": 1, "text": "hello", "language": "en", "recorded": null}'
    words = '"words": [["长乐", "chang2 le4"]]'
    yield f'{{"id": 2, "text": "长乐", "language": "zh-CN", {words}}}'.encode()
    yield b'{"id": 3, "text": "hi", "language": "en", "tempo": 75, "priority": "bulk"}\n'
    yield b'{"id": "x", "status": 1}\n\n{}'
    yield b'{"id": 4, "take": "/x.wav", "folder": "/y", "prompt": "p", "language": "en"}'
    yield b'{"id": "\\ud800", "text": "\\udfff", "language": "en"}'
    yield b'{"id": 5, "text": "x", "language": "en", "priority": ["live"]}'
    yield b'{"id": 6, "text": "x", "language": "en", "words": 5, "tempo": true}'


TARGETS = (
    Target("voice_line", voice, (), seeds, WORDS, 8000),
    Target(
        *("listening_question", listening, ()),
        lambda: (b'{"call": "one"}\n', b'\x63{"call": "two"}\n', b"\xff" + b"[" * 400 + b"\n"),
        WORDS,
        6000,
    ),
)
