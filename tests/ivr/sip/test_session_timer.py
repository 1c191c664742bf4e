"""Session timers, RFC 4028."""

from __future__ import annotations

import pytest

from ivr.sip.config import UserAgentConfig
from ivr.sip.events import CallAnswered, CallEnded, EndCause, MediaConfirmed
from tests.ivr.sip.peers import (
    ANSWER,
    OFFER,
    Answered,
    Line,
    Wire,
    only,
    remembered,
    request,
    requests,
    response,
    statuses,
)

KNOWS = "Supported: timer"


def cause(line: Line) -> EndCause:
    last = line.events()[-1]
    assert isinstance(last, CallEnded)
    return last.cause


@pytest.mark.rfc("4028 §9")
def test_an_interval_below_our_minimum_is_refused_with_422() -> None:
    """§9."""
    answer = only(
        Line().give(request("INVITE", body=OFFER, headers=[KNOWS, "Session-Expires: 60"]))
    )
    assert (answer.status, answer.min_se) == (422, 90)


@pytest.mark.rfc("4028 §9")
def test_a_peer_that_knows_no_timers_is_not_refused() -> None:
    """§9: only a peer that supports timers may get 422."""
    line = Line()
    call = Answered(line, headers=["Session-Expires: 60"])
    assert call.ok.session_expires is None


@pytest.mark.rfc("4028 §9")
@pytest.mark.parametrize(
    ("asked", "answered", "required"),
    [
        ("1800;refresher=uac", "1800;refresher=uac", True),
        ("1800;refresher=uas", "1800;refresher=uas", False),
        ("200", "200;refresher=uac", True),
    ],
)
def test_the_peers_choice_of_refresher_is_kept(asked: str, answered: str, required: bool) -> None:
    """§9, table 2."""
    call = Answered(Line(), headers=[KNOWS, f"Session-Expires: {asked}"])
    assert call.ok.headers.get("Session-Expires") == answered
    assert ("timer" in call.ok.require) == required


@pytest.mark.rfc("4028 §9")
def test_a_proxys_timer_is_refreshed_by_us_where_the_peer_knows_none() -> None:
    """§9, table 2."""
    call = Answered(Line(), headers=["Session-Expires: 1800"])
    assert call.ok.headers.get("Session-Expires") == "1800;refresher=uas"
    assert call.ok.require == ()


@pytest.mark.parametrize("headers", [[KNOWS], []])
def test_a_timer_of_our_own_is_asked_of_every_peer(headers: list[str]) -> None:
    """§9, table 2: also of one that knows none, as long as we refresh."""
    call = Answered(Line(), headers=headers)
    assert call.ok.headers.get("Session-Expires") == "1800;refresher=uas"
    assert "timer" not in call.ok.require
    silent = Answered(Line(UserAgentConfig(session_s=None)), headers=headers)
    assert silent.ok.session_expires is None


def test_a_peer_that_knows_no_timers_is_asked_again_and_missed_when_it_has_vanished() -> None:
    line = Line(UserAgentConfig(session_s=90))
    Answered(line, headers=["Allow: INVITE, BYE"])
    for _refresh in range(2):
        (invite,) = requests(line.wait(45.1))
        assert (invite.method, invite.body) == ("INVITE", ANSWER)
        assert [m.method for m in requests(line.give(response(invite, 200, body=OFFER)))] == ["ACK"]
        assert line.events() == []
    (invite,) = requests(line.wait(45.1))
    line.give(response(invite, 481))
    assert cause(line) is EndCause.PEER_LOST


@pytest.mark.rfc("4028 §10")
def test_a_call_the_peer_does_not_refresh_ends_a_third_before_the_interval() -> None:
    """§10: 90 s less a third."""
    line = Line()
    Answered(line, headers=[KNOWS, "Session-Expires: 90;refresher=uac"])
    assert line.wait(59.9) == []
    (bye,) = requests(line.wait(0.2))
    assert bye.method == "BYE"
    assert cause(line) is EndCause.EXPIRED


@pytest.mark.rfc("4028 §9")
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_refresh_of_the_peers_keeps_the_call(method: str) -> None:
    line = Line()
    call = Answered(line, headers=[KNOWS, "Session-Expires: 90;refresher=uac"])
    for _ in range(5):
        line.wait(50)
        body = OFFER if method == "INVITE" else b""
        line.give(
            call.request(method, body=body, headers=[KNOWS, "Session-Expires: 90;refresher=uac"])
        )
        if method == "INVITE":
            line.agent.accept_media(call.number, ANSWER, line.now)
            assert "Session-Expires" in only(line.said()).headers
            line.give(call.ack(call.cseq))
    assert line.agent.calls == 1
    line.wait(61)
    assert line.agent.calls == 0


