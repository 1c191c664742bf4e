"""`ivr say`: a prompt as a file."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from prompts.catalogue import Catalogue
from prompts.clause import Words
from prompts.engines.engine import Samples
from prompts.errors import PromptError
from prompts.renderer import Renderer
from prompts.say import say_to_wav
from prompts.store import ClauseStore


class FakeVoice:
    name = "fake"
    language = "zh-CN"
    licence = "none"

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        t = np.arange(1600 * len(text)) / 16000
        return (0.3 * np.sin(2 * np.pi * 400 * t)).astype("f4"), 16000


CATALOGUE = Catalogue({}, ("zh-CN",)).with_overrides(
    {("due", "zh-CN"): "您本期账单应缴金额为{amount:money}。"}
)


def renderer(folder: Path) -> Renderer:
    return Renderer(ClauseStore(folder / "store"), {"zh-CN": [FakeVoice()]})


def test_a_prompt_is_written_as_a_telephone_would_play_it(tmp_path: Path) -> None:
    out = tmp_path / "heard.wav"
    seconds = say_to_wav(
        CATALOGUE, "zh-CN", out, renderer(tmp_path), prompt_id="due", values={"amount": "128.50"}
    )
    with soundfile.SoundFile(str(out)) as sound:
        assert (sound.samplerate, sound.subtype) == (8000, "ULAW")
        assert sound.frames / 8000 == pytest.approx(seconds)
    # Ten characters, then eight, with the pause between them and none after.
    assert seconds == pytest.approx(1.0 + 0.8 + 0.12, abs=0.05)


def test_any_text_can_be_heard(tmp_path: Path) -> None:
    assert say_to_wav(CATALOGUE, "zh-CN", tmp_path / "a.wav", renderer(tmp_path), text="您好") > 0


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"prompt_id": "due"}, "slot 'amount': no value"),
        ({"prompt_id": "due", "values": {"amount": "x"}}, "amount=x"),
        ({"prompt_id": "due", "values": {"sum": "1"}}, "no slot 'sum'; it has amount"),
        ({"prompt_id": "none"}, "no prompt 'none'"),
        ({"text": "…"}, "nothing to say"),
        ({}, "one of the two"),
        ({"text": "您好", "prompt_id": "due"}, "one of the two"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(
    tmp_path: Path, what: dict[str, object], says: str
) -> None:
    with pytest.raises(PromptError, match=says):
        say_to_wav(CATALOGUE, "zh-CN", tmp_path / "a.wav", renderer(tmp_path), **what)  # type: ignore[arg-type]
    assert not (tmp_path / "a.wav").exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="cannot write"):
        say_to_wav(CATALOGUE, "zh-CN", tmp_path / "no" / "a.wav", renderer(tmp_path), text="您好")
