"""How the line is doing, read from the signs of life its processes leave in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ivr.services import heartbeats

RESPONDER = "responder"
VOICE = "voice"
FRESH = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class LineState:
    """What the responder's last sign of life says; ``why_not`` is empty while calls are answered.

    ``why_not`` is one of ``never_started``, ``silent``, ``not_listening``, ``draining``.
    """

    why_not: str
    at: datetime | None
    detail: Mapping[str, Any]

    @property
    def answering(self) -> bool:
        """Whether a call that comes now is answered."""
        return not self.why_not

    @property
    def calls(self) -> int | None:
        """How many calls are in progress, where the responder says so."""
        calls = self.detail.get("calls")
        return calls if isinstance(calls, int) else None


def line_state(session: Session, now: datetime) -> LineState:
    """Return how the responder is doing."""
    beat = next((b for b in heartbeats.all_beats(session) if b.process == RESPONDER), None)
    if beat is None:
        return LineState("never_started", None, {})
    if now - beat.at > FRESH:
        return LineState("silent", beat.at, beat.detail)
    if not beat.detail.get("listening"):
        return LineState("not_listening", beat.at, beat.detail)
    if beat.detail.get("draining"):
        return LineState("draining", beat.at, beat.detail)
    return LineState("", beat.at, beat.detail)
