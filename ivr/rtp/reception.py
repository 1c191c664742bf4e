"""What one source's packets say of the path: sequence, loss, jitter (RFC 3550 §6.4.1, A.1-A.8).

A source is on probation until two packets come in sequence, so that a stray
datagram does not become a statistic. A large jump of the sequence number is
believed only when the next packet continues it: the sender was restarted.
"""

from typing import Final

min_sequential: Final = 2
max_dropout: Final = 3000
max_misorder: Final = 100
_sequence_mod: Final = 1 << 16
_no_sequence: Final = -1


class Reception:
    """The receiver's state for one SSRC; `jitter` is in timestamp units."""

    __slots__ = (
        "_bad",
        "_expected_prior",
        "_next",
        "_probation",
        "_received_prior",
        "_transit",
        "base",
        "cycles",
        "highest",
        "jitter",
        "received",
    )

    def __init__(self, sequence: int) -> None:
        self._restart(sequence)
        self.highest = sequence - 1 & 0xFFFF
        self._probation = min_sequential
        self._next = _no_sequence
        self._transit: int | None = None
        self.jitter = 0.0

    def _restart(self, sequence: int) -> None:
        self.base = sequence
        self.highest = sequence
        self._bad = _no_sequence
        self.cycles = 0
        self.received = 0
        self._received_prior = 0
        self._expected_prior = 0
        self._next = sequence + 1 & 0xFFFF
        self._probation = 0

    def take(self, sequence: int) -> bool:
        """Count a packet; False where A.1 holds it invalid (probation, or a wild jump)."""
        if sequence == self._next:
            self.received += 1
            self.highest = sequence
            self._next = sequence + 1 & 0xFFFF
            if sequence == 0:
                self.cycles += _sequence_mod
            return True
        return self._take_unexpected(sequence)

    def _take_unexpected(self, sequence: int) -> bool:
        if self._probation:
            if sequence == (self.highest + 1 & 0xFFFF):
                self._probation -= 1
                self.highest = sequence
                if self._probation == 0:
                    self._restart(sequence)
                    self.received = 1
                    return True
            else:
                self._probation = min_sequential - 1
                self.highest = sequence
            return False
        delta = sequence - self.highest & 0xFFFF
        if delta < max_dropout:
            if sequence < self.highest:
                self.cycles += _sequence_mod
            self.highest = sequence
            self._next = sequence + 1 & 0xFFFF
        elif delta <= _sequence_mod - max_misorder:
            if sequence != self._bad:
                self._bad = sequence + 1 & 0xFFFF
                return False
            self._restart(sequence)
        self.received += 1
        return True

    def arrived(self, timestamp: int, arrival: int) -> None:
        """Update the jitter estimate; both times in timestamp units (A.8)."""
        transit = arrival - timestamp & 0xFFFFFFFF
        if self._transit is not None:
            difference = transit - self._transit & 0xFFFFFFFF
            if difference > 0x7FFFFFFF:
                difference = 0x100000000 - difference
            self.jitter += (difference - self.jitter) / 16.0
        self._transit = transit

    def forget_arrival(self) -> None:
        """Begin a new pair: the next arrival is compared with none before it."""
        self._transit = None

    @property
    def extended_highest(self) -> int:
        """Highest sequence number with its cycles, as report blocks carry it."""
        return self.cycles + self.highest & 0xFFFFFFFF

    @property
    def expected(self) -> int:
        """Packets the source has sent since we began to count."""
        return 0 if self._probation else self.cycles + self.highest - self.base + 1

    @property
    def lost(self) -> int:
        """Packets missing so far; below zero where duplicates outnumber them (A.3)."""
        return self.expected - self.received

    def take_fraction_lost(self) -> int:
        """Loss since last asked, in 256ths (A.3); starts a new interval."""
        expected = self.expected - self._expected_prior
        received = self.received - self._received_prior
        self._expected_prior += expected
        self._received_prior += received
        lost = expected - received
        return 0 if expected <= 0 or lost <= 0 else min((lost << 8) // expected, 255)
