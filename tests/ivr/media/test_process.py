"""Legs made by the real process: what is heard, told and recorded, and its death under calls."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.media import (
    DigitPressed,
    LegPlan,
    LegStatistics,
    MediaEvent,
    PlaybackFinished,
    PortsExhausted,
    RecordingEnded,
    tone,
)
from ivr.media.remote import RemoteEngine, RemoteLeg
from ivr.media.srtp import Srtp, StreamKeys
from ivr.media.wire import Wire, WireClosed
from ivr.rtp import packet as rtp_packet
from ivr.rtp import telephone_event
from ivr.rtp.packet import Packet

# A loopback address of this process's own, so that no other test has its ports.
host = f"127.79.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
limit_s = 60.0


class Ear:
    """A telephone's end that keeps every packet, and speaks when asked."""

    def __init__(self) -> None:
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, 0))
        self.udp.setblocking(False)
        self.heard: list[Packet] = []
        self.sequence = 1
        self.timestamp = 0

    def listen(self) -> None:
        while select.select([self.udp], [], [], 0)[0]:
            try:
                self.heard.append(rtp_packet.parse(self.udp.recv(2048)))
            except ConnectionError:
                return

    def speak(self, remote: tuple[str, int], payload: bytes = b"\x20" * 160) -> None:
        data = rtp_packet.serialize(Packet(0, self.sequence, self.timestamp, 77, payload))
        self.udp.sendto(data, remote)
        self.sequence += 1
        self.timestamp += len(payload)

    def press(self, remote: tuple[str, int], key: str) -> None:
        for marker, payload in telephone_event.press(key):
            packet = Packet(101, self.sequence, self.timestamp, 77, payload, marker)
            self.udp.sendto(rtp_packet.serialize(packet), remote)
            self.sequence += 1
        self.timestamp += 800


