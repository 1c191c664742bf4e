"""The caller's process: place the call, press the keys, write what was heard.

Every event is one line of JSON on standard output with the seconds since the
call was placed (`t`); the last one is `{"event": "end", ...}`. Status 0: the
call was answered and, where something had to be heard, heard; 1: not.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import sys
import time
import wave
from pathlib import Path
from typing import Any

from pyVoIP.VoIP import CallState

from ivr.caller.hearing import read_sound
from ivr.caller.phone import (
    INVITE_TIMEOUT_S,
    T1_S,
    Phone,
    PlacedCall,
    free_rtp_port,
)
from ivr.caller.script import parse_keys, parse_target

_TICK_S = 0.05
_BYE_TIMEOUT_S = 1.0
_AFTER_LAST_KEY_S = 8.0


class Caller:
    """One call from INVITE to BYE. All times are monotonic seconds."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.target = parse_target(options.target)
        self.presses = list(parse_keys(options.keys))
        last_key_s = self.presses[-1].at_s if self.presses else 0.0
        self.duration_s: float = options.duration or last_key_s + _AFTER_LAST_KEY_S
        self.probing: bool = options.probe
        self.answer_timeout_s: float = options.timeout
        self.sound = read_sound(options.play) if options.play else []
        self.sound_at_s: float = options.play_at
        self.interrupted = False
        self.started = time.monotonic()
        server = socket.gethostbyname(self.target.host)
        my_ip = local_address(server, self.target.port)
        self.phone = Phone(
            server, self.target.port, my_ip, free_rtp_port(my_ip), options.caller or "caller"
        )

    def tell(self, event: str, **values: Any) -> None:
        """Print one event."""
        line = {"t": round(time.monotonic() - self.started, 3), "event": event, **values}
        print(json.dumps(line, ensure_ascii=False), flush=True)

    def run(self) -> tuple[float | None, str]:
        """Place and follow the call; returns when it was answered, and how it ended."""
        self.phone.direct.start()
        self.started = time.monotonic()
        call = self.phone.call(self.target.user)
        refusal = self._wait_for_answer(call)
        if refusal:
            return None, refusal
        answered = time.monotonic()
        self.tell("answered")
        ended = self._follow(call, answered)
        if call.state is CallState.ANSWERED:
            call.hangup()
            self._receive_until(time.monotonic() + _BYE_TIMEOUT_S, lambda: self._bye_answered())
        return answered, ended

    def _bye_answered(self) -> bool:
        return b" BYE" in self.phone.direct.last_received

    def _wait_for_answer(self, call: PlacedCall) -> str:
        """Empty once answered, else why not."""
        resend_after = T1_S
        resend = self.started + resend_after
        limit = self.started + min(self.answer_timeout_s, INVITE_TIMEOUT_S)
        while call.state is CallState.DIALING:
            now = time.monotonic()
            sip = self.phone.direct
            if sip.refused:
                return f"refused: {sip.refused[0]} {sip.refused[1]}"
            if now >= limit or self.interrupted:
                if sip.last_received:
                    sip.s.send(sip.gen_cancel().encode("utf-8"))
                return "interrupted" if self.interrupted else "no answer in time"
            if not sip.last_received and now >= resend:
                sip.resend_invite()
                resend_after *= 2
                resend = now + resend_after
            try:
                self._receive(min(_TICK_S, max(0.0, resend - now) or _TICK_S))
            except ConnectionRefusedError:
                return f"nobody listens at {self.target.host}:{self.target.port}/udp"
        return ""

    def _follow(self, call: PlacedCall, answered: float) -> str:
        stream = call.stream
        assert stream is not None  # noqa: S101 - an answered call has one
        if self.presses and stream.event_type is None:
            self.tell("no_keypad", reason="the far end takes no RFC 4733 keypad events")
        while True:
            at = time.monotonic() - answered
            if call.state is not CallState.ANSWERED:
                return "hung up by the far end"
            if self.interrupted:
                return "interrupted"
            if at >= self.duration_s:
                return "hung up here"
            if self.probing and self.phone.hearing.first_sound is not None:
                return "hung up here"
            if self.presses and at >= self.presses[0].at_s:
                press = self.presses.pop(0)
                stream.keys.extend(press.keys)
                self.tell("pressed", keys=press.keys)
            if self.sound and at >= self.sound_at_s:
                stream.sound.extend(self.sound)
                self.sound = []
                self.tell("playing")
            try:
                self._receive(_TICK_S)
            except ConnectionRefusedError:
                return "the far end's SIP port has closed"

    def _receive(self, timeout: float) -> None:
        """Take all that is there, waiting up to `timeout` for the first of it."""
        sip = self.phone.direct
        if select.select([sip.s], [], [], timeout)[0]:
            try:
                while True:
                    sip.receive()
            except BlockingIOError:
                pass

    def _receive_until(self, limit: float, done: Any) -> None:
        while time.monotonic() < limit and not done():
            try:
                self._receive(_TICK_S)
            except OSError:
                return


def local_address(server: str, port: int) -> str:
    """The address of this machine that reaches `server`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((server, port))
        address: str = probe.getsockname()[0]
        return address


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line of this process (`ivr call` writes it)."""
    parser = argparse.ArgumentParser(prog="python -m ivr.caller")
    parser.add_argument("target")
    parser.add_argument("--keys", default="")
    parser.add_argument("--record", default="")
    parser.add_argument("--duration", type=float, default=0.0)
    parser.add_argument("--timeout", type=float, default=10.0)
    parser.add_argument("--caller", default="")
    parser.add_argument("--play", default="")
    parser.add_argument("--play-at", type=float, default=0.0)
    parser.add_argument("--probe", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one call; returns the exit status."""
    options = options_of(arguments)
    try:
        caller = Caller(options)
    except (ValueError, OSError, wave.Error) as error:
        print(json.dumps({"event": "error", "reason": str(error)}, ensure_ascii=False), flush=True)
        return 2

    def interrupt(*_: object) -> None:
        caller.interrupted = True

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    answered, ended = caller.run()
    hearing = caller.phone.hearing

    def since_start(moment: float | None) -> int | None:
        return None if moment is None else round((moment - caller.started) * 1000)

    written: dict[str, float] = {}
    if options.record and answered is not None:
        try:
            written["heard_s"] = round(hearing.write(Path(options.record), answered), 2)
        except OSError as error:
            caller.tell("error", reason=f"{options.record}: {error.strerror}")
            return 2
    caller.tell(
        "end",
        ok=answered is not None and hearing.first_sound is not None,
        how=ended,
        answer_ms=since_start(answered),
        first_packet_ms=since_start(hearing.first_packet),
        first_audio_ms=since_start(hearing.first_sound),
        packets=hearing.packets,
        **written,
    )
    return 0 if answered is not None and hearing.first_sound is not None else 1


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    # pyVoIP's RTP threads are not daemons and look at their flag only now and then.
    os._exit(status)
