"""Sound that nobody listens to is counted by the kernel, and nothing else is held back."""

import os
import socket
from collections.abc import Iterator

import pytest

from ivr.media import DigitPressed, LegPlan, MediaEngine, MediaEvent, MediaSilent
from ivr.media.sieve import Sieve, clear
from ivr.rtp import packet as rtp_packet
from ivr.rtp import telephone_event
from ivr.rtp.packet import Packet

host = f"127.80.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def sockets() -> Iterator[Pair]:
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind((host, 0))
    here.setblocking(False)
    there.connect(here.getsockname())
    yield here, there
    here.close()
    there.close()


def send(there: socket.socket, sequence: int, **fields: object) -> None:
    values = {"payload_type": 0, "ssrc": 7, "payload": b"\xff" * 160, "marker": False}
    values |= {"timestamp": sequence * 160 & 0xFFFFFFFF, **fields}
    packet = Packet(sequence=sequence & 0xFFFF, **values)  # type: ignore[arg-type]
    there.send(rtp_packet.serialize(packet))


def got(here: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(here.recv(2048))
        except BlockingIOError:
            return found


def test_six_of_sixty_four_come_through_and_the_rest_is_counted(sockets: Pair) -> None:
    here, there = sockets
    sieve = Sieve(here, 0, 7)
    for sequence in range(65_536 - 64, 65_536 + 64):
        send(there, sequence)
    came = [rtp_packet.parse(data).sequence for data in got(here)]
    assert came == [*range(65_536 - 64, 65_536 - 58), *range(6)]
    assert sieve.flows()
    assert not sieve.flows()
    assert sieve.count() == 128 - 12
    assert sieve.count() == 0


@pytest.mark.parametrize(
    "fields", [{"ssrc": 8}, {"payload_type": 101}, {"payload_type": 13}, {"marker": True}]
)
def test_whatever_is_not_plain_audio_of_the_source_comes_through(
    sockets: Pair, fields: dict[str, object]
) -> None:
    here, there = sockets
    Sieve(here, 0, 7)
    send(there, 40, **fields)
    assert len(got(here)) == 1


def test_what_is_too_short_for_rtp_comes_through_to_be_refused(sockets: Pair) -> None:
    here, there = sockets
    Sieve(here, 0, 7)
    for size in (0, 1, 11):
        there.send(bytes(size))
    assert [len(data) for data in got(here)] == [0, 1, 11]


def test_once_lifted_or_cleared_all_comes(sockets: Pair) -> None:
    here, there = sockets
    sieve = Sieve(here, 0, 7)
    send(there, 40)
    assert sieve.lift() == 1
    send(there, 41)
    assert len(got(here)) == 1
    Sieve(here, 0, 7)
    clear(here)
    clear(here)
    send(there, 42)
    assert len(got(here)) == 1


class Caller:
    """An engine turned by hand with one leg, and a peer that speaks in sequence."""

    def __init__(self, **options: float) -> None:
        self.engine = MediaEngine(
            range(22_000, 22_100), wall_clock=lambda: 1.7e9, entropy=os.urandom, **options
        )
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, 0))
        self.told: list[MediaEvent] = []
        self.leg = self.engine.open(host)
        self.leg.listener = self.told.append
        self.leg.configure(LegPlan(self.udp.getsockname()))
        self.udp.connect(self.leg.address)
        self.now = 1.0
        self.sequence = 65_500  # and round

    def speak(self, count: int, *, lost: int = 0) -> None:
        for _ in range(count):
            send(self.udp, self.sequence)
            self.sequence += 1
            self.tick()
        self.sequence += lost

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.engine.tick(self.now)
            self.now += 0.02

    def close(self) -> None:
        self.engine.close()
        self.udp.close()


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.close()


def test_a_leg_counts_what_it_does_not_read(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.speak(200)
    read = 0
    take = caller.leg._reports.reception.take  # type: ignore[union-attr]
    monkeypatch.setattr(
        type(caller.leg._reports.reception), "take", lambda self, sequence: counted(take(sequence))
    )

    def counted(result: bool) -> bool:
        nonlocal read
        read += 1
        return result

    caller.speak(640)
    assert 50 < read < 70
    caller.speak(64 - caller.sequence % 64 + 1)
    assert caller.leg.statistics().lost == 0
    figures = []
    sent = caller.sequence - 65_500
    caller.leg.close(figures.append)
    assert figures[0].packets_received == sent
    assert figures[0].lost == 0


def test_loss_is_exact(caller: Caller) -> None:
    caller.speak(100)
    for lost in (1, 3, 60, 2):
        caller.speak(150, lost=lost)
    caller.speak(200)
    assert caller.leg.statistics().lost == 66


def test_keys_come_at_once(caller: Caller) -> None:
    caller.speak(200)
    fields = {"payload_type": 101, "timestamp": 99}
    for marker, payload in telephone_event.press("7"):
        send(caller.udp, caller.sequence, payload=payload, marker=marker, **fields)
        caller.sequence += 1
    caller.tick()
    assert caller.told == [DigitPressed("7", "rfc4733")]


def test_a_tap_hears_every_packet_from_when_it_is_there(caller: Caller) -> None:
    caller.speak(200)
    tap = caller.leg.tap()
    before = caller.leg.statistics().packets_received
    assert before == 200
    caller.speak(50)
    assert caller.leg.statistics().packets_received == 250
    assert not tap.ended
    caller.leg.untap()
    caller.speak(164)
    assert caller.leg.statistics().lost == 0


def test_a_caller_who_is_only_counted_is_not_taken_for_silent() -> None:
    caller = Caller(silent_after_s=1.0)
    caller.speak(600)
    assert caller.told == []
    caller.tick(120)
    assert any(isinstance(event, MediaSilent) for event in caller.told)
    caller.close()


def test_another_source_is_followed(caller: Caller) -> None:
    caller.speak(200)
    for sequence in range(300):
        send(caller.udp, sequence, ssrc=9)
        caller.tick()
    statistics = caller.leg.statistics()
    assert statistics.lost == 0
    assert caller.leg._reports.source == 9
