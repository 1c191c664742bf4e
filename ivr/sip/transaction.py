"""One request and its answers: the machines of `machines.py` set in motion (RFC 3261 §17).

A transaction holds bytes, not messages: what it retransmits it has serialised once. It tells the
core of what matters by three callables the core puts on it; each is dropped when the transaction
ends, so that a finished call is not held in memory by the timers of its last transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

from ivr.sip.address import Flow
from ivr.sip.machines import (
    Do,
    Input,
    Machine,
    OverTcp,
    State,
    TimerRule,
    invite_client,
    invite_server,
    non_invite_client,
    non_invite_server,
    timer_rules,
)
from ivr.sip.message import Request, Response, serialize
from ivr.sip.timers import Durations, Timer, TimerQueue


class Surroundings(Protocol):
    """What a transaction needs of the layer that keeps it."""

    durations: Durations
    timers: TimerQueue

    def send(self, flow: Flow, data: bytes) -> None: ...
    def forget(self, transaction: Transaction) -> None: ...


class Transaction:
    """A state, its timers and the last bytes sent."""

    __slots__ = ("_layer", "_running", "flow", "key", "last_sent", "machine", "method", "state")

    def __init__(
        self, layer: Surroundings, machine: Machine, key: Hashable, method: str, flow: Flow
    ) -> None:
        self._layer = layer
        self._running: dict[Input, Timer] = {}
        self.machine = machine
        self.key = key
        self.method = method
        self.flow = flow
        self.state = machine.start
        self.last_sent = b""

    @property
    def terminated(self) -> bool:
        return self.state is State.TERMINATED

    def terminate(self) -> None:
        """End without a word to anybody."""
        if self.state is not State.TERMINATED:
            for timer in self._running.values():
                timer.cancel()
            self._running.clear()
            self.state = State.TERMINATED
            self._layer.forget(self)
            self._release()

    def flow_failed(self, now: float) -> None:
        self._take(Input.BROKEN, None, now)

    def _take(self, what: Input, subject: Request | Response | None, now: float) -> bool:
        """Follow the table; False where it has no row."""
        row = self.machine.transitions.get((self.state, what))
        if row is None:
            return False
        state, actions = row
        if state is not self.state:
            self._enter(state, now)
        for action in actions:
            self._do(action, subject, now)
        if state is State.TERMINATED:
            self._release()
        return True

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        wanted = self.machine.timers.get(state, ())
        running = self._running
        if running:
            for name in [name for name in running if name not in wanted]:
                running.pop(name).cancel()
        tcp = self.flow.reliable
        for name in wanted:
            if name in running:
                continue
            rule = timer_rules[name]
            if not tcp or rule.over_tcp is OverTcp.SAME:
                self._arm(name, rule, rule.first(self._layer.durations), now)
            elif rule.over_tcp is OverTcp.AT_ONCE:
                # A zero timer still goes through the queue: the row that led here may have
                # actions to do before the transaction is gone.
                self._arm(name, rule, 0.0, now)
        if state is State.TERMINATED:
            self._layer.forget(self)

    def _arm(self, name: Input, rule: TimerRule, interval: float, now: float) -> None:
        def fire(at: float) -> None:
            self._running.pop(name, None)
            before = self.state
            self._take(name, None, at)
            if rule.longest is not None and self.state is before:
                longest = rule.longest(self._layer.durations)
                following = min(interval * 2, longest)
                if name is Input.TIMER_E and self.state is State.PROCEEDING:
                    following = longest  # §17.1.2.2
                self._arm(name, rule, following, at)

        self._running[name] = self._layer.timers.set(now + interval, fire)

    def _do(self, action: Do, subject: Request | Response | None, now: float) -> None:
        if action in (Do.SEND, Do.RESEND) and self.last_sent:
            self._layer.send(self.flow, self.last_sent)

    def _release(self) -> None:
        """Let go of whoever listens."""


class ServerTransaction(Transaction):
    """A request of the peer's. `on_ack` hears of ACKs to a 2xx on this branch (RFC 6026 §7.1)."""

    __slots__ = ("_alternative", "held_bytes", "on_ack", "on_cancel", "on_failure")

    def __init__(
        self,
        layer: Surroundings,
        key: Hashable,
        request: Request,
        flow: Flow,
        *,
        alternative: Flow | None = None,
    ) -> None:
        machine = invite_server if request.method == "INVITE" else non_invite_server
        super().__init__(layer, machine, key, request.method, flow)
        self._alternative = alternative
        # About what the request weighs, which whoever listens here may hold until the end.
        self.held_bytes = len(request.body) + sum(
            len(name) + len(value) for name, value in request.headers
        )
        self.on_ack: Callable[[Request, float], None] | None = None
        self.on_failure: Callable[[float], None] | None = None
        self.on_cancel: Callable[[float], None] | None = None

    @property
    def answered(self) -> bool:
        """A final response has been sent."""
        return self.state not in (State.TRYING, State.PROCEEDING)

    def respond(self, response: Response, now: float) -> None:
        """Send a response; too late ones (already answered) are dropped, as §17.2 has it."""
        status = response.status
        if status < 200:
            what = Input.SENT_1XX
        elif status < 300 and self.machine is invite_server:
            what = Input.SENT_2XX
        else:
            what = Input.SENT_FINAL
        if (self.state, what) in self.machine.transitions:
            # Written before anything changes: a response that cannot be is our own fault, and
            # leaves the transaction as it was.
            self.last_sent = serialize(response)
            self._take(what, response, now)

    def repeat(self, now: float) -> None:
        """The 2xx of an INVITE once more, unchanged: the core's own retransmission, §13.3.1.4."""
        if self.last_sent:
            self._layer.send(self.flow, self.last_sent)

    def receive(self, request: Request, now: float) -> None:
        """A retransmission, or an ACK."""
        self._take(Input.ACK if request.method == "ACK" else Input.REQUEST, request, now)

    def flow_failed(self, now: float) -> None:
        # §18.2.2: the connection a request came on is gone; open one to the Via's address.
        if self._alternative is not None:
            self.flow, self._alternative = self._alternative, None
        else:
            super().flow_failed(now)

    def _do(self, action: Do, subject: Request | Response | None, now: float) -> None:
        if action is Do.PASS_UP:
            if self.on_ack is not None and isinstance(subject, Request):
                self.on_ack(subject, now)
        elif action in (Do.TIMED_OUT, Do.FAILED):
            if self.on_failure is not None:
                self.on_failure(now)
        else:
            super()._do(action, subject, now)

    def _release(self) -> None:
        self.on_ack = self.on_cancel = self.on_failure = None


