"""CSeq (RFC 3261 §20.16) and RAck (RFC 3262 §7.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.sip.errors import SipParseError
from ivr.sip.lexing import TOKEN, UINT32_MAX, number

CSEQ_MAX = 2**31 - 1  # §8.1.1.5
_CSEQ = re.compile(rf"([^ \t]++)[ \t]++({TOKEN})")
_RACK = re.compile(rf"([^ \t]++)[ \t]++([^ \t]++)[ \t]++({TOKEN})")


@dataclass(frozen=True, slots=True)
class CSeq:
    """A sequence number and the method it counts."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read a value without surrounding space; SipParseError(400)."""
        match = _CSEQ.fullmatch(text)
        if match is None:
            raise SipParseError(400, "CSeq is malformed")
        return cls(number(match[1], CSEQ_MAX, "CSeq"), match[2])

    def serialize(self) -> str:
        """The value as text."""
        return f"{self.number} {self.method}"

    def __str__(self) -> str:
        return self.serialize()


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable provisional response a PRACK acknowledges."""

    response_number: int
    cseq: CSeq

    @classmethod
    def parse(cls, text: str) -> RAck:
        """Read a value without surrounding space; SipParseError(400)."""
        match = _RACK.fullmatch(text)
        if match is None:
            raise SipParseError(400, "RAck is malformed")
        return cls(
            number(match[1], UINT32_MAX, "RAck"), CSeq(number(match[2], CSEQ_MAX, "RAck"), match[3])
        )

    def serialize(self) -> str:
        """The value as text."""
        return f"{self.response_number} {self.cseq.serialize()}"

    def __str__(self) -> str:
        return self.serialize()
