"""The summary of a day as its page and its mail show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date, format_percent
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.dashboard.sentences import Sentence, sentence
from admin_web.desk import desk
from admin_web.formatting import exact_share, hour_text, whole
from admin_web.places import places
from ivr.services import daily_summary
from ivr.services.daily_summary import Summary


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """A day's troubles in sentences, and its figures as lines of (name, value, before, share)."""

    day: date
    title: str
    facts: Summary
    troubles: Sequence[Sentence]
    lines: Sequence[tuple[str, str, str, str]]
    losses: Sequence[tuple[str, str, int]]


def summary_page(session: Session, day: date) -> SummaryPage:
    """The summary of a day in the page's language."""
    facts = daily_summary.of_day(session, day, desk().now(), desk().zone)
    known = places(session)
    return SummaryPage(
        day,
        _("Summary of %(day)s", day=format_date(day, "full")),
        facts,
        [sentence(one, day, known) for one in facts.troubles],
        _lines(facts),
        [(known.flow(one.flow), known.node(one.flow, one.node), one.lost) for one in facts.losses],
    )


def _lines(facts: Summary) -> list[tuple[str, str, str, str]]:
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
        lines.append((words, whole(getattr(now, name)), whole(getattr(then, name)), shown))
    waits = [
        "—" if one.wait_s is None else _("%(number)s s", number=whole(round(one.wait_s)))
        for one in (now, then)
    ]
    lines.append((_("Wait for a person"), waits[0], waits[1], ""))
    lines.append((_("Complaints filed"), whole(facts.filed), whole(facts.filed_before), ""))
    lines.append((_("Complaints replied to"), whole(facts.replied), "", ""))
    lines.append((_("Complaints without a reply"), whole(facts.waiting_complaints), "", ""))
    lines.append((_("Callers to call back"), whole(facts.open_call_backs), "", ""))
    if facts.busiest_hour is not None:
        hours = f"{hour_text(facts.busiest_hour)}–{hour_text((facts.busiest_hour + 1) % 24)}"
        lines.append((_("Busiest hour"), hours, "", ""))
    lines.append((_("Availability of the line"), exact_share(facts.available.share), "", ""))
    return lines


def as_text(page: SummaryPage) -> str:
    """The summary as plain text."""
    parts = [page.title, ""]
    if page.troubles:
        parts += [_("What went wrong"), *(f"  * {one.text}" for one in page.troubles)]
    else:
        parts.append(_("Nothing went wrong that the line knows of."))
    parts += ["", _("Figures (the day before in brackets)")]
    for name, value, before, share in page.lines:
        more = "".join([f", {share}" if share else "", f" ({before})" if before else ""])
        parts.append(f"  {name}: {value}{more}")
    if page.losses:
        parts += ["", _("Where most callers were lost")]
        parts += [f"  {lost}  {flow} · {node}" for flow, node, lost in page.losses]
    return "\n".join(parts) + "\n"
