"""What the telephone needs of the line, which the desk itself may not know: calls, and their sound.

`ivr.browser_calls` has it, and `ivr.desk` brings both together.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

# 20 ms of G.711 µ-law at 8 kHz.
FRAME_BYTES = 160


class LineBusyError(Exception):
    """As many browsers are calling as may."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """The line rings."""


@dataclass(frozen=True, slots=True)
class Talking:
    """The line has answered."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over: by whom, and the SIP status where it was refused."""

    by: Literal["line", "you", "refused", "lost"]
    status: int = 0
    reason: str = ""


Happening = Ringing | Talking | Ended


class LineCall(Protocol):
    """One call."""

    @property
    def sip_call_id(self) -> str:
        """By which its record is found."""

    def speak(self, frame: bytes) -> None:
        """Say 20 ms of µ-law."""

    def press(self, key: str) -> None:
        """Press a key."""

    def hang_up(self) -> None:
        """End it; `Ended` follows."""

    async def next(self) -> bytes | Happening:
        """The next frame of sound, or what happened."""


class Line(Protocol):
    """The line, to be called."""

    def call(self, number: str, name: str) -> AbstractAsyncContextManager[LineCall]:
        """Call a number of the line's; raises LineBusyError, OSError."""
