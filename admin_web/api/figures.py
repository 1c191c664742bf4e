"""The same figures as on the dashboard, and the summary of a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field

from admin_web.api.fields import Answer, Code, Day, Query, Words, read_whole
from admin_web.api.operation import operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At
from admin_web.dashboard.forms import NAMED
from admin_web.dashboard.sentences import sentence
from admin_web.desk import desk
from admin_web.places import places
from ivr.services import (
    availability,
    complaint_figures,
    daily_summary,
    statistics,
    statistics_counting,
    statistics_period,
)
from ivr.services.availability import Availability
from ivr.services.statistics import Figures, NodeLoss, Scope
from ivr.services.statistics_period import LONGEST_DAYS, Period


class FiguresQuery(Query):
    """Of which days and calls; today's where nothing is said."""

    period: Annotated[
        Literal["today", "yesterday", "week", "month"],
        Field(description="not looked at where first_day is given"),
    ] = "today"
    first_day: Day | None = None
    days: Annotated[
        int,
        Field(ge=1, le=LONGEST_DAYS, description="how many, from first_day on"),
        BeforeValidator(read_whole),
    ] = 1
    number: Annotated[
        Words | None, Field(description="the called number; empty: those that are not listed")
    ] = None
    flow: Annotated[Code | None, Field(description="where calls began")] = None
    area: Annotated[Code | None, Field(description="of complaints")] = None

    def span(self) -> Period:
        """Return the days; 404 where they are all to come."""
        now, zone = desk().now(), desk().zone
        if self.first_day is None:
            return NAMED[self.period](now, zone)
        last = self.first_day + timedelta(days=self.days - 1)
        if self.first_day > statistics_period.today(now, zone).last:
            raise ProblemError(404)
        return statistics_period.between(self.first_day, last, now, zone)


class Sums(Answer):
    """Calls that have ended, by what came of them; what counts as what: docs/statistics.md."""

    calls: int
    answered: int
    answered_in_time: int
    person: int
    person_in_time: int
    self_served: int
    message: int
    abandoned: int
    fault: int
    unanswered: int
    wait_s: float | None
    length_s: float | None

    @classmethod
    def of(cls, found: Figures) -> Sums:
        """Waits and lengths are means in seconds."""
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class BarOut(Answer):
    """A day, or an hour of a single day."""

    day: date
    hour: int | None
    calls: int
    person: int
    self_served: int
    lost: int


class HourOut(Answer):
    """An hour of the week; Monday is 0."""

    weekday: int
    hour: int
    calls: int


class LossOut(Answer):
    """A node callers left, and at which so many gave up."""

    flow: str
    node: str
    steps: int
    lost: int

    @classmethod
    def of(cls, found: NodeLoss) -> LossOut:
        """As it was counted."""
        return cls(flow=found.flow, node=found.node, steps=found.steps, lost=found.lost)


class LookupOut(Answer):
    """How often a lookup came out so."""

    flow: str
    node: str
    outcome: str
    count: int


class GapOut(Answer):
    """A time without the line; ``until`` is null while it lasts."""

    since: At
    until: At | None
    kind: str
    seconds: float


class AvailabilityOut(Answer):
    """``share`` of the time that was watched, 0 to 1."""

    share: float | None
    watched_s: float
    lost_s: float
    gaps: list[GapOut]

    @classmethod
    def of(cls, found: Availability) -> AvailabilityOut:
        """As it was computed."""
        return cls(
            share=found.share,
            watched_s=found.watched_s,
            lost_s=found.lost_s,
            gaps=[
                GapOut(since=g.since, until=g.until, kind=g.kind, seconds=g.seconds)
                for g in found.gaps
            ],
        )


class AgeOut(Answer):
    """Complaints without a reply, filed so many days ago."""

    from_days: int
    to_days: int | None
    count: int


class ComplaintSums(Answer):
    """Complaints filed in the period; by area, the empty name is none."""

    filed: int
    by_category: dict[str, int]
    by_area: dict[str, int]
    by_state: dict[str, int]
    waiting: list[AgeOut]
    overdue: int


