"""Takes of prompts: which is heard, and what is kept of each."""

from datetime import UTC, datetime

import pytest

from ivr.services import (
    prompt_additions,
    prompt_numbers,
    prompt_recordings,
    prompt_variants,
    revisions,
)
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def keep(session, number, text="您好", *, prompt="greeting", language="zh-CN", **more):
    return prompt_recordings.keep(
        session,
        prompt=prompt,
        language=language,
        text=text,
        path=f"prompts/{number}.wav",
        sha256="0" * 64,
        author="li",
        now=NOW,
        **more,
    )


def heard(session, text="您好"):
    found = prompt_recordings.heard(session, lambda prompt, language: text)
    return {key: row.path for key, row in found.items()}


def dialect(session, code="north", language="zh-CN"):
    return prompt_variants.add(
        session, code, language=language, name_zh="北乡话", name_en="North", who="li", now=NOW
    )


def test_the_newest_take_of_the_present_words_is_heard(database):
    with database.begin() as session:
        keep(session, 1)
        assert keep(session, 2).revision == 2
        keep(session, 3, "欢迎致电")
        assert heard(session, "您好") == {("greeting", "zh-CN", ""): "prompts/2.wav"}
        assert heard(session, "欢迎致电") == {("greeting", "zh-CN", ""): "prompts/3.wav"}
        assert heard(session, "再见") == {}


def test_line_breaks_make_no_other_words(database):
    with database.begin() as session:
        keep(session, 1, "Good day.\nHow are you?")
        assert heard(session, "Good day. How are you? ")


def test_withdrawing_lets_no_older_take_back_in_and_is_remembered(database):
    with database.begin() as session:
        keep(session, 1)
        keep(session, 2)
        gone = prompt_recordings.withdraw(
            session, "greeting", "zh-CN", who="wang", why="too noisy", now=NOW
        )
        assert gone == 2
        assert heard(session) == {}
        newest = prompt_recordings.history(session, "greeting", "zh-CN")[0]
        assert (newest.withdrawn_by, newest.withdrawn_why) == ("wang", "too noisy")
        assert prompt_recordings.withdraw(session, "greeting", "zh-CN", who="w", now=NOW) == 0


def test_a_variant_has_takes_of_its_own(database):
    with database.begin() as session:
        dialect(session)
        keep(session, 1)
        assert keep(session, 2, variant="north").revision == 1
        assert heard(session) == {
            ("greeting", "zh-CN", ""): "prompts/1.wav",
            ("greeting", "zh-CN", "north"): "prompts/2.wav",
        }
        prompt_recordings.withdraw(session, "greeting", "zh-CN", who="li", now=NOW)
        assert list(heard(session)) == [("greeting", "zh-CN", "north")]
        prompt_variants.remove(session, "north")
        assert heard(session) == {}
        dialect(session)
        assert list(heard(session)) == [("greeting", "zh-CN", "north")]


def test_a_take_for_no_variant_or_anothers_language_is_refused(database):
    with database.begin() as session:
        dialect(session)
        with pytest.raises(RefusedError, match="no variant south"):
            keep(session, 1, variant="south")
        with pytest.raises(RefusedError, match="belongs to zh-CN"):
            keep(session, 1, variant="north", language="en")


def test_a_take_says_who_spoke_it_how_and_why(database):
    with database.begin() as session:
        keep(session, 1, speaker=" 王芳 ", source="telephone", reason="new wording", seconds=2.5)
    with database.read() as session:
        row = prompt_recordings.take(session, 1)
        assert (row.speaker, row.source, row.reason, row.seconds) == (
            "王芳",
            "telephone",
            "new wording",
            2.5,
        )
        with pytest.raises(NotFoundError):
            prompt_recordings.take(session, 2)


@pytest.mark.parametrize("code", ["North", "1st", "a b", "", "x" * 33, "北", "none"])
def test_a_code_that_a_flow_could_not_name_is_refused(database, code):
    with database.begin() as session, pytest.raises(RefusedError):
        dialect(session, code)


def test_a_variant_is_made_once_and_has_both_names(database):
    with database.begin() as session:
        dialect(session)
        with pytest.raises(RefusedError, match="already"):
            dialect(session)
        with pytest.raises(RefusedError, match="both languages"):
            prompt_variants.rename(session, "north", name_zh="北", name_en=" ")
        prompt_variants.rename(session, "north", name_zh="北片话", name_en="Northern")
        assert [row.name_zh for row in prompt_variants.all_variants(session)] == ["北片话"]
        with pytest.raises(NotFoundError):
            prompt_variants.remove(session, "south")


def test_a_prompt_keeps_its_number_whatever_comes_and_goes(database):
    with database.begin() as session:
        first = prompt_numbers.assign(session, ["greeting", "main_menu"])
    assert first == {"greeting": 101, "main_menu": 102}
    with database.begin() as session:
        again = prompt_numbers.assign(session, ["notice", "main_menu", "greeting"])
        assert again == {**first, "notice": 103}
        assert prompt_numbers.prompt_of(session, 102) == "main_menu"
        with pytest.raises(NotFoundError, match="104"):
            prompt_numbers.prompt_of(session, 104)


def test_a_deleted_prompt_of_staff_is_said_no_more_and_comes_back_with_its_history(database):
    with database.begin() as session:
        prompt_additions.add(session, "notice", note="", who="li", now=NOW)
        revisions.publish_prompt(session, "notice", "en", "Hello", base=0, author="li", now=NOW)
        with pytest.raises(RefusedError, match="already"):
            prompt_additions.add(session, "notice", note="", who="li", now=NOW)
        before = revisions.stamp(session)
        prompt_additions.delete(session, "notice", who="wang", now=NOW)
        assert revisions.newest_prompts(session) == {}
        assert prompt_additions.present(session) == {}
        assert revisions.stamp(session) != before
        with pytest.raises(NotFoundError):
            prompt_additions.delete(session, "notice", who="wang", now=NOW)
        with pytest.raises(NotFoundError):
            prompt_additions.delete(session, "greeting", who="wang", now=NOW)
        prompt_additions.add(session, "notice", note="", who="li", now=NOW)
        assert list(revisions.newest_prompts(session)) == [("notice", "en")]
