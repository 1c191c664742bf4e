"""The process that makes the sound: the engine on a timer of its own, told what to do by messages.

Started by the responder, as `python -m ivr.media.process`, with one end of a pair of sockets.
What comes there is done at once, within the slot that runs; what legs tell goes back at once. So
a key is answered in its slot, as when engine and flow shared a thread, and neither the database
nor a flow's arithmetic can hold up a packet.

Where the system allows it the thread that ticks has real-time priority (SCHED_RR, the lowest; the
thread that writes recordings does not inherit it). It ends, with its recordings complete, when
the responder says so or is gone; signals meant for the whole line leave it alone until then.
"""

import errno
import gc
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from ivr import logs
from ivr.media import sieve
from ivr.media.engine import MediaEngine
from ivr.media.events import MediaEvent, RecordingEnded
from ivr.media.leg import Leg
from ivr.media.plan import LegPlan
from ivr.media.sockets import dissolve
from ivr.media.statistics import LegStatistics
from ivr.media.tap import Tap
from ivr.media.timer import TICK_NS, TICK_S, Lateness, expirations, open_timer
from ivr.media.wire import Message, Wire, WireClosed

pulse_ticks: Final = 25
"""Twice a second the responder is told how we do; without it we are taken for dead."""
_lateness_ticks: Final = 50
_most_pieces: Final = 10
_last_words_s: Final = 5.0
_switch_interval_s: Final = 0.00002  # as in the responder: the writer's thread gives way at once
_gc_thresholds: Final = (700, 5, 1_000_000_000)

log = logging.getLogger(__name__)


