"""A call in the terminal: what the line says is written, keys are typed.

The same session as on the telephone; only the ends differ. Services are asked
through a callback, so a simulated call may look things up in a database, or in
a table made for the purpose. Nothing is filed unless the callback files it.

Scripted keys stand for a whole caller: each group of keys answers one question,
`1 2 880123# -` presses 1, then 2, then 880123#, and then stays silent once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from call_flows.hours import Hours, always_open
from call_flows.instructions import (
    CallerHungUp,
    CallFacts,
    Collect,
    CreateCallBack,
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
    Replay,
    SetDelivery,
    SetLanguage,
    SlotValue,
    Step,
    Transfer,
    TransferEnded,
)
from call_flows.model import FlowSet
from call_flows.session import MASK, Session

Speaker = Callable[[str, Mapping[str, SlotValue], str], str]
"""What a prompt says: prompt id, slots, language -> text."""
Service = Callable[[str, Mapping[str, SlotValue]], tuple[str, Mapping[str, Any]]]
"""Asks a service: name, arguments -> outcome, values."""
Filing = Callable[[FileComplaint | CreateCallBack], str]
"""Files, and gives the ticket number."""

HELP = (
    "Keys: 0-9 * #, then Enter. Enter alone: silence. h: hang up. "
    "按键后回车；直接回车表示不按键；h 挂机。"
)
_DELIVERY = {"slow": "slower 慢一点", "loud": "louder 大声一点"}
_USUAL = "as usual 恢复原样"
_SILENCE = "-"
_HANG_UP = "h"
# A simulated caller speaks this long, unless a number of seconds is typed.
_SPOKEN_S = 5.0
_TICKET = "202601010001"


class _Caller:
    """Where the keys come from: a script, or the terminal."""

    def __init__(
        self, keys: str | None, read: Callable[[str], str], out: Callable[[str], None]
    ) -> None:
        self._script: Iterator[str] | None = iter(keys.split()) if keys is not None else None
        self._read = read
        self._out = out

    def answer(self, question: str, *, secret: bool = False) -> str:
        """What the caller does; at the end of the script, or of the input, the caller hangs up."""
        if self._script is None:
            try:
                return self._read(question).strip()
            except EOFError:
                return _HANG_UP
        given = next(self._script, _HANG_UP)
        self._out(f"{question}{MASK if secret and given[:1].isdigit() else given}")
        return "" if given == _SILENCE else given


def simulate(
    flow_set: FlowSet,
    *,
    say: Speaker,
    lookups: Service,
    keys: str | None = None,
    out: Callable[[str], None] = print,
    read: Callable[[str], str] = input,
    flow: str = "main",
    call: CallFacts | None = None,
    file: Filing | None = None,
    hours: Hours = always_open,
) -> list[Step]:
    """Hold one call; returns the nodes it passed.

    `keys` None asks `read` for each entry. `file` None gives every complaint the
    same made-up ticket.
    """
    simulation = _Simulation(say, lookups, file, out, _Caller(keys, read, out))
    session = Session(flow_set, flow, hours=hours)
    return simulation.run(session, call or CallFacts("13800138000", ""))


class _Simulation:
    def __init__(
        self,
        say: Speaker,
        lookups: Service,
        file: Filing | None,
        out: Callable[[str], None],
        caller: _Caller,
    ) -> None:
        self._say = say
        self._lookups = lookups
        self._file = file
        self._out = out
        self._caller = caller
        self._recordings = 0

    def run(self, session: Session, call: CallFacts) -> list[Step]:
        self._out(HELP)
        path: list[Step] = []
        instructions = session.start(call)
        while True:
            given: Input | None = None
            for instruction in instructions:
                given = self._carry_out(instruction)
            path += self._walked(session)
            if given is None:
                return path
            instructions = session.resume(given)

    def _walked(self, session: Session) -> list[Step]:
        steps = session.take_steps()
        for step in steps:
            told = " ".join(part for part in (step.given, step.outcome) if part)
            self._out(f"    · {step.flow}.{step.node} ({step.kind}) {told}".rstrip())
        for failure in session.failures:
            self._out(f"    ! {failure}")
        session.failures.clear()
        return steps

    def _carry_out(self, instruction: Instruction) -> Input | None:
        """Do one instruction; what comes of it, if it waits for anything."""
        match instruction:
            case Play(content=Replay(recording=recording)):
                self._out(f"  ▶ [{recording}]")
                return PlaybackFinished()
            case Play(content=content):
                self._out(f"  {self._text(content)}")
                return PlaybackFinished()
            case SetLanguage():
                return None
            case SetDelivery():
                chosen = [name for name in ("slow", "loud") if getattr(instruction.delivery, name)]
                self._out(f"    ~ {', '.join(_DELIVERY[name] for name in chosen) or _USUAL}")
                return None
            case Collect():
                return self._collect(instruction)
            case Record():
                return self._record(instruction)
            case Lookup():
                return self._look_up(instruction)
            case FileComplaint() | CreateCallBack():
                self._out(f"    = {instruction}")
                return self._filed(instruction)
            case Transfer():
                return self._transfer(instruction)
            case HangUp():
                self._out(f"  ── {instruction.reason}")
                return None

    def _text(self, content: Any) -> str:
        return self._say(content.prompt, content.slots, content.language)

    def _collect(self, wanted: Collect) -> Input:
        given = self._caller.answer("  > ", secret=wanted.sensitive)
        if given == _HANG_UP:
            return CallerHungUp()
        keys = "".join(key for key in given if key in "0123456789*#")
        if not keys:
            return NoInput()
        for position, key in enumerate(keys):
            if key in wanted.terminators:
                return Digits(keys[:position], key)
        return Digits(keys)

    def _record(self, wanted: Record) -> Input:
        given = self._caller.answer("  ● > ")
        if given and given in wanted.keys:
            return Digits(given)  # pressed while the notice was said
        self._recordings += 1
        recording = f"recording {self._recordings}"
        if given == _HANG_UP:
            return CallerHungUp(Recorded(recording, _SPOKEN_S, "hang_up"))
        if given == "x":
            return RecordingFailed("simulated")
        if not given:
            return Recorded(recording, 0.0, "terminator")
        return Recorded(recording, _SPOKEN_S, "terminator")

    def _look_up(self, lookup: Lookup) -> Input:
        shown = {
            name: MASK if name in lookup.sensitive else value
            for name, value in lookup.arguments.items()
        }
        self._out(f"    ? {lookup.service} {shown}")
        try:
            outcome, values = self._lookups(lookup.service, lookup.arguments)
        except TimeoutError:
            return LookupFailed("timeout")
        except Exception as error:  # noqa: BLE001 - whatever a service raises is an outcome here
            self._out(f"    ! {error}")
            return LookupFailed("error")
        return LookupResult(outcome, values)

    def _filed(self, filing: FileComplaint | CreateCallBack) -> Input:
        try:
            ticket = self._file(filing) if self._file is not None else _TICKET
        except Exception as error:  # noqa: BLE001 - as for a service
            return FilingFailed(str(error))
        return Filed(ticket if isinstance(filing, FileComplaint) else "")

    def _transfer(self, transfer: Transfer) -> Input:
        given = self._caller.answer(f"  ☎ {transfer.target} (a/b/n) > ")
        if given == _HANG_UP:
            return CallerHungUp()
        answers = {"a": "answered", "b": "busy", "x": "failed"}
        return TransferEnded(answers.get(given, "no_answer"))  # type: ignore[arg-type]
