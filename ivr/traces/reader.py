"""The messages of one call, found again in the files of its time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.traces.message import TracedMessage, as_written, related
from ivr.traces.writer import SUFFIX

BEFORE_S = 5.0
AFTER_S = 70.0
"""What belongs to a call may be said so long before its start and after its end: a transaction
lasts 32 s (RFC 3261 §17.1.1.2), and the call's own record is a moment late."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which call: the Call-ID of its dialog, when it began and ended in Unix seconds.

    `ended` is None while the call is up; files of other times are not read.
    """

    call_id: str
    begun: float
    ended: float | None

    @property
    def first(self) -> float:
        """Nothing before belongs to it."""
        return self.begun - BEFORE_S

    @property
    def last(self) -> float:
        """Nothing after belongs to it."""
        return float("inf") if self.ended is None else self.ended + AFTER_S


def is_kept(folder: Path, call: Wanted) -> bool:
    """Whether anything is left of a call."""
    named = _lines(_files(folder, call), {call.call_id}) if call.call_id else ()
    return any(True for _ in named)


def messages(folder: Path, call: Wanted) -> list[TracedMessage]:
    """Return what was kept of a call, in order: of its dialog and of those related to it.

    Lines that cannot be read are passed over: a crash may have cut one short.
    """
    if not call.call_id:
        return []
    paths = _files(folder, call)
    wanted = {call.call_id}
    for line in _lines(paths, wanted):
        found = related(line)
        if found is not None and found[0] == call.call_id:
            wanted.add(found[1])
    kept = []
    for line in _lines(paths, wanted):
        try:
            message = TracedMessage.from_line(line)
        except ValueError:
            continue
        if message.call_id in wanted and call.first <= message.at <= call.last:
            kept.append(message)
    return sorted(kept, key=lambda message: message.at)


def _lines(paths: list[Path], call_ids: Collection[str]) -> Iterator[bytes]:
    """The lines in which one of the dialogs is named."""
    named = [as_written(call_id) for call_id in call_ids]
    for path in paths:
        try:
            with path.open("rb") as file:
                yield from (line for line in file if any(name in line for name in named))
        except FileNotFoundError:
            continue  # it was the oldest, and went meanwhile


def _files(folder: Path, call: Wanted) -> list[Path]:
    """The files that may hold messages of this time: each ends where the next begins."""
    paths = sorted(folder.glob("*" + SUFFIX))
    begins = [_begin(path) for path in paths]
    ends = [*begins[1:], float("inf")][: len(begins)]
    return [
        path
        for path, begin, end in zip(paths, begins, ends, strict=True)
        if begin <= call.last and end >= call.first
    ]


def _begin(path: Path) -> float:
    try:
        return float(path.stem)
    except ValueError:
        return 0.0
