"""Answers: what a response copies from its request (RFC 3261 §8.2.6), and what it adds."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.sip.lexing import quote
from ivr.sip.message import Request, Response

# What we take. REGISTER, SUBSCRIBE, PUBLISH, MESSAGE and REFER are known and not for us (405);
# anything else is unknown (501).
allowed_methods = (
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "PRACK",
    "NOTIFY",
)
known_methods = frozenset(
    (*allowed_methods, "REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE", "REFER")
)
supported_extensions = ("timer", "100rel")
allow = ", ".join(allowed_methods)
supported = ", ".join(supported_extensions)
session_description = "application/sdp"
# Keys; no RFC has them, every gateway does. Other bodies of INFO are not understood (§8.2.3).
taken_in_info = ("application/dtmf-relay", "application/dtmf")

Fields = Iterable[tuple[str, str]]


def respond(
    request: Request,
    status: int,
    tag: str | None,
    *,
    reason: str | None = None,
    headers: Fields = (),
    body: bytes = b"",
    content_type: str = session_description,
) -> Response:
    """The answer to `request`; `tag` goes on a To that has none (not on 100, §8.2.6.2)."""
    response = request.response(status, reason or "", to_tag=tag)
    for name, value in headers:
        response.headers.add(name, value)
    if not body:
        return response
    response.headers.add("Content-Type", content_type)
    return Response(status, response.reason, response.headers, body)


def warning(code: int, agent: str, text: str) -> Fields:
    """Why a session was refused, for whoever looks after the peer (§20.43); nothing for code 0."""
    if not code:
        return ()
    where = f"[{agent}]" if ":" in agent else agent
    return (("Warning", f"{code} {where} {quoted(text)}"),)


def quoted(text: str) -> str:
    """A quoted string; what cannot be printed becomes a blank (§25.1)."""
    return quote("".join(c if c.isprintable() else " " for c in text))


def needed_fields(status: int) -> Fields:
    """The fields a refusal with that status cannot do without (§21.4)."""
    return _needed.get(status, ())


_needed: dict[int, tuple[tuple[str, str], ...]] = {
    405: (("Allow", allow),),
    501: (("Allow", allow),),
    415: (("Accept", session_description), ("Accept-Encoding", "identity")),
    406: (("Accept", session_description),),
    489: (("Allow-Events", "refer"),),
}
