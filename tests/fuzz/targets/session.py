"""A call's session on any flow that loads: any inputs in any order, and the simulator beside it.

An input is a flow in YAML (or nothing: the default line), 0x1E, and a row of bytes, each of which
is something a caller, a service or the responder can say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from call_flows import CallFacts, FlowSet, Session, default_texts, load, simulate
from call_flows.errors import FlowError
from call_flows.hours import Said, Standing
from call_flows.instructions import (
    CallerHungUp,
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
    NoMatch,
    Play,
    PlaybackFinished,
    Record,
    Recorded,
    RecordingFailed,
    SetDelivery,
    SetLanguage,
    Transfer,
    TransferEnded,
)
from call_flows.source import decode
from tests.fuzz.target import Target
from tests.fuzz.targets.flows import LINE, SHORT, WORDS

BREAK = b"\x1e"
MOST_INPUTS = 120
_DEFAULT = load(default_texts())
_WAITING = (Collect, Record, Lookup, FileComplaint, CreateCallBack, Transfer)
_VALUES: tuple[dict[str, Any], ...] = (
    {},
    {"kind": "water", "amount": Decimal("128.50"), "due": date(2026, 12, 5), "state": "unpaid"},
    {"items": [{"kind": "power", "area": "x", "text": "y"}] * 3, "count": 3},
    {"items": None, "count": "many", "amount": "NaN", "state": None, "tries_left": -1},
    {"items": [[]], "due": {}, "department": b"x", "ticket": 1.5, "reply": "\ud800"},
)
_OUTCOMES = ("found", "none", "code_needed", "wrong_code", "locked", "not_found", "surprise", "")
_KEYS = ("880123", "202611220001", "1234", "13800138000", "880456", "", "9" * 40, "x", "12*#")


def given(code: int) -> Input:
    """What a byte stands for; keys are the likeliest."""
    kind, detail = divmod(code, 16)
    if kind < 5:
        return Digits("0123456789*#1234"[detail], "#" if kind == 4 else "")
    fixed: tuple[Input, ...] = (
        *(NoInput(), NoMatch(), PlaybackFinished(), RecordingFailed("disk"), FilingFailed("x")),
        *(LookupFailed("timeout"), LookupFailed("error"), Filed("202611220001"), Filed("")),
        *(TransferEnded("answered"), TransferEnded("busy"), TransferEnded("no_answer")),
        *(TransferEnded("failed"), Recorded("b", 0.0), NoInput(), NoInput()),
    )
    if kind == 5:
        return fixed[detail]
    if kind == 6:
        return Digits(_KEYS[detail % len(_KEYS)], "#")
    if kind == 7:
        return Recorded(
            "a", float(detail), ("terminator", "silence", "limit", "hang_up")[detail & 3]
        )
    outcome, values = _OUTCOMES[kind - 8], _VALUES[detail % len(_VALUES)]
    return LookupResult(outcome, values)


@lru_cache(maxsize=8)
def _flow_set(text: bytes) -> FlowSet:
    if not text.strip():
        return _DEFAULT
    return load({"main": decode(text, "flows.main"), "line": LINE})


def _hours(schedule: str) -> Standing:
    return Said(open=len(schedule) % 2 == 0)


def call(data: bytes) -> None:
    text, _, codes = data.rpartition(BREAK)
    flow_set = _flow_set(text)
    session = Session(flow_set, flow_set.main, hours=_hours)
    out = session.start(CallFacts("13800138000", "12345"))
    _check(out)
    steps = 0
    for code in codes[:MOST_INPUTS]:
        if session.finished:
            break
        one = given(code)
        said = session.resume(one)
        if said:
            out = said
            assert len(out) < 1000, "says more than anybody would hear"
            if not (isinstance(one, Recorded) and one.ended_by == "hang_up"):
                _check(out)
        steps += len(session.take_steps())
    assert steps <= 101 * (len(codes) + 1), "the step limit does not hold"
    if not session.finished:
        left = session.resume(CallerHungUp())
        assert all(isinstance(one, FileComplaint | CreateCallBack) for one in left)
        for _ in range(5):
            left = session.resume(Filed("1"))
        assert left == []
        assert session.finished
    _simulated(flow_set, codes[:40])


def _check(out: list[Instruction]) -> None:
    """One instruction that waits, or HangUp, and it is the last."""
    assert out, "nothing is said and nothing waited for"
    assert isinstance(out[-1], (*_WAITING, HangUp, Play))
    assert all(isinstance(one, Play | SetLanguage | SetDelivery) for one in out[:-1])


def _simulated(flow_set: FlowSet, codes: bytes) -> None:
    """The same flow in the terminal, its keys out of the same bytes."""
    keys = " ".join("-xabnh0123456789*#"[code % 18] for code in codes)
    outcomes = iter(codes)

    def look_up(_service: str, _arguments: object) -> tuple[str, dict[str, Any]]:
        code = next(outcomes, 0)
        return _OUTCOMES[code % 8], _VALUES[code // 8 % len(_VALUES)]

    simulate(
        *(flow_set,),
        say=lambda prompt, slots, language: f"{language} {prompt} {sorted(slots)}",
        lookups=look_up,
        keys=keys,
        out=lambda _line: None,
        hours=_hours,
    )


def seeds() -> Iterable[bytes]:
    """The sample jobs, and a small flow of its own."""
    yield BREAK + bytes((1, 1, 0x60, 0x81, 0x81, 9, 0x50, 0x50))
    yield BREAK + bytes((2, 2, 1, 0x82, 1, 1, 9, 0x5A))
    yield BREAK + bytes((1, 3, 1, 0x7C, 1, 1, 0x57, 0x50, 0x58))
    yield BREAK + bytes((1, 4, 0x61, 0x62, 0x81, 0, 0x5B, 0x7C, 0x58))
    yield BREAK + bytes((1, 3, 2, 0x7F))
    yield SHORT + BREAK + bytes((1, 0x60, 0x81, 2, 9))


TARGETS = (Target("flow_session", call, (FlowError,), seeds, WORDS, 2500, slow_ms_per_kb=40),)
