"""Figures inside English text, as a clerk types them: rows `text` of `said_en.tsv`."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.compose import compose_text
from prompts.reading_en import speakable

TABLE = (Path(__file__).parent / "said_en.tsv").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("written", "said"), [line.split("\t")[1:] for line in TABLE if line.startswith("text\t")]
)
def test_a_clerks_figures_are_read_as_meant(written: str, said: str) -> None:
    assert speakable(written) == said


def test_the_number_of_a_thing_does_not_end_the_sentence() -> None:
    assert [clause.text for clause in compose_text("No. 2 pump is off. Sorry.", "en")] == [
        "number 2 pump is off.",
        "Sorry.",
    ]


@given(st.text(alphabet="0123456789.,:/%-¥ kVmAPRoomNyuan", max_size=40))
def test_no_long_string_of_figures_is_left_to_the_voice(text: str) -> None:
    assert not re.search(r"(?<![\w.,])\d{5,}(?![\w.,])", speakable(text))


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(speakable(text), str)
