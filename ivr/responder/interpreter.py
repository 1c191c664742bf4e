"""Carrying out a call flow's instructions on a live call.

The session says what is meant (`Play`, `Collect`, `Lookup`, ...); here it is
done with sound, keys, clocks and the database, and what came of it goes back
in. Every instruction is one method; at any time at most one of them waits.
Once the caller is gone, only what must still be kept is carried out.

Over 400 lines because the instructions share one wait: which of them is under
way decides what a key, a hang-up or a late answer means.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from call_flows.instructions import (
    CallerHungUp,
    CallFacts,
    Collect,
    Content,
    CreateCallBack,
    Delivery,
    Digits,
    FileComplaint,
    Filed,
    FilingFailed,
    HangUp,
    Input,
    Instruction,
    Lookup,
    LookupFailed,
    LookupResult,
    NoInput,
    Play,
    PlaybackFinished,
    Record,
    Recorded,
    RecordingFailed,
    Say,
    SetDelivery,
    SetLanguage,
    Step,
    Transfer,
    TransferEnded,
)
from call_flows.session import Session
from ivr.logs import CallLog, in_call
from ivr.media import Leg, RecordingEnded
from ivr.responder.collector import Collector
from ivr.responder.enquiry import Enquiry
from ivr.responder.playback import Audio, Playback
from ivr.responder.ticker import Deadline, Deadlines
from ivr.responder.waiting_words import WaitingWords

TYPE_AHEAD_LIMIT = 32
"""Keys kept before anybody asks for them; more are a child playing with the telephone."""
FILING_PATIENCE_S = 8.0
"""How long a caller is kept waiting for a ticket number while the database is away."""
FILING_PATIENCE_GONE_S = 3600.0
"""The same once the caller has hung up: nobody waits, and what was said must be filed."""
RECORDING_NOTED_S = 1.0
"""A recording is complete on disk: its row may follow later than the caller's next prompt."""
FAULT_LIMIT = 2
"""Faults of ours in one call after which it is ended in order instead of tried again."""

TransferOutcome = Literal["answered", "busy", "no_answer", "failed"]

PLEASE_WAIT = Say("please_wait")
"""Heard while a clause is rendered."""

_log = in_call(logging.getLogger(__name__), "")


class Outward(Protocol):
    """What the interpreter asks of the call, of the database and of the voices."""

    def audio(
        self, content: Content, language: str, *, slow: bool
    ) -> list[Audio | Deferred[Audio]]:
        """Return the sound of one piece of content, what is not there yet as Deferreds."""

    def steps(self, steps: Sequence[Step]) -> None:
        """Write down where the caller has been."""

    def look_up(self, lookup: Lookup, language: str) -> "Deferred[LookupResult]":
        """Ask a service, off the reactor thread."""

    def begin_recording(self, record: Record) -> "Deferred[str]":
        """Enter a recording in the database and start it on the leg; fires with its id."""

    def end_recording(self, recording: str, ended: RecordingEnded) -> "Deferred[None]":
        """Enter what became of it."""

    def file_complaint(self, filing: FileComplaint, patience_s: float) -> "Deferred[str]":
        """Commit a complaint; fires with its ticket number."""

    def create_call_back(self, task: CreateCallBack, patience_s: float) -> "Deferred[str]":
        """Commit a call-back task."""

    def transfer(self, transfer: Transfer, ended: Callable[[TransferOutcome], None]) -> None:
        """Bring the caller to a person; `ended` takes the outcome."""

    def hang_up(self, reason: str) -> None:
        """End the call from our side."""

    def finished(self) -> None:
        """The flow is over and everything it left is written."""


