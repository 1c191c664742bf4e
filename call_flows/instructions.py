"""The words a session and whoever runs it exchange: inputs in, instructions out.

An instruction names what is meant (say this prompt, ask for digits), never how
a channel does it: the same session speaks on a telephone, in a browser, in a
terminal and in a test.

Every list of instructions ends with exactly one that waits for an input, or
with `HangUp`. What stands before it is queued. `Collect` listens at once (so
that keys are taken while a prompt speaks) and starts its no-input clock when
what plays has ended; `Record`, `Transfer` and `HangUp` begin when what plays
has ended; `Lookup`, `FileComplaint` and `CreateCallBack` begin at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

SlotValue = str | int | Decimal | date | datetime


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call before its first word."""

    caller: str = ""
    called: str = ""


# --- content


@dataclass(frozen=True, slots=True)
class Say:
    """One prompt, in the language and the variant in force where it stands in the list.

    What the variant has not recorded is said as the language says it.
    """

    prompt: str
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    language: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """What the caller recorded, played back."""

    recording: str


Content = Say | Replay

# --- instructions


@dataclass(frozen=True, slots=True)
class Play:
    """Waits for PlaybackFinished when it is last in the list; else it is queued."""

    content: Content
    barge_in: bool = True


@dataclass(frozen=True, slots=True)
class Collect:
    """Waits for Digits or NoInput.

    A key among `terminators` ends the entry; every other key, `*` and `#` too,
    counts towards `max_digits`. With `clear_type_ahead`, keys pressed before
    this list was given are dropped, and what stands before it in the list is
    heard.
    """

    max_digits: int
    min_digits: int
    terminators: str
    no_input_timeout_s: float
    inter_digit_timeout_s: float
    sensitive: bool = False
    clear_type_ahead: bool = False


Purpose = Literal["complaint", "message", "prompt"]
"""What a recording is for: `prompt` is a member of staff speaking a prompt (`studio`)."""


@dataclass(frozen=True, slots=True)
class Record:
    """Waits for Recorded or RecordingFailed. Keys typed ahead do not end it.

    A key among `keys`, pressed before the recording begins, is answered by Digits instead:
    what plays is cut short and nothing is recorded.

    `category` is what the caller chose before speaking, so that a complaint
    can be filed from the recording alone after a crash.
    """

    name: str
    max_s: float
    silence_s: float | None
    terminators: str
    beep: bool
    kind: Purpose
    category: str = ""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Waits for LookupResult or LookupFailed. `waiting` is heard where the answer takes long.

    Arguments named in `sensitive` reach no log, record or transcript.
    """

    service: str
    arguments: Mapping[str, SlotValue]
    timeout_s: float
    retries: int
    waiting: tuple[Content, ...] = ()
    sensitive: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileComplaint:
    """Waits for Filed or FilingFailed. `finished` is false where the caller never confirmed."""

    category: str
    recording: str
    callback_number: str
    finished: bool


@dataclass(frozen=True, slots=True)
class CreateCallBack:
    """Waits for Filed("") or FilingFailed."""

    recording: str
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Waits for TransferEnded. `target` is a name that the line's settings turn into a number."""

    target: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Waits for nothing."""

    language: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the line speaks to this caller, by the caller's own choice."""

    slow: bool = False
    loud: bool = False


@dataclass(frozen=True, slots=True)
class SetDelivery:
    """Waits for nothing. Holds for what stands after it, until the next one."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class HangUp:
    """The end of the call, when what plays has ended."""

    reason: str


Waiting = Collect | Record | Lookup | FileComplaint | CreateCallBack | Transfer
Instruction = Play | Waiting | SetLanguage | SetDelivery | HangUp

# --- inputs


@dataclass(frozen=True, slots=True)
class Digits:
    """Keys pressed, without the terminator; `ended_by` is the terminator, if one ended it."""

    keys: str
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class NoInput:
    """Nothing was pressed in time."""


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Something came that is no key of ours (speech, text of another channel)."""


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """What was queued has been heard."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """`recording` is a reference that Replay and FileComplaint give back.

    `seconds` is the length of the whole recording, the silence that ended it included.
    """

    recording: str
    seconds: float
    ended_by: str = ""  # "terminator", "silence", "limit", "hang_up"


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    reason: str


@dataclass(frozen=True, slots=True)
class LookupResult:
    outcome: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookupFailed:
    reason: Literal["timeout", "error"]


@dataclass(frozen=True, slots=True)
class Filed:
    ticket: str


@dataclass(frozen=True, slots=True)
class FilingFailed:
    reason: str


@dataclass(frozen=True, slots=True)
class TransferEnded:
    outcome: Literal["answered", "busy", "no_answer", "failed"]


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The caller is gone; `recorded` is what was said, where it cut a recording short."""

    recorded: Recorded | None = None


Input = (
    Digits
    | NoInput
    | NoMatch
    | PlaybackFinished
    | Recorded
    | RecordingFailed
    | LookupResult
    | LookupFailed
    | Filed
    | FilingFailed
    | TransferEnded
    | CallerHungUp
)

# --- what the call record keeps


@dataclass(frozen=True, slots=True)
class Step:
    """One node a caller has been at, when it is left. `given` is masked where it is sensitive."""

    flow: str
    node: str
    kind: str
    given: str = ""
    outcome: str = ""
