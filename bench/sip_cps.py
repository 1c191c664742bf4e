"""Calls a second through the SIP core: two user agents wired together in memory.

    python -m bench.sip_cps [--calls 2000] [--seconds-between 0.005] [--profile]

Each call is INVITE, 100, 180, 200, ACK, BYE, 200: seven messages, each written by one side and read
by the other. The figures are CPU time of both sides together and of the called side alone, which
is what the line spends. Time is made up, so that timers run as they would at the rate asked for:
at 200 calls a second some 6,400 transactions are waiting for their timers at any moment.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import os
import pstats
import resource
from time import process_time

from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.events import CallAnswered, CallEnded, InviteReceived
from ivr.sip.user_agent import UserAgent

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)


class Bench:
    """Two user agents and the time."""

    def __init__(self) -> None:
        config = UserAgentConfig(max_calls=1_000_000, max_transactions=10_000_000)
        self.caller = UserAgent(config, os.urandom)
        self.line = UserAgent(config, os.urandom)
        self.towards_line = Flow("udp", ("192.0.2.9", 5070), ("192.0.2.1", 5060))
        self.towards_caller = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5070))
        self.now = 0.0
        self.line_cpu = 0.0
        self.ended = 0
        self.repeated = 0

    def call(self) -> None:
        """One call from beginning to end."""
        caller = self.caller
        caller.invite(
            "sip:line@192.0.2.1", SDP, self.towards_line, self.now, from_uri="sip:peer@192.0.2.9"
        )
        self._exchange()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        started = process_time()
        self.line.tick(self.now)
        self.line_cpu += process_time() - started
        self.caller.tick(self.now)
        self.repeated += len(self.line.to_send()) + len(self.caller.to_send())

    def _exchange(self) -> None:
        now, caller, line = self.now, self.caller, self.line
        while outgoing := caller.to_send():
            started = process_time()
            for _, data in outgoing:
                line.receive(data, self.towards_caller, now)
            while (event := line.next_event()) is not None:
                if isinstance(event, InviteReceived):
                    line.ring(event.call, now)
                    line.answer(event.call, SDP, now)
                elif isinstance(event, CallEnded):
                    self.ended += 1
            answers = line.to_send()
            self.line_cpu += process_time() - started
            for _, data in answers:
                caller.receive(data, self.towards_line, now)
            while (told := caller.next_event()) is not None:
                if isinstance(told, CallAnswered):
                    caller.hang_up(told.call, now)


def measure(calls: int, between_s: float) -> dict[str, float]:
    """Place the calls; the figures."""
    bench = Bench()
    gc.collect()
    started = process_time()
    for _ in range(calls):
        bench.call()
        bench.pass_time(between_s)
    cpu = process_time() - started
    assert bench.ended == calls, (bench.ended, calls)
    assert bench.repeated == 0, bench.repeated
    waiting = len(bench.line._core.transactions)
    bench.pass_time(64.0)
    left = len(bench.line._core.transactions) + len(bench.line._core.dialogs)
    return {
        "calls": calls,
        "us_per_call_line": round(bench.line_cpu / calls * 1e6, 1),
        "us_per_call_both": round(cpu / calls * 1e6, 1),
        "calls_per_s_line": round(calls / bench.line_cpu, 1),
        "calls_per_s_both": round(calls / cpu, 1),
        "transactions_waiting": waiting,
        "left_behind": left,
        "max_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> None:
    """Read the arguments, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--seconds-between", type=float, default=0.005)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        profile.enable()
        figures = measure(options.calls, options.seconds_between)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    else:
        figures = measure(options.calls, options.seconds_between)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
