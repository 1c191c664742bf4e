"""A call between a page and the line: what each is told, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from admin_web.telephone.conversation import IDLE_S, Conversation, is_quiet
from admin_web.telephone.line import Ended, Happening, LineBusyError, Ringing, Talking

LOUD = b"\x80" * 160
QUIET = b"\xff\x7f\xfe\x7e" * 40


class Call:
    """A call at the line's end; `hang_up` ends it, as the line's own would."""

    sip_call_id = "a@b"

    def __init__(self) -> None:
        self.told: asyncio.Queue[bytes | Happening] = asyncio.Queue()
        self.said: list[bytes] = []
        self.keys = ""

    def speak(self, frame: bytes) -> None:
        self.said.append(frame)

    def press(self, key: str) -> None:
        self.keys += key

    def hang_up(self) -> None:
        self.told.put_nowait(Ended("you"))

    async def next(self) -> bytes | Happening:
        return await self.told.get()


class Line:
    def __init__(self, error: Exception | None = None) -> None:
        self.one = Call()
        self.error = error
        self.called: tuple[str, str] | None = None
        self.left = False

    @asynccontextmanager
    async def call(self, number: str, name: str) -> AsyncIterator[Call]:
        self.called = number, name
        if self.error is not None:
            raise self.error
        try:
            yield self.one
        finally:
            self.left = True


class Page:
    """The socket of a page."""

    def __init__(self, record: str | None = "/calls/1") -> None:
        self.about: dict[str, Any] = {"number": "12345"}
        self.person = type("Person", (), {"name": "Somebody"})()
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.record = record

    async def send(self, message: Any) -> None:
        self.sent.put_nowait(message)

    async def receive(self) -> Any:
        return await self.messages.get()

    async def in_page(self, work: Any, *arguments: Any) -> str | None:
        return self.record

    async def until(self, message: Any) -> None:
        while await self.sent.get() != message:
            continue


ENDED_YOU = {"state": "ended", "by": "you", "status": 0, "reason": ""}


async def both_ways(page: Page, line: Line) -> None:
    line.one.told.put_nowait(Ringing())
    line.one.told.put_nowait(Talking())
    line.one.told.put_nowait(LOUD)
    for expected in ({"state": "ringing"}, {"state": "talking"}, LOUD):
        assert await page.sent.get() == expected
    for message in (
        LOUD,
        b"short",
        {"key": "1"},
        {"key": 1},
        {"key": "12"},
        {"here": True},
        {"key": "#"},
    ):
        page.messages.put_nowait(message)
    await page.until({"record": "/calls/1"})
    page.messages.put_nowait({"hang_up": True})
    await page.until(ENDED_YOU)


def held(page: Page, line: Line, meanwhile: Any = None, **limits: Any) -> None:
    """Hold the conversation to its end, which must come."""

    async def run() -> None:
        async with asyncio.timeout(30):
            conversation = Conversation(page, **limits)
            holding = asyncio.create_task(conversation.hold(line))
            if meanwhile is not None:
                await meanwhile(page, line)
            await holding

    asyncio.run(run())


def test_sound_and_keys_go_both_ways_until_the_page_hangs_up() -> None:
    page, line = Page(), Line()
    held(page, line, both_ways)
    assert line.called == ("12345", "Somebody")
    assert (line.one.said, line.one.keys) == ([LOUD], "1#")
    assert line.left


def test_a_page_that_says_nothing_any_more_is_hung_up_for() -> None:
    page, line = Page(), Line()
    held(page, line, gone_s=0.05)
    assert line.left
    assert page.sent.get_nowait() == ENDED_YOU


def test_a_telephone_that_nobody_uses_is_hung_up_and_the_page_told_why() -> None:
    page, line, clock = Page(record=None), Line(), [0.0]

    async def idle(page: Page, line: Line) -> None:
        page.messages.put_nowait(QUIET)
        while not line.one.said:
            await asyncio.sleep(0)
        clock[0] = IDLE_S + 1
        page.messages.put_nowait(QUIET)

    held(page, line, idle, now=lambda: clock[0])
    assert page.sent.get_nowait() == {"idle": True}
    assert page.sent.get_nowait() == ENDED_YOU


@pytest.mark.parametrize("use", [LOUD, {"key": "1"}])
def test_words_and_keys_count_as_use(use: Any) -> None:
    page, line, clock = Page(record=None), Line(), [0.0]

    async def speak(page: Page, line: Line) -> None:
        for at in (IDLE_S - 1, IDLE_S + 1):
            clock[0] = at
            page.messages.put_nowait(use)
            while not page.messages.empty():
                await asyncio.sleep(0)
        line.one.told.put_nowait(Ended("line"))

    held(page, line, speak, now=lambda: clock[0])
    assert page.sent.get_nowait()["by"] == "line"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LineBusyError(), ("refused", 486, "browser_calls")),
        (OSError("no network"), ("lost", 0, "no network")),
    ],
)
def test_a_call_that_cannot_be_placed_is_ended_with_the_reason(
    error: Exception, expected: tuple[str, int, str]
) -> None:
    page = Page()
    held(page, Line(error))
    told = page.sent.get_nowait()
    assert (told["by"], told["status"], told["reason"]) == expected


def test_a_refusal_keeps_its_status() -> None:
    page, line = Page(), Line()
    line.one.told.put_nowait(Ended("refused", 503, "Service Unavailable"))
    held(page, line)
    assert page.sent.get_nowait()["status"] == 503


def test_a_room_without_words_is_told_from_speech() -> None:
    assert is_quiet(QUIET)
    assert not is_quiet(LOUD)
    assert not is_quiet(QUIET[:140] + LOUD[:20])
