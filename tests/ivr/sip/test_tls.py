"""SIP by TLS, seen from the core: Via, Contact, paths (RFC 3261 §26.2, RFC 5630, RFC 5922)."""

from __future__ import annotations

import pytest

from ivr.sip.address import Flow
from ivr.sip.config import Trunk
from ivr.sip.dialog import Dialog
from ivr.sip.events import CallEstablished, InviteReceived, TrunkState
from ivr.sip.message import Request, Response
from ivr.sip.routing import fallback_flow, next_hop, response_flow
from ivr.sip.uri import Uri
from ivr.sip.via import Via
from tests.ivr.sip.peers import ANSWER, OFFER, Line, request, requests

OURS = ("192.0.2.1", 5061)
THEIRS = ("192.0.2.9", 49_152)
TLS = Flow("tls", OURS, THEIRS)
UDP = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))


def secure_line() -> Line:
    line = Line(transport="tls")
    line.flow = TLS
    return line


def answered(line: Line, uri: str, contact: str) -> tuple[int, Response]:
    """A call that is up, and its 200."""
    line.give(request("INVITE", body=OFFER, uri=uri, transport="TLS", contact=contact))
    call = line.event(InviteReceived).call
    line.agent.answer(call, ANSWER, line.now)
    said = [message for message in line.said() if isinstance(message, Response)]
    return call, said[-1]


@pytest.mark.parametrize(
    ("uri", "contact"),
    [
        ("sip:line@192.0.2.1", "<sip:line@192.0.2.1:5061;transport=tls>"),
        ("sips:line@192.0.2.1", "<sips:line@192.0.2.1:5061>"),
    ],
)
def test_our_contact_is_sips_where_the_request_is(uri: str, contact: str) -> None:
    _call, ok = answered(secure_line(), uri, "<sip:peer@192.0.2.9:49152;transport=tls>")
    assert ok.status == 200
    assert ok.headers.get("Contact") == contact


def test_a_sips_request_in_the_clear_gets_no_sips_contact() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER, uri="sips:line@192.0.2.1"))
    line.agent.answer(line.event(InviteReceived).call, ANSWER, line.now)
    [ok] = [m for m in line.said() if isinstance(m, Response) and m.status == 200]
    assert ok.headers.get("Contact") == "<sip:line@192.0.2.1:5060>"


@pytest.mark.parametrize(
    "contact", ["<sip:peer@192.0.2.9>", "<sip:peer@192.0.2.9:5060>", "<sip:peer@pbx.example>"]
)
def test_a_call_that_began_by_tls_is_ended_by_tls_whatever_the_contact_says(contact: str) -> None:
    line = secure_line()
    call, ok = answered(line, "sip:line@192.0.2.1", contact)
    tag = ok.to.tag
    line.give(request("ACK", transport="TLS", to_tag=tag, branch="z9hG4bK-ack", contact=contact))
    line.event(CallEstablished)
    line.sent_flows.clear()
    line.agent.hang_up(call, line.now)
    [bye] = requests(line.said(), "BYE")
    assert bye.via.transport == "TLS"
    assert line.sent_flows == [TLS]


@pytest.mark.parametrize(
    ("uri", "path", "target"),
    [
        ("sips:peer@192.0.2.9", UDP, Flow("tls", ("192.0.2.1", 5061), ("192.0.2.9", 5061))),
        (
            "sip:peer@192.0.2.9:5071;transport=tls",
            UDP,
            Flow("tls", ("192.0.2.1", 5061), ("192.0.2.9", 5071)),
        ),
        ("sips:peer@192.0.2.9:5061", TLS, TLS),
        ("sips:peer@192.0.2.77", TLS, Flow("tls", OURS, ("192.0.2.77", 5061))),
        ("sip:peer@192.0.2.77", TLS, TLS),
        ("sip:peer@192.0.2.77;transport=tcp", TLS, TLS),
    ],
)
def test_the_next_hop_is_never_less_secure_than_the_path(
    uri: str, path: Flow, target: Flow
) -> None:
    assert next_hop(Uri.parse(uri), path, trust=True) == target


def test_an_answer_goes_back_on_its_connection_or_to_the_port_of_tls() -> None:
    via = Via.parse("SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1")
    assert response_flow(TLS, via) == TLS
    assert fallback_flow(TLS, via) == Flow("tls", OURS, ("192.0.2.9", 5061))


def test_a_dialog_whose_connection_is_gone_goes_by_the_port_of_tls() -> None:
    line = secure_line()
    call, _ok = answered(line, "sips:line@192.0.2.1", "<sips:peer@192.0.2.9>")
    line.agent.flow_failed(TLS, line.now)
    dialog: Dialog = line.agent._core.calls[call].dialog  # type: ignore[assignment]
    assert dialog.flow == Flow("tls", OURS, ("192.0.2.9", 5061))


def test_nothing_is_repeated_over_tls() -> None:
    line = secure_line()
    line.agent.invite("sips:6001@192.0.2.9", OFFER, TLS, line.now, from_uri="sip:line@192.0.2.1")
    [invite] = [m for m in line.said() if isinstance(m, Request)]
    assert invite.via.transport == "TLS"
    assert invite.headers.get("Contact") == "<sips:line@192.0.2.1:5061>"
    assert [m for m in line.wait(20) if isinstance(m, Request) and m.method == "INVITE"] == []


def test_a_trunk_by_tls_registers_a_contact_that_is_reached_by_tls() -> None:
    line = secure_line()
    line.agent.add_trunk(Trunk("pbx", TLS, "sip:600@pbx.example", "600", "secret"), line.now)
    [register] = [m for m in line.said() if isinstance(m, Request)]
    assert register.headers.get("Contact") == "<sip:600@192.0.2.1:5061;transport=tls>"
    assert register.via.serialize().startswith("SIP/2.0/TLS 192.0.2.1:5061;branch=")
    line.events()
    line.agent.flow_failed(TLS, line.now)
    assert any(isinstance(event, TrunkState) for event in line.events())