class FiguresOut(Answer):
    """Figures of a period beside the one before it; up to ``last_hour`` of its last day."""

    first_day: date
    last_day: date
    last_hour: int
    before_first_day: date
    before_last_day: date
    now: Sums
    before: Sums
    bars: list[BarOut]
    week: list[HourOut]
    losses: list[LossOut]
    lookups: list[LookupOut]
    complaints: ComplaintSums
    availability: AvailabilityOut
    uncounted: int


@operation(
    "GET",
    "/figures",
    _l("Figures of a period beside the one before"),
    page="dashboard.figures",
    scope="figures:read",
    query=FiguresQuery,
    answer=FiguresOut,
)
def figures(query: FiguresQuery) -> FiguresOut:
    """The sums the dashboard shows, read by the same functions."""
    period, zone = query.span(), desk().zone
    earlier = statistics_period.before(period)
    scope = Scope(query.number, query.flow)
    with desk().database.read() as session:
        filed = complaint_figures.filed(session, period.since(zone), period.until(zone), query.area)
        today = desk().now().astimezone(zone).date()
        return FiguresOut(
            first_day=period.first,
            last_day=period.last,
            last_hour=period.last_hour,
            before_first_day=earlier.first,
            before_last_day=earlier.last,
            now=Sums.of(statistics.figures(session, period, scope)),
            before=Sums.of(statistics.figures(session, earlier, scope)),
            bars=[
                BarOut(**{name: getattr(one, name) for name in BarOut.model_fields})
                for one in statistics.bars(session, period, scope)
            ],
            week=[
                HourOut(weekday=day, hour=hour, calls=calls)
                for (day, hour), calls in sorted(statistics.week(session, period, scope).items())
            ],
            losses=[LossOut.of(one) for one in statistics.losses(session, period, scope)],
            lookups=[
                LookupOut(flow=one.flow, node=one.node, outcome=one.outcome, count=one.count)
                for one in statistics.lookups(session, period, scope)
            ],
            complaints=ComplaintSums(
                filed=filed.total,
                by_category=dict(filed.by_category),
                by_area={code or "": count for code, count in filed.by_area.items()},
                by_state=dict(filed.by_state),
                waiting=[
                    AgeOut(from_days=one.low, to_days=one.high, count=one.count)
                    for one in complaint_figures.ages(session, today, zone, query.area)
                ],
                overdue=complaint_figures.overdue(session, today, query.area),
            ),
            availability=AvailabilityOut.of(
                availability.between(session, period.since(zone), period.until(zone), desk().now())
            ),
            uncounted=statistics_counting.waiting(session),
        )


class SummaryQuery(Query):
    """Of which day; yesterday where none is given."""

    day: Day | None = None


class TroubleOut(Answer):
    """Something that went wrong, in a sentence."""

    kind: str
    tone: str
    text: str


class SummaryOut(Answer):
    """What a day was like, first what went wrong."""

    day: date
    troubles: list[TroubleOut]
    figures: Sums
    before: Sums
    filed: int
    filed_before: int
    replied: int
    waiting_complaints: int
    overdue: int
    open_call_backs: int
    busiest_hour: int | None
    losses: list[LossOut]
    availability: AvailabilityOut
    uncounted: int


@operation(
    "GET",
    "/figures/summary",
    _l("The summary of a day: what went wrong, then its figures"),
    page="dashboard.summary",
    scope="figures:read",
    query=SummaryQuery,
    answer=SummaryOut,
)
def summary(query: SummaryQuery) -> SummaryOut:
    """A day that is over, in sentences of the language asked for."""
    now, zone = desk().now(), desk().zone
    last = statistics_period.yesterday(now, zone).first
    day = query.day or last
    if day > last:
        raise ProblemError(404)
    with desk().database.read() as session:
        found = daily_summary.of_day(session, day, now, zone)
        known = places(session)
        troubles = [
            TroubleOut(kind=one.kind, tone=one.tone, text=sentence(one, day, known).text)
            for one in found.troubles
        ]
    return SummaryOut(
        day=found.day,
        troubles=troubles,
        figures=Sums.of(found.figures),
        before=Sums.of(found.before),
        losses=[LossOut.of(one) for one in found.losses],
        availability=AvailabilityOut.of(found.available),
        **{
            name: getattr(found, name)
            for name in (
                *("filed", "filed_before", "replied", "waiting_complaints", "overdue"),
                *("open_call_backs", "busiest_hour", "uncounted"),
            )
        },
    )
