"""Whether a request can be dealt with at all, before any call looks at it (RFC 3261 §8.2).

The rules are a table, tried in the order of the RFC: method (§8.2.1), Request-URI (§8.2.2.1),
extensions (§8.2.2.3), content (§8.2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.sip.errors import SipParseError
from ivr.sip.message import Request, Response
from ivr.sip.multipart import is_multipart, must_be_understood, part
from ivr.sip.responses import (
    allowed_methods,
    known_methods,
    session_description,
    supported_extensions,
)

_schemes = frozenset(("sip", "sips", "tel"))
_offering = frozenset(("INVITE", "UPDATE", "PRACK"))
_takes_sdp = frozenset((session_description, "application/*", "*/*"))


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    headers: tuple[tuple[str, str], ...] = ()


def refusal(request: Request) -> Refusal | None:
    """The first rule a request breaks; None where it may go on."""
    for rule in _rules:
        found = rule(request)
        if found is not None:
            return found
    return None


def _method(request: Request) -> Refusal | None:
    if request.method in allowed_methods:
        return None
    return Refusal(405 if request.method in known_methods else 501)


def _scheme(request: Request) -> Refusal | None:
    return None if request.uri.scheme in _schemes else Refusal(416)


def _extensions(request: Request) -> Refusal | None:
    # §8.2.2.3: Require of an ACK or CANCEL is not to be looked at; those never come here.
    # Proxy-Require concerns proxies, but nobody behind us can meet it either.
    unknown = [tag for tag in request.require if tag.lower() not in supported_extensions]
    if not unknown:
        return None
    return Refusal(420, (("Unsupported", ", ".join(unknown)),))


def _content(request: Request) -> Refusal | None:
    if not request.body or request.method not in _offering:
        return None
    if is_optional(request):
        return None
    if any(encoding != "identity" for encoding in request.content_encoding):
        return Refusal(415)
    if _required_and_unknown(request) or offered(request) is None:
        return Refusal(415)
    return None


def _required_and_unknown(request: Request) -> bool:
    """Whether a part says that it must be understood, and is not (§20.11, RFC 5621 §3.1)."""
    whole = request.headers.get("Content-Type") or ""
    return is_multipart(request.content_type) and must_be_understood(
        request.body, whole, session_description
    )


def _answer_format(request: Request) -> Refusal | None:
    if request.method != "INVITE" or request.accept is None:
        return None
    # §20.1: an empty Accept means that no format is taken.
    return None if _takes_sdp.intersection(request.accept) else Refusal(406)


_rules: tuple[Callable[[Request], Refusal | None], ...] = (
    _method,
    _scheme,
    _extensions,
    _content,
    _answer_format,
)


# What we read of answers, beyond what every message must have.
_read_of_answers: tuple[tuple[str, Callable[[Response], object]], ...] = (
    ("Contact", lambda response: response.contacts),
    ("Record-Route", lambda response: response.record_route),
    ("Allow", lambda response: response.allow),
    ("Content-Type", lambda response: response.content_type),
    ("Session-Expires", lambda response: response.session_expires),
    ("Min-SE", lambda response: response.min_se),
    ("Min-Expires", lambda response: response.min_expires),
    ("Retry-After", lambda response: response.retry_after),
)


def without_what_is_malformed(response: Response) -> list[str]:
    """Take the fields out of an answer that cannot be read; their names.

    A peer whose answer is malformed in an extra cannot be told so; dropping the whole answer
    would leave both sides waiting, and a field found unreadable halfway through would leave a
    call half changed.
    """
    removed: list[str] = []
    for name, read in _read_of_answers:
        if name in response.headers:
            try:
                read(response)
            except SipParseError:
                response.headers.remove(name)
                removed.append(name)
    return removed


def is_optional(request: Request) -> bool:
    """Whether a body may be passed over by who does not understand it (§20.11)."""
    disposition = request.content_disposition
    return disposition is not None and disposition[1].get("handling") == "optional"


def offered(request: Request) -> bytes | None:
    """The session description a request brings, None where it brings none."""
    if not request.body:
        return None
    if request.content_type == session_description:
        disposition = request.content_disposition
        # RFC 3959 §4: `early-session` and others describe something else than the session.
        return request.body if disposition is None or disposition[0] == "session" else None
    if is_multipart(request.content_type):
        whole = request.headers.get("Content-Type") or ""
        return part(request.body, whole, session_description)
    return None
