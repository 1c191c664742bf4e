"""The small words of the SIP grammar (RFC 3261 §25.1), as regular-expression pieces.

Every pattern built from these is anchored where it is tried and cannot backtrack
(possessive quantifiers), so that no header field costs more than its length. Header
text is a `str` in which bytes that are not UTF-8 stand as lone surrogates
(`surrogateescape`): what came is what leaves.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from ivr.sip.errors import SipParseError

TCHARS: Final = r"A-Za-z0-9\-.!%*_+`'~"
TOKEN: Final = rf"[{TCHARS}]++"
WSP: Final = r"[ \t]*+"
# qdtext holds no control character; a quoted-pair may hold any but CR and LF.
QUOTED: Final = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]++|\\[^\r\n])*+"'
# Wider than `hostname` by the underscore and by labels that begin with a digit:
# both are names that machines really have, and neither can be misread.
HOST: Final = r"(?:[A-Za-z0-9_.\-]++|\[[0-9A-Fa-f:.]++\])"

PORT_MAX: Final = 65535
UINT32_MAX: Final = 2**32 - 1

_TOKEN = re.compile(TOKEN)
_DIGITS = re.compile(r"[0-9]++")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_PAIR = re.compile(r'["\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
_ELEMENT = re.compile(r'(?:[^",<]++|"(?:[^"\\]++|\\.)*+"|<[^>]*+>)*+', re.DOTALL)
# More digits than any number of ours has; leading zeros are legal (RFC 4475 §3.1.1.1).
_DIGITS_MAX = 128


def is_token(text: str) -> bool:
    """Whether the text is one `token`."""
    return _TOKEN.fullmatch(text) is not None


def number(text: str, maximum: int, what: str) -> int:
    """A `1*DIGIT` in ASCII up to `maximum`; SipParseError(400) names `what` otherwise."""
    if _DIGITS.fullmatch(text) is None or len(text) > _DIGITS_MAX:
        raise SipParseError(400, f"{what} is not a number")
    value = int(text)
    if value > maximum:
        raise SipParseError(400, f"{what} is too large")
    return value


def host(text: str, what: str) -> str:
    """Check what `HOST` matched; brackets of an IPv6 reference are taken off.

    Three colons before an IPv4 address, which the grammar of RFC 3261 asks for by mistake, are the
    two that were meant (RFC 5118 §4.10).
    """
    if text[0] == "[":
        address = text[1:-1]
        if "." in address:
            address = address.replace(":::", "::", 1)
        try:
            IPv6Address(address)
        except AddressValueError:
            raise SipParseError(400, f"{what} has a malformed IPv6 address") from None
        return address
    last = text.rstrip(".").rpartition(".")[2]
    if not last or ".." in text or text[0] in ".-":
        raise SipParseError(400, f"{what} has a malformed host")
    if last.isdigit() and _IPV4.fullmatch(text) is None:
        raise SipParseError(400, f"{what} has a malformed IPv4 address")
    return text


def written_host(text: str) -> str:
    """A host as it stands in a message: IPv6 in brackets."""
    return f"[{text}]" if ":" in text else text


def quote(text: str) -> str:
    """Write text as a `quoted-string`."""
    return f'"{_NEEDS_PAIR.sub(_pair, text)}"'


def _pair(match: re.Match[str]) -> str:
    return "\\" + match[0]


def unquote(text: str) -> str:
    """Read a `quoted-string`; other text is handed back as it is."""
    if len(text) < 2 or text[0] != '"':
        return text
    inner = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def elements(value: str, what: str) -> list[str]:
    """Split a list at the commas that stand outside quotes and angle brackets (§7.3.1)."""
    if "," not in value:
        return [value.strip(" \t")]
    if '"' not in value and "<" not in value:
        return [part.strip(" \t") for part in value.split(",")]
    found: list[str] = []
    position = 0
    while True:
        match = _ELEMENT.match(value, position)
        end = match.end() if match else position
        found.append(value[position:end].strip(" \t"))
        if end == len(value):
            return found
        if value[end] != ",":
            raise SipParseError(400, f"{what} has an unterminated quote or bracket")
        position = end + 1
