"""Via (RFC 3261 §20.42, §18.2.1; RFC 3581)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.errors import SipParseError
from ivr.sip.params import Params
from ivr.sip.via import Via


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "branch"),
    [
        ("SIP/2.0/UDP 192.0.2.1", "UDP", "192.0.2.1", None, None),
        ("SIP/2.0/UDP h.example:5062;branch=z9hG4bKx", "UDP", "h.example", 5062, "z9hG4bKx"),
        (
            "SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8  ",
            "TCP",
            "spindle.example.com",
            None,
            "z9hG4bK9ikj8",
        ),
        ("SIP/2.0/udp a : 5060 ;branch=1", "UDP", "a", 5060, "1"),
        ("SIP/2.0/TLS [2001:db8::1]:5061;branch=2", "TLS", "2001:db8::1", 5061, "2"),
        ("SIP/2.0/UNKNOWN t4.example.com;branch=3", "UNKNOWN", "t4.example.com", None, "3"),
        ("SIP/2.0/UDP a;received=2001:db8::9;branch=4", "UDP", "a", None, "4"),
        ("SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234", "TCP", "host.example.com",
         None, "z9hG4bK209%fzsnel234"),
    ],
)  # fmt: skip
def test_a_via_is_read(
    text: str, transport: str, host: str, port: int | None, branch: str | None
) -> None:
    via = Via.parse(text)
    assert (via.transport, via.host, via.port, via.branch) == (transport, host, port, branch)
    assert Via.parse(via.serialize()) == via


@pytest.mark.parametrize(
    ("defect", "text"),
    [
        ("empty", ""),
        ("no transport", "SIP/2.0 192.0.2.1"),
        ("no host", "SIP/2.0/UDP"),
        ("no host but parameters", "SIP/2.0/UDP ;branch=z9hG4bK1"),
        ("empty parameters", "SIP/2.0/UDP 192.0.2.15;;,;,,"),
        ("port over 65535", "SIP/2.0/UDP a:65536"),
        ("port in other digits", "SIP/2.0/UDP a:٥"),
        ("rport over 65535", "SIP/2.0/UDP a;rport=65536"),
        ("rport of letters", "SIP/2.0/UDP a;rport=x"),
        ("ttl over 255", "SIP/2.0/UDP a;ttl=256"),
        ("ttl empty", "SIP/2.0/UDP a;ttl"),
        ("branch twice", "SIP/2.0/UDP a;branch=1;branch=2"),
        ("text after the host", "SIP/2.0/UDP a b"),
        ("IPv6 without brackets", "SIP/2.0/UDP 2001:db8::1"),
        ("NUL in the branch", "SIP/2.0/UDP a;branch=a\0b"),
    ],
)
def test_a_malformed_via_is_refused(defect: str, text: str) -> None:
    with pytest.raises(SipParseError) as caught:
        Via.parse(text)
    assert caught.value.status == 400, defect


@pytest.mark.rfc("3261 §17.2.3", "4475 §3.2.1")
def test_the_bare_cookie_identifies_no_transaction() -> None:
    assert Via.parse("SIP/2.0/UDP a;branch=z9hG4bKabc").has_cookie
    assert not Via.parse("SIP/2.0/UDP a;branch=z9hG4bK").has_cookie
    assert not Via.parse("SIP/2.0/UDP a;branch=390skdjuw").has_cookie
    assert not Via.parse("SIP/2.0/UDP a").has_cookie


@pytest.mark.rfc("3261 §18.2.1", "3581 §4")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SIP/2.0/UDP 192.0.2.9", "SIP/2.0/UDP 192.0.2.9"),
        ("SIP/2.0/UDP 10.0.0.1;branch=x", "SIP/2.0/UDP 10.0.0.1;branch=x;received=192.0.2.9"),
        ("SIP/2.0/UDP a;rport;branch=x", "SIP/2.0/UDP a;rport=4000;branch=x;received=192.0.2.9"),
        ("SIP/2.0/UDP 192.0.2.9;rport", "SIP/2.0/UDP 192.0.2.9;rport=4000;received=192.0.2.9"),
        ("SIP/2.0/UDP 192.0.2.9;received=203.0.113.1", "SIP/2.0/UDP 192.0.2.9"),
        ("SIP/2.0/UDP a;rport=1;received=203.0.113.1",
         "SIP/2.0/UDP a;rport=4000;received=192.0.2.9"),
    ],
)  # fmt: skip
def test_where_a_request_came_from_is_noted_and_never_taken_from_the_peer(
    before: str, after: str
) -> None:
    assert Via.parse(before).from_source("192.0.2.9", 4000).serialize() == after


@pytest.mark.rfc("3581 §3")
def test_rport_is_asked_for_or_given() -> None:
    asked, given_ = Via.parse("SIP/2.0/UDP a;rport"), Via.parse("SIP/2.0/UDP a;rport=5")
    assert (asked.wants_rport, asked.rport) == (True, None)
    assert (given_.wants_rport, given_.rport) == (False, 5)


def test_the_port_left_out_is_that_of_the_transport() -> None:
    assert Via.parse("SIP/2.0/UDP a").sent_by == ("a", 5060)
    assert Via.parse("SIP/2.0/TLS a").sent_by == ("a", 5061)
    assert Via.parse("SIP/2.0/TLS a:7").sent_by == ("a", 7)


def test_of_a_malformed_via_what_routes_the_answer_is_saved() -> None:
    assert Via.salvage("SIP/2.0/UDP 192.0.2.15;;,;,,") == "SIP/2.0/UDP 192.0.2.15"
    assert Via.salvage("SIP/2.0/UDP a:7;;branch=z1;x=") == "SIP/2.0/UDP a:7;branch=z1"
    assert Via.salvage("SIP/2.0/UDP a;branch=1, rubbish") == "SIP/2.0/UDP a;branch=1, rubbish"
    assert Via.salvage("rubbish") is None
    assert Via.salvage("SIP/2.0/UDP a:99999") is None


tokens = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)


@given(
    transport=st.sampled_from(["UDP", "TCP", "TLS"]),
    host=st.sampled_from(["a.example", "192.0.2.1", "2001:db8::1"]),
    port=st.none() | st.integers(0, 65535),
    branch=tokens,
    rport=st.none() | st.integers(0, 65535).map(str),
)
def test_what_is_written_reads_the_same(
    transport: str, host: str, port: int | None, branch: str, rport: str | None
) -> None:
    via = Via(transport, host, port, Params((("branch", branch), ("rport", rport))))
    assert Via.parse(via.serialize()) == via


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_a_parse_error(text: str) -> None:
    for whole in (text, f"SIP/2.0/UDP {text}", f"SIP/2.0/UDP a;{text}"):
        saved = Via.salvage(whole)
        if saved is not None:
            assert Via.top(saved)
        try:
            via = Via.parse(whole)
        except SipParseError:
            continue
        assert Via.parse(via.serialize()) == via
