"""Every figure leads to its records: the lists of calls and complaints with its filter."""

from __future__ import annotations

from dataclasses import dataclass

from admin_web.calls.forms import OTHER
from admin_web.links import with_query
from ivr.services.statistics import Scope
from ivr.services.statistics_period import Period


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of lists that show what a period's figures count."""

    period: Period
    scope: Scope
    area: str | None = None

    def calls(self, **more: str) -> str:
        """Calls of the period."""
        query = {"ended": "1", **self._days()}
        if self.period.last_hour < 23:
            query["last_hour"] = str(self.period.last_hour)
        return with_query("calls.calls", query, **self._scope(), **more)

    def calls_of_days(self, first: str, last: str, **more: str) -> str:
        """Calls of some days of the period, or of one hour of them."""
        query = {"ended": "1", "first_day": first, "last_day": last}
        return with_query("calls.calls", query, **self._scope(), **more)

    def node(self, flow: str, node: str, **more: str) -> str:
        """Calls of the whole days that went through a node."""
        query = {"ended": "1", **self._days(), "node": f"{flow}.{node}"}
        return with_query("calls.calls", query, **self._scope(), **more)

    def lost_at(self, flow: str, node: str) -> str:
        """Calls of the whole days that were abandoned at a node."""
        query = {"ended": "1", **self._days(), "outcome": "abandoned", "place": f"{flow}.{node}"}
        return with_query("calls.calls", query, **self._scope())

    def complaints(self, **more: str) -> str:
        """Complaints filed in the period."""
        query = self._days()
        if self.period.last_hour < 23:
            query["last_hour"] = str(self.period.last_hour)
        area = {"area": self.area} if self.area and "area" not in more else {}
        return with_query("complaints.complaints", query, **area, **more)

    def replied(self) -> str:
        """Complaints that got a reply on the days of the period, whenever they were filed."""
        days = {
            "replied_first": self.period.first.isoformat(),
            "replied_last": self.period.last.isoformat(),
        }
        return with_query("complaints.complaints", days)

    def availability(self) -> str:
        """When the line was away."""
        query = self._days()
        if self.period.last_hour < 23:
            query["last_hour"] = str(self.period.last_hour)
        return with_query("dashboard.availability", query)

    def open_complaints(self, **more: str) -> str:
        """Complaints that wait for a reply now."""
        area = {"area": self.area} if self.area else {}
        return with_query("complaints.complaints", {"state": "open"}, **area, **more)

    def _days(self) -> dict[str, str]:
        return {
            "first_day": self.period.first.isoformat(),
            "last_day": self.period.last.isoformat(),
        }

    def _scope(self) -> dict[str, str]:
        found = {}
        if self.scope.called is not None:
            found["number"] = self.scope.called or OTHER
        if self.scope.flow is not None:
            found["flow"] = self.scope.flow
        return found
