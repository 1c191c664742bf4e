"""The four machines at work: RFC 3261 §17, RFC 6026, over UDP and over TCP."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from ivr.sip.address import Flow
from ivr.sip.machines import State
from ivr.sip.matching import Transactions, cancel_of
from ivr.sip.message import Request, Response, parse
from ivr.sip.timers import Durations, TimerQueue
from ivr.sip.transaction import ClientTransaction, ServerTransaction
from tests.ivr.sip.peers import LINE, PEER, entropy, request, response

Transport = Literal["udp", "tcp"]
both = pytest.mark.parametrize("transport", ["udp", "tcp"])


class Bench:
    """One transaction and its surroundings."""

    def __init__(self, transport: Transport) -> None:
        random = entropy("transactions")
        self.layer = Transactions(Durations(), TimerQueue(), lambda: random(8).hex())
        self.flow = Flow(transport, LINE, PEER)
        self.now = 0.0
        self.told: list[tuple[int, bool]] = []
        self.acks = 0
        self.failures = 0

    def ask(self, method: str) -> ClientTransaction:
        asked = read_request(request(method))
        on_answer = lambda status, answer, now: self.told.append((status, answer is not None))  # noqa: E731
        return self.layer.start(asked, self.flow, on_answer, self.now)

    def serve(self, method: str) -> tuple[ServerTransaction, Request]:
        asked = read_request(request(method, transport=self.flow.transport.upper()))
        transaction = self.layer.accept(asked, self.flow)
        transaction.on_ack = self._ack
        transaction.on_failure = self._failure
        return transaction, asked

    def _ack(self, ack: Request, now: float) -> None:
        self.acks += 1

    def _failure(self, now: float) -> None:
        self.failures += 1

    def sent(self) -> list[Request | Response]:
        found = [parse(data) for _, data in self.layer.outbox]
        self.layer.outbox.clear()
        return found

    def times(self, seconds: float) -> list[float]:
        """When something was sent while time passed."""
        found: list[float] = []
        end = self.now + seconds
        while (deadline := self.layer.timers.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.layer.timers.run(self.now)
            found += [self.now] * len(self.sent())
        self.now = end
        return found


def read_request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def read_response(data: bytes) -> Response:
    message = parse(data)
    assert isinstance(message, Response)
    return message


def answer(bench: Bench, transaction: Any, asked: Request, status: int) -> None:
    transaction.respond(read_response(response(asked, status)), bench.now)


# Clients


@pytest.mark.rfc("3261 §17.1.1.2")
def test_an_invite_is_repeated_at_t1_doubling_without_limit() -> None:
    """§17.1.1.2, timer A."""
    bench = Bench("udp")
    bench.ask("INVITE")
    bench.sent()
    assert bench.times(40) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.told == [(408, False)]
    assert len(bench.layer) == 0


@pytest.mark.rfc("3261 §17.1.2.2")
def test_another_request_is_repeated_at_t1_doubling_to_t2() -> None:
    """§17.1.2.2, timer E."""
    bench = Bench("udp")
    bench.ask("INFO")
    bench.sent()
    assert bench.times(40) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.told == [(408, False)]


@pytest.mark.rfc("3261 §17.1.2.2")
def test_after_a_provisional_answer_another_request_is_repeated_every_t2() -> None:
    """§17.1.2.2: the timer set keeps its time, those after it are T2."""
    bench = Bench("udp")
    transaction = bench.ask("INFO")
    (asked,) = bench.sent()
    assert isinstance(asked, Request)
    transaction.receive(read_response(response(asked, 100)), bench.now)
    assert bench.times(13) == [0.5, 4.5, 8.5, 12.5]


@pytest.mark.rfc("3261 §17.1.1.2", "3261 §17.1.2.2")
@pytest.mark.parametrize("method", ["INVITE", "INFO"])
def test_over_tcp_a_request_is_sent_once_and_given_up_all_the_same(method: str) -> None:
    bench = Bench("tcp")
    bench.ask(method)
    assert len(bench.sent()) == 1
    assert bench.times(31.9) == []
    assert bench.told == []
    bench.times(0.2)
    assert bench.told == [(408, False)]


@pytest.mark.rfc("3261 §17.1.1.2")
def test_an_invite_that_got_a_1xx_is_repeated_no_more_and_waits() -> None:
    bench = Bench("udp")
    transaction = bench.ask("INVITE")
    (asked,) = bench.sent()
    transaction.receive(read_response(response(asked, 180)), bench.now)  # type: ignore[arg-type]
    assert bench.times(1000) == []
    assert transaction.state is State.PROCEEDING


@pytest.mark.rfc("3261 §17.1.1.2")
@both
def test_a_refused_invite_is_acknowledged_for_each_repetition(transport: Transport) -> None:
    """§17.1.1.2, timer D: 32 s over UDP, nothing over TCP."""
    bench = Bench(transport)
    transaction = bench.ask("INVITE")
    (asked,) = bench.sent()
    refusal = read_response(response(asked, 486))  # type: ignore[arg-type]
    transaction.receive(refusal, bench.now)
    assert [m.method for m in bench.sent() if isinstance(m, Request)] == ["ACK"]
    assert bench.told == [(486, True)]
    if transport == "udp":
        transaction.receive(refusal, bench.now)
        assert len(bench.sent()) == 1
        bench.times(31.9)
        assert len(bench.layer) == 1
    bench.times(0.2)
    assert len(bench.layer) == 0
    assert bench.told == [(486, True)]


@pytest.mark.rfc("6026 §7.2")
def test_each_2xx_goes_up_until_timer_m() -> None:
    """RFC 6026 §7.2."""
    bench = Bench("udp")
    transaction = bench.ask("INVITE")
    (asked,) = bench.sent()
    ok = read_response(response(asked, 200))  # type: ignore[arg-type]
    for _ in range(3):
        transaction.receive(ok, bench.now)
    assert bench.told == [(200, True)] * 3
    assert bench.sent() == []
    transaction.receive(read_response(response(asked, 486)), bench.now)  # type: ignore[arg-type]
    assert len(bench.told) == 3
    bench.times(32.1)
    assert len(bench.layer) == 0


@pytest.mark.rfc("3261 §17.1.2.2")
@both
def test_the_answer_to_another_request_goes_up_once(transport: Transport) -> None:
    """§17.1.2.2, timer K."""
    bench = Bench(transport)
    transaction = bench.ask("INFO")
    (asked,) = bench.sent()
    for _ in range(2):
        transaction.receive(read_response(response(asked, 200)), bench.now)  # type: ignore[arg-type]
    assert bench.told == [(200, True)]
    bench.times(0.0 if transport == "tcp" else 5.0)
    assert len(bench.layer) == 0


@pytest.mark.rfc("3261 §17.1.4")
@both
def test_a_broken_path_is_told_as_503(transport: Transport) -> None:
    """§8.1.3.1."""
    bench = Bench(transport)
    bench.ask("INVITE")
    bench.ask("INFO")
    bench.layer.flow_failed(bench.flow, bench.now)
    assert bench.told == [(503, False)] * 2
    assert len(bench.layer) == 0
    assert bench.layer.timers.next_deadline() is None


@pytest.mark.rfc("3261 §17.1.3")
def test_an_answer_is_matched_by_branch_and_method() -> None:
    """§17.1.3: an answer to the CANCEL of an INVITE has the branch of the INVITE."""
    bench = Bench("udp")
    transaction = bench.ask("INVITE")
    (asked,) = bench.sent()
    assert isinstance(asked, Request)
    told: list[int] = []
    cancel = cancel_of(asked)
    bench.layer.start(cancel, bench.flow, lambda status, m, now: told.append(status), bench.now)
    (sent,) = bench.sent()
    assert sent.via.branch == asked.via.branch
    assert bench.layer.receive_response(read_response(response(cancel, 200)), bench.now)
    assert told == [200]
    assert transaction.state is State.CALLING
    assert not bench.layer.receive_response(
        read_response(response(read_request(request("INVITE")), 200)), bench.now
    )


# Servers


@pytest.mark.rfc("3261 §17.2.1", "3261 §17.2.2")
def test_the_last_answer_is_given_again_for_each_copy_of_the_request() -> None:
    """§17.2.1, §17.2.2."""
    for method, statuses in (("INVITE", (100, 180)), ("INFO", (100,))):
        bench = Bench("udp")
        transaction, asked = bench.serve(method)
        transaction.receive(asked, bench.now)
        assert bench.sent() == []  # nothing was answered yet
        for status in statuses:
            answer(bench, transaction, asked, status)
            bench.sent()
            transaction.receive(asked, bench.now)
            assert [m.status for m in bench.sent() if isinstance(m, Response)] == [status]


@pytest.mark.rfc("3261 §17.2.1")
def test_a_refusal_is_repeated_by_timer_g_and_given_up_by_timer_h() -> None:
    bench = Bench("udp")
    transaction, asked = bench.serve("INVITE")
    answer(bench, transaction, asked, 486)
    bench.sent()
    assert bench.times(33) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.failures == 1
    assert len(bench.layer) == 0


@pytest.mark.rfc("3261 §17.2.1")
@both
def test_the_ack_of_a_refusal_ends_the_repetition(transport: Transport) -> None:
    """§17.2.1, timer I: T4 over UDP, nothing over TCP."""
    bench = Bench(transport)
    transaction, asked = bench.serve("INVITE")
    answer(bench, transaction, asked, 486)
    bench.sent()
    ack = read_request(request("ACK", branch=asked.via.branch))
    assert bench.layer.find_server(ack) is transaction
    transaction.receive(ack, bench.now)
    transaction.receive(ack, bench.now)
    assert transaction.state is State.CONFIRMED
    assert bench.acks == 0  # the core does not hear of it
    assert bench.times(5.0 if transport == "udp" else 0.0) == []
    assert len(bench.layer) == 0


@pytest.mark.rfc("6026 §7.1")
def test_after_a_2xx_copies_are_absorbed_and_acks_go_up() -> None:
    """RFC 6026 §7.1."""
    bench = Bench("udp")
    transaction, asked = bench.serve("INVITE")
    answer(bench, transaction, asked, 200)
    bench.sent()
    transaction.receive(asked, bench.now)
    assert bench.sent() == []
    transaction.receive(read_request(request("ACK", branch=asked.via.branch)), bench.now)
    assert bench.acks == 1
    transaction.repeat(bench.now)
    assert len(bench.sent()) == 1
    assert bench.times(31.9) == []
    assert len(bench.layer) == 1
    bench.times(0.2)
    assert len(bench.layer) == 0


@pytest.mark.rfc("3261 §17.2.2")
@both
def test_the_answer_to_another_request_is_kept_for_timer_j(transport: Transport) -> None:
    bench = Bench(transport)
    transaction, asked = bench.serve("INFO")
    answer(bench, transaction, asked, 200)
    answer(bench, transaction, asked, 500)  # too late: dropped
    assert [m.status for m in bench.sent() if isinstance(m, Response)] == [200]
    bench.times(31.9 if transport == "udp" else 0.0)
    assert len(bench.layer) == (1 if transport == "udp" else 0)
    bench.times(0.2)
    assert len(bench.layer) == 0


@pytest.mark.rfc("3261 §17.2.3")
def test_copies_are_told_apart_by_branch_sender_and_method() -> None:
    """§17.2.3."""
    bench = Bench("udp")
    transaction, _ = bench.serve("INVITE")
    found = bench.layer.find_server
    assert found(read_request(request("INVITE"))) is transaction
    assert found(read_request(request("INVITE", branch="z9hG4bKother"))) is None
    assert found(read_request(request("INVITE", sent_by="192.0.2.8:5070"))) is None
    assert found(read_request(request("INVITE", sent_by="192.0.2.9:5071"))) is None
    branch = "z9hG4bK-call-1-INVITE-1"
    assert found(read_request(request("BYE", branch=branch))) is None
    cancel = read_request(request("CANCEL", branch=branch))
    assert found(cancel) is None
    assert found(cancel, method="INVITE") is transaction


def test_a_path_that_fails_touches_nobody_else() -> None:
    bench = Bench("tcp")
    transaction, _ = bench.serve("INVITE")
    bench.layer.flow_failed(Flow("tcp", LINE, ("192.0.2.8", 1)), bench.now)
    assert transaction.state is State.PROCEEDING
    assert bench.failures == 0


def test_an_ended_transaction_lets_go_of_its_listeners() -> None:
    bench = Bench("udp")
    transaction, _ = bench.serve("INVITE")
    transaction.terminate()
    transaction.terminate()
    assert transaction.on_ack is None
    assert transaction.on_failure is None
    assert len(bench.layer) == 0