# Who asked: status, response and time. The response is None where there was none: 408 timed
# out, 503 could not be sent (§8.1.3.1).
Answered = Callable[[int, Response | None, float], None]


class ClientTransaction(Transaction):
    """A request of ours.

    One that is too large for a datagram goes by a connection, and by UDP (`or_else`) where there
    can be none (§18.1.1). It keeps its branch then: should both copies arrive, they are one.
    """

    __slots__ = ("_acknowledge", "_or_else", "_request", "on_answer")

    def __init__(
        self,
        layer: Surroundings,
        key: Hashable,
        request: Request,
        flow: Flow,
        on_answer: Answered,
        acknowledge: Callable[[Request, Response], Request],
        *,
        or_else: Callable[[], tuple[Flow, bytes]] | None = None,
    ) -> None:
        machine = invite_client if request.method == "INVITE" else non_invite_client
        super().__init__(layer, machine, key, request.method, flow)
        self._request: Request | None = request if request.method == "INVITE" else None
        self._or_else = or_else
        self.last_sent = serialize(request)
        self._acknowledge = acknowledge
        self.on_answer: Answered | None = on_answer

    @property
    def chose_connection(self) -> bool:
        """It goes by TCP for its size alone, and nothing has come back yet."""
        return self._or_else is not None

    def start(self, now: float) -> None:
        self._enter(self.machine.start, now)
        self._layer.send(self.flow, self.last_sent)

    def flow_failed(self, now: float) -> None:
        if self._or_else is None:
            super().flow_failed(now)
            return
        (self.flow, self.last_sent), self._or_else = self._or_else(), None
        self._enter(self.state, now)  # the timers of UDP run from here
        self._layer.send(self.flow, self.last_sent)

    def receive(self, response: Response, now: float) -> None:
        self._or_else = None
        if response.status < 200:
            what = Input.GOT_1XX
        elif response.status < 300 and self.machine is invite_client:
            what = Input.GOT_2XX
        else:
            what = Input.GOT_FINAL
        self._take(what, response, now)

    def _do(self, action: Do, subject: Request | Response | None, now: float) -> None:
        if action is Do.PASS_UP and isinstance(subject, Response):
            self._tell(subject.status, subject, now)
        elif action is Do.ACKNOWLEDGE and isinstance(subject, Response):
            if self._request is not None:
                self.last_sent = serialize(self._acknowledge(self._request, subject))
                self._request = None
            self._layer.send(self.flow, self.last_sent)
        elif action is Do.TIMED_OUT:
            self._tell(408, None, now)
        elif action is Do.FAILED:
            self._tell(503, None, now)
        else:
            super()._do(action, subject, now)

    def _tell(self, status: int, response: Response | None, now: float) -> None:
        if self.on_answer is not None:
            self.on_answer(status, response, now)

    def _release(self) -> None:
        self.on_answer = None
        self._request = self._or_else = None
