"""How often a program may ask: a token bucket for each, in memory (the desk is one process).

A bucket holds as many requests as are allowed a minute, and fills up evenly. Each address has one
of twice the size, whatever tokens come from it. Who tries wrong tokens is shut out like who tries
wrong passwords (``admin_web.tries``); a token that was right from this address before is let in
all the same, so that nobody behind the same router can shut it out.

Flask-Limiter was weighed: it brings five packages, counts by its own clock, and does not send the
`RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-09.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from admin_web.tries import Tries

WINDOW_S = 60
MOST_BUCKETS = 10_000
MOST_KNOWN = 10_000
# In ten minutes from one address. A token made here is 192 random bits; this is for the one that
# an operator thought of (IVR_API_TOKEN). A program that was given a wrong token tries often.
WRONG_TOKENS = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """``left`` of ``limit`` requests; ``full_in_s`` until all are there; ``wait_s`` if refused."""

    limit: int
    left: int
    full_in_s: int
    wait_s: int = 0

    @property
    def refused(self) -> bool:
        """Whether this request is one too many."""
        return self.wait_s > 0

    def fields(self) -> dict[str, str]:
        """Return the header fields that say so."""
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"minute";r={self.left};t={self.full_in_s}',
        }


class Buckets:
    """Buckets by key; safe for any number of threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._level: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, now: datetime) -> Standing:
        """Take one out of the bucket of ``key``, if there is one."""
        a_second = self.limit / WINDOW_S
        with self._lock:
            level, at = self._level.pop(key, (float(self.limit), now))
            level = min(self.limit, level + max(0.0, (now - at).total_seconds()) * a_second)
            taken = level >= 1
            level -= taken
            self._level[key] = level, now
            while len(self._level) > MOST_BUCKETS:  # the one asked for longest ago, full by now
                self._level.popitem(last=False)
        full_in_s = math.ceil((self.limit - level) / a_second)
        wait_s = 0 if taken else max(1, math.ceil((1 - level) / a_second))
        return Standing(self.limit, int(level), full_in_s, wait_s)


@dataclass(slots=True)
class Limits:
    """All that limits programs in one application."""

    programs: Buckets
    addresses: Buckets
    wrong: Tries = field(default_factory=lambda: Tries(WRONG_TOKENS))
    _known: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, a_minute: int) -> Limits:
        """Return limits of so many requests a minute for a program."""
        return cls(Buckets(a_minute), Buckets(2 * a_minute))

    def was_right(self, address: str | None, token: str) -> bool:
        """Say whether this token was right from this address before."""
        with self._lock:
            return _mark(address, token) in self._known

    def remember(self, address: str | None, token: str) -> None:
        """Remember that it was."""
        with self._lock:
            self._known[_mark(address, token)] = None
            self._known.move_to_end(_mark(address, token))
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)


def _mark(address: str | None, token: str) -> bytes:
    return hashlib.sha256(f"{address}\n{token}".encode(errors="replace")).digest()
