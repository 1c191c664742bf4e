"""What must not stand in a trace is made unreadable before it reaches the disk.

Keys sent by INFO may be a query code or an account number; the answer of a digest can be guessed
at, offline, until the password is found (RFC 7616 §5.8); keys of SRTP would open a recording of
the call (RFC 4568 §7.1.4). Each is overwritten by as many `x`, so that lengths stay true.
Numbers of callers stay: a trace without them explains nothing, and only administrators get it.
"""

from __future__ import annotations

import re

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_AUTHORIZATION = re.compile(
    rb"^(?:proxy-)?authorization[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER = re.compile(
    rb"(?P<name>\b(?:response|cnonce)[ \t]*=\s*)(?P<secret>\"(?:\\.|[^\"\\])*\"?|[^\s,\"]+)",
    re.IGNORECASE,
)
_READABLE_BODY = re.compile(
    rb"^(?:content-type|c)[ \t]*:\s*(?:application/sdp|message/sipfrag)\b",
    re.IGNORECASE | re.MULTILINE,
)
_CRYPTO = re.compile(rb"^a=crypto:[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_KEY = re.compile(rb"(?P<name>inline:)(?P<secret>[^|;\s]+)", re.IGNORECASE)
_VALUE = re.compile(rb"(?P<name>^[^=\r\n]*=[ \t]*|)(?P<secret>[^\r\n]+)", re.MULTILINE)
_VISIBLE = re.compile(rb"[^\s\"]")


def blanked(message: bytes) -> bytes:
    """Return a SIP message, whole or broken, without its secrets and of the same length.

    Bodies other than a session description or the status line of a NOTIFY keep only their names
    (`Signal=x`): what a peer may put there is not known.
    """
    end = _END_OF_HEAD.search(message)
    head, body = (message, b"") if end is None else (message[: end.end()], message[end.end() :])
    lowered = head.lower()
    if b"authorization" in lowered:
        head = _AUTHORIZATION.sub(lambda line: _ANSWER.sub(_crossed_out, line[0]), head)
    if not body:
        return head
    if _READABLE_BODY.search(head) is None:
        return head + _VALUE.sub(_crossed_out, body)
    if b"crypto" in body.lower():
        body = _CRYPTO.sub(lambda line: _KEY.sub(_crossed_out, line[0]), body)
    return head + body


def _crossed_out(found: re.Match[bytes]) -> bytes:
    return found["name"] + _VISIBLE.sub(b"x", found["secret"])
