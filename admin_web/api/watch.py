"""What is wrong with the line, where callers are in a flow, and what signalling said in a call."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_babel import lazy_gettext as _l
from pydantic import Field

from admin_web.api.calls import Identity
from admin_web.api.content import Name
from admin_web.api.fields import Answer
from admin_web.api.operation import PCAP, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At
from admin_web.audit import seen
from admin_web.calls.trace import pcap_answer, wanted_of
from admin_web.desk import desk
from admin_web.flows.published import texts
from admin_web.numbers import sees_whole
from admin_web.reasons import said
from ivr.records.tables import Call
from ivr.services import flow_numbers
from ivr.traces import messages


class AlarmOut(Answer):
    """Something that is wrong; ``grave`` where callers suffer or something may be lost.

    ``name`` is a word that stays; ``what`` and ``advice`` are in the language asked for.
    """

    name: str
    grave: bool
    what: str
    advice: str
    since: At


class Alarms(Answer):
    """What is wrong now, the gravest first; empty where nothing is."""

    alarms: list[AlarmOut]


@operation(
    "GET",
    "/alarms",
    _l("What is wrong with the line now"),
    page="home.home",
    scope="line:read",
    answer=Alarms,
)
def alarms() -> Alarms:
    """Those at the head of every page."""
    return Alarms(
        alarms=[
            AlarmOut(
                name=one.finding.name,
                grave=one.finding.grave,
                what=said(one.finding.what),
                advice=said(one.finding.advice),
                since=one.since,
            )
            for one in desk().settings.alarms.alarms
        ]
    )


class NodeNumbers(Answer):
    """Callers at a node ``now``; yesterday, calls that ``passed`` it and were lost there."""

    node: str
    now: int
    passed: int
    left: int


class FlowNumbers(Answer):
    """Of the nodes at which anybody is or was."""

    nodes: Annotated[list[NodeNumbers], Field(description="by name")]


@operation(
    "GET",
    "/flows/{name}/numbers",
    _l("Callers at each node now, and where they left yesterday"),
    page="flows.numbers",
    scope="content:read",
    parts={"name": Name},
    answer=FlowNumbers,
)
def flow_numbers_now(name: str) -> FlowNumbers:
    """As in the flow's picture."""
    with desk().database.read() as session:
        if name not in texts(session):
            raise ProblemError(404)
        found = flow_numbers.of_flow(session, name, now=desk().now(), zone=desk().zone)
    return FlowNumbers(
        nodes=[
            NodeNumbers(node=node, now=n.now, passed=n.passed, left=n.left)
            for node, n in sorted(found.items())
        ]
    )


@operation(
    "GET",
    "/calls/{call_id}/trace.pcap",
    _l("What signalling said in a call, for Wireshark"),
    page="calls.trace",
    scope="calls:read",
    parts={"call_id": Identity},
    gives=PCAP,
)
def call_trace(call_id: str) -> Response:
    """404 where nothing of it is left. It has numbers in it: for tokens that see them whole."""
    if not sees_whole():
        raise ProblemError(403)
    with desk().database.read() as session:
        call = session.get(Call, call_id)
        if call is None:
            raise ProblemError(404)
        wanted = wanted_of(call)
    found = messages(desk().settings.sip_traces, wanted)
    if not found:
        raise ProblemError(404)
    seen("sip_trace_fetched", f"call {call_id}")
    return pcap_answer(call_id, found)
