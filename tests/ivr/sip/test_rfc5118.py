"""SIP with IPv6 (RFC 5118): the cases of its section 4 in words of our own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ivr.sip.address import Flow
from ivr.sip.events import InviteReceived
from ivr.sip.message import Request, Response, parse, serialize
from ivr.sip.routing import behind_nat, next_hop, numeric, response_flow
from ivr.sip.uri import Uri
from tests.ivr.sip.peers import ANSWER, Answered, Line, requests

OURS, THEIRS = ("2001:db8::10", 5060), ("2001:db8::9:1", 5062)
PATH = Flow("udp", OURS, THEIRS)


def message(
    method: str = "OPTIONS",
    uri: str = "sip:line@[2001:db8::10]",
    *,
    via: str = "SIP/2.0/UDP [2001:db8::9:1]:5062;branch=z9hG4bKas3-111",
    contact: str = "<sip:caller@[2001:db8::9:1]:5062>",
    to: str = "",
    more: tuple[str, ...] = (),
    body: bytes = b"",
) -> bytes:
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via}",
        *more,
        "Max-Forwards: 70",
        "From: <sip:caller@[2001:db8::9:1]>;tag=81x2",
        f"To: {to or f'<{uri}>'}",
        "Call-ID: SSG9559905523997077@hlau_4100",
        f"CSeq: 8612 {method}",
        f"Contact: {contact}",
    ]
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Case:
    """A message of a section and what it is answered with."""

    section: str
    data: bytes
    status: int


CASES = {
    "a_reference_in_brackets": Case("4.1", message(), 200),
    "a_reference_in_brackets_to_a_registrar_we_are_not": Case("4.1", message("REGISTER"), 405),
    "a_reference_without_brackets": Case("4.2", message(uri="sip:2001:db8::10"), 400),
    "a_port_that_belongs_to_the_address": Case("4.3", message(uri="sip:[2001:db8::10:5070]"), 200),
    "a_port_behind_the_bracket": Case("4.4", message(uri="sip:[2001:db8::10]:5070"), 200),
    "received_in_brackets": Case(
        "4.5",
        message(via="SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3"),
        200,
    ),
    "received_without_brackets": Case(
        "4.5",
        message(via="SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"),
        200,
    ),
    "vias_of_both_families": Case(
        "4.7",
        message(
            more=(
                "Via: SIP/2.0/UDP 192.0.2.1;received=192.0.2.250;branch=z9hG4bKbh19",
                "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bKas3",
            )
        ),
        200,
    ),
    "a_mapped_address": Case(
        "4.9",
        message(
            via="SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19",
            contact="<sip:caller@[::ffff:192.0.2.2]>",
        ),
        200,
    ),
    "three_colons_as_rfc_3261_had_them": Case(
        "4.10", message(uri="sip:user@[2001:db8:::192.0.2.1]"), 200
    ),
    "two_colons_as_they_should_be": Case(
        "4.10", message(uri="sip:user@[2001:db8::192.0.2.1]"), 200
    ),
    "a_zone_is_of_no_use_to_others": Case("4.1", message(uri="sip:user@[fe80::1%25eth0]"), 400),
    "a_bracket_left_open": Case("4.2", message(uri="sip:user@[2001:db8::10"), 400),
    "a_bracket_with_a_name": Case("4.2", message(uri="sip:user@[example.com]"), 400),
    "four_colons": Case("4.10", message(uri="sip:user@[2001:db8::::192.0.2.1]"), 400),
    "two_gaps": Case("4.10", message(uri="sip:user@[2001:db8:::1::2]"), 400),
}


@pytest.mark.rfc(
    "5118 §4.1", "5118 §4.2", "5118 §4.3", "5118 §4.4", "5118 §4.5", "5118 §4.7", "5118 §4.9",
    "5118 §4.10",
)  # fmt: skip
@pytest.mark.parametrize("name", CASES)
def test_each_message_of_section_4_is_answered_as_it_says(name: str) -> None:
    case = CASES[name]
    line = Line()
    line.agent.receive(case.data, PATH, line.now)
    # From the bytes: an answer to a malformed request copies what is malformed in it.
    assert [int(data.split(b" ", 2)[1]) for _, data in line.agent.to_send()] == [case.status]
    if case.status == 200:
        read = parse(case.data)
        assert parse(serialize(read)) == read


@pytest.mark.rfc("5118 §4.3", "5118 §4.4")
def test_what_stands_within_the_brackets_is_no_port() -> None:
    ambiguous, clear = Uri.parse("sip:[2001:db8::10:5070]"), Uri.parse("sip:[2001:db8::10]:5070")
    assert (ambiguous.host, ambiguous.port) == ("2001:db8::10:5070", None)
    assert (clear.host, clear.port) == ("2001:db8::10", 5070)


@pytest.mark.rfc("5118 §4.5", "3261 §18.2.1")
@pytest.mark.parametrize("written", ["[2001:db8::9:255]", "2001:db8::9:255"])
def test_received_is_read_either_way_and_written_without_brackets(written: str) -> None:
    read = parse(message(via=f"SIP/2.0/UDP [2001:db8::1];received={written};branch=z9hG4bKa"))
    assert read.via.received == "2001:db8::9:255"
    assert isinstance(read, Request)
    read.received_from(*THEIRS)
    assert ";received=2001:db8::9:1" in read.via.serialize()


@pytest.mark.rfc("5118 §4.10")
def test_three_colons_are_read_as_the_two_they_mean() -> None:
    assert Uri.parse("sip:user@[2001:db8:::192.0.2.1]").host == "2001:db8::192.0.2.1"


@pytest.mark.rfc("3581 §4", "5118 §4.5")
def test_an_answer_over_ipv6_goes_to_the_source_and_says_so() -> None:
    line = Line()
    asked = message(via="SIP/2.0/UDP [2001:db8::1]:5062;rport;branch=z9hG4bKrport")
    (answer,) = line.give(asked, Flow("udp", OURS, ("2001:db8::77", 40_000)))
    assert isinstance(answer, Response)
    assert (answer.via.received, answer.via.rport) == ("2001:db8::77", 40_000)
    assert line.sent_flows[-1].remote == ("2001:db8::77", 40_000)


@pytest.mark.rfc("3261 §18.2.1")
def test_one_address_written_in_two_ways_is_no_nat() -> None:
    other = message(via="SIP/2.0/UDP [2001:0DB8:0:0:0:0:9:1]:5062;branch=z9hG4bKlong")
    read = parse(other)
    assert isinstance(read, Request)
    assert not behind_nat(read, PATH)


@pytest.mark.rfc("5118 §4.9")
def test_a_mapped_address_is_the_address_it_maps() -> None:
    assert numeric("::ffff:192.0.2.10") == numeric("192.0.2.10")
    mapped = message(via="SIP/2.0/UDP [::ffff:192.0.2.10]:5060;branch=z9hG4bKmapped")
    read = parse(mapped)
    assert isinstance(read, Request)
    path = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.10", 5060))
    assert not behind_nat(read, path)
    assert response_flow(path, read.via) == path
    contact = Uri.parse("sip:caller@[::ffff:192.0.2.10]")
    assert next_hop(contact, path, trust=True).remote == ("192.0.2.10", 5060)


@pytest.mark.rfc("3261 §12.2.1.1", "5118 §4.1")
def test_a_whole_call_over_ipv6_keeps_its_brackets() -> None:
    line = Line()
    line.flow = PATH
    offer = b"v=0\r\no=- 1 1 IN IP6 2001:db8::9:1\r\ns=-\r\nc=IN IP6 2001:db8::9:1\r\nt=0 0\r\n"
    route = "Record-Route: <sip:[2001:db8::5];lr>"
    line.give(message("INVITE", more=(route,), body=offer))
    number = line.event(InviteReceived).call
    line.agent.answer(number, ANSWER, line.now)
    ok = line.said()[-1]
    assert isinstance(ok, Response)
    assert ok.contact is not None
    assert ok.contact.uri.serialize() == "sip:line@[2001:db8::10]:5060"
    ack = message("ACK", to=ok.headers.get("To") or "").replace(b"as3-111", b"as3-ack")
    line.give(ack)
    line.agent.hang_up(number, line.now)
    (bye,) = requests(line.said())
    assert bye.uri.serialize() == "sip:caller@[2001:db8::9:1]:5062"
    assert bye.headers.get("Route") == "<sip:[2001:db8::5];lr>"
    assert line.sent_flows[-1].remote == ("2001:db8::5", 5060)
    assert bye.via.host == "2001:db8::10"
    assert bye.headers.get_all("Via")[0].startswith("SIP/2.0/UDP [2001:db8::10]:5060;")


@pytest.mark.rfc("3261 §17.2.3")
def test_a_call_over_ipv4_is_untouched_by_all_this() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("OPTIONS")) == [200]
