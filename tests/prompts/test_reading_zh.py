"""Figures and letters inside Chinese text, as a clerk types them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.reading_zh import ENGLISH_WORDS, speakable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("按1", "按一"),
        ("24小时", "二十四小时"),
        ("2条通知", "两条通知"),
        ("12条通知", "十二条通知"),
        ("2号楼2月2楼", "二号楼二月二楼"),
        ("2026年", "二零二六年"),
        ("2026-11-22停电", "二零二六年十一月二十二日停电"),
        ("11月22日8:30至18:00", "十一月二十二日八点三十分至十八点"),
        ("8:05-9:00", "八点零五分至九点"),
        ("1-3号楼", "一至三号楼"),
        ("请拨打95598", "请拨打九五五九八"),
        ("12345热线", "幺二三四五热线"),
        ("13800138000", "幺三八，零零幺三，八零零零"),
        ("0571-88001234", "零五七幺，八八零零，幺二三四"),
        ("128.50元", "一百二十八元五角"),
        ("¥2", "两元"),
        ("85%的用户", "百分之八十五的用户"),
        ("-5℃", "负五摄氏度"),
        ("10kV线路", "十千伏线路"),
        ("3.5km", "三点五公里"),
        ("A座", "诶座"),
        ("APP", "诶屁屁"),
        ("２４小时", "二十四小时"),
        ("2026-13-45", "二零二六幺三四五"),
    ],
)
def test_a_clerks_figures_are_read_as_meant(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@given(st.text(alphabet="0123456789.:-%元年月日条AbC ，停电", max_size=40))
def test_nothing_a_clerk_types_is_dropped_or_left_as_a_figure(text: str) -> None:
    spoken = speakable(text)
    assert not re.search(r"\d", spoken)
    rest = ENGLISH_WORDS.sub("", spoken)
    assert not re.search(r"[A-Z]{2}", rest)


@given(st.text(max_size=60))
def test_reading_twice_changes_nothing(text: str) -> None:
    once = speakable(text)
    assert speakable(once) == once
