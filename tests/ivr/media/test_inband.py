"""Keys heard as tones, at the limits of ITU-T Q.24 and away from them."""

import csv
import os
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.media.inband import InbandReceiver
from ivr.media.tones import silence, tone
from ivr.rtp.g711 import alaw_to_ulaw, linear_to_alaw, linear_to_ulaw

low = (697, 770, 852, 941)
high = (1209, 1336, 1477, 1633)
pad = {key: (low[n // 4], high[n % 4]) for n, key in enumerate("123A456B789C*0#D")}


def data_folder() -> Path:
    named = os.environ.get("IVR_TESTDATA")
    roots = (
        [Path(named)]
        if named
        else [parent / "shared" / "testdata" for parent in Path(__file__).resolve().parents]
    )
    for root in roots:
        if (root / "dtmf").is_dir():
            return root / "dtmf"
    pytest.skip("no dtmf test data: set IVR_TESTDATA or put shared/ beside the repository")


def heard(ulaw: bytes, packet: int = 160) -> str:
    receiver = InbandReceiver()
    row = receiver.add()
    keys = ""
    for offset in range(0, len(ulaw), packet):
        receiver.hear(row, ulaw[offset : offset + packet])
        keys += "".join(key for _, key in receiver.detect())
    return keys


def key_tone(key: str, ms: int = 80, dbov: float = -16.0) -> bytes:
    return tone(*pad[key], ms=ms, dbov=dbov)


@pytest.mark.parametrize("offset", [0, 53, 119])
@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_the_tapes_at_the_limits_of_q_24_are_judged_right(offset: int, law: str):
    folder = data_folder()
    wrong = []
    with (folder / "expect.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert rows
    for row in rows:
        with wave.open(str(folder / row["file"])) as file:
            linear = file.readframes(file.getnframes())
        coded = linear_to_ulaw(linear) if law == "ulaw" else alaw_to_ulaw(linear_to_alaw(linear))
        keys = heard(b"\xff" * offset + coded)
        if row["kind"] == "accept":
            fewer = 1 if "twist" in row["file"] else 0
            right = row["expect"].startswith(keys) and len(row["expect"]) - len(keys) <= fewer
        else:
            right = row["kind"] == "info" or len(keys) <= 3
        if not right:
            wrong.append((row["file"], keys))
    assert wrong == []


@given(st.text(alphabet="".join(pad), min_size=1, max_size=5), st.integers(0, 159), st.data())
@settings(max_examples=30, deadline=None)
def test_any_keys_at_any_place_in_packets_of_any_size_are_heard_once(
    keys: str, offset: int, data: st.DataObject
):
    sound = silence(40) + b"\xff" * offset
    for key in keys:
        sound += key_tone(key, ms=data.draw(st.integers(50, 150))) + silence(60)
    sound += silence(60)
    assert heard(sound, data.draw(st.sampled_from([80, 160, 240, 480]))) == keys


def test_a_key_over_noise_is_heard():
    rng = np.random.default_rng(7)
    time_s = np.arange(800) / 8000
    wave_ = sum(np.sin(2 * np.pi * f * time_s) for f in pad["6"]) * 3000
    noisy = np.concatenate((np.zeros(800), wave_, np.zeros(800))) + rng.normal(0, 600, 2400)
    assert heard(linear_to_ulaw(noisy.astype("<i2").tobytes())) == "6"


def test_two_keys_without_a_gap_are_two():
    assert heard(silence(40) + key_tone("1") + key_tone("2") + silence(80)) == "12"


def test_a_key_held_for_a_minute_is_one():
    assert heard(key_tone("8", ms=60_000) + silence(100)) == "8"


@pytest.mark.parametrize(
    "frequencies",
    [
        (697.0,),
        (1209.0,),
        (440.0, 480.0),
        (350.0, 440.0),
        (697.0, 770.0),
        (1209.0, 1477.0),
        (1100.0,),
    ],
)
def test_a_single_tone_or_a_signal_of_the_network_is_no_key(frequencies: tuple[float, ...]):
    assert heard(tone(*frequencies, ms=2000)) == ""


def voiced(rng: np.random.Generator, seconds: float) -> bytes:
    """Something like vowels: gliding harmonics under moving formants, in syllables."""
    time_s = np.arange(int(seconds * 8000)) / 8000
    pitch = 90 + 140 * rng.random() + 25 * np.sin(2 * np.pi * (2 + rng.random()) * time_s)
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    first = 500 + 300 * np.sin(2 * np.pi * 1.3 * time_s + rng.random() * 6)
    second = 1500 + 500 * np.sin(2 * np.pi * 0.9 * time_s + rng.random() * 6)
    sound = np.zeros_like(time_s)
    for harmonic in range(1, 30):
        hz = harmonic * pitch
        # Resonances fall off as 1/f, not as bells: that is what keeps speech from being tones.
        gain = 1 / (1 + ((hz - first) / 60) ** 2) + 0.5 / (1 + ((hz - second) / 90) ** 2)
        gain += 0.2 / (1 + ((hz - 2600) / 120) ** 2)
        sound += gain * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * 3.5 * time_s), 0, 1)
    sound = sound * syllables + rng.normal(0, 0.01, len(time_s))
    return linear_to_ulaw((sound / np.abs(sound).max() * 12_000).astype("<i2").tobytes())


def test_ten_minutes_of_voice_and_noise_press_hardly_a_key():
    rng = np.random.default_rng(20_261_122)
    sound = b"".join(voiced(rng, 10.0) for _ in range(57))
    sound += linear_to_ulaw(rng.normal(0, 3000, 240_000).astype("<i2").tobytes())
    assert len(heard(sound)) <= 2


def test_many_rows_do_not_hear_each_other():
    receiver = InbandReceiver()
    keys = "".join(pad) * 10
    rows = [receiver.add() for _ in keys]
    sounds = [silence(20 * (n % 3)) + key_tone(k) + silence(200) for n, k in enumerate(keys)]
    got: dict[int, str] = {}
    for offset in range(0, 1600, 160):
        for row, sound in zip(rows, sounds, strict=True):
            receiver.hear(row, sound[offset : offset + 160])
        for row, key in receiver.detect():
            got[row] = got.get(row, "") + key
    assert [got.get(row) for row in rows] == list(keys)


def test_a_row_given_back_forgets_what_it_heard():
    receiver = InbandReceiver()
    row = receiver.add()
    receiver.hear(row, key_tone("5"))
    receiver.remove(row)
    assert receiver.add() == row
    receiver.hear(row, silence(200))
    assert receiver.detect() == []


@given(st.binary(min_size=1, max_size=4000))
@settings(max_examples=30, deadline=None)
def test_any_bytes_are_heard_without_an_error(garbage: bytes):
    assert set(heard(garbage)) <= set(pad)
