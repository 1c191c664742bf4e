"""How the line is doing, in words and a few figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.formatting import ago, local
from admin_web.health.state import LineState, line_state
from admin_web.names import tone, word
from ivr.services import call_backs, call_search, complaint_search, outages, trunks
from ivr.services.call_search import CallFilter
from ivr.services.complaint_search import SETTLED
from prompts.errors import PromptError
from prompts.voice_client import VoiceClient

blueprint = Blueprint("home", __name__)

VOICE_TIMEOUT_S = 1.0

# why the line does not answer: (headline, what to do)
HEADLINES = {
    "": (_l("The line answers calls."), ""),
    "never_started": (
        _l("The line does not answer: it has not been started yet."),
        _l("Start it with “make run”, or wait a moment if you just did."),
    ),
    "silent": (
        _l("The line does not answer: it gave no sign of life lately."),
        _l("It is restarted by itself within seconds. If this stays, tell your operator."),
    ),
    "not_listening": (
        _l("The line is starting."),
        _l("It answers in a moment. If this stays, tell your operator."),
    ),
    "draining": (
        _l("The line is being stopped."),
        _l("Calls in progress are finished; new ones are refused."),
    ),
}
LANGUAGE_NAMES = {"zh-CN": _l("Mandarin voice"), "en": _l("English voice")}


@dataclass(frozen=True, slots=True)
class Headline:
    """The state of the line in one sentence, and what to do about it."""

    answering: bool
    headline: str
    advice: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure and where it leads."""

    figure: int | str
    name: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the line and how it stands."""

    name: str
    word: str
    tone: str
    detail: str


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """How the line is doing."""
    now = desk().now()
    with desk().database.read() as session:
        state = line_state(session, now)
        tiles = _tiles(session, state, now)
        parts = [_responder(state, now), *_trunks(session)]
    parts += _voices()
    headline, advice = HEADLINES[state.why_not]
    return render_template(
        "home/home.html",
        line=Headline(state.answering, str(headline), str(advice)),
        tiles=tiles,
        parts=parts,
    )


def _tiles(session: Session, state: LineState, now: datetime) -> list[Tile]:
    midnight = datetime.combine(local(now).date(), time(), desk().zone)
    today = call_search.search(session, CallFilter(since=midnight), limit=1).total
    by_state = complaint_search.counts(session)
    unsettled = sum(count for name, count in by_state.items() if name not in SETTLED)
    in_progress = state.calls if state.answering and state.calls is not None else "—"
    return [
        Tile(in_progress, _("calls now"), "calls.calls"),
        Tile(today, _("calls today"), "calls.calls"),
        Tile(unsettled, _("complaints without a reply"), "complaints.complaints"),
        Tile(call_backs.count_waiting(session), _("callers to call back"), "call_backs.call_backs"),
        Tile(len(outages.current(session, now)), _("outages callers hear"), "outages.outages"),
    ]


def _responder(state: LineState, now: datetime) -> Part:
    detail = ""
    if state.at is not None:
        detail = _("last sign of life %(ago)s", ago=ago((now - state.at).total_seconds()))
    shown, colour = (_("Running"), "good") if state.answering else (_("Not answering"), "bad")
    return Part(_("Telephone line"), shown, colour, detail)


def _trunks(session: Session) -> list[Part]:
    return [
        Part(
            _("Trunk %(name)s", name=trunk.name),
            word(trunk.register_state, "trunk_state"),
            tone(trunk.register_state, "trunk_state"),
            trunk.detail,
        )
        for trunk in trunks.all_trunks(session, enabled_only=True)
    ]


def _voices() -> list[Part]:
    """Ask the voice process what it can speak; it answers at once or is not there."""
    try:
        with VoiceClient(desk().settings.voice, VOICE_TIMEOUT_S) as voice:
            listed = voice.status().get("voices", [])
    except PromptError:
        detail = _("prompts that are rendered already are still heard")
        return [Part(_("Voices"), _("Not running"), "bad", detail)]
    parts = []
    for language, name in LANGUAGE_NAMES.items():
        speaking = [voice for voice in listed if voice.get("language") == language]
        usable = [str(voice.get("name")) for voice in speaking if voice.get("usable")]
        remedies = [str(voice["remedy"]) for voice in speaking if voice.get("remedy")]
        parts.append(
            Part(
                str(name),
                _("Usable") if usable else _("Missing"),
                "good" if usable else "bad",
                ", ".join(usable) or "; ".join(remedies),
            )
        )
    return parts
