"""How many wrong sign-ins came from one address, so that passwords cannot be tried from it at will.

The lock of an account (``ivr.services.staff``) stops guessing at one name; this stops one guess
at each of many names. Kept in memory: the desk is one process, and a restart forgives. An IPv6
customer has a whole /64 (RFC 6177), so that is what counts as one address.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

# An office shares one address behind its router: several people may mistype in one morning.
LIMIT = 20
WITHIN = timedelta(minutes=10)
MOST_ADDRESSES = 10_000


class Tries:
    """Wrong tries by address; safe for any number of threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, deque[datetime]] = OrderedDict()

    def locked_until(self, address: str | None, now: datetime) -> datetime | None:
        """Return when ``address`` may try again; None where it may now."""
        with self._lock:
            wrong = self._wrong.get(_network(address))
            if wrong is None:
                return None
            while wrong and wrong[0] + WITHIN <= now:
                wrong.popleft()
            return wrong[-self._limit] + WITHIN if len(wrong) >= self._limit else None

    def count(self, address: str | None, now: datetime) -> None:
        """Remember a wrong try; what is oldest is forgotten where there are too many addresses."""
        key = _network(address)
        with self._lock:
            self._wrong.setdefault(key, deque(maxlen=self._limit)).append(now)
            self._wrong.move_to_end(key)
            while len(self._wrong) > MOST_ADDRESSES:
                self._wrong.popitem(last=False)


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)
