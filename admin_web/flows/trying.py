"""The simulator: a call through a draft, without a telephone.

The page keeps what the caller did; the whole call is held again for every key (`call_flows.trial`),
so that an edit of the flow is met at once by the same caller. A lookup is answered by the clerk, or
by the line's own records at the chosen time of day; whatever that would change is rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows.blueprint import blueprint
from admin_web.flows.drafted import flows_of, own, prompts_of
from admin_web.flows.edits import UnknownEditError
from admin_web.flows.offered import UnreadableValueError, as_typed_by_hand, typed
from admin_web.languages import page_language
from admin_web.prompts.published import LANGUAGES
from admin_web.reasons import said
from admin_web.voice import not_spoken, spoken_clauses
from call_flows import CallFacts, FlowSet
from call_flows.instructions import Collect, Lookup, Replay, Say
from call_flows.scenario import ScenarioError
from call_flows.trial import MOST_INPUTS, Given, Trial, Waits, as_scenario, hold
from ivr.services import flow_scenarios, lookups, schedules
from ivr.services.errors import ServiceError
from prompts.catalogue import Catalogue
from prompts.compose import compose
from prompts.errors import PromptError

_ONLY_IN_A_CALL = _l("{service} knows who calls by the call itself; choose its answer yourself.")


def _answers_without_a_call(service: str) -> bool:
    """Say whether the line's own records can answer: the studio asks who keyed a code before."""
    return not service.startswith("studio.")


class _RolledBack(Exception):  # noqa: N818 - never leaves this module
    """Ends a transaction without keeping it."""


@blueprint.post("/<name>/try")
def attempt_call(name: str) -> ResponseReturnValue:
    """Hold a call as far as it was given; answers with all that was said and what is waited for."""
    asked = _asked()
    if asked is None:
        return jsonify(error=said(UnknownEditError())), 400
    with desk().database.read() as session:
        draft = own(session, name)
        catalogue = prompts_of(session, draft)
        flow_set, whole = flows_of(session, name, draft)
    if not whole:
        return jsonify(
            error=_("The draft cannot be tried before its errors are mended."), blocked=True
        ), 422
    try:
        trial = _held(flow_set, name, asked)
        given = list(asked["given"])
        if asked.get("ask") and isinstance(trial.waits, Lookup):
            if not _answers_without_a_call(trial.waits.service):
                return jsonify(error=str(_ONLY_IN_A_CALL).format(service=trial.waits.service)), 422
            given.append(_asked_for_real(trial.waits, asked))
            trial = _held(flow_set, name, {**asked, "given": given})
    except UnreadableValueError as error:
        return jsonify(
            error=_("“%(value)s” cannot be read as %(name)s.", value=error.given, name=error.name)
        ), 422
    except (ScenarioError, ServiceError, KeyError, TypeError) as error:
        return jsonify(error=said(error)), 422
    return jsonify(call=_shown(trial, catalogue), given=given)


@blueprint.post("/<name>/try/hear")
def hear_call(name: str) -> ResponseReturnValue:
    """Say what was said at one turn of a call: all of it, or one piece in a language."""
    asked = _asked()
    if asked is None or not isinstance(asked.get("turn"), int):
        return not_spoken(said(UnknownEditError()), 400)
    with desk().database.read() as session:
        draft = own(session, name)
        catalogue = prompts_of(session, draft)
        flow_set, _whole = flows_of(session, name, draft)
    try:
        turns = _held(flow_set, name, asked).turns
        said_then = [one for one in turns[asked["turn"]].said if isinstance(one, Say)]
        if isinstance(asked.get("piece"), int):
            piece = turns[asked["turn"]].said[asked["piece"]]
            said_then = [piece] if isinstance(piece, Say) else []
        language = asked.get("language")
        clauses = [
            clause
            for one in said_then
            for clause in compose(
                catalogue,
                one.prompt,
                language if language in LANGUAGES else one.language,
                one.slots,
            )
        ]
    except PromptError as error:
        return not_spoken(_("This text cannot be spoken: %(reason)s", reason=said(error)), 422)
    except (UnreadableValueError, ScenarioError, IndexError, KeyError, TypeError):
        return not_spoken(said(UnknownEditError()), 422)
    if not clauses:
        return not_spoken(_("Nothing is said here."), 422)
    return spoken_clauses(clauses)


@blueprint.post("/<name>/try/keep")
def keep_call(name: str) -> ResponseReturnValue:
    """Keep a call as a scenario, which is played before every publish."""
    asked = _asked()
    if asked is None:
        return jsonify(error=said(UnknownEditError())), 400
    try:
        with desk().database.read() as session:
            flow_set, whole = flows_of(session, name, own(session, name))
        trial = _held(flow_set, name, asked)
        if not whole or trial.failures:
            return jsonify(error=_("A call that failed inside cannot be kept.")), 422
        title = str(asked.get("title", "")).strip()
        with desk().database.begin() as session:
            row = flow_scenarios.add(
                session,
                title=title,
                flow=trial.flow,
                text=as_scenario(trial, title),
                author=current_user.username,
                now=desk().now(),
            )
            note(session, "scenario_kept", row.title)
    except (ServiceError, ScenarioError) as error:
        return jsonify(error=said(error)), 422
    except (UnreadableValueError, KeyError, TypeError):
        return jsonify(error=said(UnknownEditError())), 400
    return jsonify(
        told=_("Kept. It is played before every publish, and stops one that changes it.")
    )


