"""What somebody who listens in hears of a leg, and what they must not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media import DigitPressed, silence, tone
from ivr.media.tap import SLOT, Tap, mix
from ivr.rtp.g711 import ulaw_to_alaw, ulaw_to_linear
from tests.ivr.media.test_engine import Line

QUIET = silence(20)


def level(ulaw: bytes) -> float:
    samples = np.frombuffer(ulaw_to_linear(ulaw), "<i2").astype(float)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def holds(sound: bytes, frequency_hz: float) -> bool:
    """Whether a tone is among what is heard."""
    samples = np.frombuffer(ulaw_to_linear(sound), "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples)) / max(1, len(samples))
    place = round(frequency_hz * len(samples) / 8000)
    return bool(spectrum[max(0, place - 2) : place + 3].max() > 100)


def listen(line: Line, tap: Tap, slots: int) -> bytes:
    heard = b""
    for _ in range(slots):
        line.tick()
        heard += tap.slot()
    return heard


@given(st.binary(min_size=SLOT, max_size=SLOT), st.binary(min_size=SLOT, max_size=SLOT))
def test_a_mix_is_the_sum_as_near_as_the_law_allows(one: bytes, other: bytes) -> None:
    sums = sum(np.frombuffer(ulaw_to_linear(part), "<i2").astype(int) for part in (one, other))
    found = np.frombuffer(ulaw_to_linear(mix(one, other)), "<i2").astype(int)
    wanted = np.clip(sums, -32_124, 32_124)
    assert np.all(np.abs(found - wanted) <= np.maximum(8, np.abs(wanted) // 16))


@given(st.lists(st.integers(0, 700), max_size=60))
def test_a_listener_is_never_far_behind_whatever_comes(sizes: list[int]) -> None:
    tap = Tap()
    for number, size in enumerate(sizes):
        tap.sent(bytes(size))
        tap.heard(number, bytes(size))
        assert len(tap.slot()) == SLOT
    for side in (tap._caller, tap._line):
        assert len(side._sound) <= 20 * SLOT


def test_both_sides_are_heard_and_neither_of_them_is_changed() -> None:
    line = Line()
    try:
        leg, peer = line.leg()
        plain, other = line.leg()
        said = tone(350.0, ms=3000)
        line.tick()
        for one in (leg, plain):
            one.play([said])
        tap = leg.tap()
        heard = b""
        spoken = tone(700.0, ms=3000)
        for at in range(100):
            peer.send(spoken[at * SLOT : (at + 1) * SLOT])
            heard += listen(line, tap, 1)
        assert holds(heard, 350.0)
        assert holds(heard, 700.0)
        to_caller = b"".join(packet.payload for packet in peer.received())
        assert to_caller == b"".join(packet.payload for packet in other.received())
    finally:
        line.close()


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_the_law_of_the_caller_does_not_matter(codec: str) -> None:
    line = Line()
    try:
        kind = 0 if codec == "PCMU" else 8
        leg, peer = line.leg(codec=codec, payload_type=kind)
        leg.play([tone(350.0, ms=2000)])
        tap = leg.tap()
        spoken = tone(700.0, ms=2000)
        heard = b""
        for at in range(80):
            piece = spoken[at * SLOT : (at + 1) * SLOT]
            peer.send(piece if codec == "PCMU" else ulaw_to_alaw(piece), kind)
            heard += listen(line, tap, 1)
        assert holds(heard, 350.0)
        assert holds(heard, 700.0)
    finally:
        line.close()


def test_a_tone_is_laid_over_what_plays_and_carried_where_nothing_does() -> None:
    line = Line()
    try:
        leg, peer = line.leg()
        peer.send()
        line.tick()
        tap = leg.tap()
        leg.announce(tone(1400.0, ms=200))
        listen(line, tap, 15)
        alone = b"".join(packet.payload for packet in peer.received())
        assert holds(alone, 1400.0)
        assert not line.told, "nobody is told that a carrier has played"
        leg.play([tone(350.0, ms=1000)])
        leg.announce(tone(1400.0, ms=200))
        heard = listen(line, tap, 40)
        over = b"".join(packet.payload for packet in peer.received())
        assert holds(over, 350.0)
        assert holds(over, 1400.0)
        assert holds(heard, 1400.0), "who listens hears that the caller is told"
    finally:
        line.close()


def test_nothing_of_what_is_keyed_in_confidence_is_heard() -> None:
    line = Line()
    try:
        leg, peer = line.leg()
        tap = leg.tap()
        key = tone(770.0, 1336.0, ms=2000)
        for at in range(5):  # not yet confidential, and still held
            peer.send(key[at * SLOT : (at + 1) * SLOT])
            assert level(listen(line, tap, 1)) == 0
        tap.confide(True)
        for at in range(5, 60):
            peer.send(key[at * SLOT : (at + 1) * SLOT])
            assert level(listen(line, tap, 1)) == 0
        tap.confide(False)
        heard = b""
        spoken = tone(500.0, ms=1000)
        for at in range(50):
            peer.send(spoken[at * SLOT : (at + 1) * SLOT])
            heard += listen(line, tap, 1)
        assert holds(heard, 500.0)
        assert not holds(heard, 770.0)
    finally:
        line.close()


def test_a_key_that_is_found_in_the_sound_is_wiped_before_it_is_heard() -> None:
    line = Line()
    try:
        leg, peer = line.leg(telephone_event=None)
        tap = leg.tap()
        key = tone(770.0, 1336.0, ms=200, dbov=-12.0)
        heard = b""
        for at in range(100):
            piece = key[at * SLOT : (at + 1) * SLOT] or QUIET
            peer.send(piece.ljust(SLOT, b"\xff"))
            heard += listen(line, tap, 1)
        assert [event.key for event in line.told if isinstance(event, DigitPressed)] == ["5"]
        assert level(heard) < 20
    finally:
        line.close()


def test_a_packet_that_came_twice_is_heard_once() -> None:
    tap = Tap()
    for number in range(10):
        for _ in range(2):
            tap.heard(number * SLOT, bytes((number,)) * SLOT)
    heard = b"".join(tap.slot() for _ in range(10))
    assert heard == mix(b"".join(bytes((n,)) * SLOT for n in range(10)), silence(200))


def test_when_the_leg_closes_the_tap_has_ended_and_the_next_call_has_none() -> None:
    line = Line()
    try:
        leg, peer = line.leg()
        tap = leg.tap()
        assert leg.tap() is tap
        leg.untap()
        assert tap.ended
        leg.play([tone(350.0, ms=200)])
        line.tick(12)
        assert peer.received()
        assert level(tap.slot()) == 0
        again = leg.tap()
        assert again is not tap
        leg.close()
        assert again.ended
    finally:
        line.close()
