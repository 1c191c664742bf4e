"""The records of all calls, written together.

Each call notes what happens to it; four times a second one transaction takes
the notes of all of them, in four statements. A crash costs a record at most
that last quarter of a second; recordings, complaints and call-backs do not
wait for it, they are committed one by one (`journal`).
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session
from twisted.python.failure import Failure

from ivr.responder.database import Records
from ivr.responder.ticker import Deadlines
from ivr.services import calls
from ivr.services.calls import Answer, CallEnd, NewCall, StepTaken

WRITE_EVERY_S = 0.25

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Notes:
    opened: list[NewCall] = field(default_factory=list)
    answered: list[tuple[str, Answer]] = field(default_factory=list)
    steps: list[tuple[str, StepTaken]] = field(default_factory=list)
    closed: list[tuple[str, CallEnd]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.opened or self.answered or self.steps or self.closed)

    def one_by_one(self) -> Iterator["_Notes"]:
        """Each note alone, in the order in which they depend on each other."""
        yield from (_Notes(opened=[one]) for one in self.opened)
        yield from (_Notes(answered=[one]) for one in self.answered)
        yield from (_Notes(steps=[one]) for one in self.steps)
        yield from (_Notes(closed=[one]) for one in self.closed)

    def write(self, session: Session) -> None:
        """Write everything noted, in the order in which it depends on each other."""
        if self.opened:
            calls.open_calls(session, self.opened)
        if self.answered:
            calls.record_answers(session, self.answered)
        if self.steps:
            calls.add_paths(session, self.steps)
        if self.closed:
            calls.close_calls(session, self.closed)


class Ledger:
    """What is noted of calls and not yet written."""

    def __init__(self, records: Records, deadlines: Deadlines) -> None:
        self._records = records
        self._deadlines = deadlines
        self._notes = _Notes()

    def start(self) -> None:
        """Begin to write, four times a second."""
        self.flush()
        self._deadlines.at(self._deadlines.now + WRITE_EVERY_S, self.start)

    def opened(self, call: NewCall) -> None:
        """A call came in."""
        self._notes.opened.append(call)

    def answered(self, call_id: str, answer: Answer) -> None:
        """A call was answered."""
        self._notes.answered.append((call_id, answer))

    def step(self, call_id: str, step: StepTaken) -> None:
        """A caller left a node."""
        self._notes.steps.append((call_id, step))

    def closed(self, call_id: str, end: CallEnd) -> None:
        """A call is over."""
        self._notes.closed.append((call_id, end))

    def flush(self) -> None:
        """Queue what was noted: what is queued afterwards finds the calls it refers to."""
        if self._notes:
            notes, self._notes = self._notes, _Notes()
            self._records.write(notes.write).addErrback(self._refused, notes)

    def _refused(self, failure: Failure, notes: _Notes) -> None:
        """One bad note must not cost the records of the other calls."""
        log.error("Call records are written one by one: %s", failure.getErrorMessage())
        for note in notes.one_by_one():
            self._records.write(note.write).addErrback(self._lost)

    def _lost(self, failure: Failure) -> None:
        log.error("A call record is incomplete: %s", failure.getErrorMessage())
