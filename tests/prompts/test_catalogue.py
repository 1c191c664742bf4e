"""The prompt files: what is refused, where, and what is only reported."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.catalogue import Catalogue, Problem
from prompts.errors import CatalogueError, PromptError
from prompts.slots import SlotType

TEXTS = Path(__file__).parents[2] / "prompts" / "text"


@cache
def shipped() -> Catalogue:
    return Catalogue.load_folder(TEXTS)


def catalogue(folder: Path, zh: str, en: str | None = None) -> Catalogue:
    (folder / "zh-CN.yaml").write_text(zh, encoding="utf-8")
    if en is not None:
        (folder / "en.yaml").write_text(en, encoding="utf-8")
    return Catalogue.load_folder(folder)


def test_a_prompt_has_its_texts_slots_and_note(tmp_path: Path) -> None:
    prompt = catalogue(
        tmp_path,
        "due:\n  text: 应缴{amount:money}\n  note: Say the amount first.\n",
        "due: You owe {amount:money}\n",
    ).prompt("due")
    assert prompt.texts == {"zh-CN": "应缴{amount:money}", "en": "You owe {amount:money}"}
    assert prompt.slots == {"amount": SlotType.MONEY}
    assert prompt.note == "Say the amount first."


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: 好\nb: {n}\n", "zh-CN.yaml:2: b", "unknown key"),
        ("a: 好\nb: 好{n:kind}\n", "zh-CN.yaml:2: b", "kind"),
        ("a:\n  text: 好\n  phrases: [b]\n", "zh-CN.yaml:1: a", "phrases"),
        ("a: 好\n\nB: 好\n", "zh-CN.yaml:3", "not an id"),
        ("a: ''\n", "zh-CN.yaml:1: a", "empty"),
        ("a: 1\n", "zh-CN.yaml:1: a", "empty"),
        ("a:\n  text: 好\n  txet: 好\n", "zh-CN.yaml:1: a", "txet"),
        ("a: 好\na: 坏\n", "zh-CN.yaml", "duplicate"),
        ("a: [\n", "zh-CN.yaml:", "not YAML"),
        ("- 好\n", "zh-CN.yaml", "mapping"),
        ("a: " + "好" * 2001 + "\n", "zh-CN.yaml:1: a", "2000"),
    ],
)
def test_a_fault_in_a_file_names_file_line_and_prompt(
    tmp_path: Path, text: str, place: str, says: str
) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue(tmp_path, text)
    assert caught.value.place.startswith(place)
    assert says in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"no <language>\.yaml"):
        Catalogue.load_folder(tmp_path)


def test_what_differs_between_languages_is_a_problem_and_no_error(tmp_path: Path) -> None:
    found = catalogue(
        tmp_path,
        "a: 好\nb: 应缴{amount:money}\nc: 共{n:count}条\n",
        "b: You owe money\nc: There are {n:number}\n",
    ).problems()
    assert [(problem.prompt, problem.language) for problem in found] == [
        ("a", "en"),
        ("b", "en"),
        ("c", "en"),
    ]
    assert "amount" in found[1].text
    assert "count" in found[2].text


def test_an_override_makes_a_new_catalogue_and_leaves_the_old_one(tmp_path: Path) -> None:
    old = catalogue(tmp_path, "a: 好\n")
    new = old.with_overrides({("a", "zh-CN"): "您好", ("a", "en"): "Hello"})
    assert old.prompt("a").texts == {"zh-CN": "好"}
    assert new.prompt("a").texts == {"zh-CN": "您好", "en": "Hello"}
    assert new.languages == ("zh-CN", "en")


def test_an_override_that_cannot_be_parsed_names_prompt_and_language(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"'a' in zh-CN.*money"):
        catalogue(tmp_path, "a: 好\n").with_overrides({("a", "zh-CN"): "{x:mony}"})


def test_a_recording_of_a_prompt_with_slots_is_reported(tmp_path: Path) -> None:
    built = catalogue(tmp_path, "a: 应缴{x:money}\n")
    problems = built.with_recordings({("a", "zh-CN", ""): tmp_path / "a.wav"}).problems()
    assert problems == [
        Problem("a", "zh-CN", "has slots: its recording is not used, the text is synthesised")
    ]


def test_a_phrase_with_a_slot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="phrase"):
        catalogue(tmp_path, "phrase.a: 应缴{x:money}\n")


def test_an_unknown_prompt_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="'nothing'"):
        catalogue(tmp_path, "a: 好\n").prompt("nothing")


def test_the_catalogue_of_the_line_loads_without_a_problem() -> None:
    built = shipped()
    assert len(built) > 50
    assert built.problems() == []


@settings(deadline=None)  # the first example loads the catalogue
@given(st.text(max_size=60))
def test_any_override_is_taken_or_refused_as_a_prompt_error(text: str) -> None:
    base = Catalogue.load_folder(TEXTS)
    try:
        assert (
            base.with_overrides({("greeting", "en"): text}).prompt("greeting").texts["en"] == text
        )
    except PromptError:
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (r'greeting: "\ud800"', "half a character"),
        ("greeting: {text: hello, note: [a, b]}", "the note is one text"),
    ],
)
def test_what_could_not_be_stored_or_shown_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """Found by fuzzing: YAML's escapes make half characters, and a note may be a tree."""
    with pytest.raises(CatalogueError, match=told):
        catalogue(tmp_path, text)
