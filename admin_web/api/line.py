"""How the line stands: its state, trunks, numbers, settings and what is kept for how long."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from admin_web.api.fields import Answer, Listed
from admin_web.api.operation import operation
from admin_web.api.shapes import At
from admin_web.desk import desk
from admin_web.health.state import line_state
from admin_web.languages import page_language
from admin_web.trunks.views import other_side
from ivr.services import heartbeats, numbers, retention, trunks


class ProcessOut(Answer):
    """A process of the line and its last sign of life."""

    name: str
    time: At


class StateOut(Answer):
    """Whether calls are answered; else why not, in a word. ``calls`` are in progress."""

    answering: bool
    why_not: str
    calls: int | None
    processes: list[ProcessOut]
    now: At


@operation(
    "GET",
    "/state",
    _l("Whether the line answers, and how it stands"),
    page="home.home",
    scope="line:read",
    answer=StateOut,
)
def state() -> StateOut:
    """From the signs of life its processes leave."""
    now: datetime = desk().now()
    with desk().database.read() as session:
        found = line_state(session, now)
        beats = heartbeats.all_beats(session)
    return StateOut(
        answering=found.answering,
        why_not=found.why_not,
        calls=found.calls,
        processes=[ProcessOut(name=one.process, time=one.at) for one in beats],
        now=now,
    )


class TrunkOut(Answer):
    """A trunk and how its registration stands; its password is never told."""

    name: str
    enabled: bool
    registrar: str
    transport: str | None
    srtp: str | None
    state: str
    detail: str
    expires: At | None
    updated: At


@operation(
    "GET",
    "/trunks",
    _l("Trunks and how they stand"),
    page="trunks.trunks",
    scope="line:read",
    answer=Listed[TrunkOut],
    name="trunks",
)
def trunk_list() -> Listed[TrunkOut]:
    """All of them, by name."""
    with desk().database.read() as session:
        rows = trunks.all_trunks(session)
    return Listed[TrunkOut](
        items=[
            TrunkOut(
                name=row.name,
                enabled=row.enabled,
                registrar=other_side(row),
                transport=row.settings.get("transport"),
                srtp=row.settings.get("srtp"),
                state=row.register_state,
                detail=row.detail,
                expires=row.expires_at,
                updated=row.updated_at,
            )
            for row in rows
        ]
    )


class NumberOut(Answer):
    """A called number and the flow it starts."""

    called: str
    flow: str
    note: str
    updated: At


@operation(
    "GET",
    "/numbers",
    _l("Called numbers and the flows they start"),
    page="trunks.trunks",
    scope="line:read",
    answer=Listed[NumberOut],
    name="numbers",
)
def number_list() -> Listed[NumberOut]:
    """All that are listed; others start main."""
    with desk().database.read() as session:
        rows = numbers.all_numbers(session)
    return Listed[NumberOut](
        items=[
            NumberOut(called=row.called, flow=row.flow, note=row.note, updated=row.updated_at)
            for row in rows
        ]
    )


class SettingOut(Answer):
    """A setting of the line; a secret is hidden."""

    variable: str
    value: str
    source: str
    meaning: str


@operation(
    "GET",
    "/settings",
    _l("Settings of the line; secrets are hidden"),
    page="line_settings.line_settings",
    scope="line:read",
    answer=Listed[SettingOut],
)
def settings() -> Listed[SettingOut]:
    """As they were when the desk was started."""
    language = page_language()
    return Listed[SettingOut](
        items=[
            SettingOut(
                variable=one.variable,
                value=one.value,
                source=one.source,
                meaning=one.meaning.get(language, ""),
            )
            for one in desk().settings.listed
        ]
    )


class KeptOut(Answer):
    """How long one kind of data is kept (0: for ever), and how much of it goes tonight."""

    kind: str
    days: int
    due: int


class RetentionOut(Answer):
    """``due`` is counted up to a limit of the page; ``removed`` is what went at ``last_run``."""

    kept: list[KeptOut]
    last_run: At | None
    removed: dict[str, int]
    faults: list[str]


@operation(
    "GET",
    "/retention",
    _l("What is kept for how long, and what went last"),
    page="retention.retention",
    scope="line:read",
    answer=RetentionOut,
    name="retention",
)
def kept() -> RetentionOut:
    """As on the page."""
    periods = desk().settings.periods
    with desk().database.read() as session:
        due = retention.due(session, periods, desk().now())
        last = retention.last(session)
    return RetentionOut(
        kept=[
            KeptOut(
                kind=kind,
                days=periods.calls if kind == "call_backs" else getattr(periods, kind),
                due=count,
            )
            for kind, count in due.items()
        ],
        last_run=last.at if last else None,
        removed=dict(last.removed) if last else {},
        faults=list(last.faults) if last else [],
    )
