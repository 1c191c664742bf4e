"""Requests that are refused, and with what (RFC 3261 §8.2, §21)."""

from __future__ import annotations

import pytest

from ivr.sip.config import UserAgentConfig
from ivr.sip.events import InviteReceived
from tests.ivr.sip.peers import ANSWER, OFFER, Answered, Line, only, remembered, request


@pytest.mark.rfc("3261 §8.2.1")
@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("MESSAGE", 405),
        ("REFER", 405),
        ("PUBLISH", 405),
        ("DANCE", 501),
        ("invite", 501),
        ("BYE", 481),
        ("INFO", 481),
        ("NOTIFY", 481),
        ("UPDATE", 481),
        ("PRACK", 481),
    ],
)
def test_a_method_outside_a_call_is_refused_with(method: str, status: int) -> None:
    """§8.2.1, §12.2.2, §21.4.6, §21.5.2."""
    line = Line()
    answer = only(line.give(request(method)))
    assert answer.status == status
    assert ("Allow" in answer.headers) == (status in (405, 501))
    assert answer.to.tag
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §12.2.2")
@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "UPDATE", "OPTIONS"])
def test_a_to_tag_of_no_dialog_is_refused_with_481(method: str) -> None:
    """§12.2.2."""
    assert Line().statuses(request(method, to_tag="unknown")) == [481]


@pytest.mark.rfc("3261 §8.2.2.1")
@pytest.mark.parametrize("uri", ["soap.beep://192.0.2.1", "mailto:a@b", "isbn:2983792873"])
def test_an_unknown_scheme_is_refused_with_416(uri: str) -> None:
    """§8.2.2.1."""
    assert Line().statuses(request("INVITE", uri=uri, body=OFFER)) == [416]


@pytest.mark.rfc("3966 §3")
def test_a_telephone_number_may_be_called_by_a_tel_uri() -> None:
    line = Line()
    assert line.statuses(request("INVITE", uri="tel:+861012345", body=OFFER)) == [100]
    assert line.event(InviteReceived).called_user == "+861012345"


@pytest.mark.rfc("3261 §8.2.2.3")
def test_an_unknown_extension_is_refused_by_name() -> None:
    """§8.2.2.3."""
    answer = only(Line().give(request("INVITE", body=OFFER, headers=["Require: 100rel, foo, bar"])))
    assert answer.status == 420
    assert answer.headers.get("Unsupported") == "foo, bar"


@pytest.mark.rfc("3261 §8.2.2.3")
def test_what_an_ack_or_cancel_requires_is_not_looked_at() -> None:
    """§8.2.2.3."""
    line = Line()
    line.give(request("INVITE", body=OFFER))
    cancel = request("CANCEL", branch="z9hG4bK-call-1-INVITE-1", headers=["Require: foo"])
    assert line.statuses(cancel) == [200, 487]


@pytest.mark.rfc("3261 §8.2.3")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_body_we_cannot_read_is_refused_with_415(method: str) -> None:
    """§8.2.3."""
    answer = only(Line().give(request(method, body=b"<x/>", content_type="text/xml")))
    assert answer.status == 415
    assert answer.headers.get("Accept") == "application/sdp"


@pytest.mark.rfc("3261 §8.2.3")
def test_an_encoded_body_is_refused_with_415() -> None:
    answer = only(Line().give(request("INVITE", body=OFFER, headers=["Content-Encoding: gzip"])))
    assert answer.status == 415
    assert answer.headers.get("Accept-Encoding") == "identity"


@pytest.mark.rfc("3261 §20.11")
def test_an_optional_body_is_passed_over() -> None:
    """§20.11: handling=optional."""
    line = Line()
    invite = request(
        "INVITE",
        body=b"<x/>",
        content_type="text/xml",
        headers=["Content-Disposition: alert;handling=optional"],
    )
    assert line.statuses(invite) == [100]
    assert line.event(InviteReceived).body is None


@pytest.mark.rfc("3261 §20.1")
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/plain", 406),
        ("application/sdp;level=1, text/plain", 100),
        ("application/*", 100),
        ("*/*", 100),
    ],
)
def test_a_peer_that_takes_no_session_description_is_refused(accept: str, status: int) -> None:
    assert Line().statuses(request("INVITE", body=OFFER, headers=[f"Accept: {accept}"])) == [status]