@pytest.mark.rfc("4028 §10", "4028 §7.4")
def test_we_refresh_by_update_at_half_the_interval_where_the_peer_allows_it() -> None:
    """§10, §7.4."""
    line = Line()
    call = Answered(
        line, headers=[KNOWS, "Allow: INVITE, UPDATE", "Session-Expires: 90;refresher=uas"]
    )
    for _ in range(4):
        assert line.wait(44.9) == []
        (update,) = requests(line.wait(0.2), "UPDATE")
        assert update.body == b""
        assert update.headers.get("Session-Expires") == "90;refresher=uac"
        line.give(response(update, 200, headers=["Session-Expires: 90;refresher=uac"]))
    assert line.agent.calls == 1
    assert line.events() == []
    assert call.number


@pytest.mark.rfc("4028 §7.4")
def test_we_refresh_by_re_invite_where_the_peer_allows_no_update() -> None:
    line = Line()
    Answered(line, headers=[KNOWS, "Allow: INVITE, BYE", "Session-Expires: 90;refresher=uas"])
    (invite,) = requests(line.wait(45.1))
    assert (invite.method, invite.body) == ("INVITE", ANSWER)  # the session as it is
    ok = response(invite, 200, body=OFFER, headers=["Session-Expires: 90;refresher=uac"])
    assert [m.method for m in requests(line.give(ok))] == ["ACK"]
    assert line.events() == []  # the program is not troubled


def test_a_refused_update_falls_back_to_re_invite() -> None:
    line = Line()
    Answered(line, headers=[KNOWS, "Allow: UPDATE", "Session-Expires: 90;refresher=uas"])
    (update,) = requests(line.wait(45.1))
    (invite,) = requests(line.give(response(update, 501)))
    assert invite.method == "INVITE"


@pytest.mark.rfc("4028 §7.3")
def test_a_refresh_refused_as_too_short_is_tried_with_the_peers_minimum() -> None:
    """§7.4: 422."""
    line = Line()
    Answered(line, headers=[KNOWS, "Allow: UPDATE", "Session-Expires: 90;refresher=uas"])
    (update,) = requests(line.wait(45.1))
    (again,) = requests(line.give(response(update, 422, headers=["Min-SE: 300"])))
    assert again.session_expires is not None
    assert again.session_expires.interval_s == 300
    assert again.min_se == 300


@pytest.mark.rfc("4028 §10")
@pytest.mark.parametrize("status", [408, 481])
def test_a_refresh_that_finds_nobody_ends_the_call(status: int) -> None:
    line = Line()
    Answered(line, headers=[KNOWS, "Allow: UPDATE", "Session-Expires: 90;refresher=uas"])
    (update,) = requests(line.wait(45.1))
    assert [m.method for m in requests(line.give(response(update, status)))] == ["BYE"]
    assert cause(line) is EndCause.PEER_LOST


def test_a_refresh_without_any_answer_ends_the_call() -> None:
    line = Line()
    Answered(line, headers=[KNOWS, "Allow: UPDATE", "Session-Expires: 90;refresher=uas"])
    said = line.wait(61)
    assert requests(said, "BYE")
    assert cause(line) in (EndCause.EXPIRED, EndCause.PEER_LOST)
    line.wait(60)
    assert remembered(line.agent) == 0


def test_a_refresh_waits_while_an_exchange_is_under_way() -> None:
    line = Line()
    call = Answered(line, headers=[KNOWS, "Session-Expires: 90;refresher=uas"])
    line.wait(44.5)
    line.give(call.request("INVITE", body=OFFER, headers=[KNOWS]))
    assert requests(line.wait(1)) == []
    line.agent.accept_media(call.number, ANSWER, line.now)
    assert 200 in statuses(line.said())


def test_calls_between_two_of_us_stay_up_for_hours_by_their_refreshes() -> None:
    wire = Wire()
    wire.on_event = lambda agent, event: (
        agent.answer(event.call, ANSWER, wire.now)
        if type(event).__name__ == "InviteReceived"
        else None
    )
    wire.place()
    wire.run(4 * 3600)
    assert (wire.caller.calls, wire.callee.calls) == (1, 1)
    assert any(data.startswith(b"UPDATE ") for data in wire.carried)
    assert sum(isinstance(e, CallAnswered) for e in wire.heard[wire.caller]) == 1
    assert not any(isinstance(e, MediaConfirmed) for e in wire.heard[wire.caller])
    wire.lose = lambda data: True
    wire.run(1800)
    assert (wire.caller.calls, wire.callee.calls) == (0, 0)


@pytest.mark.parametrize("junk", ["Min-SE: x", "Session-Expires: x", "Supported: @@"])
def test_a_malformed_field_is_refused_before_the_program_hears_of_the_call(junk: str) -> None:
    line = Line()
    assert line.statuses(request("INVITE", body=OFFER, headers=[junk])) == [400]
    call = Answered(line, call_id="other")
    for method in ("INVITE", "UPDATE"):
        assert line.statuses(call.request(method, body=OFFER, headers=[junk])) == [400]
    assert line.events() == []
