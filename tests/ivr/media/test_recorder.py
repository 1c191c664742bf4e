"""What a caller says, in its place in time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media.recorder import Recorder
from ivr.media.recording_writer import RecordingFile, RecordingWriter
from ivr.media.tones import silence, tone

voice = tone(500.0, ms=20)


class Kept(RecordingWriter):
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = b""
        self.cause = ""

    def append(self, file: RecordingFile, ulaw: bytes) -> None:
        self.sound += ulaw

    def finish(self, file: RecordingFile, cause: str) -> None:
        self.cause = cause


def recorder(*, max_s: float = 60.0, silence_s: float | None = None) -> tuple[Recorder, Kept]:
    kept = Kept()
    return Recorder(kept, RecordingFile(Path("x.wav")), 1000, max_s, silence_s), kept


def packet(number: int) -> bytes:
    return bytes((number % 200,)) * 160


def take(to: Recorder, numbers: list[int], base: int = 2**32 - 480) -> None:
    for number in numbers:
        to.take(base + number * 160 & 0xFFFFFFFF, packet(number), 1000 + number * 160)


def test_packets_in_order_become_the_recording():
    to, kept = recorder()
    take(to, list(range(100)))
    to.finish("stopped")
    assert kept.sound == b"".join(packet(n) for n in range(100))
    assert kept.cause == "stopped"


def test_what_was_lost_or_never_sent_becomes_silence_of_its_length():
    to, kept = recorder()
    take(to, [0, 1, 4, 60])
    to.finish("stopped")
    assert len(kept.sound) == 61 * 160
    assert kept.sound[320:640] == silence(40)
    assert kept.sound[640:800] == packet(4)
    assert kept.sound[800:9600] == silence(1100)


def test_late_and_doubled_packets_find_their_place():
    to, kept = recorder()
    take(to, [0, 2, 1, 1, 3])
    to.finish("stopped")
    assert kept.sound == b"".join(packet(n) for n in range(4))


def test_a_packet_too_late_for_its_place_is_dropped():
    to, kept = recorder()
    take(to, [0, *range(2, 60), 1, 60])
    to.finish("stopped")
    assert kept.sound[160:320] == silence(20)
    assert len(kept.sound) == 61 * 160


def test_a_caller_who_begins_late_is_recorded_from_the_beginning():
    to, kept = recorder()
    take(to, [50])
    to.finish("stopped")
    assert kept.sound == silence(1000) + packet(50)


def test_timestamps_that_jump_wildly_are_tied_to_our_clock():
    to, kept = recorder()
    take(to, [0, 1])
    to.take(123_456_789, packet(2), 1000 + 320)
    to.take(123_456_949, packet(3), 1000 + 480)
    to.finish("stopped")
    assert kept.sound == b"".join(packet(n) for n in range(4))


def test_a_new_source_goes_on_where_the_old_one_ended():
    to, kept = recorder()
    take(to, [0, 1])
    to.new_source()
    to.take(40, packet(2), 1000 + 320)
    to.finish("stopped")
    assert kept.sound == b"".join(packet(n) for n in range(3))


def test_the_limit_ends_the_recording_at_its_length():
    to, kept = recorder(max_s=0.05)
    take(to, [0, 1])
    assert to.due(1000 + 320) is None
    take(to, [2])
    assert to.due(1000 + 480) == "limit"
    to.finish("limit")
    assert len(kept.sound) == 400


def test_the_limit_comes_though_nothing_is_heard():
    to, _ = recorder(max_s=1.0)
    assert to.due(1000 + 8000) is None
    assert to.due(1000 + 8800) == "limit"


def spoken(to: Recorder, sound: bytes, start: int) -> int:
    """Feed sound as packets from packet number `start`; the next number."""
    for offset in range(0, len(sound), 160):
        to.take(start * 160, sound[offset : offset + 160], 1000 + start * 160)
        start += 1
    return start


@pytest.mark.parametrize("background", [silence(20), tone(150.0, ms=20, dbov=-48.0)])
def test_silence_after_speech_ends_the_recording(background: bytes):
    to, _ = recorder(silence_s=2.0)
    number = spoken(to, voice * 50 + background * 90, 0)
    assert to.due(1000 + number * 160) is None
    number = spoken(to, background * 11, number)
    assert to.due(1000 + number * 160) == "silence"


def test_speech_keeps_the_recording_open():
    to, _ = recorder(silence_s=2.0)
    number = 0
    for _ in range(10):
        number = spoken(to, voice * 25 + silence(1500), number)
        assert to.due(1000 + number * 160) is None


def test_a_caller_who_sends_nothing_is_silent():
    to, _ = recorder(silence_s=2.0)
    spoken(to, voice * 10, 0)
    assert to.due(1000 + 110 * 160) == "silence"


def test_loud_noise_of_the_line_is_learnt_as_silence():
    to, _ = recorder(silence_s=3.0)
    hum = tone(100.0, ms=20, dbov=-40.0)
    number = spoken(to, voice * 100, 0)
    for _ in range(60):
        number = spoken(to, hum * 50, number)
        if to.due(1000 + number * 160) == "silence":
            return
    pytest.fail("the hum was taken for speech for a minute")


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 480)), max_size=60))
def test_any_timestamps_keep_the_recording_within_its_limit(packets: list[tuple[int, int]]):
    to, kept = recorder(max_s=1.0)
    for number, (timestamp, size) in enumerate(packets):
        to.take(timestamp, b"v" * size, 1000 + number * 160)
    to.finish("stopped")
    assert len(kept.sound) <= 8000
