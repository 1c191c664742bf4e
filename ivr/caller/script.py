"""What a scripted call shall do: whom to call, which keys to press when.

`KEYS:SECONDS[,KEYS:SECONDS...]`: the keys are pressed one after the other,
starting that many seconds after the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KEYS = "0123456789*#ABCD"
SIP_PORT = 5060  # RFC 3261 §19.1.2
_TARGET = re.compile(
    r"sip:([^@\s<>;:]{1,128})@([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?(?:;transport=udp)?",
    re.IGNORECASE | re.ASCII,
)
_PRESS = re.compile(r"([0-9*#A-Da-d]{1,64}):([0-9]{1,5}(?:\.[0-9]{1,3})?)", re.ASCII)
_LONGEST_CALL_S = 3600.0


class ScriptError(ValueError):
    """A target or a key script that cannot be followed; the text says how to write it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call."""

    user: str
    host: str
    port: int = SIP_PORT


@dataclass(frozen=True, slots=True)
class Press:
    """Keys, and when the first of them is pressed (seconds after the answer)."""

    keys: str
    at_s: float


def parse_target(text: str) -> Target:
    """`sip:USER@HOST[:PORT]`; raises ScriptError."""
    match = _TARGET.fullmatch(text.strip())
    port = int(match[3] or SIP_PORT) if match else 0
    if match is None or not 1 <= port <= 65535:
        raise ScriptError(
            f"cannot call {text!r}: write sip:USER@HOST or sip:USER@HOST:PORT, "
            "for example sip:line@127.0.0.1:5060 (UDP, IPv4)"
        )
    return Target(match[1], match[2], port)


def parse_keys(text: str) -> tuple[Press, ...]:
    """`1:2,1:6,880123#:9` in order of time; raises ScriptError."""
    presses: list[Press] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _PRESS.fullmatch(part)
        if match is None or float(match[2]) > _LONGEST_CALL_S:
            raise ScriptError(
                f"cannot press {part!r}: write KEYS:SECONDS, for example 880123#:9 "
                f"(keys are {KEYS}; seconds after the answer, at most {_LONGEST_CALL_S:.0f})"
            )
        presses.append(Press(match[1].upper(), float(match[2])))
    return tuple(sorted(presses, key=lambda press: press.at_s))