class House:
    """What the responder does, without its reactor: a process, a wire, a loop until something."""

    def __init__(self) -> None:
        self.engine = RemoteEngine(
            range(21_000, 21_400), entropy=os.urandom, wake=lambda: None, monotonic=time.monotonic
        )
        self.ears: list[Ear] = []
        self.told: list[MediaEvent] = []
        self.start()

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "ivr.media.process",
                str(theirs.fileno()),
                "30.0",
                "WARNING",
                "%(message)s",
            ],
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self.wire = Wire(ours)
        self.engine.begin(self.wire)

    def kill(self) -> None:
        """As the kernel would, out of memory."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        try:
            while True:
                self.hear_of_it()
        except WireClosed:
            self.wire.close()
        self.engine.lost()

    def hear_of_it(self) -> None:
        select.select([self.wire.fileno()], [], [], 0.01)
        for message in self.wire.receive():
            if message[0] != "pulse":
                self.engine.take(message)

    def until(self, done: Callable[[], bool]) -> None:
        limit = time.monotonic() + limit_s
        while not done():
            assert time.monotonic() < limit, "it never came"
            self.wire.send()
            self.hear_of_it()
            for ear in self.ears:
                ear.listen()

    def call(self, **plan: object) -> tuple[RemoteLeg, Ear]:
        ear = Ear()
        self.ears.append(ear)
        leg = self.engine.open(host)
        leg.listener = self.told.append
        leg.configure(LegPlan(ear.udp.getsockname(), **plan))  # type: ignore[arg-type]
        return leg, ear

    def close(self) -> None:
        self.wire.close()
        self.process.wait(limit_s)
        for ear in self.ears:
            ear.udp.close()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


def test_clips_are_heard_whole_and_without_a_gap_between_them(house: House) -> None:
    leg, ear = house.call()
    finished: list[object] = []

    def told(event: MediaEvent) -> None:
        if isinstance(event, PlaybackFinished):
            finished.append(event.token)
            if event.token == "first":
                leg.play([b"\x02" * 320], "second")

    leg.listener = told
    leg.play([b"\x01" * 160, b"\x01" * 160], "first")
    house.until(lambda: finished == ["first", "second"] and len(ear.heard) >= 4)
    assert b"".join(one.payload for one in ear.heard) == b"\x01" * 320 + b"\x02" * 320
    sequence = [one.sequence - ear.heard[0].sequence & 0xFFFF for one in ear.heard]
    assert sequence == [0, 1, 2, 3]
    assert ear.heard[0].marker
    # A word between two processes takes its time; on a busy machine the slot may be over.
    assert ear.heard[2].timestamp - ear.heard[1].timestamp & 0xFFFFFFFF in range(160, 8000, 160)


def test_keys_are_told_and_what_was_stopped_is_not(house: House) -> None:
    leg, ear = house.call()
    leg.play([tone(300.0, ms=20_000)], "stopped")
    house.until(lambda: len(ear.heard) > 2)
    ear.press(leg.address, "5")
    house.until(lambda: DigitPressed("5", "rfc4733") in house.told)
    leg.stop_playing()
    leg.play([b"\x02" * 160], "played")
    house.until(lambda: PlaybackFinished("played") in house.told)
    assert PlaybackFinished("stopped") not in house.told


def test_a_leg_that_is_closed_tells_its_figures_and_gives_its_ports_back(house: House) -> None:
    legs = []
    while True:
        try:
            legs.append(house.engine.open(host))
        except PortsExhausted:
            break
    assert house.engine.legs == len(legs) > 100
    figures: list[LegStatistics] = []
    legs[0].close(figures.append)
    house.until(lambda: bool(figures))
    again, ear = house.call()
    again.play([b"\x01" * 800])
    house.until(lambda: len(ear.heard) == 5)
    again.close(figures.append)
    house.until(lambda: len(figures) == 2)
    assert figures[1].packets_sent == 5
    for leg in legs[1:]:
        leg.close(figures.append)
    house.until(lambda: house.engine.legs == 0 and len(figures) == len(legs) + 1)


def test_a_call_whose_sockets_were_lost_on_the_way_ends_and_keeps_no_port(
    house: House, tmp_path: Path
) -> None:
    house.wire.give = lambda *_: None  # type: ignore[method-assign] # as where there is no room
    leg = house.engine.open(host)
    leg.listener = house.told.append
    path = tmp_path / "complaint.wav"
    leg.record(path, max_s=600, silence_s=None, beep=False)
    house.until(lambda: RecordingEnded(path, 0.0, "failed") in house.told)
    figures: list[LegStatistics] = []
    leg.close(figures.append)
    house.until(lambda: figures == [LegStatistics()])
    assert leg.descriptors == (-1, -1)


def test_what_two_callers_say_crosses_a_bridge_before_and_after_a_death(house: House) -> None:
    one, first = house.call()
    two, second = house.call()
    one.bridge(two)

    def crosses() -> bool:
        first.speak(one.address, b"\x11" * 160)
        second.speak(two.address, b"\x22" * 160)
        return any(packet.payload == b"\x22" * 160 for packet in first.heard) and any(
            packet.payload == b"\x11" * 160 for packet in second.heard
        )

    house.until(crosses)
    house.kill()
    first.heard.clear()
    second.heard.clear()
    house.start()
    house.until(crosses)


def test_calls_go_on_when_the_process_is_killed(house: House, tmp_path: Path) -> None:
    speaking, mouth = house.call()
    listening, ear = house.call(codec="PCMA", payload_type=8)
    path = tmp_path / "complaint.wav"
    speaking.record(path, max_s=600, silence_s=None, beep=False)

    def spoken() -> bool:
        mouth.speak(speaking.address)
        return path.exists() and path.stat().st_size > 16_000

    house.until(spoken)
    listening.play([tone(300.0, ms=4000)], "prompt")
    house.until(lambda: len(ear.heard) > 3)
    before = path.stat().st_size
    house.kill()
    # What is asked while nobody is there is done once somebody is.
    listening.play([b"\x02" * 160], "asked meanwhile")
    house.start()

    def spoken_on() -> bool:
        mouth.speak(speaking.address)
        return path.stat().st_size > before + 8_000

    house.until(spoken_on)
    house.until(lambda: PlaybackFinished("asked meanwhile") in house.told)
    ear.listen()
    assert house.told.index(PlaybackFinished("prompt")) < house.told.index(
        PlaybackFinished("asked meanwhile")
    )
    # The clip again from its beginning, and the other; between and after them a packet now and
    # then that keeps the path open.
    anew = [one for one in ear.heard if one.ssrc == ear.heard[-1].ssrc]
    audible = [one for one in anew if one.payload != b"\xd5" * 160]
    assert len(anew) < len(ear.heard)
    assert len(audible) == 201
    assert audible[0].marker

    speaking.stop_recording()
    house.until(lambda: any(isinstance(event, RecordingEnded) for event in house.told))
    (ended,) = (event for event in house.told if isinstance(event, RecordingEnded))
    assert ended.cause == "stopped"
    with wave.open(str(path)) as recording:
        assert recording.getnframes() / 8000 == pytest.approx(ended.seconds)
        assert 2 * recording.getnframes() + 44 == path.stat().st_size > before


@pytest.mark.rfc("3711 §3.3.1")
def test_a_peer_that_encrypts_is_heard_after_a_death_though_its_numbers_have_turned_over(
    house: House,
) -> None:
    ours = StreamKeys("AES_CM_128_HMAC_SHA1_80", os.urandom(30), os.urandom(30))
    theirs = Srtp(StreamKeys(ours.suite, ours.receive, ours.send))
    leg, ear = house.call(srtp=ours)
    kept: list[int] = []
    ear.sequence = 65_534

    def speak() -> None:
        sequence, ear.sequence = ear.sequence & 0xFFFF, ear.sequence + 1
        data = rtp_packet.serialize(Packet(0, sequence, ear.timestamp, 77, b"\x20" * 160))
        ear.udp.sendto(theirs.seal(data), leg.address)
        ear.timestamp += 160

    take = house.engine.take

    def taken(message: tuple[Any, ...]) -> None:
        if message[0] == "reached":
            kept.append(message[4])
        take(message)

    house.engine.take = taken  # type: ignore[method-assign]

    def turned_over() -> bool:
        speak()
        return bool(kept) and kept[-1] >= 65_536

    house.until(turned_over)
    house.kill()
    house.start()

    def pressed() -> bool:
        for marker, payload in telephone_event.press("5"):
            sequence, ear.sequence = ear.sequence & 0xFFFF, ear.sequence + 1
            packet = Packet(101, sequence, ear.timestamp, 77, payload, marker)
            ear.udp.sendto(theirs.seal(rtp_packet.serialize(packet)), leg.address)
        ear.timestamp += 800
        return DigitPressed("5", "rfc4733") in house.told

    house.until(pressed)


def test_a_recording_that_was_being_ended_when_it_died_is_told_as_ended(
    house: House, tmp_path: Path
) -> None:
    leg, mouth = house.call()
    path = tmp_path / "complaint.wav"
    leg.record(path, max_s=600, silence_s=None, beep=False)

    def spoken() -> bool:
        mouth.speak(leg.address)
        return path.exists() and path.stat().st_size > 16_000

    house.until(spoken)
    house.kill()
    leg.stop_recording()
    leg.close()
    house.start()
    house.until(lambda: any(isinstance(event, RecordingEnded) for event in house.told))
    (ended,) = (event for event in house.told if isinstance(event, RecordingEnded))
    assert ended.seconds > 0.9
    assert house.engine.legs == 0


def test_recordings_are_complete_when_the_responder_is_gone(house: House, tmp_path: Path) -> None:
    leg, mouth = house.call()
    path = tmp_path / "complaint.wav"
    leg.record(path, max_s=600, silence_s=None, beep=False)

    def spoken() -> bool:
        mouth.speak(leg.address)
        return path.exists() and path.stat().st_size > 16_000

    house.until(spoken)
    house.wire.close()
    assert house.process.wait(limit_s) == 0
    with wave.open(str(path)) as recording:
        assert 2 * recording.getnframes() + 44 == path.stat().st_size


def test_signals_meant_for_the_line_do_not_end_the_sound(house: House) -> None:
    leg, ear = house.call()
    leg.loop(tone(300.0, ms=1000))
    house.until(lambda: len(ear.heard) > 2)
    house.process.send_signal(signal.SIGTERM)
    house.process.send_signal(signal.SIGINT)
    heard = len(ear.heard)
    house.until(lambda: len(ear.heard) > heard + 10)
    assert house.process.poll() is None
