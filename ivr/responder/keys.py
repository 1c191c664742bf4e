"""Keys that come as SIP INFO: `application/dtmf-relay` and `application/dtmf`.

Neither has an RFC; both are as Cisco's gateways and everybody after them send
them: `Signal=5` and `Duration=160` a line each, or the bare key.
"""

import re

_SIGNAL = re.compile(rb"^\s*Signal\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_KEYS = frozenset("0123456789*#ABCD")
_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
"""RFC 4733 event numbers, which some senders write instead of the key."""


def key_of_info(content_type: str, body: bytes) -> str | None:
    """Return the key an INFO body names, or None where it names none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/dtmf-relay":
        found = _SIGNAL.search(body)
        text = found.group(1) if found else b""
    elif kind == "application/dtmf":
        found = _SIGNAL.search(body)
        text = found.group(1) if found else body.strip()
    else:
        return None
    key = text.decode("ascii", "replace").upper()
    key = _NUMBERED.get(key, key)
    return key if key in _KEYS else None
