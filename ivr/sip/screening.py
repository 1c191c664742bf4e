"""Whom the user agent serves: asked before anything is done for a request nobody expects.

The rules are the program's (`ivr.responder.doorkeeper`); here stands what is asked, and what may
be answered. Requests of a dialog or a transaction that is known are not asked about: tags and
branches of ours are secrets of 96 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ivr.sip.address import Flow
from ivr.sip.message import Request


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request is dealt with as RFC 3261 has it.

    `known` is False for a stranger: told nothing but the final answer, and taken at its word
    about no address. `trunk` is the name of the trunk it belongs to.
    """

    known: bool = True
    trunk: str | None = None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One answer, and nothing is remembered; status 0 is silence."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


SILENCE = TurnedAway(0)
Verdict = Admitted | TurnedAway


class Screening(Protocol):
    """What the user agent asks."""

    def call(self, request: Request, flow: Flow, now: float) -> Verdict:
        """A new INVITE."""

    def question(self, request: Request, flow: Flow, now: float) -> Verdict:
        """Any other request outside of a dialog."""

    def stray(self, request: Request, flow: Flow, now: float) -> Verdict:
        """A request of a call that is not known (any more)."""

    def malformed(self, request: Request | None, flow: Flow, now: float) -> Verdict:
        """What cannot be read; None where not even an answer could be made."""

    def heard_us(self, flow: Flow, now: float) -> None:
        """The other end of a path has given back what only it was sent."""


class EverybodyIsServed:
    """No rules: for a user agent among friends."""

    def call(self, request: Request, flow: Flow, now: float) -> Verdict:
        """Admit."""
        return Admitted()

    def question(self, request: Request, flow: Flow, now: float) -> Verdict:
        """Admit."""
        return Admitted()

    def stray(self, request: Request, flow: Flow, now: float) -> Verdict:
        """Admit."""
        return Admitted()

    def malformed(self, request: Request | None, flow: Flow, now: float) -> Verdict:
        """Admit."""
        return Admitted()

    def heard_us(self, flow: Flow, now: float) -> None:
        """Nothing follows from it."""
