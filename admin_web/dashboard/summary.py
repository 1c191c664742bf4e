"""The summary of a day as its page and its mail show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import url_for
from flask_babel import format_date, format_percent
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.dashboard.links import Links
from admin_web.dashboard.sentences import Sentence, sentence
from admin_web.desk import desk
from admin_web.formatting import exact_share, hour_text, whole
from admin_web.places import places
from ivr.services import daily_summary
from ivr.services.daily_summary import Summary
from ivr.services.statistics import Scope
from ivr.services.statistics_period import Period

_ASKED = {"answered_in_time": {"in_time": "1"}}


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A figure of the day and the one of the day before, each with the address of its records."""

    name: str
    value: str
    before: str = ""
    share: str = ""
    href: str = ""
    before_href: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Where callers gave up, how many, and their calls."""

    flow: str
    node: str
    calls: int
    href: str


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """A day's troubles in sentences, and its figures as lines."""

    day: date
    title: str
    facts: Summary
    troubles: Sequence[Sentence]
    lines: Sequence[SummaryLine]
    losses: Sequence[Lost]


def summary_page(session: Session, day: date) -> SummaryPage:
    """The summary of a day in the page's language."""
    facts = daily_summary.of_day(session, day, desk().now(), desk().zone)
    known = places(session)
    return SummaryPage(
        day,
        _("Summary of %(day)s", day=format_date(day, "full")),
        facts,
        [sentence(one, day, known) for one in facts.troubles],
        _lines(facts, *(_links(one) for one in (day, day - timedelta(days=1)))),
        [
            Lost(
                known.flow(one.flow),
                known.node(one.flow, one.node),
                one.lost,
                _links(day).lost_at(one.flow, one.node),
            )
            for one in facts.losses
        ],
    )


def _links(day: date) -> Links:
    return Links(Period(day, day), Scope())


def _lines(facts: Summary, links: Links, before: Links) -> list[SummaryLine]:
    now, then = facts.figures, facts.before
    names = {
        "calls": _("Calls"),
        "answered_in_time": _("Answered within 15 s"),
        "self_served": _("Served by the line"),
        "person": _("Reached a person"),
        "message": _("Left a message"),
        "abandoned": _("Abandoned"),
        "fault": _("Ended by a fault"),
        "unanswered": _("Not answered"),
    }
    lines = []
    for name, words in names.items():
        share = now.share(name)
        shown = "" if name == "calls" or share is None else str(format_percent(share, "0.#%"))
        asked = {} if name == "calls" else _ASKED.get(name, {"outcome": name})
        lines.append(
            SummaryLine(
                words,
                whole(getattr(now, name)),
                whole(getattr(then, name)),
                shown,
                links.calls(**asked),
                before.calls(**asked),
            )
        )
    waits = [
        "—" if one.wait_s is None else _("%(number)s s", number=whole(round(one.wait_s)))
        for one in (now, then)
    ]
    person = links.calls(outcome="person"), before.calls(outcome="person")
    filed = links.complaints(), before.complaints()
    open_ones, waiting = whole(facts.waiting_complaints), links.open_complaints()
    lines += [
        SummaryLine(_("Wait for a person"), waits[0], waits[1], "", *person),
        SummaryLine(
            _("Complaints filed"), whole(facts.filed), whole(facts.filed_before), "", *filed
        ),
        SummaryLine(_("Complaints replied to"), whole(facts.replied), href=links.replied()),
        SummaryLine(_("Complaints without a reply"), open_ones, href=waiting),
        SummaryLine(
            _("Callers to call back"),
            whole(facts.open_call_backs),
            href=url_for("call_backs.call_backs"),
        ),
    ]
    if facts.busiest_hour is not None:
        hours = f"{hour_text(facts.busiest_hour)}–{hour_text((facts.busiest_hour + 1) % 24)}"
        day, hour = facts.day.isoformat(), str(facts.busiest_hour)
        href = links.calls_of_days(day, day, hour=hour)
        lines.append(SummaryLine(_("Busiest hour"), hours, href=href))
    away = exact_share(facts.available.share)
    lines.append(SummaryLine(_("Availability of the line"), away, href=links.availability()))
    return lines


def as_text(page: SummaryPage) -> str:
    """The summary as plain text."""
    parts = [page.title, ""]
    if page.troubles:
        parts += [_("What went wrong"), *(f"  * {one.text}" for one in page.troubles)]
    else:
        parts.append(_("Nothing went wrong that the line knows of."))
    parts += ["", _("Figures (the day before in brackets)")]
    for line in page.lines:
        share, before = line.share, line.before
        more = "".join([f", {share}" if share else "", f" ({before})" if before else ""])
        parts.append(f"  {line.name}: {line.value}{more}")
    if page.losses:
        parts += ["", _("Where most callers were lost")]
        parts += [f"  {one.calls}  {one.flow} · {one.node}" for one in page.losses]
    return "\n".join(parts) + "\n"
