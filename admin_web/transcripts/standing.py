"""How transcription stands: switched off, not installed, at work, waiting for callers, stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from admin_web.desk import desk
from ivr.records.tables import Heartbeat

PROCESS = "transcripts"
INSTALL = "make install-transcripts"
SWITCH = "IVR_TRANSCRIPTS=1"
SILENT_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """``word``, ``tone`` and ``detail`` are for the first page; ``trouble`` says what is wrong."""

    word: str
    tone: str
    detail: str = ""
    paused: bool = False
    trouble: str = ""
    advice: str = ""


def standing(session: Session, now: datetime) -> Standing:
    """Return how transcription stands."""
    setting = desk().settings.transcripts
    if setting == "off":
        return Standing(_("Switched off"), "quiet")
    if setting == "not_installed":
        detail = _("install with “%(command)s”", command=INSTALL)
        return Standing(_("Not installed"), "quiet", detail)
    beat = session.get(Heartbeat, PROCESS)
    if beat is None:
        return Standing(_("Starting"), "busy")
    waiting = int(beat.detail.get("transcripts_waiting") or 0)
    detail = ngettext("%(num)d recording waits", "%(num)d recordings wait", waiting)
    trouble = str(beat.detail.get("trouble") or "")
    if now - beat.at > SILENT_AFTER:
        return _stuck(_("it gave no sign of life lately"), detail)
    if trouble:
        return _stuck(trouble, detail)
    if beat.detail.get("stuck"):
        return _stuck(_("nothing was written for half an hour"), detail)
    if beat.detail.get("paused"):
        return Standing(_("Waits for quieter times"), "quiet", detail, paused=True)
    if beat.detail.get("writing"):
        return Standing(_("Writing"), "good", detail)
    return Standing(_("Ready"), "good", detail if waiting else "")


def _stuck(why: str, detail: str) -> Standing:
    return Standing(
        _("Stuck"),
        "bad",
        detail,
        trouble=_("Recordings are not being transcribed: %(why)s.", why=why),
        advice=_(
            "Calls are not affected. If this stays, look into the line's log, and install the "
            "recogniser anew with “%(command)s”.",
            command=INSTALL,
        ),
    )
