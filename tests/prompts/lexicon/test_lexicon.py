"""Staff's pronunciations: what is refused, and that an edit changes the voice's name."""

from pathlib import Path

import pytest

from prompts import lexicon
from prompts.errors import CatalogueError
from prompts.lexicon.lexicon import read


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_lexicon_of_the_line_can_be_read(language: str) -> None:
    assert lexicon.load(language).words


def test_a_language_without_a_lexicon_has_an_empty_one() -> None:
    assert lexicon.load("fr").words == {}


@pytest.mark.parametrize(
    "content",
    ["长乐: chang2", "长乐: chang le", "长乐: 7", "长乐: ''", "- 长乐", "长乐: [", "1: yi1"],
)
def test_a_word_that_cannot_be_used_is_named_with_its_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "zh-CN.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"zh-CN\.yaml"):
        read(file)


def test_an_edit_changes_the_digest(tmp_path: Path) -> None:
    file = tmp_path / "zh-CN.yaml"
    file.write_text("长乐: chang2 le4\n", encoding="utf-8")
    before = read(file)
    file.write_text("长乐: chang2 yue4\n", encoding="utf-8")
    assert read(file).digest != before.digest


def test_longer_words_are_found_first(tmp_path: Path) -> None:
    file = tmp_path / "zh-CN.yaml"
    file.write_text("长: chang2\n长乐: chang2 le4\n", encoding="utf-8")
    pattern = read(file).pattern()
    assert pattern is not None
    assert pattern.findall("长乐长") == ["长乐", "长"]
