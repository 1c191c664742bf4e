"""The page of retention. Periods are settings of the line, so that no page makes data go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin_web.desk import desk
from admin_web.formatting import local
from ivr.services import retention as service
from ivr.services.retention import MOST_COUNTED

blueprint = Blueprint("retention", __name__, url_prefix="/retention")

CLAUSES, TRACES = "clauses", "traces"

# kind: (its setting, the rule in words)
RULES: dict[str, tuple[str, LazyString]] = {
    "calls": (
        "IVR_KEEP_CALLS",
        _l("After the call; one with a complaint, a call-back or a recording stays with it."),
    ),
    "call_backs": ("IVR_KEEP_CALLS", _l("After somebody called back; open ones stay.")),
    "recordings": (
        "IVR_KEEP_RECORDINGS",
        _l("After they were made; those of open complaints and call-backs are never removed."),
    ),
    "transcripts": ("IVR_KEEP_TRANSCRIPTS", _l("The same, and not before their recording.")),
    "complaints": ("IVR_KEEP_COMPLAINTS", _l("After they were closed or rejected.")),
    "audit": (
        "IVR_KEEP_AUDIT",
        _l("After they were written. An anchor stays, so that the rest can still be checked."),
    ),
    CLAUSES: (
        "IVR_KEEP_CLAUSES",
        _l("After they were last needed; texts that are published stay. Counted at night."),
    ),
    TRACES: (
        "IVR_KEEP_TRACES",
        _l("After the last message of their file; before that where their room is used up."),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One kind: how many days (0: for ever), how many go tonight (None: not counted here)."""

    kind: str
    days: int
    setting: str
    rule: LazyString
    tonight: int | None

    @property
    def more(self) -> bool:
        """Whether there are more than were counted."""
        return self.tonight is not None and self.tonight > MOST_COUNTED


@blueprint.get("/")
def retention() -> ResponseReturnValue:
    """What is kept for how long, and what goes next."""
    settings = desk().settings
    night = _next_night()
    with desk().database.read() as session:
        due = service.due(session, settings.periods, night or desk().now())
        last = service.last(session)
    days = {
        "calls": settings.periods.calls,
        "call_backs": settings.periods.calls,
        "recordings": settings.periods.recordings,
        "transcripts": settings.periods.transcripts,
        "complaints": settings.periods.complaints,
        "audit": settings.periods.audit,
        CLAUSES: settings.keep_clauses,
        TRACES: settings.keep_traces,
    }
    lines = [
        Line(
            kind, days[kind], setting, rule, None if kind in (CLAUSES, TRACES) else due.get(kind, 0)
        )
        for kind, (setting, rule) in RULES.items()
    ]
    return render_template(
        "retention/retention.html",
        lines=lines,
        night=night,
        last=last,
        most=MOST_COUNTED,
        something=any(line.tonight for line in lines),
    )


def _next_night() -> datetime | None:
    """Return when the next run is; None where there is none."""
    at = desk().settings.purge_at
    if at is None:
        return None
    here = local(desk().now())
    night = datetime.combine(here.date(), at, desk().zone)
    return night if night > here else night + timedelta(days=1)
