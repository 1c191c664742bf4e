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
        # Measure words take 两; ordinals and numbers of things take 二.
        ("第2条第2次", "第二条第二次"),
        ("2万户2吨2米2公里", "两万户两吨两米两公里"),
        ("2.5万人", "二点五万人"),
        ("2-3天", "二至三天"),
        ("2栋2单元", "二栋二单元"),
        # Addresses.
        ("中山路128号", "中山路一百二十八号"),
        ("解放路1288号", "解放路幺二八八号"),
        ("302室", "三零二室"),
        ("1203房", "幺二零三房"),
        ("2栋3单元502", "二栋三单元五零二"),
        ("12-3-402", "十二杠三杠四零二"),
        ("302路公交车", "三零二路公交车"),
        ("18路公交车", "十八路公交车"),
        # Parts of a whole.
        ("3‰", "千分之三"),
        ("2/3的居民", "三分之二的居民"),
        ("0.5%", "百分之零点五"),
        # Money under nothing, and nothing.
        ("0元", "零元"),
        ("余额：-36.50元", "余额：负三十六元五角"),
        ("-¥2", "负两元"),
        # Letters in an account number.
        ("账号A12345", "账号诶幺二三四五"),
        ("表号AB-3305", "表号诶必三三零五"),
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