def _asked() -> dict[str, Any] | None:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("given"), list):
        return None
    if len(asked["given"]) > MOST_INPUTS or not all(isinstance(g, dict) for g in asked["given"]):
        return None
    return asked


def _held(flow_set: FlowSet, name: str, asked: Mapping[str, Any]) -> Trial:
    flow = asked.get("flow") or name
    if flow not in flow_set.flows:
        flow = flow_set.main
    call = CallFacts(str(asked.get("caller", ""))[:64], str(asked.get("called", ""))[:64])
    with desk().database.read() as session:
        timetable = schedules.timetable(session, desk().zone)
    moment = _moment(asked)
    return hold(
        flow_set,
        str(flow),
        call,
        [_input(one) for one in asked["given"]],
        lambda schedule: timetable.standing(schedule, moment),
    )


def _input(given: Given) -> Given:
    """What a page sends as an input of a scenario: the values of a lookup get their types."""
    found = given.get("lookup")
    if not isinstance(found, dict):
        return given
    service, outcome = str(found.get("service", "")), str(found["outcome"])
    return {"lookup": {"outcome": outcome, "values": typed(service, outcome, found.get("values"))}}


def _asked_for_real(waits: Lookup, asked: Mapping[str, Any]) -> Given:
    """What the line's own records answer; nothing of it is kept, not even a wrong code."""
    answer: dict[str, Any] = {}
    try:
        with desk().database.begin() as session:
            _look_up(session, waits, asked, answer)
            raise _RolledBack
    except _RolledBack:
        return {"lookup": answer}


def _look_up(
    session: Session, waits: Lookup, asked: Mapping[str, Any], answer: dict[str, Any]
) -> None:
    found = lookups.run(session, waits.service, waits.arguments, _moment(asked), zone=desk().zone)
    answer |= {
        "service": waits.service,
        "outcome": found.name,
        "values": as_typed_by_hand(found.values),
    }


def _moment(asked: Mapping[str, Any]) -> datetime:
    """The time of day that was chosen, or now."""
    try:
        given = datetime.fromisoformat(str(asked.get("at", "")))
    except ValueError:
        return desk().now()
    return (given if given.tzinfo else given.replace(tzinfo=desk().zone)).astimezone(UTC)


# --- as the page shows it


def _shown(trial: Trial, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "turns": [
            {
                "given": _given(turn.given),
                "said": [_said(one, catalogue) for one in turn.said],
                "steps": [
                    {"flow": s.flow, "node": s.node, "given": s.given, "outcome": s.outcome}
                    for s in turn.steps
                ],
            }
            for turn in trial.turns
        ],
        "at": {"flow": trial.at[0], "node": trial.at[1]},
        "waits": _waits(trial.waits),
        "variables": [
            {"name": name, "value": _readable(value)} for name, value in trial.variables.items()
        ],
        "language": trial.language,
        "finished": trial.finished,
        "failures": list(trial.failures),
    }


def _given(given: Given | None) -> dict[str, Any] | None:
    if given is None:
        return None
    name = next(iter(given))
    value = given[name]
    if name == "lookup" and isinstance(value, Mapping):
        return {"kind": name, "text": str(value.get("outcome", ""))}
    if name == "record" or isinstance(value, bool | Mapping):
        return {"kind": name, "text": ""}
    return {"kind": name, "text": str(value)}


def _said(content: Say | Replay, catalogue: Catalogue) -> dict[str, Any]:
    if isinstance(content, Replay):
        return {"replay": content.recording, "prompt": "", "language": "", "texts": {}}
    found: dict[str, str] = {}
    for language in LANGUAGES:
        try:
            clauses = compose(catalogue, content.prompt, language, content.slots)
        except PromptError as error:
            found[language] = said(error)
        else:
            joint = "" if language == "zh-CN" else " "
            found[language] = joint.join(clause.text for clause in clauses)
    return {"prompt": content.prompt, "language": content.language, "texts": found}


def _waits(waits: Waits | None) -> dict[str, Any]:
    if waits is None:
        return {"for": "nothing"}
    found: dict[str, Any] = {"for": type(waits).__name__}
    if is_dataclass(waits):
        for one in fields(waits):
            value = getattr(waits, one.name)
            if isinstance(value, str | int | float | bool) or value is None:
                found[one.name] = value
    if isinstance(waits, Lookup):
        found["real"] = _answers_without_a_call(waits.service)
        found["arguments"] = {
            name: "****" if name in waits.sensitive else str(value)
            for name, value in waits.arguments.items()
        }
    if isinstance(waits, Collect):
        found["entry"] = waits.max_digits > 1
    return found


def _readable(value: Any) -> str:
    if isinstance(value, list | tuple):
        sign = "、" if page_language() == "zh-CN" else "; "
        return sign.join(_readable(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_readable(one)}" for key, one in value.items())
    return str(value)
