"""How the line is doing, in words and a few figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from admin_web.departments import own_department
from admin_web.desk import desk
from admin_web.flows.published import flow_set
from admin_web.formatting import ago, day_text, local, whole
from admin_web.health.state import LineState, line_state
from admin_web.health.voices import VoiceState, state_of
from admin_web.home.machine import machine
from admin_web.home.part import Part
from admin_web.names import tone, word
from admin_web.telephone.views import telephone
from admin_web.transcripts.standing import Standing, standing
from ivr.records.tables import TrunkRow
from ivr.services import (
    call_backs,
    call_search,
    complaint_search,
    outages,
    revisions,
    summary_mail,
    trunks,
)
from ivr.services.call_search import CallFilter
from ivr.services.summary_mail import MailState
from prompts.errors import PromptError
from prompts.voice_client import VoiceClient

blueprint = Blueprint("home", __name__)

VOICE_TIMEOUT_S = 1.0

# why the line does not answer: (tone, headline, what to do)
HEADLINES = {
    "": ("good", _l("The line answers calls."), ""),
    "never_started": (
        "bad",
        _l("The line does not answer: it has not been started yet."),
        _l("Start it with “make run”, or wait a moment if you just did."),
    ),
    "silent": (
        "bad",
        _l("The line does not answer: its last sign of life was %(ago)s."),
        _l(
            "It is restarted by itself within seconds. If this stays longer than a minute, restart "
            "the service on its machine, and look into its log for the reason; until then callers "
            "hear nothing."
        ),
    ),
    "not_listening": (
        "busy",
        _l("The line is starting."),
        _l("It answers in a moment. If this stays, tell your operator."),
    ),
    "draining": (
        "busy",
        _l("The line is being stopped."),
        _l("Calls in progress are finished; new ones are refused until it is started again."),
    ),
}
LANGUAGE_NAMES = {"zh-CN": _l("Mandarin voice"), "en": _l("English voice")}
# Voices that are no more than a stand-in: hard to understand.
EMERGENCY = {"espeak"}
ONLINE = "gtts"
TROUBLED = ("refused", "unreachable")


@dataclass(frozen=True, slots=True)
class Headline:
    """The state of the line in one sentence, and what to do about it."""

    tone: str
    headline: str
    advice: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that callers will notice: what, what to do, and the commands that do it."""

    tone: str
    what: str
    advice: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure and where it leads."""

    figure: int | str
    name: str
    endpoint: str
    query: Mapping[str, str] = field(default_factory=dict)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """How the line is doing."""
    now = desk().now()
    with desk().database.read() as session:
        state = line_state(session, now)
        tiles = _tiles(session, state, now)
        listed = trunks.all_trunks(session, enabled_only=True)
        parts = [_responder(state, now), *map(_trunk, listed)]
        writing = standing(session, now)
        mailed = summary_mail.state(session)
        loaded = flow_set(session)
        untouched = not revisions.newest_flows(session)  # nobody has published a flow yet
    main_flow = loaded.main if loaded else "main"
    voices, troubles = _voices()
    troubles += _mail_trouble(mailed)
    if writing.trouble:
        troubles.append(Trouble("busy", writing.trouble, writing.advice))
    troubles += [trouble for trouble in map(_trunk_trouble, listed) if trouble]
    return render_template(
        "home/home.html",
        line=_headline(state, now),
        tiles=tiles,
        parts=[
            *parts,
            *voices,
            _transcripts(writing),
            *machine(state, desk().settings.state_dir),
        ],
        troubles=troubles,
        main_flow=main_flow,
        fresh=untouched,
        phone=telephone(),
    )


def _headline(state: LineState, now: datetime) -> Headline:
    colour, headline, advice = HEADLINES[state.why_not]
    told = str(headline)
    if state.at is not None and "%(ago)s" in told:
        told %= {"ago": ago((now - state.at).total_seconds())}
    return Headline(colour, told, str(advice))


def _tiles(session: Session, state: LineState, now: datetime) -> list[Tile]:
    day = local(now).date().isoformat()
    midnight = datetime.combine(local(now).date(), time(), desk().zone)
    counted = call_search.count(session, CallFilter(since=midnight))
    today = whole(min(counted, call_search.COUNTED)) + "+" * (counted > call_search.COUNTED)
    unsettled = complaint_search.count_unsettled(session, department=own_department())
    in_progress = state.calls if state.answering and state.calls is not None else "—"
    return [
        Tile(in_progress, _("calls now"), "calls.calls"),
        Tile(today, _("calls today"), "calls.calls", {"first_day": day, "last_day": day}),
        Tile(
            unsettled,
            _("complaints without a reply"),
            "complaints.complaints",
            {"state": "open"},
        ),
        Tile(call_backs.count_waiting(session), _("callers to call back"), "call_backs.call_backs"),
        Tile(len(outages.current(session, now)), _("outages callers hear"), "outages.outages"),
    ]


def _responder(state: LineState, now: datetime) -> Part:
    detail = ""
    if state.at is not None:
        detail = _("last sign of life %(ago)s", ago=ago((now - state.at).total_seconds()))
    shown, colour = (_("Running"), "good") if state.answering else (_("Not answering"), "bad")
    return Part(_("Telephone line"), shown, colour, detail)


def _trunk(row: TrunkRow) -> Part:
    return Part(
        _("Trunk %(name)s", name=row.name),
        word(row.register_state, "trunk_state"),
        tone(row.register_state, "trunk_state"),
        row.detail,
    )


def _transcripts(writing: Standing) -> Part:
    return Part(_("Transcripts"), writing.word, writing.tone, writing.detail)


def _trunk_trouble(row: TrunkRow) -> Trouble | None:
    if row.register_state not in TROUBLED:
        return None
    return Trouble(
        "bad",
        _("Callers who dial by the trunk %(name)s do not reach the line.", name=row.name),
        _("Check its user name, password and address with the provider; the line keeps trying."),
    )


def _mail_trouble(mailed: MailState | None) -> list[Trouble]:
    """Return what is wrong with the daily summary by mail, where it is sent at all."""
    if desk().settings.mail is None or mailed is None or not mailed.error:
        return []
    what = _(
        "The daily summary of %(day)s was not mailed: %(error)s",
        day=day_text(mailed.day),
        error=mailed.error,
    )
    advice = _(
        "It is tried again every quarter of an hour. Check the mail server's settings "
        "(IVR_SMTP_…) with your operator; the summary can be read here meanwhile: Figures, "
        "Daily summary."
    )
    return [Trouble("busy", what, advice)]


def _voices() -> tuple[list[Part], list[Trouble]]:
    """Ask the voice process what it can speak; it answers at once or is not there."""
    try:
        with VoiceClient(desk().settings.voice, VOICE_TIMEOUT_S) as voice:
            status = voice.status()
    except PromptError:
        trouble = Trouble(
            "bad",
            _("The voice is not running: amounts, dates and new texts cannot be spoken."),
            _(
                "What is rendered already is still heard. It is restarted by itself; if this "
                "stays, tell your operator."
            ),
        )
        return [Part(_("Voices"), _("Not running"), "bad", "")], [trouble]
    listed, state = status.get("voices", []), state_of(status)
    parts, troubles = [], []
    for language, name in LANGUAGE_NAMES.items():
        speaking = [voice for voice in listed if voice.get("language") == language]
        usable = [str(voice.get("name")) for voice in speaking if voice.get("usable")]
        good = set(usable) - EMERGENCY - {ONLINE}
        shown, colour = (_("Usable"), "good") if good else (_("Emergency voice only"), "busy")
        if not good and ONLINE in usable:
            shown, colour = _("Online voice, if it was chosen"), "busy"
        elif not usable:
            shown, colour = _("Missing"), "bad"
        failing = sorted(voice for voice in good if state.fails(voice))
        if failing:
            shown, colour = _("Failing"), "bad"
        parts.append(Part(str(name), shown, colour, _voice_detail(sorted(good), state)))
        if not good:
            troubles.append(_voice_trouble(str(name), speaking, usable))
        elif failing:
            troubles.append(_voice_failing(str(name), failing, state))
    return parts, troubles


def _voice_detail(names: list[str], state: VoiceState) -> str:
    """The voices of a language; how often one has failed is told while it keeps failing.

    One clause that took too long, as the first may while the model is still being loaded, is in
    the log and in the metrics, and nothing for whoever looks at this page.
    """
    told = []
    for name in names:
        times = state.times(name) if state.fails(name) else 0
        told.append(
            _("%(voice)s (failed %(times)s times)", voice=name, times=times) if times else name
        )
    return ", ".join(told)


def _voice_failing(name: str, failing: list[str], state: VoiceState) -> Trouble:
    times = sum(map(state.times, failing))
    return Trouble(
        "bad",
        _(
            "%(voice)s keeps failing: %(name)s did not speak in time, or not at all, "
            "%(times)s times.",
            voice=name,
            name=", ".join(failing),
            times=times,
        ),
        _(
            "What is rendered already is still heard; new amounts and dates are spoken by the "
            "emergency voice, or left out. Restart the line; if it comes back, look into its log "
            "for the reason."
        ),
    )


def _voice_trouble(name: str, speaking: list[dict[str, object]], usable: list[str]) -> Trouble:
    # An online voice is a choice of its own: installing it does not make it speak.
    missing = [voice for voice in speaking if voice.get("remedy") and voice.get("name") != ONLINE]
    commands = tuple(str(voice["remedy"]) for voice in missing)
    if ONLINE in usable:
        what = _(
            "%(voice)s: none is installed; only the online voice speaks, if it was chosen.",
            voice=name,
        )
    elif usable:
        what = _(
            "%(voice)s: only the emergency voice speaks, and is hard to understand.", voice=name
        )
    else:
        what = _("%(voice)s is missing: callers do not hear what is not rendered yet.", voice=name)
    advice = _("On the machine of the line, run one of these commands, then restart the line:")
    return Trouble("busy" if usable else "bad", what, advice, commands)
