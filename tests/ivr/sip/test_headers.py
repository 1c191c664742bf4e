"""Header fields: order, names, compact forms, and typed readings (RFC 3261 §7.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.cseq import CSeq, RAck
from ivr.sip.errors import SipParseError
from ivr.sip.fields import SessionExpires
from ivr.sip.headers import COMPACT_FORMS, Headers
from ivr.sip.message import Request, Response
from ivr.sip.params import Params
from ivr.sip.uri import Uri


def request_with(*fields: tuple[str, str], method: str = "INVITE") -> Request:
    return Request(method, Uri.sip("example.com"), Headers(fields))


@pytest.mark.rfc("3261 §7.3.3")
def test_names_are_found_in_any_case_and_compact_form() -> None:
    headers = Headers([("f", "1"), ("CALL-ID", "2"), ("x-Mine", "3")])
    assert (headers.get("From"), headers.get("F"), headers.get("from")) == ("1", "1", "1")
    assert (headers.get("i"), headers.get("X-MINE")) == ("2", "3")
    assert [name for name, _ in headers] == ["From", "Call-ID", "x-Mine"]
    assert "T" not in headers
    assert "I" in headers


@pytest.mark.rfc("3261 §7.3.3")
@pytest.mark.parametrize(("letter", "name"), list(COMPACT_FORMS.items()))
def test_every_compact_form_is_its_long_name(letter: str, name: str) -> None:
    headers = Headers.from_lines([f"{letter}: a", f"{letter.upper()} : b", f"{name.upper()}:c"])
    assert headers.get_all(name) == ["a", "b", "c"]
    assert {name for name, _ in headers} == {name}


def test_setting_replaces_in_place_and_removing_removes_all() -> None:
    headers = Headers([("a-b", "1"), ("Via", "x"), ("To", "t"), ("v", "y"), ("c-d", "2")])
    headers.set("VIA", "z", "w")
    assert list(headers) == [("a-b", "1"), ("Via", "z"), ("Via", "w"), ("To", "t"), ("c-d", "2")]
    headers.remove("via")
    headers.remove("absent")
    headers.set("New", "n")
    assert list(headers) == [("a-b", "1"), ("To", "t"), ("c-d", "2"), ("New", "n")]
    assert headers.get_all("via") == []
    assert len(headers) == 4


def test_a_copy_is_independent() -> None:
    first = Headers([("To", "a")])
    second = first.copy()
    second.set("To", "b")
    assert (first.get("To"), second.get("To")) == ("a", "b")


@pytest.mark.rfc("3261 §7.3.1")
def test_lists_are_taken_apart_outside_quotes_and_brackets() -> None:
    headers = Headers(
        [("Contact", '"a, b" <sip:c,d@e>;x="1,2" , <sip:f@g>'), ("m", "sip:h@i"), ("Allow", "A,B")]
    )
    assert headers.elements("Contact") == ['"a, b" <sip:c,d@e>;x="1,2"', "<sip:f@g>", "sip:h@i"]
    assert headers.elements("Allow") == ["A", "B"]


@pytest.mark.parametrize("value", ['"a, <sip:b@c>', '<sip:a@b, <sip:c@d>;x="', "<sip:a,b"])
def test_a_list_with_an_open_quote_or_bracket_is_refused(value: str) -> None:
    with pytest.raises(SipParseError):
        Headers([("Contact", value)]).elements("Contact")


def test_order_between_names_means_nothing_and_order_within_one_does() -> None:
    assert Headers([("To", "a"), ("Via", "1")]) == Headers([("v", "1"), ("t", "a")])
    assert Headers([("Via", "1"), ("Via", "2")]) != Headers([("Via", "2"), ("Via", "1")])
    assert Headers([("To", "a")]) != Headers([("To", "b")])
    assert Headers([("Content-Length", "5")]) == Headers()


def test_a_reading_is_kept_until_the_field_changes() -> None:
    request = request_with(("CSeq", "1 INVITE"))
    first = request.cseq
    assert request.cseq is first
    request.headers.set("CSeq", "2 INVITE")
    assert request.cseq == CSeq(2, "INVITE")


def test_the_typed_fields_are_read() -> None:
    request = request_with(
        ("Via", "SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;branch=2"),
        ("v", "SIP/2.0/UDP c;branch=3"),
        ("m", '"x" <sip:a@b>;expires=60, sip:c@d'),
        ("Route", "<sip:p1;lr>,<sip:p2;lr>"),
        ("Record-Route", "<sip:p3;lr>"),
        ("Require", "100rel, Timer"),
        ("k", ""),
        ("Supported", "100rel,Replaces"),
        ("Unsupported", "foo"),
        ("Allow", "INVITE, ACK"),
        ("Allow", "BYE"),
        ("Accept", "application/SDP;level=1, text/*"),
        ("c", "Application/SDP ; charset=utf-8"),
        ("e", "GZIP"),
        ("Content-Disposition", "Session;handling=optional"),
        ("Expires", "0030"),
        ("Min-Expires", "60"),
        ("x", "1800 ; refresher=UAS"),
        ("Min-SE", "90"),
        ("RSeq", "988789"),
        ("RAck", "776656 1 INVITE"),
        ("r", "<sip:x@y?Replaces=1%3Bto-tag%3D2>"),
        ("o", "Refer;id=93809823"),
        ("Subscription-State", "terminated;reason=noresource"),
        ("Retry-After", "18000;duration=3600"),
        ("Max-Forwards", "0068"),
        ("Proxy-Require", "sec-agree"),
    )
    assert [via.branch for via in request.vias] == ["1", "2", "3"]
    assert [str(contact.uri) for contact in request.contacts] == ["sip:a@b", "sip:c@d"]
    assert request.contact is not None
    assert request.contact.expires == 60
    assert [route.uri.host for route in request.route] == ["p1", "p2"]
    assert [route.uri.lr for route in request.record_route] == [True]
    assert request.require == ("100rel", "Timer")
    assert request.supported == ("100rel", "replaces")
    assert request.unsupported == ("foo",)
    assert request.allow == ("INVITE", "ACK", "BYE")
    assert request.accept == ("application/sdp", "text/*")
    assert request.content_type == "application/sdp"
    assert request.content_encoding == ("gzip",)
    assert request.content_disposition == ("session", Params((("handling", "optional"),)))
    assert (request.expires, request.min_expires, request.min_se) == (30, 60, 90)
    assert request.session_expires == SessionExpires(1800, "uas")
    assert request.rseq == 988789
    assert request.rack == RAck(776656, CSeq(1, "INVITE"))
    assert request.refer_to is not None
    assert request.refer_to.uri.headers == "Replaces=1%3Bto-tag%3D2"
    assert request.event == ("refer", Params((("id", "93809823"),)))
    assert request.subscription_state is not None
    assert request.subscription_state[0] == "terminated"
    assert request.retry_after == 18000
    assert request.max_forwards == 68
    assert request.proxy_require == ("sec-agree",)


def test_fields_that_are_absent_read_as_nothing() -> None:
    request = request_with()
    assert (request.contact, request.contacts, request.route) == (None, (), ())
    assert (request.require, request.supported, request.allow) == ((), (), ())
    assert (request.accept, request.content_type, request.expires) == (None, None, None)
    assert (request.session_expires, request.rack, request.event) == (None, None, None)
    assert (request.refer_to, request.retry_after, request.max_forwards) == (None, None, None)


def test_an_empty_accept_accepts_nothing_and_is_not_an_absent_one() -> None:
    assert request_with(("Accept", "")).accept == ()


def test_a_star_is_no_contact_address() -> None:
    assert request_with(("Contact", "*")).contacts == ()


@pytest.mark.parametrize("value", ["120", "120 (in a meeting)", "120;duration=9", "120 ;a", "0120"])
def test_retry_after_is_read_with_comment_and_parameters(value: str) -> None:
    assert Response(503, "", Headers([("Retry-After", value)])).retry_after == 120


@pytest.mark.parametrize(
    ("name", "value", "attribute"),
    [
        ("Contact", "sip:a@b?Route=%3Csip:c%3E", "contact"),
        ("Contact", '"Joe" <sip:joe@example.org>;;;;', "contacts"),
        ("Contact", "<sip:a@b>,", "contacts"),
        ("Route", "sip:", "route"),
        ("Require", "100rel; timer", "require"),
        ("Require", "100rel timer", "require"),
        ("Content-Type", "sdp", "content_type"),
        ("Content-Type", "application/", "content_type"),
        ("Accept", "nonsense", "accept"),
        ("Expires", "4294967296", "expires"),
        ("Expires", "-1", "expires"),
        ("Expires", "１", "expires"),
        ("Session-Expires", "soon", "session_expires"),
        ("Min-SE", "", "min_se"),
        ("RSeq", "1 2", "rseq"),
        ("RAck", "1 INVITE", "rack"),
        ("RAck", "1 2147483648 INVITE", "rack"),
        ("Refer-To", "nobody", "refer_to"),
        ("Event", "", "event"),
        ("Retry-After", "949302838503028349304023988", "retry_after"),
        ("Retry-After", "later", "retry_after"),
        ("Max-Forwards", "256", "max_forwards"),
        ("Max-Forwards", "", "max_forwards"),
        ("CSeq", "2147483648 INVITE", "cseq"),
        ("CSeq", "1", "cseq"),
        ("CSeq", "-1 INVITE", "cseq"),
        ("CSeq", "1 INV ITE", "cseq"),
        ("CSeq", "٣ INVITE", "cseq"),
        ("Call-ID", "a b", "call_id"),
        ("Call-ID", "", "call_id"),
    ],
)
def test_a_malformed_field_fails_when_it_is_asked_for(
    name: str, value: str, attribute: str
) -> None:
    request = request_with((name, value))
    with pytest.raises(SipParseError) as caught:
        getattr(request, attribute)
    assert caught.value.status == 400
    assert caught.value.partial is request
    with pytest.raises(SipParseError) as caught:
        getattr(request_with((name, value), method="ACK"), attribute)
    assert caught.value.partial is None
    with pytest.raises(SipParseError) as caught:
        getattr(Response(200, "", Headers([(name, value)])), attribute)
    assert caught.value.partial is None


@pytest.mark.parametrize(
    ("name", "value", "attribute"),
    [
        ("Content-Type", "application/sdp", "content_type"),
        ("Expires", "60", "expires"),
        ("Max-Forwards", "70", "max_forwards"),
        ("Refer-To", "<sip:a@b>", "refer_to"),
        ("Event", "refer", "event"),
        ("Session-Expires", "90", "session_expires"),
    ],
)
def test_a_field_that_stands_once_is_refused_twice(name: str, value: str, attribute: str) -> None:
    with pytest.raises(SipParseError) as caught:
        getattr(request_with((name, value), (name, value)), attribute)
    assert "more than once" in caught.value.reason


@pytest.mark.parametrize("line", ["no colon", ": empty", "a b: c", "Nämé: x", "a\0: b", ""])
def test_a_line_that_is_no_header_field_is_refused(line: str) -> None:
    with pytest.raises(SipParseError):
        Headers.from_lines([line])


names = st.sampled_from(["Via", "v", "To", "x-own", "X-Own", "Subject", "s"])


@given(st.lists(st.tuples(names, st.sampled_from("abc")), max_size=8), names)
def test_setting_is_seen_by_every_way_of_asking(fields: list[tuple[str, str]], name: str) -> None:
    headers = Headers(fields)
    assert headers == Headers(list(headers))
    headers.set(name, "new")
    assert headers.get_all(name) == ["new"]
    assert headers == Headers(list(headers))
    headers.remove(name)
    assert name not in headers
    assert headers == Headers(list(headers))
