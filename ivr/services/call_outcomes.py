"""What came of a call that has ended, judged from its record and its path.

A call is exactly one of these, the first that fits:

unanswered
    it never was connected: refused, cancelled while ringing, or without usable sound.
person
    the caller was put through and a person answered.
self_served
    the line alone finished a job: a lookup gave what was asked for (`found`, `nothing_owed`,
    or `none`, where "there is no outage" is the answer), a complaint was filed, or a service
    guide was heard.
message
    no person was there, and the caller left a message or was noted for a call-back.
fault
    the line failed or stopped in the middle of it.
abandoned
    all others: it ended, by whichever side, with nothing finished.

What a caller wanted is not known, only what was done: somebody who heard the wrong bill and
hung up counts as served. `docs/statistics.md` says so to those who read the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ivr.records.tables import CallOutcome, EndedBy

FINISHED_LOOKUPS = frozenset({"found", "nothing_owed", "none"})
"""Outcomes of a lookup that give the caller what was asked for."""
GUIDES = "guides"
"""The flow whose nodes, after its first menu, each tell a caller something whole."""
_BY_FAULT = (EndedBy.ERROR, EndedBy.CRASH)


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step as far as it matters here."""

    at: datetime
    flow: str
    node: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call's record as far as it matters here; `filed`, `called_back`: what it left behind."""

    answered_at: datetime | None
    ended_by: EndedBy | None
    # False: the line knows that it put the caller through.
    self_served: bool | None
    person_at: datetime | None
    filed: bool
    called_back: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome; where the call ended (`flow.node`); seconds from asking for a person to one."""

    outcome: CallOutcome
    last_place: str | None
    person_wait_s: float | None


def judge(call: EndedCall, path: Sequence[PathStep]) -> Judged:
    """What came of a call."""
    last = f"{path[-1].flow}.{path[-1].node}" if path else None
    outcome = _outcome(call, path)
    wait = _person_wait_s(call, path) if outcome is CallOutcome.PERSON else None
    return Judged(outcome, last, wait)


def _outcome(call: EndedCall, path: Sequence[PathStep]) -> CallOutcome:
    if call.answered_at is None:
        return CallOutcome.UNANSWERED
    put_through = call.self_served is False or call.ended_by is EndedBy.TRANSFER
    if put_through or any(s.kind == "transfer" and s.outcome == "answered" for s in path):
        return CallOutcome.PERSON
    if call.filed or _finished(path):
        return CallOutcome.SELF_SERVED
    if call.called_back or any(s.kind == "call_back" and s.outcome == "filed" for s in path):
        return CallOutcome.MESSAGE
    return CallOutcome.FAULT if call.ended_by in _BY_FAULT else CallOutcome.ABANDONED


def _finished(path: Sequence[PathStep]) -> bool:
    for step in path:
        if step.kind == "lookup" and step.outcome in FINISHED_LOOKUPS:
            return True
        if step.kind == "file_complaint" and step.outcome == "filed":
            return True
    guides = [step.node for step in path if step.flow == GUIDES]
    return any(node != guides[0] for node in guides)


def _person_wait_s(call: EndedCall, path: Sequence[PathStep]) -> float | None:
    """From when the node that puts through was reached, which is when the one before was left."""
    transfers = [n for n, step in enumerate(path) if step.kind == "transfer"]
    if not transfers:
        return None
    n = transfers[-1]
    answered = call.person_at
    if answered is None and path[n].outcome == "answered":
        answered = path[n].at
    asked = path[n - 1].at if n else call.answered_at
    if answered is None or asked is None:
        return None
    return max(0.0, (answered - asked).total_seconds())
