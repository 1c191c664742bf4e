"""The gate: may this packet in, may this answer out, may this source call.

Asked for every datagram before a byte of it is read, so each question is a few dictionary
look-ups. What is remembered of a source is bounded and the oldest goes first; proofs and bans are
kept apart, where a flood of forged addresses cannot push them out.

**Whom we call.** A host that staff have us call (a trunk's server, a person) must not be cut off by
who forges its address, so that it is neither limited nor banned for what a forger could have
sent. But only requests of ours go there freely: a call *from* there is a stranger's.

**Amplification.** Until a source has shown that it hears us, it is sent at most as many bytes as
came from it, headers of IP and UDP counted on both sides. What does not fit waits (the newest
answer only) and goes out as soon as the source sends more, as every client does that has had no
answer (RFC 3261 §17.1.1.2): nothing is lost but half a second.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from ivr.gate.bans import Ban, Bans
from ivr.gate.limits import Limits
from ivr.gate.offences import FORGIVEN_A_SECOND, POINTS_TO_BAN, Offence
from ivr.gate.source import Networks, source_of

OVERHEAD_BYTES = 28
"""An IPv4 and a UDP header; with IPv6 it is 48 on both sides, which changes no ratio for the
worse: an answer is one datagram, and so was the request."""
_SWEEP_EVERY_S = 60.0
_CALLED_BY_US = 1000


class _Source:
    """What is remembered of one stranger."""

    __slots__ = ("call_tokens", "called_at", "credit", "points", "points_at", "seen_at", "tokens")

    def __init__(self, limits: Limits, now: float) -> None:
        self.tokens = limits.burst
        self.seen_at = now
        self.credit = 0
        self.points = 0.0
        self.points_at = now
        self.call_tokens = float(limits.calls)
        self.called_at = now


class Gate:
    """Decides for each packet, answer, call and connection. `counters` tells what was refused."""

    def __init__(
        self, limits: Limits, *, trusted: Networks | None = None, exempt: Networks | None = None
    ) -> None:
        self.limits = limits
        self.trusted = trusted or Networks()
        self.exempt = exempt or Networks()
        """Neither limited nor banned; otherwise strangers."""
        self.bans = Bans(limits.bans)
        self.counters: Counter[str] = Counter()
        self.crowded = ""
        """Who had too many calls last: perhaps an exchange that nobody has made known."""
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._proved_at: OrderedDict[str, float] = OrderedDict()
        self._hosts: set[str] = set()
        self._called: OrderedDict[str, None] = OrderedDict()
        self._calls: Counter[str] = Counter()
        self._connections: Counter[str] = Counter()
        self._strangers = limits.strangers_burst
        self._strangers_at = 0.0
        self._sweep_at = 0.0

    # In

    def admits(self, host: str, size: int, now: float, *, proven: bool = False) -> bool:
        """Whether a packet of `size` bytes may be read; `proven` where TCP carried it."""
        if host in self.trusted:
            return True
        called = host in self._called
        if not proven and not called and host not in self._hosts and not self._has_room(now):
            # Forged addresses, most likely, each seen once: not even remembered.
            self.counters["too many strangers"] += 1
            return False
        source = source_of(host)
        known = self._source(source, now)
        self._remember(host)
        credit = known.credit + size + OVERHEAD_BYTES
        most = self.limits.credit_bytes
        known.credit = credit if credit < most else most
        if host in self.exempt:
            return True
        if self.bans.refuses(source, now):
            self.counters["banned"] += 1
            return False
        if called:
            return True
        limits = self.limits
        tokens = known.tokens + (now - known.seen_at) * limits.requests_a_second
        known.tokens = tokens = tokens if tokens < limits.burst else limits.burst
        known.seen_at = now
        if tokens < 1.0:
            self.counters["over the rate"] += 1
            self.offence(host, Offence.FLOOD, now, proven=proven)
            return False
        known.tokens = tokens - 1.0
        if not proven and source not in self._proved_at:
            if not self._has_room(now):
                self.counters["too many strangers"] += 1
                return False
            self._strangers -= 1.0
        return True

    def _has_room(self, now: float) -> bool:
        """Whether strangers together have not used up what they share."""
        limits = self.limits
        tokens = self._strangers + (now - self._strangers_at) * limits.strangers_a_second
        self._strangers_at = now
        self._strangers = tokens = min(tokens, limits.strangers_burst)
        return tokens >= 1.0

    def _remember(self, host: str) -> None:
        if host not in self._hosts:
            if len(self._hosts) >= self.limits.sources:
                self._hosts.clear()
            self._hosts.add(host)

    def _source(self, source: str, now: float) -> _Source:
        known = self._sources.get(source)
        if known is None:
            known = self._sources[source] = _Source(self.limits, now)
            if len(self._sources) > self.limits.sources:
                self._sources.popitem(last=False)
            if now >= self._sweep_at:
                self._sweep(now)
        else:
            self._sources.move_to_end(source)
        return known

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + _SWEEP_EVERY_S
        self.bans.sweep(now)
        lasts = self.limits.good_name_lasts_s
        proofs = self._proved_at
        while proofs and next(iter(proofs.values())) + lasts <= now:
            proofs.popitem(last=False)

    # Out

    def may_send(self, host: str, size: int, now: float, *, request: bool = False) -> bool:
        """Whether `size` bytes may be sent by UDP to a host; if so they are counted.

        `request`: they ask; otherwise they answer what may have been forged.
        """
        if host in self.trusted or self.is_proven(host, now):
            return True
        if request and host in self._called:
            return True
        known = self._sources.get(source_of(host))
        size += OVERHEAD_BYTES
        if known is None or known.credit < size:
            self.counters["answer withheld"] += 1
            return False
        known.credit -= size
        return True

    def we_call(self, host: str) -> None:
        """Staff have us call this host: our requests may go there, and its answers come back."""
        self._called[host] = None
        self._called.move_to_end(host)
        if len(self._called) > _CALLED_BY_US:
            self._called.popitem(last=False)

    # Who has heard us

    def prove(self, host: str, now: float) -> None:
        """A host gave back what only it was sent."""
        if host in self.trusted:
            return
        source = source_of(host)
        self._proved_at[source] = now
        self._proved_at.move_to_end(source)
        if len(self._proved_at) > self.limits.sources:
            self._proved_at.popitem(last=False)

    def is_proven(self, host: str, now: float) -> bool:
        """Whether a host has heard us lately, or is in a call with us."""
        source = source_of(host)
        at = self._proved_at.get(source)
        if at is None:
            return False
        return at + self.limits.proof_lasts_s > now or source in self._calls

    # Offences

    def offence(self, host: str, what: Offence, now: float, *, proven: bool) -> Ban | None:
        """Note misconduct; the ban it earned, if it did.

        `proven`: no forger could have sent it.
        """
        if host in self.trusted or host in self.exempt:
            return None
        source = source_of(host)
        known = self._source(source, now)
        points = max(0.0, known.points - (now - known.points_at) * FORGIVEN_A_SECOND)
        known.points, known.points_at = points + what.points, now
        if known.points < POINTS_TO_BAN:
            return None
        if not proven and (host in self._called or self._has_a_good_name(source, now)):
            return None
        known.points = 0.0
        self.counters["bans"] += 1
        return self.bans.add(source, what.word, now, proven=proven)

    def _has_a_good_name(self, source: str, now: float) -> bool:
        """It has called us lately: a forger must not get it banned."""
        at = self._proved_at.get(source)
        return at is not None and at + self.limits.good_name_lasts_s > now

    # Calls and connections

    def may_call(self, host: str, now: float) -> bool:
        """Whether a source may begin one more call."""
        if host in self.trusted or host in self.exempt:
            return True
        source = source_of(host)
        known = self._source(source, now)
        limits = self.limits
        known.call_tokens = min(
            float(limits.calls),
            known.call_tokens + (now - known.called_at) * limits.calls_a_minute / 60.0,
        )
        known.called_at = now
        if self._calls[source] >= limits.calls or known.call_tokens < 1.0:
            self.counters["too many calls"] += 1
            self.crowded = host
            return False
        known.call_tokens -= 1.0
        return True

    def call_began(self, host: str) -> None:
        """A call of this host's is up."""
        self._calls[source_of(host)] += 1

    def call_ended(self, host: str) -> None:
        """It is over."""
        _take_one(self._calls, source_of(host))

    def may_connect(self, host: str, now: float) -> bool:
        """Whether one more TCP connection is taken; if so it is counted until `disconnected`."""
        if host not in self.trusted:
            source = source_of(host)
            if self.bans.refuses(source, now) and host not in self.exempt:
                self.counters["banned"] += 1
                return False
            limits = self.limits
            if (
                self._connections[source] >= limits.connections
                or self._connections.total() >= limits.stranger_connections
            ):
                self.counters["too many connections"] += 1
                return False
            self._connections[source] += 1
        return True

    def disconnected(self, host: str) -> None:
        """A connection that was taken is gone."""
        _take_one(self._connections, source_of(host))

    @property
    def sources(self) -> int:
        """How many strangers are remembered."""
        return len(self._sources)


def _take_one(counter: Counter[str], source: str) -> None:
    if counter[source] <= 1:
        del counter[source]
    else:
        counter[source] -= 1
