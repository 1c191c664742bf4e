"""Who calls: From, or whom a trunk vouches for (RFC 3325), unless it must not be told (RFC 3323).

From is what the caller says of itself. P-Asserted-Identity is what the network it comes through
knows, and counts only from a trunk (§9.1); with `Privacy: id` the network passes it on for its own
use and nobody is to see it (§9.3): then the caller is `anonymous`, as one who hides its number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.sip.errors import SipParseError
from ivr.sip.lexing import elements
from ivr.sip.message import Request
from ivr.sip.name_addr import NameAddr
from ivr.sip.uri import Uri

ANONYMOUS = "anonymous"  # RFC 3323 §4.1.1.3
_hiding = frozenset(("id", "user"))
_asserted_max = 4
# A telephone number as RFC 3966 §3 writes it: visual separators, and parameters behind it.
_number = re.compile(r"(\+?[0-9*#().\-]*[0-9][0-9*#().\-]*)(?:;.*)?\Z", re.ASCII | re.DOTALL)
_separators = str.maketrans("", "", "().-")


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller as the program is told of it; `user` is a number where there is one."""

    uri: str
    user: str
    display: str


def caller(request: Request, *, trusted: bool) -> Caller:
    """Who calls; `trusted`: the request comes from a trunk."""
    asserted = _asserted(request) if trusted else None
    if asserted is None:
        return _told(request.from_)
    if _hiding & _privacy(request):
        return Caller(f"sip:{ANONYMOUS}@{ANONYMOUS}.invalid", ANONYMOUS, "")
    return _told(asserted)


def user_of(uri: Uri) -> str:
    """The user of a URI; of a telephone number the digits alone ("" where there is none)."""
    user = uri.user or ""
    number = _number.match(user)
    return number[1].translate(_separators) if number else user


def _told(who: NameAddr) -> Caller:
    return Caller(who.uri.serialize(), user_of(who.uri), who.display)


def _asserted(request: Request) -> NameAddr | None:
    """The first identity asserted that names a user; what cannot be read is none (§9.1: at most
    one sip and one tel URI)."""
    values = request.headers.get_all("P-Asserted-Identity")
    try:
        found = [part for value in values for part in elements(value, "P-Asserted-Identity")]
        identities = [NameAddr.parse(part, "P-Asserted-Identity") for part in found[:_asserted_max]]
    except SipParseError:
        return None
    return next((who for who in identities if who.uri.user), None)


def _privacy(request: Request) -> set[str]:
    values = request.headers.get_all("Privacy")
    return {word.strip().lower() for value in values for word in value.split(";")}
