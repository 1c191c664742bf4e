"""The four transaction state machines of RFC 3261 §17 as tables, with the mends of RFC 6026.

A machine is data: what a (state, input) pair leads to, and which timers run in each state. An
input that has no row is absorbed. Entering a state stops the timers that do not run in it and
starts those that do and are not running; so figures 5 to 8 of RFC 3261, redrawn by RFC 6026 §7
for INVITE, can be read off the tables line by line.

The `ACCEPTED` state of RFC 6026 is why a retransmitted INVITE is not taken for a new one after
our 2xx, and why each retransmitted 2xx (also from another fork) reaches the core to be
acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from ivr.sip.timers import Durations


class State(Enum):
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Input(Enum):
    REQUEST = auto()  # server: the request again
    ACK = auto()
    SENT_1XX = auto()  # server: the core answers
    SENT_2XX = auto()
    SENT_FINAL = auto()  # INVITE: 300-699; non-INVITE: 200-699
    GOT_1XX = auto()  # client: the peer answers
    GOT_2XX = auto()
    GOT_FINAL = auto()  # as for SENT_FINAL
    BROKEN = auto()  # transport error
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_J = auto()
    TIMER_K = auto()
    TIMER_L = auto()
    TIMER_M = auto()


class Do(Enum):
    SEND = auto()  # what the core gave
    RESEND = auto()  # what was sent last
    ACKNOWLEDGE = auto()  # ACK to a non-2xx, §17.1.1.3
    PASS_UP = auto()
    TIMED_OUT = auto()  # tell the core, as 408 (§8.1.3.1)
    FAILED = auto()  # tell the core, as 503 (§8.1.3.1)


class OverTcp(Enum):
    """What becomes of a timer where the transport itself is reliable."""

    SAME = auto()
    NEVER = auto()  # nothing is retransmitted
    AT_ONCE = auto()  # nothing can come late


@dataclass(frozen=True, slots=True)
class TimerRule:
    """First interval, its growth (doubling up to a limit, None: fires once), and TCP."""

    first: Callable[[Durations], float]
    over_tcp: OverTcp
    longest: Callable[[Durations], float] | None = None


def _t1(durations: Durations) -> float:
    return durations.t1_s


def _t2(durations: Durations) -> float:
    return durations.t2_s


def _t4(durations: Durations) -> float:
    return durations.t4_s


def _64_t1(durations: Durations) -> float:
    return durations.transaction_s


def _timer_d(durations: Durations) -> float:
    return durations.timer_d_s


# RFC 3261 table 4; L and M: RFC 6026 §7.1 and §7.2.
timer_rules: Mapping[Input, TimerRule] = {
    Input.TIMER_A: TimerRule(_t1, OverTcp.NEVER, longest=_64_t1),
    Input.TIMER_B: TimerRule(_64_t1, OverTcp.SAME),
    Input.TIMER_D: TimerRule(_timer_d, OverTcp.AT_ONCE),
    Input.TIMER_E: TimerRule(_t1, OverTcp.NEVER, longest=_t2),
    Input.TIMER_F: TimerRule(_64_t1, OverTcp.SAME),
    Input.TIMER_G: TimerRule(_t1, OverTcp.NEVER, longest=_t2),
    Input.TIMER_H: TimerRule(_64_t1, OverTcp.SAME),
    Input.TIMER_I: TimerRule(_t4, OverTcp.AT_ONCE),
    Input.TIMER_J: TimerRule(_64_t1, OverTcp.AT_ONCE),
    Input.TIMER_K: TimerRule(_t4, OverTcp.AT_ONCE),
    Input.TIMER_L: TimerRule(_64_t1, OverTcp.SAME),
    Input.TIMER_M: TimerRule(_64_t1, OverTcp.SAME),
}

Transitions = Mapping[tuple[State, Input], tuple[State, tuple[Do, ...]]]


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    start: State
    transitions: Transitions
    timers: Mapping[State, tuple[Input, ...]]


# RFC 3261 figure 5, RFC 6026 §7.2.
invite_client = Machine(
    name="INVITE client",
    start=State.CALLING,
    transitions={
        (State.CALLING, Input.TIMER_A): (State.CALLING, (Do.RESEND,)),
        (State.CALLING, Input.TIMER_B): (State.TERMINATED, (Do.TIMED_OUT,)),
        (State.CALLING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.CALLING, Input.GOT_1XX): (State.PROCEEDING, (Do.PASS_UP,)),
        (State.CALLING, Input.GOT_2XX): (State.ACCEPTED, (Do.PASS_UP,)),
        (State.CALLING, Input.GOT_FINAL): (State.COMPLETED, (Do.ACKNOWLEDGE, Do.PASS_UP)),
        (State.PROCEEDING, Input.GOT_1XX): (State.PROCEEDING, (Do.PASS_UP,)),
        (State.PROCEEDING, Input.GOT_2XX): (State.ACCEPTED, (Do.PASS_UP,)),
        (State.PROCEEDING, Input.GOT_FINAL): (State.COMPLETED, (Do.ACKNOWLEDGE, Do.PASS_UP)),
        (State.PROCEEDING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.COMPLETED, Input.GOT_FINAL): (State.COMPLETED, (Do.ACKNOWLEDGE,)),
        (State.COMPLETED, Input.TIMER_D): (State.TERMINATED, ()),
        (State.COMPLETED, Input.BROKEN): (State.TERMINATED, ()),
        (State.ACCEPTED, Input.GOT_2XX): (State.ACCEPTED, (Do.PASS_UP,)),
        (State.ACCEPTED, Input.TIMER_M): (State.TERMINATED, ()),
    },
    timers={
        State.CALLING: (Input.TIMER_A, Input.TIMER_B),
        State.COMPLETED: (Input.TIMER_D,),
        State.ACCEPTED: (Input.TIMER_M,),
    },
)

# RFC 3261 figure 6.
non_invite_client = Machine(
    name="non-INVITE client",
    start=State.TRYING,
    transitions={
        (State.TRYING, Input.TIMER_E): (State.TRYING, (Do.RESEND,)),
        (State.TRYING, Input.TIMER_F): (State.TERMINATED, (Do.TIMED_OUT,)),
        (State.TRYING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.TRYING, Input.GOT_1XX): (State.PROCEEDING, (Do.PASS_UP,)),
        (State.TRYING, Input.GOT_FINAL): (State.COMPLETED, (Do.PASS_UP,)),
        (State.PROCEEDING, Input.TIMER_E): (State.PROCEEDING, (Do.RESEND,)),
        (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, (Do.TIMED_OUT,)),
        (State.PROCEEDING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.PROCEEDING, Input.GOT_1XX): (State.PROCEEDING, (Do.PASS_UP,)),
        (State.PROCEEDING, Input.GOT_FINAL): (State.COMPLETED, (Do.PASS_UP,)),
        (State.COMPLETED, Input.TIMER_K): (State.TERMINATED, ()),
    },
    timers={
        State.TRYING: (Input.TIMER_E, Input.TIMER_F),
        State.PROCEEDING: (Input.TIMER_E, Input.TIMER_F),
        State.COMPLETED: (Input.TIMER_K,),
    },
)

# RFC 3261 figure 7, RFC 6026 §7.1.
invite_server = Machine(
    name="INVITE server",
    start=State.PROCEEDING,
    transitions={
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, (Do.RESEND,)),
        (State.PROCEEDING, Input.SENT_1XX): (State.PROCEEDING, (Do.SEND,)),
        (State.PROCEEDING, Input.SENT_2XX): (State.ACCEPTED, (Do.SEND,)),
        (State.PROCEEDING, Input.SENT_FINAL): (State.COMPLETED, (Do.SEND,)),
        (State.PROCEEDING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, (Do.RESEND,)),
        (State.COMPLETED, Input.TIMER_G): (State.COMPLETED, (Do.RESEND,)),
        (State.COMPLETED, Input.ACK): (State.CONFIRMED, ()),
        (State.COMPLETED, Input.TIMER_H): (State.TERMINATED, (Do.TIMED_OUT,)),
        (State.COMPLETED, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.CONFIRMED, Input.TIMER_I): (State.TERMINATED, ()),
        (State.ACCEPTED, Input.SENT_2XX): (State.ACCEPTED, (Do.SEND,)),
        (State.ACCEPTED, Input.ACK): (State.ACCEPTED, (Do.PASS_UP,)),
        (State.ACCEPTED, Input.TIMER_L): (State.TERMINATED, ()),
    },
    timers={
        State.COMPLETED: (Input.TIMER_G, Input.TIMER_H),
        State.CONFIRMED: (Input.TIMER_I,),
        State.ACCEPTED: (Input.TIMER_L,),
    },
)

# RFC 3261 figure 8.
non_invite_server = Machine(
    name="non-INVITE server",
    start=State.TRYING,
    transitions={
        (State.TRYING, Input.SENT_1XX): (State.PROCEEDING, (Do.SEND,)),
        (State.TRYING, Input.SENT_FINAL): (State.COMPLETED, (Do.SEND,)),
        (State.TRYING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, (Do.RESEND,)),
        (State.PROCEEDING, Input.SENT_1XX): (State.PROCEEDING, (Do.SEND,)),
        (State.PROCEEDING, Input.SENT_FINAL): (State.COMPLETED, (Do.SEND,)),
        (State.PROCEEDING, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, (Do.RESEND,)),
        (State.COMPLETED, Input.TIMER_J): (State.TERMINATED, ()),
        (State.COMPLETED, Input.BROKEN): (State.TERMINATED, (Do.FAILED,)),
    },
    timers={State.COMPLETED: (Input.TIMER_J,)},
)

machines = (invite_client, non_invite_client, invite_server, non_invite_server)
