"""Which lines of ours an input reaches, and the smallest set of inputs that reaches them all."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from tests.fuzz.target import HERE, Target

_ROOT = str(HERE.parents[1]) + "/"
_ROOMS = tuple(_ROOT + room + "/" for room in ("ivr", "prompts", "call_flows", "admin_web"))
Reached = frozenset[tuple[str, int]]


def reached(target: Target, data: bytes) -> Reached:
    """The lines, as (file, line), that one input runs through."""
    lines: set[tuple[str, int]] = set()

    def called(frame: FrameType, event: str, _given: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_ROOMS):
            return None

        def lined(frame: FrameType, event: str, _given: Any) -> Any:
            if event == "line":
                lines.add((name, frame.f_lineno))
            return lined

        return lined

    sys.settrace(called)
    try:
        target.run(data)
    except Exception:  # noqa: BLE001 - what it raises is not asked here
        pass
    finally:
        sys.settrace(None)
    return frozenset(lines)


def smallest(target: Target, inputs: Iterable[bytes], most_bytes: int) -> list[bytes]:
    """Inputs that together reach what all reach, short ones first, within `most_bytes`."""
    known: set[tuple[str, int]] = set()
    chosen: list[bytes] = []
    size = 0
    for data in sorted(inputs, key=lambda one: (len(one), one)):
        new = reached(target, data) - known
        if new and size + len(data) <= most_bytes:
            known |= new
            chosen.append(data)
            size += len(data)
    return chosen
