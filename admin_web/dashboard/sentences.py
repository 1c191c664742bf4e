"""What went wrong, in sentences, each with the address of its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import format_percent, ngettext
from flask_babel import gettext as _

from admin_web.formatting import clock_text, span
from admin_web.links import with_query
from admin_web.places import Places
from ivr.services.daily_summary import Trouble


@dataclass(frozen=True, slots=True)
class Sentence:
    """One trouble in words; `href` leads to what it is about."""

    text: str
    tone: str
    href: str


def sentence(trouble: Trouble, day: date, places: Places) -> Sentence:
    """A trouble of a day in the page's language."""
    words, query = _SENTENCES[trouble.kind]
    facts = dict(trouble.facts)
    one_day = {"first_day": day.isoformat(), "last_day": day.isoformat()}
    endpoint, fields, dated = query
    if trouble.kind == "lookup":
        fields = {"node": f"{facts['flow']}.{facts['node']}"}
        facts["service"] = places.service(str(facts["flow"]), str(facts["node"]))
    href = with_query(endpoint, {**(one_day if dated else {}), **fields})
    return Sentence(words(facts), trouble.tone, href)


def _share(value: Any) -> str:
    return str(format_percent(value, "0.#%"))


def _away(facts: Mapping[str, Any]) -> str:
    return str(
        ngettext(
            "The line was away for %(time)s, once, at %(clock)s.",
            "The line was away for %(time)s in all, %(num)d times; the longest was %(longest)s "
            "from %(clock)s.",
            facts["gaps"],
            time=span(facts["seconds"]),
            longest=span(facts["longest_s"]),
            clock=clock_text(facts["longest_since"]),
        )
    )


_Words = Callable[[Mapping[str, Any]], str]
_Query = tuple[str, dict[str, str], bool]
_CALLS, _COMPLAINTS = "calls.calls", "complaints.complaints"

_SENTENCES: Mapping[str, tuple[_Words, _Query]] = {
    "away": (_away, ("dashboard.availability", {}, True)),
    "away_shortly": (
        lambda f: str(_("The line was away for %(time)s.", time=span(f["seconds"]))),
        ("dashboard.availability", {}, True),
    ),
    "no_calls": (
        lambda f: str(_("Not one call came in. Dial the line yourself to see whether it can be.")),
        (_CALLS, {}, True),
    ),
    "faults": (
        lambda f: str(
            ngettext(
                "%(num)d call was ended by a fault of the line.",
                "%(num)d calls were ended by a fault of the line.",
                f["calls"],
            )
        ),
        (_CALLS, {"outcome": "fault"}, True),
    ),
    "late": (
        lambda f: str(
            _("Only %(share)s of calls were answered within 15 s.", share=_share(f["share"]))
        ),
        (_CALLS, {"in_time": "0", "ended": "1"}, True),
    ),
    "abandoned": (
        lambda f: str(
            _(
                "%(share)s of calls were abandoned; in the seven days before it was %(usual)s.",
                share=_share(f["share"]),
                usual=_share(f["usual"]),
            )
        ),
        (_CALLS, {"outcome": "abandoned"}, True),
    ),
    "unanswered": (
        lambda f: str(
            ngettext(
                "%(num)d call was not answered.", "%(num)d calls were not answered.", f["calls"]
            )
        ),
        (_CALLS, {"outcome": "unanswered"}, True),
    ),
    "lookup": (
        lambda f: str(
            ngettext(
                "“%(service)s” could not be looked up once.",
                "“%(service)s” could not be looked up %(num)d times.",
                f["times"],
                service=f["service"],
            )
        ),
        (_CALLS, {}, True),
    ),
    "recordings": (
        lambda f: str(
            ngettext(
                "%(num)d recording is incomplete: listen to what there is.",
                "%(num)d recordings are incomplete: listen to what there is.",
                f["recordings"],
            )
        ),
        (_CALLS, {"recorded": "y"}, True),
    ),
    "trunk": (
        lambda f: str(
            _("Callers who dial by the trunk %(name)s do not reach the line.", name=f["name"])
        ),
        ("trunks.trunks", {}, False),
    ),
    "overdue": (
        lambda f: str(
            ngettext(
                "%(num)d complaint is overdue.", "%(num)d complaints are overdue.", f["complaints"]
            )
        ),
        (_COMPLAINTS, {"state": "open", "overdue": "y"}, False),
    ),
    "call_backs": (
        lambda f: str(
            ngettext(
                "%(num)d caller has waited for a call-back for more than a day.",
                "%(num)d callers have waited for a call-back for more than a day.",
                f["tasks"],
            )
        ),
        ("call_backs.call_backs", {}, False),
    ),
}