class Interpreter:
    """One call's way through its flow."""

    def __init__(
        self,
        session: Session,
        leg: Leg,
        deadlines: Deadlines,
        outward: Outward,
        log: CallLog = _log,
    ) -> None:
        self._log = log
        self._session = session
        self._leg = leg
        self._deadlines = deadlines
        self._outward = outward
        self._pending: deque[Instruction] = deque()
        self._keys: deque[str] = deque(maxlen=TYPE_AHEAD_LIMIT)
        self._collector: Collector | None = None
        self._collect_clock: Deadline | None = None
        self._late_terminators = ("", 0.0)
        self._when_drained: Callable[[], None] | None = None
        self._recording: str | None = None
        self._record: Record | None = None
        self._recording_under_way = False
        self._stopped_by: str | None = None
        self._wait = 0
        self._delivery = Delivery()
        self._committing = False
        self._gone = False
        self._took_leave = False
        self._over = False
        self._faults = 0
        self._playback = Playback(leg, deadlines, self._please_wait, self._drained)
        self._words = WaitingWords(deadlines, self._say_meanwhile)

    @property
    def confidential(self) -> bool:
        """Whether what the caller keys now is nobody else's business."""
        return self._collector is not None and self._collector.collect.sensitive

    # --- what happens to a call
    def start(self, facts: CallFacts) -> None:
        """Begin the flow."""
        self._guarded(lambda: self._run(self._session.start(facts)))

    def key(self, key: str) -> None:
        """A key was pressed: it answers what waits, or is kept for what will."""
        if self._gone or self._over or self._is_late_terminator(key):
            return
        if self._record is not None:
            self._key_for_record(key, self._record)
            return
        if self._collector is None:
            self._keys.append(key)
            self._guarded(self._playback.interrupt)
            return
        result = self._collector.press(key, self._deadlines.now)
        self._guarded(self._playback.interrupt)
        self._collected(result)

    def _key_for_record(self, key: str, record: Record) -> None:
        if self._recording is not None:
            if key in record.terminators:
                self._stopped_by = "terminator"
                self._leg.stop_recording()
        elif not self._recording_under_way and key in record.keys:
            # What it asks for (a person, slower speech) comes before the notice's end.
            self._record = None
            self._when_drained = None
            self._playback.stop()
            self._give(Digits(key))

    def _is_late_terminator(self, key: str) -> bool:
        """The `#` after an entry that was complete without it: callers were told to press it."""
        terminators, until = self._late_terminators
        self._late_terminators = ("", 0.0)
        return key in terminators and self._deadlines.now <= until

    def playback_finished(self, token: object) -> None:
        """The leg has played a piece."""
        self._guarded(lambda: self._playback.finished(token))

    def recording_ended(self, ended: RecordingEnded) -> None:
        """A recording is complete on disk, for whatever reason."""
        recording, self._recording = self._recording, None
        if recording is None:
            return
        wait = self._wait
        told = False

        def tell(_result: object = None) -> None:
            nonlocal told
            if not told:
                told = True
                clock.cancel()
                self._recorded(wait, recording, ended)

        clock = self._deadlines.at(self._deadlines.now + RECORDING_NOTED_S, tell)
        self._outward.end_recording(recording, ended).addBoth(tell)

    def caller_hung_up(self) -> None:
        """The caller is gone: stop all sound, keep what was said."""
        if self._over:
            self._outward.finished()  # we hung up first; only now is the dialog over too
            return
        if self._gone:
            return
        self._gone = True
        self._playback.stop()
        self._stop_collecting()
        self._words.stop()
        self._when_drained = None
        if self._recording is not None:
            self._leg.stop_recording()  # RecordingEnded follows, and then the leave-taking
        elif not self._recording_under_way and not self._committing:
            self._record = None  # where its notice still played, nothing is recorded
            self._take_leave()

    def release(self) -> None:
        """Let go of the call, so that no cycle keeps it from being freed at once."""
        self._playback.release()
        self._when_drained = None
        self._pending.clear()
        del self._outward, self._words

    # --- running
    def _run(self, instructions: Sequence[Instruction]) -> None:
        self._outward.steps(self._session.take_steps())
        for failure in self._session.failures:
            self._log.error("A call flow took its error exit: %s", failure)
        self._session.failures.clear()
        if any(isinstance(one, Collect) and one.clear_type_ahead for one in instructions):
            self._keys.clear()
        self._pending = deque(instructions)
        self._go_on()

    def _go_on(self) -> None:
        while self._pending and not self._over:
            instruction = self._pending.popleft()
            if self._gone and not isinstance(instruction, FileComplaint | CreateCallBack):
                continue
            if _CARRY_OUT[type(instruction)](self, instruction):
                return
        if self._gone and not self._pending:
            self._take_leave()

    def _give(self, given: Input) -> None:
        """Resume the session with what came of an instruction."""
        self._wait += 1
        self._words.stop()
        self._guarded(lambda: self._run(self._session.resume(given)))

    def _guarded(self, action: Callable[[], None]) -> None:
        """A fault of ours takes the flow's own exit ("a person will help you"), once or twice."""
        try:
            action()
        except Exception:  # noqa: BLE001 - no fault of ours may drop a call
            self._log.error("A call flow failed: %s", Failure().getTraceback())
            self._fault()

    def _fault(self) -> None:
        self._faults += 1
        self._stop_collecting()
        if self._faults > FAULT_LIMIT or self._gone:
            self._pending.clear()
            self._outward.hang_up("error")
            self._finish()
            return
        self._give(LookupFailed("error"))

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._outward.finished()

    def _take_leave(self, recorded: Recorded | None = None) -> None:
        """Let the session say what must still be kept; once that is kept, the call is over."""
        if self._took_leave:
            self._finish()
        else:
            self._took_leave = True
            self._give(CallerHungUp(recorded))

    # --- sound
    def _play(self, play: Play) -> bool:
        skipped = play.barge_in and bool(self._keys)  # type-ahead: the answer is already there
        if not skipped:
            self._playback.add(self._audio(play.content), barge_in=play.barge_in)
        if self._pending:
            return False
        return self._after_playback(lambda: self._give(PlaybackFinished()))

    def _audio(self, content: Content) -> list[Audio | Deferred[Audio]]:
        return self._outward.audio(content, self._session.language, slow=self._delivery.slow)

    def _set_delivery(self, instruction: SetDelivery) -> bool:
        self._delivery = instruction.delivery
        self._leg.louder(self._delivery.loud)
        return False

    def _after_playback(self, action: Callable[[], None]) -> bool:
        if self._playback.busy:
            self._when_drained = action
        else:
            # A tick later, so that a flow of empty prompts cannot recurse.
            wait = self._wait
            self._deadlines.at(
                self._deadlines.now, lambda: self._guarded(action) if wait == self._wait else None
            )
        return True

    def _drained(self) -> None:
        action, self._when_drained = self._when_drained, None
        if self._collector is not None:
            self._collector.playback_ended(self._deadlines.now)
            self._arm_collector()
        if action is not None:
            self._guarded(action)

    def _say_meanwhile(self, words: Sequence[Content]) -> bool:
        """Say what accompanies a wait, unless something plays."""
        if self._playback.busy:
            return False
        for content in words:
            self._playback.add(self._audio(content), barge_in=True)
        return True

    @property
    def _please(self) -> Say:
        return replace(PLEASE_WAIT, variant=self._session.variant)

    def _please_wait(self) -> Audio:
        language = self._session.language
        # Slower if that is at hand; the usual words now are better than slow ones later.
        for slow in (True, False) if self._delivery.slow else (False,):
            pieces = self._outward.audio(self._please, language, slow=slow)
            ready = [piece for piece in pieces if not isinstance(piece, Deferred)]
            if len(ready) == len(pieces):
                return [segment for piece in ready for segment in piece]
        return ()

    # --- keys
    def _collect(self, collect: Collect) -> bool:
        started = None if self._playback.busy else self._deadlines.now
        self._collector = Collector(collect, started=started)
        while self._keys:
            result = self._collector.press(self._keys.popleft(), self._deadlines.now)
            if result is not None:
                self._collected(result)
                return True
        self._arm_collector()
        return True

    def _arm_collector(self) -> None:
        if self._collect_clock is not None:
            self._collect_clock.cancel()
            self._collect_clock = None
        deadline = self._collector.deadline if self._collector is not None else None
        if deadline is not None:
            self._collect_clock = self._deadlines.at(deadline, self._collect_expired)

    def _collect_expired(self) -> None:
        if self._collector is not None:
            self._collected(self._collector.expire())

    def _collected(self, result: Digits | NoInput | None) -> None:
        if result is None:
            self._arm_collector()
            return
        collect = self._collector.collect if self._collector is not None else None
        if isinstance(result, Digits) and not result.ended_by and collect is not None:
            self._late_terminators = (
                collect.terminators,
                self._deadlines.now + collect.inter_digit_timeout_s,
            )
            if self._keys and self._is_late_terminator(self._keys[0]):
                self._keys.popleft()
        self._stop_collecting()
        self._give(result)

    def _stop_collecting(self) -> None:
        self._collector = None
        self._arm_collector()

    # --- recording
    def _begin_record(self, record: Record) -> bool:
        self._record = record
        self._stopped_by = None
        self._keys.clear()
        return self._after_playback(lambda: self._start_recording(record))

    def _start_recording(self, record: Record) -> None:
        wait = self._wait
        self._recording_under_way = True
        self._words.begin((self._please,))

        def begun(recording: str) -> None:
            self._words.stop()
            self._recording = recording
            if self._gone:
                self._leg.stop_recording()

        def failed(failure: Failure) -> None:
            self._log.error("A recording could not begin: %s", failure.getErrorMessage())
            self._words.stop()
            self._record = None
            self._recording_under_way = False
            if self._gone:
                self._take_leave()
            elif wait == self._wait:
                self._give(RecordingFailed("the recording could not begin"))

        self._outward.begin_recording(record).addCallbacks(begun, failed)

    def _recorded(self, wait: int, recording: str, ended: RecordingEnded) -> None:
        self._record = None
        self._recording_under_way = False
        if self._gone:
            self._take_leave(Recorded(recording, ended.seconds, "hang_up"))
        elif wait != self._wait:
            return
        elif ended.cause == "failed" and not ended.seconds:
            self._give(RecordingFailed("nothing could be written"))
        else:
            self._give(Recorded(recording, ended.seconds, self._stopped_by or ended.cause))

    # --- services
    def _look_up(self, lookup: Lookup) -> bool:
        wait = self._wait

        def answered(result: LookupResult | LookupFailed) -> None:
            if wait == self._wait and not self._gone:
                self._give(result)

        self._words.begin(lookup.waiting)
        language = self._session.language
        Enquiry(
            lookup,
            lambda: self._outward.look_up(lookup, language),
            self._deadlines,
            answered,
            self._log,
        ).start()
        return True

    def _file_complaint(self, filing: FileComplaint) -> bool:
        return self._commit(self._outward.file_complaint(filing, self._filing_patience_s))

    def _create_call_back(self, task: CreateCallBack) -> bool:
        return self._commit(self._outward.create_call_back(task, self._filing_patience_s))

    @property
    def _filing_patience_s(self) -> float:
        return FILING_PATIENCE_GONE_S if self._gone else FILING_PATIENCE_S

    def _commit(self, committing: "Deferred[str]") -> bool:
        self._committing = True
        if not self._gone:
            self._words.begin((self._please,))

        def committed(ticket: str) -> None:
            self._committed(Filed(ticket))

        def failed(failure: Failure) -> None:
            self._log.error("Filing failed: %s", failure.getTraceback())
            self._committed(FilingFailed(failure.getErrorMessage()))

        committing.addCallbacks(committed, failed)
        return True

    def _committed(self, result: Filed | FilingFailed) -> None:
        self._committing = False
        self._give(result)

    # --- the way out
    def _transfer(self, transfer: Transfer) -> bool:
        return self._after_playback(lambda: self._begin_transfer(transfer))

    def _begin_transfer(self, transfer: Transfer) -> None:
        wait = self._wait

        def ended(outcome: TransferOutcome) -> None:
            if wait == self._wait and not self._gone:
                self._give(TransferEnded(outcome))

        self._outward.transfer(transfer, ended)

    def _hang_up(self, hang_up: HangUp) -> bool:
        def end() -> None:
            self._outward.hang_up(hang_up.reason)
            self._finish()

        return self._after_playback(end)


_CARRY_OUT: Mapping[type, Callable[[Interpreter, Any], bool]] = {
    SetLanguage: lambda _interpreter, _instruction: False,  # the session itself knows the language
    SetDelivery: Interpreter._set_delivery,
    Play: Interpreter._play,
    Collect: Interpreter._collect,
    Record: Interpreter._begin_record,
    Lookup: Interpreter._look_up,
    FileComplaint: Interpreter._file_complaint,
    CreateCallBack: Interpreter._create_call_back,
    Transfer: Interpreter._transfer,
    HangUp: Interpreter._hang_up,
}
"""What carries an instruction out; true where it waits."""
