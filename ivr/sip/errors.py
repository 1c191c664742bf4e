"""The two faults of the SIP room: the peer's, with the status to answer, and ours.

A `SipParseError` says what the peer sent that may not be sent (RFC 3261 §8.2, §16.3),
and carries as much of the request as an answer needs. A `SipUsageError` says that our
own code asked for something impossible; it never depends on what a peer sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.sip.message import Request


class SipError(Exception):
    """The family: everything this room raises."""


class SipParseError(SipError):
    """The peer sent what SIP does not allow.

    `status` is the answer to give. `reason` is a fixed text of ours, never the peer's
    bytes, so that it may stand in a status line or a log. `partial` is a request with
    the fields an answer copies (Via, From, To, Call-ID, CSeq: those that exist, as they
    came), or None where nothing may be answered: a response, an ACK, no usable Via.
    """

    def __init__(self, status: int, reason: str, partial: Request | None = None) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.partial = partial

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"


class SipUsageError(SipError):
    """Our own code asked for what SIP, or the state of a call, does not allow."""
