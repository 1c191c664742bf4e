"""Blind transfer, RFC 3515."""

from __future__ import annotations

import pytest

from ivr.sip.errors import SipUsageError
from ivr.sip.events import ReferAccepted, ReferProgress, ReferRefused
from ivr.sip.message import Request
from tests.ivr.sip.peers import Answered, Line, requests, response


def referred(line: Line, call: Answered) -> Request:
    line.agent.refer(call.number, "sip:desk@192.0.2.9", line.now)
    (refer,) = requests(line.said(), "REFER")
    return refer


def notify(
    call: Answered, fragment: str, state: str = "active;expires=60", **changes: str
) -> bytes:
    return call.request(
        "NOTIFY",
        headers=[f"Event: {changes.get('event', 'refer')}", f"Subscription-State: {state}"],
        body=fragment.encode(),
        content_type="message/sipfrag;version=2.0",
    )


@pytest.mark.rfc("3515 §2.1", "3892 §2")
def test_a_transfer_names_its_target_and_who_asks() -> None:
    refer = referred(line := Line(), Answered(line))
    assert refer.headers.get("Refer-To") == "<sip:desk@192.0.2.9>"
    assert refer.headers.get("Referred-By")
    assert refer.contact is not None


@pytest.mark.rfc("3515 §2.4.4")
def test_a_transfer_is_followed_to_its_end() -> None:
    line = Line()
    call = Answered(line)
    refer = referred(line, call)
    line.give(response(refer, 202))
    assert line.statuses(notify(call, "SIP/2.0 100 Trying\r\n")) == [200]
    assert line.statuses(notify(call, "SIP/2.0 180 Ringing")) == [200]
    last = notify(call, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource")
    assert line.statuses(last) == [200]
    assert line.events() == [
        ReferAccepted(call.number),
        *(ReferProgress(call.number, status) for status in (100, 180, 200)),
    ]
    assert line.statuses(notify(call, "SIP/2.0 200 OK")) == [481]  # the subscription is over


@pytest.mark.rfc("3515 §2.4.4")
def test_a_notify_that_overtakes_the_202_is_taken() -> None:
    """§2.4.4."""
    line = Line()
    call = Answered(line)
    refer = referred(line, call)
    assert line.statuses(notify(call, "SIP/2.0 100 Trying")) == [200]
    line.give(response(refer, 202))
    assert line.events() == [ReferAccepted(call.number), ReferProgress(call.number, 100)]


@pytest.mark.rfc("3515 §2.4.2")
def test_a_refused_transfer_leaves_the_call_and_can_be_tried_again() -> None:
    line = Line()
    call = Answered(line)
    line.give(response(referred(line, call), 603))
    assert line.events() == [ReferRefused(call.number, 603)]
    assert line.agent.calls == 1
    assert referred(line, call)


def test_a_transfer_without_any_answer_is_told_as_refused() -> None:
    line = Line()
    call = Answered(line)
    referred(line, call)
    line.wait(33)
    assert line.events() == [ReferRefused(call.number, 408)]
    assert line.agent.calls == 1


def test_one_transfer_at_a_time() -> None:
    line = Line()
    call = Answered(line)
    referred(line, call)
    with pytest.raises(SipUsageError):
        referred(line, call)


def test_a_target_that_is_no_uri_is_our_fault() -> None:
    line = Line()
    call = Answered(line)
    with pytest.raises(SipUsageError):
        line.agent.refer(call.number, "the desk", line.now)
    assert line.said() == []


def test_an_end_without_a_result_counts_as_failed() -> None:
    line = Line()
    call = Answered(line)
    line.give(response(referred(line, call), 202))
    line.events()
    end = call.request(
        "NOTIFY", headers=["Event: refer", "Subscription-State: terminated;reason=timeout"]
    )
    assert line.statuses(end) == [200]
    assert line.events() == [ReferProgress(call.number, 503)]


@pytest.mark.rfc("6665 §4.1.3")
def test_another_event_package_is_refused_with_489() -> None:
    """RFC 6665 §4.1.3."""
    line = Line()
    call = Answered(line)
    referred(line, call)
    (answer,) = line.give(notify(call, "SIP/2.0 200 OK", event="presence"))
    assert answer.status == 489  # type: ignore[union-attr]
    assert answer.headers.get("Allow-Events") == "refer"


@pytest.mark.rfc("6665 §4.1.3")
def test_a_notify_of_an_older_transfer_is_refused_with_481() -> None:
    """§2.4.6: `id` is the number of the REFER."""
    line = Line()
    call = Answered(line)
    refer = referred(line, call)
    number = refer.cseq.number
    assert line.statuses(notify(call, "SIP/2.0 180 x", event=f"refer;id={number - 1}")) == [481]
    assert line.statuses(notify(call, "SIP/2.0 180 x", event=f"refer;id={number}")) == [200]


@pytest.mark.rfc("3515 §2.4.5")
@pytest.mark.parametrize("fragment", ["hello", "SIP/2.0", "SIP/2.0 999 x", "SIP/2.0 20"])
def test_a_fragment_we_cannot_read_is_refused_with_400(fragment: str) -> None:
    line = Line()
    call = Answered(line)
    referred(line, call)
    assert line.statuses(notify(call, fragment)) == [400]
