"""Dialogs and where their requests go: RFC 3261 §12, §8.1.2."""

from __future__ import annotations

import pytest

from ivr.sip.address import Flow
from ivr.sip.dialog import Dialog, tagged
from ivr.sip.message import Request, parse, serialize
from ivr.sip.routing import answerable, fallback_flow, next_hop, response_flow
from ivr.sip.uri import Uri
from ivr.sip.via import Via
from tests.ivr.sip.peers import LINE, PEER, flow, request


def made(path: Flow | None = None, **changes: object) -> Dialog:
    invite = parse(request("INVITE", **changes))  # type: ignore[arg-type]
    assert isinstance(invite, Request)
    return Dialog.from_request(invite, "ours", path or flow(), 100)


@pytest.mark.rfc("3261 §12.2.1.1")
def test_a_request_in_the_dialog_swaps_the_sides_and_counts_up() -> None:
    dialog = made()
    first, second = dialog.request("INFO"), dialog.request("BYE")
    assert (first.from_.tag, first.to.tag) == ("ours", "peer")
    assert (first.cseq.number, second.cseq.number) == (101, 102)
    assert dialog.request("ACK", cseq=101).cseq.number == 101
    assert dialog.request("BYE").cseq.number == 103
    first.headers.set("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx")
    assert parse(serialize(first)) == parse(serialize(parse(serialize(first))))


@pytest.mark.rfc("3261 §12.2.2")
@pytest.mark.parametrize(
    ("number", "taken"), [(2, True), (1, False), (0, False), (2**31 - 1, True)]
)
def test_sequence_numbers_only_rise(number: int, taken: bool) -> None:
    dialog = made(cseq=1)
    info = parse(request("INFO", cseq=number))
    assert isinstance(info, Request)
    assert dialog.accepts(info) is taken
    assert dialog.accepts(info) is False


@pytest.mark.rfc("3261 §12.1.1")
def test_a_peer_without_contact_is_reached_by_its_from() -> None:
    assert made(contact=None).request("BYE").uri.serialize() == "sip:peer@192.0.2.9"


def test_a_tag_is_put_on_a_value_once() -> None:
    assert tagged("<sip:a@b>", "t") == "<sip:a@b>;tag=t"
    assert tagged("<sip:a@b>;tag=x", "t") == "<sip:a@b>;tag=x"


UDP = Flow("udp", LINE, PEER)
TCP = Flow("tcp", LINE, ("192.0.2.9", 40123))


@pytest.mark.parametrize(
    ("uri", "path", "hop"),
    [
        ("sip:a@192.0.2.50:5099", UDP, Flow("udp", LINE, ("192.0.2.50", 5099))),
        ("sip:a@192.0.2.50", UDP, Flow("udp", LINE, ("192.0.2.50", 5060))),
        ("sip:a@192.0.2.50;transport=tcp", UDP, Flow("tcp", LINE, ("192.0.2.50", 5060))),
        ("sip:a@[2001:db8::5]", UDP, Flow("udp", LINE, ("2001:db8::5", 5060))),
        ("sip:a@x.example;maddr=192.0.2.51", UDP, Flow("udp", LINE, ("192.0.2.51", 5060))),
        ("sip:a@pbx.example:5099", UDP, UDP),
        ("tel:123", UDP, UDP),
        ("sip:a@192.0.2.9;transport=tcp", TCP, TCP),
        ("sip:a@192.0.2.9", TCP, Flow("udp", LINE, ("192.0.2.9", 5060))),
    ],
)
def test_the_next_hop_is_the_numeric_address_or_the_way_it_came(
    uri: str, path: Flow, hop: Flow
) -> None:
    assert next_hop(Uri.parse(uri), path, trust=True) == hop
    assert next_hop(Uri.parse(uri), path, trust=False) == path


def test_a_private_contact_of_a_public_peer_leads_nowhere() -> None:
    public = Flow("udp", LINE, ("8.8.8.8", 5060))
    assert next_hop(Uri.parse("sip:a@10.0.0.5"), public, trust=True) == public


def test_where_an_answer_goes() -> None:
    """§18.2.2, RFC 3581 §4."""
    plain = Via.parse("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa")
    assert response_flow(UDP, plain).remote == ("192.0.2.9", 5060)
    asked = Via.parse("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa;rport")
    assert response_flow(UDP, asked) == UDP
    aimed = Via.parse("SIP/2.0/UDP 192.0.2.9;maddr=198.51.100.1;branch=z9hG4bKa")
    assert response_flow(UDP, aimed).remote[0] == "192.0.2.9"
    assert response_flow(TCP, plain) == TCP
    assert fallback_flow(TCP, plain) == Flow("tcp", LINE, ("192.0.2.9", 5060))
    assert fallback_flow(UDP, plain) is None
    claimed = Via.parse("SIP/2.0/TLS 192.0.2.9;branch=z9hG4bKa")
    assert response_flow(UDP, claimed).remote == ("192.0.2.9", 5060)


@pytest.mark.parametrize(
    ("remote", "may"),
    [
        (PEER, True),
        (("2001:db8::1", 5060), True),
        (("239.1.2.3", 5060), False),
        (("ff02::1", 5060), False),
        (("255.255.255.255", 5060), False),
        (("0.0.0.0", 5060), False),
        (("192.0.2.9", 0), False),
        (("192.0.2.9", 65536), False),
    ],
)
def test_nothing_is_sent_where_many_or_nobody_would_get_it(
    remote: tuple[str, int], may: bool
) -> None:
    assert answerable(Flow("udp", LINE, remote)) is may
