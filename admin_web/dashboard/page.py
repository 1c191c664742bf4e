"""The page of figures put together: each figure with the one before it and its address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from admin_web.dashboard.charts import BarChart, bar_chart, shade
from admin_web.dashboard.links import Links
from admin_web.formatting import day_text, month_text, short_day_text
from admin_web.names import named, word
from admin_web.places import Places
from ivr.records.tables import Area, ComplaintCategory, ComplaintState
from ivr.services import availability, complaint_figures, statistics, statistics_period
from ivr.services.availability import Availability
from ivr.services.complaint_figures import Age
from ivr.services.statistics import Bar, Figures, Scope
from ivr.services.statistics_period import Period

SERIES = (
    ("self_served", _l("Served by the line")),
    ("person", _l("Reached a person")),
    ("lost", _l("Abandoned or fault")),
    ("other", _l("Message left, or not answered")),
)
WEEKDAYS = (_l("Mon"), _l("Tue"), _l("Wed"), _l("Thu"), _l("Fri"), _l("Sat"), _l("Sun"))
NO_AREA = "-"
DAYS_SHOWN = 62
"""Of longer periods the chart shows months."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, what it was before, and what they mean; `better`: the change is good news."""

    name: str
    value: str
    href: str
    before: str
    before_href: str
    detail: str = ""
    change: str = ""
    better: bool | None = None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: words, a figure with its address, the one before with its own."""

    name: str
    count: int
    href: str
    before: int | None = None
    before_href: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one weekday."""

    count: int
    shade: int
    href: str
    title: str


_NOBODY = Cell(0, 0, "", "")


