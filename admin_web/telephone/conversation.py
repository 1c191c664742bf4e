"""A call between a page and the line, over the page's WebSocket.

Binary messages are frames of 20 ms, both ways. The page says ``{"key": "1"}``, ``{"hang_up":
true}``, and ``{"here": true}`` every other second, for a page without a microphone sends nothing
else. It is told ``{"state": "ringing" | "talking" | "ended", ...}`` and ``{"record": address}``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from flask import url_for
from sqlalchemy import select

from admin_web.desk import desk
from admin_web.roles import may
from admin_web.streams import Socket
from admin_web.telephone.line import (
    FRAME_BYTES,
    Ended,
    Line,
    LineBusyError,
    LineCall,
    Ringing,
)
from ivr.records import DatabaseUnavailable
from ivr.records.tables import Call

log = logging.getLogger(__name__)

GONE_S = 12.0
# Without a key and without a word for so long nobody is at the telephone any more.
IDLE_S = 600.0
LONGEST_S = 7200.0
RECORD_TRIES = 8
RECORD_EVERY_S = 0.5
# µ-law of small values: a room in which nobody speaks, after noise suppression.
_QUIET = bytes(code for code in range(256) if (~code & 0x7F) < 0x30)


def is_quiet(frame: bytes) -> bool:
    """Whether a frame holds next to nothing."""
    return len(frame.translate(None, _QUIET)) < len(frame) // 20


class Conversation:
    """One call of one page; `now` is a monotonic clock in seconds."""

    def __init__(
        self,
        socket: Socket,
        *,
        gone_s: float = GONE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._socket = socket
        self._gone_s = gone_s
        self._now = now
        self._began = self._used = now()

    async def hold(self, line: Line) -> None:
        """Call, and stay until it is over."""
        number, name = self._socket.about["number"], self._socket.person.name
        try:
            async with line.call(number, name) as call, asyncio.TaskGroup() as together:
                others = [
                    together.create_task(self._take(call)),
                    together.create_task(self._tell_record(call)),
                ]
                await self._give(call)
                for task in others:
                    task.cancel()
        except LineBusyError:
            await self._say_ended(Ended("refused", 486, "browser_calls"))
        except OSError as error:
            log.warning("A browser's call could not be placed: %s", error)
            await self._say_ended(Ended("lost", 0, str(error)))

    async def _give(self, call: LineCall) -> None:
        """Hand on what the line says, to its end."""
        while True:
            said = await call.next()
            if isinstance(said, bytes):
                await self._socket.send(said)
            elif isinstance(said, Ended):
                await self._say_ended(said)
                return
            else:
                state = "ringing" if isinstance(said, Ringing) else "talking"
                await self._socket.send({"state": state})

    async def _say_ended(self, end: Ended) -> None:
        await self._socket.send(
            {"state": "ended", "by": end.by, "status": end.status, "reason": end.reason}
        )

    async def _take(self, call: LineCall) -> None:
        """Hand on what the page says; hang up for it when it has gone, or nobody is there."""
        while True:
            try:
                async with asyncio.timeout(self._gone_s):
                    message = await self._socket.receive()
            except TimeoutError:
                call.hang_up()
                return
            now = self._now()
            if isinstance(message, bytes):
                if len(message) == FRAME_BYTES:
                    call.speak(message)
                    if not is_quiet(message):
                        self._used = now
            elif isinstance(key := message.get("key"), str) and len(key) == 1:
                call.press(key)
                self._used = now
            elif message.get("hang_up"):
                call.hang_up()
            if now - self._used > IDLE_S or now - self._began > LONGEST_S:
                await self._socket.send({"idle": True})
                call.hang_up()
                return

    async def _tell_record(self, call: LineCall) -> None:
        """Tell the page where the call's record is: it is written soon after the call began."""
        for _ in range(RECORD_TRIES):
            await asyncio.sleep(RECORD_EVERY_S)
            try:
                address = await self._socket.in_page(_record_of, call.sip_call_id)
            except DatabaseUnavailable:
                continue
            if address is not None:
                await self._socket.send({"record": address})
                return


def _record_of(sip_call_id: str) -> str | None:
    """Return the address of the call's record; empty where it may not be opened, None: not yet."""
    if not may("calls.call"):
        return ""
    # Calls are found by when they began, not by the name that SIP gives them.
    lately = desk().now() - timedelta(minutes=1)
    with desk().database.read() as session:
        found = session.scalar(
            select(Call.id).where(Call.started_at > lately, Call.sip_call_id == sip_call_id)
        )
    return None if found is None else url_for("calls.call", call_id=found)


async def converse(socket: Socket) -> None:
    """Serve the WebSocket of the telephone."""
    line: Line | None = socket.about["line"]
    if line is not None:
        await Conversation(socket).hold(line)
