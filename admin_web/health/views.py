"""Health for monitors: no sign-in, no personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.health.counted import counted
from admin_web.health.pages import page_seconds
from admin_web.health.state import line_state
from admin_web.health.voices import voice_state
from ivr.records import DatabaseUnavailable
from ivr.records.tables import Heartbeat
from ivr.services import call_backs, complaint_search, heartbeats, outages, trunks
from ivr.services.errors import Message

blueprint = Blueprint("health", __name__)

# For monitors and operators: in English, like the log.
WORDS = {
    "": "calls are answered",
    "never_started": "the responder has not started yet",
    "silent": "the responder gave no sign of life lately",
    "not_listening": "the responder runs but does not listen yet",
    "draining": "the line is being stopped: calls in progress finish, new ones are refused",
}


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 once calls are answered, 503 before."""
    try:
        with desk().database.read() as session:
            state = line_state(session, desk().now())
    except DatabaseUnavailable:
        state_of_database = "the database cannot be reached"
        return jsonify(answering=False, state=state_of_database, alarms=_alarms()), 503
    return jsonify(
        answering=state.answering,
        state=WORDS[state.why_not],
        calls=state.calls,
        voices=voice_state().word,
        announcements=state.detail.get("announcements_in_force", 0),
        last_sign_of_life=state.at.isoformat() if state.at else None,
        alarms=_alarms(),
    ), 200 if state.answering else 503


def _alarms() -> list[str]:
    """What is wrong, in words; folders of the machine are nobody's business here."""
    up = desk().settings.alarms.alarms
    return [f"{alarm.finding.name}: {_said(alarm.finding.what)}" for alarm in up]


def _said(what: Message) -> str:
    hidden = {"folder": "the line", "fault": ""}
    params = {name: hidden.get(name, value) for name, value in what.params.items()}
    return (what.template % params if params else what.template).strip()


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures in Prometheus' text format; without a database those that need none."""
    registry = CollectorRegistry()
    registry.register(page_seconds())
    registry.register(_Alarms())
    text = generate_latest(registry)
    try:
        with desk().database.read() as session:
            recorded = CollectorRegistry()
            recorded.register(_Recorded(session))
            text += generate_latest(recorded)
    except DatabaseUnavailable:
        pass  # an alarm says so: a monitor that got an error now would not hear of it
    return Response(text, content_type=CONTENT_TYPE_LATEST)


class _Alarms(Collector):
    """What is wrong, from the desk's own memory."""

    def collect(self) -> Iterator[Metric]:
        alarms = GaugeMetricFamily("ivr_alarm", "1 while this is wrong", labels=["alarm"])
        for name in sorted({alarm.finding.name for alarm in desk().settings.alarms.alarms}):
            alarms.add_metric([name], 1.0)
        yield alarms


class _Recorded(Collector):
    """Everything that is in the database at this moment."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        now = desk().now()
        state = line_state(self._session, now)
        yield _gauge("ivr_answering", "1 while calls are answered", float(state.answering))
        if state.calls is not None:
            yield _gauge("ivr_calls_in_progress", "Calls in progress", state.calls)
        yield from counted(state.detail)
        beats = heartbeats.all_beats(self._session)
        ages = GaugeMetricFamily(
            "ivr_heartbeat_age_seconds", "Since the last sign of life", labels=["process"]
        )
        for beat in beats:
            ages.add_metric([beat.process], max(0.0, (now - beat.at).total_seconds()))
        yield ages
        yield from _of_processes(beats)
        yield from _voices()
        by_state = GaugeMetricFamily("ivr_complaints", "Complaints by state", labels=["state"])
        for complaint_state, count in complaint_search.counts(self._session).items():
            by_state.add_metric([complaint_state.value], count)
        yield by_state
        waiting = call_backs.count_waiting(self._session)
        yield _gauge("ivr_call_backs_open", "Callers who wait for a call-back", waiting)
        current = len(outages.current(self._session, now))
        yield _gauge("ivr_outages_current", "Outage notices callers hear", current)
        registered = GaugeMetricFamily(
            "ivr_trunk_registered", "1 while the trunk is registered", labels=["trunk"]
        )
        for trunk in trunks.all_trunks(self._session, enabled_only=True):
            registered.add_metric([trunk.name], float(trunk.register_state == "registered"))
        yield registered


def _of_processes(beats: Sequence[Heartbeat]) -> Iterable[Metric]:
    """Every other number the processes tell of themselves, as a gauge of its name."""
    figures: dict[str, GaugeMetricFamily] = {}
    for beat in beats:
        for name, value in sorted(beat.detail.items()):
            if isinstance(value, int | float):
                figure = "ivr_process_" + re.sub(r"[^a-zA-Z0-9_]", "_", name)
                text = f"What the processes say of {name}"
                family = figures.setdefault(
                    figure, GaugeMetricFamily(figure, text, labels=["process"])
                )
                family.add_metric([beat.process], float(value))
    return figures.values()


def _voices() -> Iterator[Metric]:
    """What the voice process says of its voices; only that it is away where it says nothing."""
    state = voice_state()
    yield _gauge("ivr_voice_up", "1 while the voice process answers", float(state.up))
    if not state.up:
        return
    yield _gauge("ivr_voice_queue", "Clauses that wait to be rendered", state.waiting)
    failures = CounterMetricFamily(
        "ivr_voice_failures", "Clauses a voice could not say in time", labels=["voice"]
    )
    failing = GaugeMetricFamily(
        "ivr_voice_failing", "1 while a voice hangs or fails again and again", labels=["voice"]
    )
    for name in state.names:
        failures.add_metric([name], state.failures.get(name, 0))
        failing.add_metric([name], float(name in state.failing))
    yield failures
    yield failing


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