@pytest.mark.rfc("3261 §8.2.2.2")
def test_a_merged_request_is_refused_with_482() -> None:
    """§8.2.2.2: the same call by another way."""
    line = Line()
    assert line.statuses(request("INVITE", body=OFFER)) == [100]
    assert line.statuses(request("INVITE", body=OFFER, branch="z9hG4bKother")) == [482]
    assert line.agent.calls == 1


@pytest.mark.rfc("3261 §8.2.2.2")
def test_a_second_caller_with_the_same_call_id_is_another_call() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER))
    again = request("INVITE", body=OFFER, from_tag="else", branch="z9hG4bKother")
    assert line.statuses(again) == [100]
    assert line.agent.calls == 2


@pytest.mark.rfc("3261 §8.2.2.2")
def test_the_same_call_id_can_be_used_again_after_the_call() -> None:
    line = Line()
    call = Answered(line)
    line.give(call.request("BYE"))
    assert line.statuses(request("INVITE", body=OFFER, cseq=9)) == [100]


@pytest.mark.rfc("3261 §21.5.4")
def test_above_the_limit_calls_get_503_and_when_to_come_again() -> None:
    line = Line(UserAgentConfig(max_calls=1, retry_after_s=7))
    Answered(line)
    answer = only(line.give(request("INVITE", body=OFFER, call_id="second")))
    assert (answer.status, answer.retry_after) == (503, 7)
    assert line.statuses(request("OPTIONS", call_id="o")) == [503]


def test_while_draining_new_calls_get_503_and_running_ones_go_on() -> None:
    line = Line()
    call = Answered(line)
    line.agent.drain(line.now)
    assert line.statuses(request("INVITE", body=OFFER, call_id="second")) == [503]
    assert line.statuses(call.request("INFO")) == [200]
    assert line.statuses(call.request("OPTIONS")) == [200]
    assert line.statuses(call.request("BYE")) == [200]


@pytest.mark.rfc("3261 §21.5.4")
def test_while_overloaded_new_calls_get_503_until_it_is_over() -> None:
    line = Line()
    call = Answered(line)
    line.agent.refuse_new(True)
    answer = only(line.give(request("INVITE", body=OFFER, call_id="second")))
    assert (answer.status, answer.retry_after) == (503, 10)
    assert line.agent.counters["refused, overloaded"] == 1
    assert line.statuses(call.request("INFO")) == [200]
    line.agent.refuse_new(False)
    assert line.statuses(request("INVITE", body=OFFER, call_id="third")) == [100]


@pytest.mark.rfc("3261 §12.2.2")
def test_an_old_sequence_number_is_refused_with_500_and_retry_after() -> None:
    """§12.2.2."""
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("INFO", cseq=10)) == [200]
    answer = only(line.give(call.request("INFO", cseq=9)))
    assert answer.status == 500
    assert answer.retry_after is not None
    assert 0 <= answer.retry_after <= 10


