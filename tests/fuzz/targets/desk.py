"""The desk: any address and query, any body a program may send, any message of the telephone page.

An input of `api_body` is `NUMBER|parts|query`, a line end, and the body: the number chooses among
the operations of the API, the parts fill its path. One of `desk_page` is a path with its query, as
an administrator's browser asks for it. No answer may be a 500.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes

from admin_web.api.operation import OPERATIONS
from admin_web.streams.door import _take
from admin_web.telephone.conversation import is_quiet
from ivr.browser_calls.stream import OutgoingStream
from ivr.rtp import packet
from tests.admin_web.api.conftest import Program, program
from tests.admin_web.builders import DeskUnderTest, Visitor, add_call, make_desk
from tests.fuzz.target import Target

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-desk-")
WORDS = tuple(
    word.encode()
    for word in (
        *("limit=", "after=", "state=", "from=2026-11-22", "to=", "q=", "caller=", "&", "=", "%00"),
        *("page=", "language=en", "variant=", "%ff", "%E6%B0%91", "+", "..", "//", "/api/calls"),
        *('{"text": "', '"state": "', '"department": "', '"version": 1', "null", "true", "-1"),
        *("1e309", "[]", "{}", '"\\ud800"', '"\\u0000"', "99999999999999999999", "2026-02-30"),
        *("sort=", "columns=", "period=day", "1|1|", "open", "closed", "resolved", "noise"),
    )
)


@cache
def _desk() -> DeskUnderTest:
    desk = make_desk(Path(_FOLDER.name))
    add_call(desk)
    return desk


@cache
def _program() -> Program:
    return program(_desk())


@cache
def _visitor() -> Visitor:
    return _desk().as_("administrator")


_NAMES = sorted(OPERATIONS)
_REFUSED = (400, 401, 403, 404, 405, 409, 413, 415, 416, 422)


def body(data: bytes) -> None:
    head, _, sent = data.partition(b"\n")
    number, _, rest = head.partition(b"|")
    parts, _, query = rest.partition(b"|")
    one = OPERATIONS[
        _NAMES[int(number) % len(_NAMES) if number.isdigit() and len(number) < 9 else 0]
    ]
    filled = one.path
    given = [quote_from_bytes(part, safe="") or "1" for part in parts.split(b",")]
    for place, name in enumerate(one.parts):
        filled = filled.replace(f"{{{name}}}", given[place % len(given)])
    address = f"/api{filled}?{quote(query.decode('latin-1'), safe='&=%+')}"
    _desk().clock.move(seconds=60)
    answer = _program().ask(one.method, address, data=sent, content_type=one.takes)
    assert answer.status_code < 500, (one.name, answer.status_code, answer.text[:200])
    assert answer.status_code < 400 or answer.status_code in _REFUSED, answer.status_code
    answer.close()


# What would end the session, or never ends.
_LEFT_OUT = ("/sign-out", "/sign-in", "stream", "/socket", "/telephone/line", "/account/sessions")


def page(data: bytes) -> None:
    path, _, query = data.partition(b"?")
    address = "/" + quote(path.decode("latin-1").lstrip("/"), safe="/%") + "?"
    address += quote(query.decode("latin-1"), safe="&=%+")
    if any(word in address for word in _LEFT_OUT):
        return
    answer = _visitor().get(address)
    assert answer.status_code < 500 or answer.status_code == 503, (address, answer.status_code)
    answer.close()


def telephone(data: bytes) -> None:
    """Messages of the page, cut at 0x1E: text, or (with T before it) bytes of sound."""
    asyncio.run(_talk(data.split(b"\x1e")[:60]))


async def _talk(pieces: list[bytes]) -> None:
    waiting: list[dict[str, Any]] = []
    for piece in pieces:
        if piece[:1] == b"T":
            waiting.append({"type": "websocket.receive", "bytes": piece[1:]})
        else:
            text = piece.decode("utf-8", "surrogatepass" if piece[:1] == b"{" else "replace")
            waiting.append({"type": "websocket.receive", "bytes": None, "text": text})
    waiting.append({"type": "websocket.disconnect"})
    queue: asyncio.Queue[bytes | dict[str, Any]] = asyncio.Queue(100)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    await _take(receive, queue)
    stream = OutgoingStream(0, 101, lambda size: bytes(size))
    while not queue.empty():
        message = queue.get_nowait()
        if isinstance(message, bytes):
            if len(message) == 160:
                stream.microphone.put(message)
                is_quiet(message)
        elif isinstance(key := message.get("key"), str) and len(key) == 1:
            stream.press(key)
        packet.parse(stream.tick())


def _bodies() -> Iterable[bytes]:
    for number, name in enumerate(_NAMES):
        one = OPERATIONS[name]
        if one.body is not None:
            yield b"%d|202611220001|\n" % number + json.dumps(_example(one.body)).encode()
        else:
            yield b"%d|1,zh-CN|limit=2\n" % number


def _example(model: Any) -> dict[str, Any]:
    """One word for each field, of its type as far as its schema says."""
    kinds: dict[str, Any] = {"integer": 1, "boolean": True, "array": [], "object": {}, "number": 1}
    fields = model.model_json_schema().get("properties", {})
    return {name: kinds.get(field.get("type", ""), "x") for name, field in fields.items()}


def _pages() -> Iterable[bytes]:
    for rule in _desk().app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not any(word in rule.rule for word in _LEFT_OUT):
            plain = rule.rule.replace("<int:", "<").encode()
            for name in rule.arguments:
                plain = plain.replace(b"<%s>" % name.encode(), b"1")
            yield plain + b"?limit=5&q=1&from=2026-11-22&after=1"


def _safe(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def safely(data: bytes) -> None:
        try:
            run(data)
        except UnicodeDecodeError:
            return  # the test's own reading of its input

    return safely


TARGETS = (
    Target(
        *("api_body", body, (), _bodies, WORDS, 2000),
        slow_ms=150,
        tried_in_tests=25,
        close=_FOLDER.cleanup,
    ),
    Target("desk_page", page, (), _pages, WORDS, 400, slow_ms=400, tried_in_tests=15),
    Target(
        *("telephone_page", _safe(telephone), ()),
        lambda: (
            b'{"key": "5"}\x1e{"here": true}\x1eT' + b"\x55" * 160 + b'\x1e{"hang_up": true}',
            b"[]\x1enull\x1e" + b"[" * 3000 + b'\x1e{"key": ["1"]}\x1eT\x1e{"key": "\\ud800"}',
        ),
        WORDS,
        8000,
    ),
)
