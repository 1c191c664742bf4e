"""Keys for encrypted sound in a session description: a=crypto (RFC 4568, SDES).

    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<base64 of key and salt>|2^31|1:4 WSH=128

Each side writes the key it *sends* with. A line we cannot keep to in full is passed over, as
§6.3 and §7.1.2 ask: an unknown suite, a key of the wrong length, several keys, a key derivation
rate (KDR), error correction, and above all whatever would leave a part unprotected
(UNENCRYPTED_SRTP and its like). Whether any line is left is for whoever negotiates to judge.
No message of an error here holds a key.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field

max_lines = 16
"""a=crypto lines of one section that are looked at."""
_max_mki_bytes = 128  # RFC 4568 §9.1
_window_packets = range(64, 32_768)  # §6.3.7: at least 64; a sequence number tells half of 2^16


@dataclass(frozen=True, slots=True)
class Suite:
    """A crypto suite: its name and the bytes of master key and salt together."""

    name: str
    key_bytes: int


suites: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite("AEAD_AES_256_GCM", 32 + 12),  # RFC 7714 §14.2
        Suite("AEAD_AES_128_GCM", 16 + 12),
        Suite("AES_CM_128_HMAC_SHA1_80", 16 + 14),  # RFC 4568 §6.2: every peer has this one
        Suite("AES_CM_128_HMAC_SHA1_32", 16 + 14),
    )
}
"""Those we speak, the strongest first: the order in which we offer them."""

secret_bytes = sum(suite.key_bytes for suite in suites.values())
"""Random bytes that an offer or answer of ours takes: a key of its own for every suite."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """One a=crypto line that can be kept to; `key` is master key and salt, one after the other."""

    tag: int
    suite: str
    key: bytes = field(repr=False)
    mki_bytes: int = 0  # so many bytes of each packet name the key (RFC 3711 §3.1)
    window: int = 0  # WSH: packets that may come out of order; 0: nothing said


_tag = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_lifetime = re.compile(r"(?:2\^([0-9]{1,2})|([0-9]{1,15}))\Z", re.ASCII)
_mki = re.compile(r"([0-9]{1,39}):([0-9]{1,3})\Z", re.ASCII)
_window = re.compile(r"WSH=([0-9]{1,5})\Z", re.ASCII | re.IGNORECASE)


def parse_crypto(value: str) -> Crypto | None:
    """Read what follows `a=crypto:`; None for a line that is malformed or not for us."""
    tag, suite_name, key_text, *parameters = [*value.split(), "", "", ""][: 3 + 16]
    suite = suites.get(suite_name.upper())
    if suite is None or not _tag.match(tag):
        return None
    method, _, key_info = key_text.partition(":")
    if method.lower() != "inline" or ";" in key_info:  # §6.1: `;` parts several keys
        return None
    key = _key(key_info.split("|")[0], suite.key_bytes)
    mki_bytes = _mki_length(key_info.split("|")[1:])
    window = _session_window([parameter for parameter in parameters if parameter])
    if key is None or mki_bytes is None or window is None:
        return None
    return Crypto(int(tag), suite.name, key, mki_bytes, window)


def serialize_crypto(crypto: Crypto) -> str:
    """Write a line of ours: no lifetime (the suite's own holds), no MKI (there is one key)."""
    return f"{crypto.tag} {crypto.suite} inline:{b64encode(crypto.key).decode('ascii')}"


def our_cryptos(secret: bytes) -> tuple[Crypto, ...]:
    """One line for each suite, numbered from 1, out of `secret_bytes` random bytes."""
    if len(secret) != secret_bytes:
        raise ValueError(f"keys are made of {secret_bytes} random bytes, not {len(secret)}")
    lines, start = [], 0
    for tag, suite in enumerate(suites.values(), start=1):
        lines.append(Crypto(tag, suite.name, secret[start : start + suite.key_bytes]))
        start += suite.key_bytes
    return tuple(lines)


def _key(text: str, wanted_bytes: int) -> bytes | None:
    try:
        # Some telephones leave the padding off (RFC 4568 §6.1 wants it).
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Base64Error, ValueError):
        return None
    return key if len(key) == wanted_bytes else None


def _mki_length(parts: list[str]) -> int | None:
    """How long the MKI is in `[|lifetime][|MKI:length]`; None where that cannot be read."""
    if parts and (lifetime := _lifetime.match(parts[0])):
        # A life of no packet at all is malformed; any other is longer than a call, or the
        # peer's own affair: it makes a new key by a re-INVITE.
        if lifetime[2] is not None and int(lifetime[2]) == 0:
            return None
        parts = parts[1:]
    if not parts:
        return 0
    mki = _mki.match(parts[0])
    if len(parts) > 1 or mki is None or not 0 < int(mki[2]) <= _max_mki_bytes:
        return None
    return int(mki[2])


def _session_window(parameters: list[str]) -> int | None:
    """The window hint of the session parameters, 0 for none; None for one that we cannot meet.

    §6.3.8: what begins with `-` may be passed over by whoever does not know it.
    """
    window = 0
    for parameter in parameters:
        hint = _window.match(parameter)
        if hint is not None:
            window = max(_window_packets[0], min(int(hint[1]), _window_packets[-1]))
        elif parameter.upper() != "KDR=0" and not parameter.startswith("-"):
            return None
    return window