@pytest.mark.rfc("3261 §11.2")
def test_options_tells_what_we_can() -> None:
    """§11.2."""
    answer = only(Line().give(request("OPTIONS")))
    assert answer.status == 200
    assert set(answer.allow) >= {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK"}
    assert set(answer.supported) == {"timer", "100rel"}
    assert answer.accept == ("application/sdp",)


@pytest.mark.rfc("3261 §8.2.7")
def test_a_copy_of_a_refused_request_gets_the_same_answer_with_nothing_remembered() -> None:
    """§8.2.7: also the same tag."""
    line = Line()
    first, second = (only(line.give(request("REGISTER"))) for _ in range(2))
    assert first.to.tag == second.to.tag
    assert only(line.give(request("REGISTER", call_id="other"))).to.tag != first.to.tag
    assert remembered(line.agent) == 0


@pytest.mark.rfc("3261 §17.2.1")
def test_the_ack_of_a_refusal_is_taken_in_silence() -> None:
    line = Line()
    line.give(request("INVITE", body=OFFER, headers=["Require: foo"]))
    assert line.give(request("ACK", to_tag="x", branch="z9hG4bK-call-1-INVITE-1")) == []


@pytest.mark.rfc("3261 §8.1.1.6")
def test_max_forwards_0_is_the_proxies_affair() -> None:
    """RFC 4475 §3.3.11."""
    zero = request("OPTIONS").replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
    assert Line().statuses(zero) == [200]


def test_the_methods_inside_a_call_that_are_not_for_us_are_refused() -> None:
    line = Line()
    call = Answered(line)
    assert line.statuses(call.request("MESSAGE")) == [405]
    assert line.statuses(call.request("REFER")) == [405]
    assert line.statuses(call.request("DANCE")) == [501]
    assert line.statuses(call.request("PRACK", headers=["RAck: 1 1 INVITE"])) == [481]
    assert line.statuses(call.request("INFO", headers=["Require: foo"])) == [420]
    assert line.agent.calls == 1


@pytest.mark.rfc("3261 §12.1.1")
def test_the_contact_and_record_route_of_the_peer_make_the_route_back() -> None:
    """§12.1.1, §12.2.1.1: loose routing."""
    line = Line()
    routes = ["Record-Route: <sip:192.0.2.21;lr>, <sip:192.0.2.22;lr>"]
    call = Answered(line, headers=routes, contact="<sip:desk@192.0.2.50:5099>")
    assert call.ok.headers.get_all("Record-Route") == [routes[0].partition(": ")[2]]
    line.sent_flows.clear()
    line.agent.hang_up(call.number, line.now)
    bye = line.said()[0]
    assert bye.uri.serialize() == "sip:desk@192.0.2.50:5099"  # type: ignore[union-attr]
    assert [route.uri.host for route in bye.route] == ["192.0.2.21", "192.0.2.22"]
    assert line.sent_flows[0].remote == ("192.0.2.21", 5060)


@pytest.mark.rfc("3261 §12.2.1.1")
def test_a_strict_router_becomes_the_request_uri() -> None:
    """§12.2.1.1."""
    line = Line()
    routes = ["Record-Route: <sip:192.0.2.21>", "Record-Route: <sip:192.0.2.22;lr>"]
    call = Answered(line, headers=routes, contact="<sip:desk@192.0.2.50:5099>")
    line.agent.hang_up(call.number, line.now)
    bye = line.said()[0]
    assert bye.uri.serialize() == "sip:192.0.2.21"  # type: ignore[union-attr]
    assert [r.uri.serialize() for r in bye.route] == [
        "sip:192.0.2.22;lr",
        "sip:desk@192.0.2.50:5099",
    ]


@pytest.mark.rfc("3581 §4")
def test_a_peer_behind_a_nat_is_reached_the_way_it_came() -> None:
    line = Line()
    call = Answered(line, sent_by="10.0.0.5:5060", contact="<sip:peer@10.0.0.5:5060>")
    line.sent_flows.clear()
    line.agent.hang_up(call.number, line.now)
    assert line.said()[0].uri.host == "10.0.0.5"  # type: ignore[union-attr]
    assert line.sent_flows == [line.flow]


def test_a_peer_whose_contact_is_a_name_is_reached_the_way_it_came() -> None:
    line = Line()
    call = Answered(line, contact="<sip:peer@pbx.example>")
    line.sent_flows.clear()
    line.agent.hang_up(call.number, line.now)
    line.said()
    assert line.sent_flows == [line.flow]


@pytest.mark.rfc("3261 §12.2.2")
def test_a_new_contact_in_a_re_invite_moves_the_call() -> None:
    """§12.2.2: target refresh."""
    line = Line()
    call = Answered(line)
    line.give(call.request("INVITE", body=OFFER, contact="<sip:peer@192.0.2.9:6000>"))
    line.agent.accept_media(call.number, ANSWER, line.now)
    line.said()
    line.give(call.ack(call.cseq))
    line.sent_flows.clear()
    line.agent.hang_up(call.number, line.now)
    line.said()
    assert line.sent_flows[0].remote == ("192.0.2.9", 6000)


@pytest.mark.rfc("6086 §4.2.2")
def test_an_info_package_is_refused_with_469_and_what_is_taken() -> None:
    line = Line()
    call = Answered(line)
    asked = call.request(
        "INFO", body=b"<x/>", content_type="application/xml", headers=["Info-Package: foo"]
    )
    refused = only(line.give(asked))
    assert (refused.status, refused.headers.get("Recv-Info")) == (469, "")
    assert line.events() == []


@pytest.mark.rfc("3261 §8.2.3", "6086 §4.2.2")
def test_a_body_of_info_that_is_no_key_is_refused_with_415_and_what_is_taken() -> None:
    line = Line()
    call = Answered(line)
    control = "application/media_control+xml"
    refused = only(line.give(call.request("INFO", body=b"<x/>", content_type=control)))
    assert refused.status == 415
    assert refused.headers.get_all("Accept") == ["application/dtmf-relay, application/dtmf"]
    optional = ["Content-Disposition: render;handling=optional"]
    passed = call.request("INFO", body=b"<x/>", content_type=control, headers=optional)
    assert line.statuses(passed) == [200]
    assert line.statuses(call.request("INFO")) == [200]
