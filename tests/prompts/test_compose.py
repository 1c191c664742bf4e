"""Clauses: what is cut, what is glued, which pauses, which voice."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts import reading_en, reading_zh
from prompts.catalogue import Catalogue, Prompt
from prompts.clause import Clause, silence
from prompts.compose import (
    COMMA_PAUSE_MS,
    GROUP_PAUSE_MS,
    JOIN_PAUSE_MS,
    LABEL_PAUSE_MS,
    SENTENCE_PAUSE_MS,
    compose,
    compose_text,
)
from prompts.errors import PromptError
from prompts.lexicon import Pronunciations
from prompts.manner import Manner
from prompts.slots import Value


def catalogue(**texts: str) -> Catalogue:
    """Prompts by id; a language is chosen by a suffix `__en`."""
    built = Catalogue({}, ("zh-CN", "en"))
    overrides = {}
    for name, text in texts.items():
        prompt_id, _, language = name.partition("__")
        overrides[prompt_id.replace("phrase_", "phrase."), language or "zh-CN"] = text
    return built.with_overrides(overrides)


def heard(text: str, language: str = "zh-CN", /, **values: Value) -> list[str]:
    built = catalogue(
        **{"p" if language == "zh-CN" else "p__en": text},
        phrase_power="电费",
        phrase_power__en="electricity",
    )
    return [clause.text for clause in compose(built, "p", language, values)]


def test_what_never_changes_is_a_clause_a_sentence() -> None:
    clauses = compose_text("您好，欢迎致电。请按一。", "zh-CN")
    assert [clause.text for clause in clauses] == ["您好，欢迎致电。", "请按一。"]
    assert {clause.pause_after_ms for clause in clauses} == {SENTENCE_PAUSE_MS}


def test_an_amount_is_cut_from_its_sentence_with_a_short_pause() -> None:
    built = catalogue(p="您本期的账单应缴金额是{amount:money}。")
    clauses = compose(built, "p", "zh-CN", {"amount": Decimal("128.50")})
    assert clauses == [
        Clause("您本期的账单应缴金额是", "zh-CN", JOIN_PAUSE_MS),
        Clause("一百二十八元五角", "zh-CN", SENTENCE_PAUSE_MS),
    ]


def test_the_comma_after_a_value_is_the_pause_after_it() -> None:
    built = catalogue(p="账户余额共计是{a:money}，请按一充值。")
    first, second, _ = compose(built, "p", "zh-CN", {"a": 2})
    assert (first.pause_after_ms, second.pause_after_ms) == (JOIN_PAUSE_MS, COMMA_PAUSE_MS)


def test_a_date_takes_the_words_that_belong_to_it() -> None:
    assert heard("这一期账单，请于{due:date}前缴纳。", due=date(2026, 12, 1)) == [
        "这一期账单",
        "请于二零二六年十二月一日前缴纳",
    ]


def test_a_count_is_said_inside_its_sentence_with_the_right_two() -> None:
    assert heard("共有{n:count}条通知。", n=2) == ["共有两条通知。"]


def test_a_phrase_is_said_inside_its_sentence() -> None:
    assert heard("您的{kind:phrase}账户没有欠费。", kind="power") == ["您的电费账户没有欠费。"]
    assert heard("Your {kind:phrase} bill is paid.", "en", kind="power") == [
        "Your electricity bill is paid."
    ]


def test_a_ticket_number_comes_in_groups_with_long_pauses() -> None:
    built = catalogue(p="您的工单号是{ticket:digits}，请记好。")
    clauses = compose(built, "p", "zh-CN", {"ticket": "202611220001"})
    assert [(clause.text, clause.pause_after_ms) for clause in clauses] == [
        ("您的工单号是", LABEL_PAUSE_MS),
        ("二零二六", GROUP_PAUSE_MS),
        ("幺幺二二", GROUP_PAUSE_MS),
        ("零零零幺", COMMA_PAUSE_MS),
        ("请记好。", SENTENCE_PAUSE_MS),
    ]


def test_a_number_said_again_is_parted_in_other_places(tmp_path: Path) -> None:
    (tmp_path / "zh-CN.yaml").write_text(
        'once: "号码{n:digits}"\nagain:\n  text: "再说一遍：{n:digits}"\n  again: true\n',
        encoding="utf-8",
    )
    built = Catalogue.load_folder(tmp_path).with_overrides({("again", "en"): "Again: {n:digits}"})
    value = {"n": "202611220001"}
    assert compose(built, "again", "zh-CN", value)[1].text == "二零二，六幺幺，二二零，零零幺"
    assert len(compose(built, "once", "zh-CN", value)) == 4
    spoken = "two zero two, six one one, two two zero, zero zero one"
    assert compose(built, "again", "en", value)[1].text == spoken


def test_only_what_varies_differs_between_two_calls() -> None:
    text = "尊敬的用户您好，您本期的账单应缴{amount:money}，谢谢您的来电。"
    first, second = heard(text, amount=1), heard(text, amount=Decimal("3.05"))
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, False, True]


def test_a_clerks_notice_is_cut_into_sentences_and_its_figures_are_read() -> None:
    assert heard("通知：{t:text}", t="2号楼停电。8:30恢复！") == [
        "通知",
        "二号楼停电。",
        "八点三十分恢复！",
    ]


def test_an_english_word_in_chinese_goes_to_the_english_voice() -> None:
    clauses = compose_text("请连接Plaza后再试。", "zh-CN")
    assert [(clause.text, clause.language) for clause in clauses] == [
        ("请连接", "zh-CN"),
        ("Plaza", "en"),
        ("后再试。", "zh-CN"),
    ]


def test_chinese_in_an_english_call_goes_to_the_mandarin_voice() -> None:
    built = catalogue(p__en="Notice: {t:text}")
    clauses = compose(built, "p", "en", {"t": "城南停电"})
    assert [(clause.text, clause.language) for clause in clauses] == [
        ("Notice", "en"),
        ("城南停电", "zh-CN"),
    ]


def test_decimal_points_and_times_do_not_end_an_english_sentence() -> None:
    clauses = compose_text("It is 12.5 at 8:30. Goodbye.", "en")
    assert [clause.text for clause in clauses] == ["It is 12.5 at eight thirty AM.", "Goodbye."]


def test_a_missing_translation_is_said_in_the_other_language_and_not_silent() -> None:
    (clause,) = compose(catalogue(p="您好"), "p", "en", {})
    assert (clause.text, clause.language) == ("您好", "zh-CN")


def test_a_recording_of_staff_wins_over_synthesis() -> None:
    take = Path("take-1.wav")
    built = catalogue(p="您好。请按一。").with_recordings({("p", "zh-CN", ""): take})
    (clause,) = compose(built, "p", "zh-CN", {})
    assert clause.recorded == take


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "no value"),
        ({"amount": "much"}, "128.50"),
        ({"amount": Decimal("NaN")}, "128.50"),
    ],
)
def test_a_bad_value_names_prompt_language_and_slot(values: dict[str, Value], says: str) -> None:
    with pytest.raises(PromptError, match=rf"'p' in zh-CN, slot 'amount'.*{says}"):
        compose(catalogue(p="应缴{amount:money}"), "p", "zh-CN", values)


def test_an_unknown_phrase_is_named() -> None:
    with pytest.raises(PromptError, match=r"phrase\.steam"):
        compose(catalogue(p="{k:phrase}"), "p", "zh-CN", {"k": "steam"})


@given(st.text(max_size=80), st.sampled_from(["zh-CN", "en"]))
def test_any_text_of_staff_becomes_clauses_with_something_in_them(text: str, language: str) -> None:
    for clause in compose_text(text, language):
        assert clause.text.strip()
        assert 0 < clause.pause_after_ms <= SENTENCE_PAUSE_MS


@settings(deadline=None)  # the first example loads the catalogue
@given(
    st.decimals(min_value=-99999, max_value=99999, places=2),
    st.integers(min_value=0, max_value=9999),
    st.sampled_from(["zh-CN", "en"]),
)
def test_every_bill_of_the_line_can_be_said(amount: Decimal, days: int, language: str) -> None:
    texts = Path(__file__).parents[2] / "prompts" / "text"
    built: Catalogue = _shipped(texts)
    due = date(2020, 1, 1) + timedelta(days=days)
    values: dict[str, Value] = {"kind": "water", "amount": amount, "due": due, "state": "unpaid"}
    clauses = compose(built, "bill_found", language, values)
    assert {clause.language for clause in clauses} == {language}
    assert not any(char in "0123456789{}" for clause in clauses for char in clause.text)


_LOADED: dict[Path, Catalogue] = {}


def _shipped(folder: Path) -> Catalogue:
    return _LOADED.setdefault(folder, _LOADED.get(folder) or Catalogue.load_folder(folder))


def test_a_key_depends_on_text_language_voice_and_recording_but_not_on_the_pause() -> None:
    clause = Clause("您好", "zh-CN", 120)
    keys = {
        clause.key("a"),
        clause.key("b"),
        Clause("您号", "zh-CN").key("a"),
        Clause("您好", "en").key("a"),
        Clause("您好", "zh-CN", 0, Path("x.wav")).key("a"),
        Clause("您好", "zh-CN", 0, Path("y.wav")).key("a"),
    }
    assert len(keys) == 6
    assert clause.key("a") == Clause("您好", "zh-CN", 250).key("a")


def test_a_prompt_says_its_own_slots() -> None:
    prompt: Prompt = catalogue(p="{a:money}{b:date}").prompt("p")
    assert list(prompt.slots) == ["a", "b"]


def test_silence_is_eight_bytes_a_millisecond() -> None:
    assert silence(20) == b"\xff" * 160


def test_a_variant_is_heard_where_it_is_recorded_and_else_the_language() -> None:
    own, mandarin = Path("north-1.wav"), Path("take-1.wav")
    built = catalogue(p="您好。", q="再见。", r="请稍候。").with_recordings(
        {
            ("p", "zh-CN", ""): mandarin,
            ("p", "zh-CN", "north"): own,
            ("q", "zh-CN", ""): mandarin,
        }
    )
    heard = {name: compose(built, name, "zh-CN", {}, "north")[0].recorded for name in "pqr"}
    assert heard == {"p": own, "q": mandarin, "r": None}
    assert compose(built, "p", "zh-CN", {})[0].recorded == mandarin
    assert compose(built, "p", "en", {}, "north")[0].recorded is None


def test_a_recording_with_slots_is_not_played_in_a_variant_either() -> None:
    built = catalogue(p="应缴{amount:money}。").with_recordings(
        {("p", "zh-CN", "x"): Path("x.wav")}
    )
    clauses = compose(built, "p", "zh-CN", {"amount": Decimal(1)}, "x")
    assert [clause.recorded for clause in clauses] == [None] * len(clauses)


WORDS = Manner(
    words=Pronunciations.of(
        [
            ("zh-CN", "长乐路", "zhang3 le4 lu4"),
            ("zh-CN", "APP", "应用"),
            ("en", "Chengnan", "chung nahn"),
        ]
    )
)


def test_a_word_of_staff_goes_with_the_clause_it_stands_in_and_changes_its_key() -> None:
    with_words, plain = (
        compose_text("长乐路停电。请留意通知。", "zh-CN", manner) for manner in (WORDS, Manner())
    )
    assert [clause.words for clause in with_words] == [(("长乐路", "zhang3 le4 lu4"),), ()]
    assert with_words[0].text == plain[0].text
    assert with_words[0].key("voice") != plain[0].key("voice")
    assert with_words[1].key("voice") == plain[1].key("voice")


def test_a_respelled_word_is_written_as_it_is_said() -> None:
    assert [c.text for c in compose_text("请用APP查询。", "zh-CN", WORDS)] == ["请用应用查询。"]
    (clause,) = compose_text("Chengnan Road is closed.", "en", WORDS)
    assert clause.text == "chung nahn Road is closed."


def test_pronunciations_reach_slots_and_the_words_around_them() -> None:
    built = catalogue(notice="APP通知：{text:text}").with_manner(WORDS)
    clauses = compose(built, "notice", "zh-CN", {"text": "长乐路停水"})
    assert [(clause.text, clause.words) for clause in clauses] == [
        ("应用通知", ()),
        ("长乐路停水", (("长乐路", "zhang3 le4 lu4"),)),
    ]


def test_where_custom_wants_no_yao_digits_say_yi() -> None:
    usual = catalogue(number="号码{n:digits}，拨打110。")
    for built, one in ((usual, "幺"), (usual.with_manner(Manner(yao=False)), "一")):
        said = "".join(c.text for c in compose(built, "number", "zh-CN", {"n": "1122"}))
        assert said == f"号码{one}{one}二二拨打{one}{one}零。"


def test_chinese_in_english_goes_to_the_mandarin_voice_and_only_that() -> None:
    clauses = compose_text("Water is off at 城南新村3号楼 today.", "en")
    assert [(clause.text, clause.language) for clause in clauses] == [
        ("Water is off at", "en"),
        ("城南新村三号楼", "zh-CN"),
        ("today.", "en"),
    ]


def test_letters_in_chinese_are_chinese() -> None:
    (clause,) = compose_text("A栋3单元110kV线路检修。", "zh-CN")
    assert (clause.text, clause.language) == ("诶栋三单元一百一十千伏线路检修。", "zh-CN")


@pytest.mark.parametrize(
    ("language", "text", "longest"),
    [
        ("zh-CN", "因设备检修，城南新村一号楼至十二号楼停电，请提前做好准备。" * 1, 50),
        ("zh-CN", "，".join(["城南新村一号楼至十二号楼停电"] * 12) + "。", 50),
        ("en", ", ".join(["the water is off in Chengnan New Village, 1,200 yuan"] * 12) + ".", 180),
    ],
)
def test_a_long_sentence_is_cut_at_its_commas_and_loses_nothing(
    language: str, text: str, longest: int
) -> None:
    clauses = compose_text(text, language)
    # What is read out is longer than what is written, by the numbers in it.
    assert all(len(clause.text) <= longest * 1.6 for clause in clauses)
    letters = [char for clause in clauses for char in clause.text if char.isalpha()]
    whole = reading(text, language)
    assert letters == [char for char in whole if char.isalpha()]


@pytest.mark.parametrize(
    ("language", "text", "longest"),
    [
        ("zh-CN", "因城南新村变电站设备检修今天下午北环路沿线居民用电受到影响请互相转告" * 6, 70),
        ("zh-CN", "影响用户一百二十三万四千五百六十七户" * 8, 75),
        ("en", "the water is off in the whole of Chengnan New Village until the evening " * 8, 260),
    ],
)
def test_a_text_without_any_comma_is_cut_between_words_before_it_gets_too_long(
    language: str, text: str, longest: int
) -> None:
    """120 characters in one clause took the voice process over 400 MB."""
    clauses = compose_text(text, language)
    assert len(clauses) > 1
    assert all(len(clause.text) <= longest for clause in clauses)
    said = [clause.text for clause in clauses]
    assert "".join("".join(said).split()).rstrip(".。") == "".join(text.split())
    if "六" in text:
        assert all(
            "一百二十三万四千五百六十七" in clause or "一百" not in clause for clause in said
        )


def reading(text: str, language: str) -> str:
    return reading_zh.speakable(text) if language == "zh-CN" else reading_en.speakable(text)


@pytest.mark.parametrize(
    ("text", "language", "value", "said"),
    [
        ("约{wait:duration}后恢复。", "zh-CN", "2h30m", "约两小时三十分钟后恢复"),
        ("完成{part:percent}。", "zh-CN", Decimal("12.5"), "完成百分之十二点五。"),
        ("每{day:weekday}检修。", "zh-CN", date(2026, 11, 22), "每星期日检修。"),
        ("Back in {wait:duration}.", "en", 9000, "Back in two hours thirty minutes"),
        ("{part:percent} is done.", "en", 85, "eighty-five percent is done."),
        ("Every {day:weekday}.", "en", date(2026, 11, 22), "Every Sunday."),
    ],
)
def test_lengths_of_time_percentages_and_weekdays_are_said_in_their_sentence(
    text: str, language: str, value: Value, said: str
) -> None:
    (name,) = re.findall(r"{(\w+):", text)
    assert "".join(heard(text, language, **{name: value})) == said
