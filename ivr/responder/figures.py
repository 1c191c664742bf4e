"""What the line has counted since it began, for Prometheus: it goes along with each sign of life.

Times are kept as histograms with fixed bounds, which can be summed over machines and time; a
figure costs a bisection and an addition.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Any, Final

ANSWER_BOUNDS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
LOOKUP_BOUNDS_S: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Histogram:
    """How many values were at most each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def note(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def told(self) -> dict[str, Any]:
        """Return it as JSON: bounds, how many fell below each (the last: above all), the sum."""
        return {
            "bounds": list(self.bounds),
            "counts": list(self.counts),
            "sum": round(self.total, 6),
        }


class Figures:
    """All that is counted, by name and label."""

    def __init__(self) -> None:
        self.answer_s = Histogram(ANSWER_BOUNDS_S)
        """From the INVITE to the caller being connected (the ACK of our answer)."""
        self.ended: Counter[str] = Counter()
        """Calls by who ended them."""
        self._lookups: dict[tuple[str, str], Histogram] = {}

    def looked_up(self, service: str, outcome: str, seconds: float) -> None:
        """Count a lookup; names come from published flows, so that there are few."""
        key = service, outcome
        histogram = self._lookups.get(key)
        if histogram is None:
            histogram = self._lookups[key] = Histogram(LOOKUP_BOUNDS_S)
        histogram.note(seconds)

    def told(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {
            "answer_seconds": self.answer_s.told(),
            "calls_ended": dict(self.ended),
            "lookups": [
                {"service": service, "outcome": outcome, **histogram.told()}
                for (service, outcome), histogram in self._lookups.items()
            ],
        }