@dataclass(frozen=True, slots=True)
class LookupLine:
    """A service and what came of asking it."""

    name: str
    place: str
    total: int
    outcomes: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    period: Period
    earlier: Period
    figures: Sequence[Figure]
    chart: BarChart
    week: Sequence[tuple[str, Sequence[Cell]]]
    losses: Sequence[Line]
    lookups: Sequence[LookupLine]
    by_category: Sequence[Line]
    by_area: Sequence[Line]
    by_state: Sequence[Line]
    ages: Sequence[Line]
    overdue: Line
    filed: Line
    available: Availability
    available_before: Availability
    available_href: str
    available_before_href: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is about."""

    period: Period
    scope: Scope
    area: str | None
    now: datetime
    zone: tzinfo


def make(
    session: Session,
    asked: Asked,
    places: Places,
    areas: Mapping[str, Area],
    categories: Mapping[str, ComplaintCategory],
) -> Page:
    """Read and arrange everything."""
    period, zone = asked.period, asked.zone
    earlier = statistics_period.before(period)
    links = Links(period, asked.scope, asked.area)
    links_before = Links(earlier, asked.scope, asked.area)
    now, then = (statistics.figures(session, one, asked.scope) for one in (period, earlier))
    filed = complaint_figures.filed(session, period.since(zone), period.until(zone), asked.area)
    filed_before = complaint_figures.filed(
        session, earlier.since(zone), earlier.until(zone), asked.area
    )
    today = asked.now.astimezone(zone).date()

    def table(
        key: str,
        these: Mapping[Any, int],
        those: Mapping[Any, int],
        names: Mapping[Any, str],
        order: Sequence[Any] | None = None,
    ) -> list[Line]:
        found = {**those, **these}
        keys = [one for one in order if one in found] if order else []
        keys += sorted((k for k in found if k not in keys), key=lambda k: -these.get(k, 0))
        return [
            Line(
                names.get(one, str(one)),
                these.get(one, 0),
                links.complaints(**{key: one or NO_AREA}),
                those.get(one, 0),
                links_before.complaints(**{key: one or NO_AREA}),
            )
            for one in keys
        ]

    states = [state.value for state in ComplaintState]
    area_names: dict[Any, str] = {code: named(row) for code, row in areas.items()}
    overdue = complaint_figures.overdue(session, today, asked.area)
    return Page(
        period=period,
        earlier=earlier,
        figures=_figures(now, then, links, links_before),
        chart=_chart(session, asked, links),
        week=_week(session, asked, links),
        losses=[
            Line(
                places.flow(row.flow),
                row.lost,
                links.lost_at(row.flow, row.node),
                row.steps,
                links.node(row.flow, row.node),
                places.node(row.flow, row.node),
            )
            for row in statistics.losses(session, period, asked.scope)
        ],
        lookups=_lookups(session, asked, links, places),
        by_category=table(
            "category",
            filed.by_category,
            filed_before.by_category,
            {code: named(row) for code, row in categories.items()},
        ),
        by_area=table(
            "area", filed.by_area, filed_before.by_area, {**area_names, None: _("Not entered")}
        ),
        by_state=table(
            "state",
            filed.by_state,
            filed_before.by_state,
            {state: word(state, "complaint_state") for state in states},
            states,
        ),
        ages=[_age(age, links) for age in complaint_figures.ages(session, today, zone, asked.area)],
        overdue=Line(_("Overdue"), overdue, links.open_complaints(overdue="y")),
        filed=Line(
            _("Complaints filed"),
            filed.total,
            links.complaints(),
            filed_before.total,
            links_before.complaints(),
        ),
        available=availability.between(session, period.since(zone), period.until(zone), asked.now),
        available_before=availability.between(
            session, earlier.since(zone), earlier.until(zone), asked.now
        ),
        available_href=links.availability(),
        available_before_href=links_before.availability(),
    )


def _figures(now: Figures, then: Figures, links: Links, before: Links) -> list[Figure]:
    def counted(name: str, words: str, good: bool | None, meaning: str, **query: str) -> Figure:
        these, those = getattr(now, name), getattr(then, name)
        share, share_then = now.share(name), then.share(name)
        whole = name == "calls"
        change, better = (
            _change(these, those, good, True) if whole else _change(share, share_then, good, False)
        )
        return Figure(
            words,
            format_decimal(these),
            links.calls(**query),
            format_decimal(those),
            before.calls(**query),
            "" if whole or share is None else format_percent(share, "0.#%"),
            change,
            better,
            meaning,
        )

    waited = (
        "—" if now.wait_s is None else _("%(number)s s", number=format_decimal(round(now.wait_s)))
    )
    waited_then = (
        "—" if then.wait_s is None else _("%(number)s s", number=format_decimal(round(then.wait_s)))
    )
    within = now.person_in_time / now.person_timed if now.person_timed else None
    soon = (
        _("%(share)s within 30 s", share=format_percent(within, "0.#%"))
        if within is not None
        else ""
    )
    return [
        counted("calls", _("Calls"), None, _("Calls that have ended, by when they began.")),
        counted(
            "answered_in_time",
            _("Answered within 15 s"),
            True,
            _("From the call's arrival to its answer; as a share of all calls."),
            in_time="1",
        ),
        counted(
            "self_served",
            _("Served by the line"),
            True,
            _(
                "A job was finished without a person: a lookup gave what was asked for, a "
                "complaint was filed, or a service guide was heard."
            ),
            outcome="self_served",
        ),
        counted(
            "person",
            _("Reached a person"),
            None,
            _("The caller was put through and a person answered."),
            outcome="person",
        ),
        Figure(
            _("Wait for a person"),
            waited,
            links.calls(outcome="person"),
            waited_then,
            before.calls(outcome="person"),
            soon,
            *_change(now.wait_s, then.wait_s, False, True),
            _("On average, from asking for a person to the person's answer."),
        ),
        counted(
            "message",
            _("Left a message"),
            None,
            _("Nobody was there; a call-back task was made."),
            outcome="message",
        ),
        counted(
            "abandoned",
            _("Abandoned"),
            False,
            _("The call ended with nothing finished, by whichever side."),
            outcome="abandoned",
        ),
        counted(
            "fault",
            _("Ended by a fault"),
            False,
            _("The line failed or stopped in the middle of the call."),
            outcome="fault",
        ),
        counted(
            "unanswered",
            _("Not answered"),
            False,
            _("Refused, hung up while ringing, or without usable sound."),
            outcome="unanswered",
        ),
    ]


def _change(
    these: float | None, those: float | None, good: bool | None, relative: bool
) -> tuple[str, bool | None]:
    """The change in words, and whether it is good news (None: neither)."""
    if these is None or those is None or (relative and not those):
        return "", None
    difference = (these - those) / those if relative else these - those
    if abs(difference) < 0.0005:
        return _("unchanged"), None
    shown = format_percent(abs(difference), "0.#%")
    if not relative:
        shown = _("%(number)s points", number=format_decimal(round(abs(difference) * 100, 1)))
    words = ("▲ " if difference > 0 else "▼ ") + shown
    return words, None if good is None else (difference > 0) is good


def _chart(session: Session, asked: Asked, links: Links) -> BarChart:
    found = statistics.bars(session, asked.period, asked.scope)
    groups: dict[tuple[int, ...], list[Bar]] = {}
    monthly = asked.period.days > DAYS_SHOWN
    for bar in found:
        key = (bar.day.year, bar.day.month) if monthly else (bar.day.toordinal(), bar.hour or 0)
        groups.setdefault(key, []).append(bar)
    bars = []
    for group in groups.values():
        label, href = _place_of(group, asked.period, links, monthly)
        calls, served, person, lost = (
            sum(getattr(bar, name) for bar in group)
            for name in ("calls", "self_served", "person", "lost")
        )
        title = _("%(when)s: %(number)s calls", when=label, number=format_decimal(calls))
        values = (served, person, lost, max(0, calls - served - person - lost))
        bars.append((label, title, href, values))
    return bar_chart([(name, str(words)) for name, words in SERIES], bars)


def _place_of(group: Sequence[Bar], period: Period, links: Links, monthly: bool) -> tuple[str, str]:
    """What a bar is called, and where it leads."""
    first, last = group[0], group[-1]
    if first.hour is not None:
        day = first.day.isoformat()
        return f"{first.hour:02d}", links.calls_of_days(day, day, hour=str(first.hour))
    cut = last.day == period.last and period.last_hour < 23
    more = {"last_hour": str(period.last_hour)} if cut else {}
    href = links.calls_of_days(first.day.isoformat(), last.day.isoformat(), **more)
    if monthly:
        return month_text(first.day), href
    return short_day_text(first.day), href


def _week(session: Session, asked: Asked, links: Links) -> list[tuple[str, list[Cell]]]:
    found: Counter[tuple[int, int]] = statistics.week(session, asked.period, asked.scope)
    most = max(found.values(), default=0)
    rows = []
    for weekday, name in enumerate(WEEKDAYS):
        cells = []
        for hour in range(24):
            count = found[weekday, hour]
            if not count:
                cells.append(_NOBODY)
                continue
            title = _(
                "%(weekday)s %(hour)s:00, %(number)s calls",
                weekday=name,
                hour=hour,
                number=format_decimal(count),
            )
            href = links.calls(weekday=str(weekday), hour=str(hour))
            cells.append(Cell(count, shade(count, most), href, title))
        rows.append((str(name), cells))
    return rows


def _lookups(session: Session, asked: Asked, links: Links, places: Places) -> list[LookupLine]:
    lines: dict[tuple[str, str], list[Line]] = {}
    for row in statistics.lookups(session, asked.period, asked.scope):
        href = links.node(row.flow, row.node, step_outcome=row.outcome)
        line = Line(word(row.outcome, "step_outcome"), row.count, href)
        lines.setdefault((row.flow, row.node), []).append(line)
    return [
        LookupLine(places.service(*key), ".".join(key), sum(line.count for line in found), found)
        for key, found in lines.items()
    ]


def _age(age: Age, links: Links) -> Line:
    if age.high is None:
        name = _("more than %(days)s days", days=age.low - 1)
    else:
        name = _("%(low)s–%(high)s days", low=age.low, high=age.high)
    days = {"last_day": age.last.isoformat()}
    if age.first is not None:
        days["first_day"] = age.first.isoformat()
    return Line(name, age.count, links.open_complaints(**days))


def shown_days(period: Period) -> str:
    """A period in words, by the page's language."""
    first, last = day_text(period.first), day_text(period.last)
    return first if period.days == 1 else str(_("%(first)s to %(last)s", first=first, last=last))