class MediaProcess:
    """Engine, timer and wire in one loop."""

    def __init__(self, wire: Wire, silent_after_s: float) -> None:
        self._wire = wire
        self._legs: dict[int, Leg] = {}
        self._numbers: dict[Leg, int] = {}
        self._sounds: dict[int, bytes] = {}
        self._taps: dict[int, Tap] = {}
        self._engine = MediaEngine(
            None,
            wall_clock=time.time,
            entropy=os.urandom,
            silent_after_s=silent_after_s,
            recording_began=self._began,
            reached=self._reached,
        )
        self._ending = False
        self._ticks = 0
        self._had_legs = False
        # What a leg is asked that needs no more than its arguments.
        self._plain: dict[str, Callable[..., None]] = {
            "configure": Leg.configure,
            "follow": Leg.follow,
            "louder": Leg.louder,
            "stop_playing": Leg.stop_playing,
            "stop_recording": Leg.stop_recording,
            "unbridge": Leg.unbridge,
            "press": Leg.press,
            "announce": Leg.announce,
        }
        self._special: dict[str, Callable[..., None]] = {
            "play": self._play,
            "loop": self._loop,
            "record": self._record,
            "bridge": self._bridge,
            "tap": self._tap,
            "untap": self._untap,
            "confide": self._confide,
            "close": self._close,
        }

    def run(self) -> None:
        """Serve until the other end says "end" or is gone."""
        timer = open_timer(TICK_NS)
        lateness = Lateness(time.monotonic() + TICK_S)
        poll = select.epoll()
        poll.register(timer, select.EPOLLIN)
        poll.register(self._wire.fileno(), select.EPOLLIN)
        waiting = False
        try:
            while not self._ending:
                for descriptor, _ in poll.poll():
                    if descriptor == timer:
                        expired = expirations(timer)
                        if expired:
                            self._tick(expired, lateness)
                    else:
                        messages = self._wire.receive()
                        self._engine.act(partial(self._take, messages))
                    if self._wire.pending:
                        blocked = not self._wire.send()
                        if blocked != waiting:
                            waiting = blocked
                            wanted = select.EPOLLIN | (select.EPOLLOUT if waiting else 0)
                            poll.modify(self._wire.fileno(), wanted)
        except WireClosed as error:
            log.info("The responder is gone (%s); recordings are completed", error)
        self._end()

    # -- every 20 ms

    def _tick(self, expired: int, lateness: Lateness) -> None:
        now_s = time.monotonic()
        lateness.note(now_s, expired)
        try:
            self._engine.tick(now_s)
        except Exception:  # a fault in one tick must not end every call
            log.exception("A tick failed")
        for number, tap in self._taps.items():
            for _ in range(min(expired, _most_pieces)):
                self._wire.say("heard", number, tap.slot())
        self._ticks += 1
        if self._ticks % pulse_ticks == 0:
            self._wire.say(
                "pulse",
                lateness.quantile_ms(0.5),
                lateness.quantile_ms(0.99),
                lateness.quantile_ms(0.9, last=_lateness_ticks),
                lateness.missed,
            )
            if self._engine.legs:
                self._had_legs = True
            elif self._had_legs:
                self._had_legs = False
                gc.collect()

    # -- what is asked

    def _take(self, messages: list[Message]) -> None:
        for verb, *words in messages:
            try:
                self._do(verb, words)
            except Exception:  # one leg's fault must not end the others
                log.exception("%s was not done", verb)

    def _do(self, verb: str, words: list[Any]) -> None:
        match verb:
            case "keep_sound":
                self._sounds[words[0]] = words[1]
            case "forget_sound":
                self._sounds.pop(words[0], None)
            case "open":
                self._open(*words)
            case "end":
                self._ending = True
            case _:
                leg = self._legs.get(words[0])
                if leg is None:
                    self._miss(verb, words)
                elif verb in self._plain:
                    self._plain[verb](leg, *words[1:])
                else:
                    self._special[verb](words[0], leg, *words[1:])

    def _miss(self, verb: str, words: list[Any]) -> None:
        """Answer for a leg that could not be opened (its sockets were lost on the way): nobody may
        wait for the end of it or of a recording, nor keep its ports."""
        if verb == "close":
            self._wire.say("closed", words[0], LegStatistics())
        elif verb == "record":
            self._wire.say("told", words[0], RecordingEnded(words[1], 0.0, "failed"))

    def _open(self, number: int, anew: bool) -> None:
        given = self._wire.received
        descriptors = given.popleft(), given.popleft()
        if -1 in descriptors:
            for descriptor in descriptors:
                if descriptor >= 0:
                    os.close(descriptor)
            raise OSError(errno.EMFILE, "a call has no sound: its sockets found no room here")
        rtp, rtcp = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        if anew:
            # Our predecessor may have connected it and put a filter on it; the first packet
            # decides again.
            dissolve(rtp)
            sieve.clear(rtp)
        leg = self._engine.adopt(rtp, rtcp)
        self._legs[number] = leg
        self._numbers[leg] = number

        def told(event: MediaEvent) -> None:
            self._wire.say("told", number, event)

        leg.listener = told

    def _play(self, _: int, leg: Leg, sounds: tuple[int, ...], clip: int) -> None:
        leg.play([self._sounds[sound] for sound in sounds], clip)

    def _loop(self, _: int, leg: Leg, sound: int) -> None:
        leg.loop(self._sounds[sound])

    def _record(
        self,
        _: int,
        leg: Leg,
        path: Path,
        max_s: float,
        silence_s: float | None,
        beep: bool,
        resume: bool,
    ) -> None:
        leg.record(path, max_s=max_s, silence_s=silence_s, beep=beep, resume=resume)

    def _bridge(self, _: int, leg: Leg, other: int) -> None:
        leg.bridge(self._legs[other])

    def _tap(self, number: int, leg: Leg) -> None:
        self._taps[number] = leg.tap()

    def _untap(self, number: int, leg: Leg) -> None:
        self._taps.pop(number, None)
        leg.untap()

    def _confide(self, number: int, _: Leg, wanted: bool) -> None:
        if number in self._taps:
            self._taps[number].confide(wanted)

    def _close(self, number: int, leg: Leg) -> None:
        self._taps.pop(number, None)
        leg.close(lambda statistics: self._wire.say("closed", number, statistics))
        del self._legs[number], self._numbers[leg]

    # -- what is told

    def _began(self, leg: Leg) -> None:
        self._wire.say("began", self._numbers[leg])

    def _reached(self, leg: Leg, key: bytes, ssrc: int, index: int) -> None:
        self._wire.say("reached", self._numbers[leg], key, ssrc, index)

    def _end(self) -> None:
        """Close all, complete the recordings, and say so if there is still somebody to hear."""
        for number, leg in list(self._legs.items()):
            self._close(number, leg)
        self._engine.close()
        limit_s = time.monotonic() + _last_words_s
        try:
            while not self._wire.send():
                left_s = limit_s - time.monotonic()
                if left_s <= 0 or not select.select([], [self._wire.fileno()], [], left_s)[1]:
                    break
        except WireClosed:
            pass  # nobody there; the recordings are complete all the same
        self._wire.close()


def real_time() -> bool:
    """Give this thread real-time priority, where the process may; returns whether it did."""
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))
    except OSError:
        return False
    return True


def main(words: list[str]) -> None:
    """`process.py DESCRIPTOR SILENT_AFTER_S LOG_LEVEL LOG_FORMAT`."""
    descriptor, silent_after_s, level, form = words
    logs.set_up(level, "json" if form == "json" else "text", "media")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    serving = MediaProcess(Wire(socket.socket(fileno=int(descriptor))), float(silent_after_s))
    _warm()
    sys.setswitchinterval(_switch_interval_s)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_gc_thresholds)
    if real_time():
        log.info("Sound has real-time priority")
    else:
        log.warning(
            "Sound has no real-time priority, and under load waits for other programs: allow it "
            "(LimitRTPRIO=1 of systemd, or ulimit -r 1)"
        )
    serving.run()


def _warm() -> None:
    """Do once what is slow the first time, before anybody waits for it."""
    LegPlan(("", 0))
    Tap().slot()


if __name__ == "__main__":
    main(sys.argv[1:])
