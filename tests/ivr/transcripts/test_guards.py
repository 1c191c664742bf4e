import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.transcripts.guards import UNCLEAR, Segment, believe

UNCLEAR_ZH = UNCLEAR["zh-CN"]


def said(text, *, start=0.0, seconds=5.0, log_probability=-0.3, no_speech=0.05, compression=1.1):
    """A segment that the recogniser is sure of, unless told otherwise."""
    return Segment(text, start, start + seconds, log_probability, no_speech, compression)


def test_what_the_recogniser_is_sure_of_is_kept_with_chinese_marks():
    heard = believe([said("路灯坏了,请来修."), said("就在东湖街道?谢谢!", start=5)], "zh-CN")
    assert heard.text == "路灯坏了，请来修.就在东湖街道？谢谢！"
    assert heard.confidence == pytest.approx(math.exp(-0.3), abs=0.001)


def test_latin_words_of_two_segments_are_kept_apart_and_chinese_ones_are_not():
    assert believe([said(" No water."), said(" Since Monday.")], "en").text == (
        "No water. Since Monday."
    )
    assert believe([said("停水"), said("三天")], "zh-CN").text == "停水三天"
    assert believe([said("车牌A B"), said("GPS 12")], "zh-CN").text == "车牌A B GPS 12"


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由Amara.org社群提供",
        "字幕志愿者 杨茜茜",
        "谢谢观看",
        "感谢大家收看",
        "Thank you for watching!",
        "Please subscribe to my channel.",
        "市民来电：您好，我要反映一个问题。",
    ],
)
def test_farewells_of_film_subtitles_are_nobodys_words(text):
    assert believe([said(text)], "zh-CN").text == ""
    assert believe([said("井盖丢了"), said(text)], "zh-CN").text == "井盖丢了"


@pytest.mark.parametrize("text", ["谢谢你们", "我订了一份报纸", "请转发给环保局", "感谢"])
def test_what_citizens_do_say_is_no_farewell(text):
    assert believe([said(text)], "zh-CN").text == text


def test_words_where_most_likely_nobody_spoke_are_dropped():
    quiet = said("嗯嗯好的", log_probability=-1.2, no_speech=0.8)
    assert believe([quiet], "zh-CN").text == ""


def test_words_nobody_can_believe_are_marked_and_not_left_out():
    garbled = said("弟弟的地的敌", log_probability=-2.0)
    heard = believe([said("路灯坏了"), garbled, garbled, said("请来修")], "zh-CN")
    assert heard.text == f"路灯坏了{UNCLEAR_ZH}请来修"


def test_marks_alone_are_no_transcript():
    assert believe([said("弟弟的地的敌", log_probability=-2.0)], "zh-CN").text == ""


def test_more_syllables_than_a_tongue_can_form_are_not_believed():
    assert believe([said("您好" * 20 + "我要反映", seconds=2.0)], "zh-CN").text == ""
    rattled = "I want to file a complaint about the lamp in my street now please"
    assert believe([said(rattled, seconds=1.0)], "en").text == ""
    assert believe([said(rattled, seconds=4.0)], "en").text == rattled


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("我要投诉。" * 9, "我要投诉" + UNCLEAR_ZH),
        ("路灯坏了，" + "没有人来修，" * 6, "路灯坏了，没有人来修" + UNCLEAR_ZH),
        ("啊" * 30, "啊啊啊"),
    ],
)
def test_a_phrase_that_goes_round_and_round_is_said_once(text, kept):
    assert believe([said(text, seconds=30.0)], "zh-CN").text == kept


@pytest.mark.parametrize(
    "text",
    ["对对对，没错", "喂喂喂喂，听得到吗", "谢谢谢谢", "电话 1111 2222", "工单 000000000000"],
)
def test_what_people_do_repeat_stays(text):
    assert believe([said(text)], "zh-CN").text == text


def test_nothing_at_all_is_nobody_speaking():
    assert believe([], "zh-CN") == believe([said(" ... ")], "en")


@given(
    st.lists(
        st.builds(
            Segment,
            st.text(max_size=60),
            st.floats(0, 600),
            st.floats(0, 600),
            st.floats(-10, 0.1),
            st.floats(0, 1),
            st.floats(0, 20),
        ),
        max_size=8,
    ),
    st.sampled_from(["zh-CN", "en"]),
)
def test_whatever_comes_the_confidence_is_a_share_and_empty_means_none(segments, language):
    heard = believe(segments, language)
    assert heard.text == heard.text.strip()
    assert (heard.confidence is None) == (heard.text == "")
    assert heard.confidence is None or 0 <= heard.confidence <= 1
