"""How figures, units and letters inside Chinese text are read.

A clerk types `11月22日8:30至18:00，2号变压器停电，咨询95598`; the Mandarin engine
knows characters only and drops the rest without a word. The rules are a table, tried
in order at each place; what they leave is read as a number or spelled out. Words of
Latin letters are left for the composer, which gives them to the English voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache

from prompts import numerals_zh as zh
from prompts.digit_groups import phone_groups

# Only before these is 2 said 两, and not after 第; before 号, 月, 楼, 路 and the like it is 二.
_MEASURES = (
    "条|个|户|次|位|天|小时|周|家|名|项|件|辆|台|种|份|处|起|分钟|年|笔|点|段|遍|块|倍|吨|米|"
    "公里|千米|平方|立方|万|亿|千|人|岁|张|本|间|套|根|棵|盏|只|双|批|箱|瓶|包|所|座桥|面|扇|颗|"
    "场|顿|趟|句|首|片|支|把|架|艘|桶|口井|车|组人|类|列|秒"
)
_UNITS = {
    "kwh": "千瓦时", "kva": "千伏安", "kw": "千瓦", "kv": "千伏", "km/h": "公里每小时",
    "km": "公里", "㎞": "公里", "kg": "公斤", "㎏": "公斤", "cm": "厘米", "mm": "毫米",
    "m²": "平方米", "㎡": "平方米", "m2": "平方米", "m³": "立方米", "㎥": "立方米", "m3": "立方米",
    "m": "米", "mpa": "兆帕", "℃": "摄氏度", "°c": "摄氏度", "v": "伏", "l": "升",
    "h": "小时", "min": "分钟", "t": "吨",
}  # fmt: skip
# Signs that are said; the others are pauses, or nothing.
_SIGNS = {"+": "加", "&": "和", "=": "等于", "×": "乘"}
_AT_LEAST = {"≥": "不小于", "≤": "不大于"}
_NUMBER = r"\d+(?:\.\d+)?"

# An English word is one with a small letter and at least three letters, or an address on
# the Internet; the rest is spelled.
ENGLISH_WORDS = re.compile(
    r"(?:[A-Za-z0-9_-]+[.@])+[A-Za-z]{2,}(?![A-Za-z0-9])|"
    r"(?=[A-Za-z]*[a-z])[A-Za-z][A-Za-z'-]{2,}(?:[ -]+[A-Za-z][A-Za-z'-]*)*",
    re.ASCII,
)


@lru_cache(maxsize=4096)
def speakable(text: str, *, yao: bool = True) -> str:
    """The text with figures, units and loose letters written as they are spoken.

    `yao`: 1 is said 幺 in telephone, room and other numbers read digit by digit.
    """
    text = text.translate(_WIDE)
    if not yao:
        text = text.replace("幺", _OWN_YAO)
    for pattern, reading in _RULES:
        text = pattern.sub(reading, text)
    before = ""
    while before != text:  # letters behind a hyphen, once what stood before it is spelled
        before, text = text, _LETTERS.sub(lambda match: zh.letters(match.group()), text)
    return text if yao else text.replace("幺", "一").replace(_OWN_YAO, "幺")


_OWN_YAO = "\ue000"  # 幺 that stood in the text itself, while the others are made 一


def _full_date(match: re.Match[str]) -> str:
    try:
        return zh.day(date(*(int(part) for part in match.groups())))
    except ValueError:
        return zh.digits(re.sub(r"\D", "", match.group()))


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match.group(1)), int(match.group(2))
    if hour > 24 or minute > 59:
        return f"{zh.cardinal(hour)}比{zh.cardinal(minute)}"
    if minute == 0:
        return f"{zh.count(hour)}点"
    return f"{zh.count(hour)}点{'零' if minute < 10 else ''}{zh.cardinal(minute)}分"


def _phone(match: re.Match[str]) -> str:
    return "，".join(zh.digits(group) for group in phone_groups(match.group()))


def _plain_digits(match: re.Match[str]) -> str:
    return zh.digits(match[1])


def _part_of(match: re.Match[str]) -> str:
    return f"{zh.cardinal(int(match[2]))}分之{zh.cardinal(int(match[1]))}"


def _key(match: re.Match[str]) -> str:
    key = zh.digits(match[1])
    return key + "键" if match.group().endswith("键") else key


def _half_hours(match: re.Match[str]) -> str:
    return zh.duration(f"{match[1] or 0}.5h")


def _number(match: re.Match[str]) -> str:
    figures = match.group()
    if "." in figures:
        return zh.decimal(Decimal(figures))
    if len(figures) >= 5 or (len(figures) > 1 and figures[0] == "0"):
        return "，".join(zh.digits(group) for group in phone_groups(figures))
    return zh.cardinal(int(figures))


_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF5B))}
_WIDE = {code: plain for code, plain in _WIDE.items() if chr(plain).isalnum()} | {
    ord(wide): plain
    for wide, plain in {
        "％": "%", "＃": "#", "＊": "*", "＋": "+", "＝": "=", "＆": "&", "－": "-", "～": "~",
        "〜": "~", "∶": ":", "№": "No.",
        # Lists: ①停电范围, Ⅰ段母线.
        **{chr(0x2460 + at): f"{at + 1}，" for at in range(20)},
        **{chr(0x2474 + at): f"{at + 1}，" for at in range(20)},
        **{chr(0x2160 + at): zh.cardinal(at + 1) for at in range(12)},
    }.items()
}  # fmt: skip
_LETTERS = re.compile(
    r"(?<![A-Za-z])(?<![a-z]{2}['-])(?:[A-Z]+|[a-z]{1,2}|[A-Z][a-z])(?![A-Za-z])", re.ASCII
)

_Reading = Callable[[re.Match[str]], str]
_RULES: tuple[tuple[re.Pattern[str], _Reading], ...] = tuple(
    (re.compile(pattern, re.ASCII), reading)
    for pattern, reading in (
        (r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", _full_date),
        (r"(\d{4})(?=年)", lambda match: zh.digits(match.group(1), yao=False)),
        (r"(\d{1,2})[:：](\d{2})(?!\d)", _clock),
        (
            r"\b0\d{2,3}-\d{7,8}\b|(?:\+86[ -]?)?(?<!\d)1[3-9]\d{9}(?!\d)|"
            r"\b400-\d{3,4}-\d{3,4}\b",
            _phone,
        ),
        # Short numbers that are dialled: 拨打110, 120急救.
        (r"(?<=拨打|致电|电话|热线|呼叫)\s*[:：]?\s*(\d{3})(?!\d)", _plain_digits),
        (r"(?<!\d)(1[12]\d)(?=报警|急救|热线|电话|、1[12]\d)", _plain_digits),
        (r"(?<![A-Za-z])No\.?\s*(\d{1,3})(?!\d)号?", lambda match: f"{match[1]}号"),
        # Building 12, entrance 3, room 402, as people write it on a letter.
        (
            r"(?<![\d-])(\d{1,3})-(\d{1,2})-(\d{3,4})(?![\d-])",
            lambda match: "杠".join(
                (zh.cardinal(int(match[1])), zh.cardinal(int(match[2])), zh.digits(match[3]))
            ),
        ),
        # Rooms, long house numbers and bus lines are read digit by digit.
        (r"(?<![\d.])(\d{3,4})(?=室|房|号房|号室|路公交|路车|路汽车)", _plain_digits),
        (
            r"(?<=[单元栋幢座楼])(\d{3,4})(?![\d.户元米人天年个条次万千伏度%A-Za-z㎡℃])",
            _plain_digits,
        ),
        (r"(?<![\d.])([1-9]\d{3})(?=号|弄)", _plain_digits),
        (r"(?<=[A-Za-z])-?(\d{3,})", _plain_digits),
        # 3#楼 and #2主变 are numbers of things; the key of a telephone is 井号.
        (r"(?<![\d.])(\d{1,3})#(?=[~、，,和及与至\u4e00-\u9fff-])(?!键)", lambda m: f"{m[1]}号"),
        (r"(?<![\d按])#(\d{1,3})(?!\d)", lambda match: f"{match[1]}号"),
        (r"([#*])(?:号?键|号)?", _key),
        (r"(?<![\d.])(\d{0,2})\.5\s*(?:个?小时|[hH](?![A-Za-z]))", _half_hours),
        (
            rf"({_NUMBER})%?\s*[-~—–]+\s*({_NUMBER})%",
            lambda match: "至".join(zh.percent(Decimal(part)) for part in match.groups()),
        ),
        (r"(?<=[\d点分日号])\s*[-~—–]+\s*(?=[¥￥]?[\d零一二三四五六七八九十两])", lambda _: "至"),
        (rf"(-?{_NUMBER})%", lambda match: zh.percent(Decimal(match.group(1)))),
        (rf"({_NUMBER})‰", lambda match: "千分之" + zh.decimal(Decimal(match[1]))),
        (r"(?<![\d./])([1-9]\d?)/([1-9]\d{0,2})(?![\d./])", _part_of),
        (
            rf"-[¥￥]({_NUMBER})元?|(?<![\w.\u4e00-\u9fff])-({_NUMBER})元",
            lambda match: zh.money(-Decimal(match[1] or match[2])),
        ),
        (
            rf"[¥￥]({_NUMBER})元?|({_NUMBER})元",
            lambda match: zh.money(Decimal(match[1] or match[2])),
        ),
        (
            rf"(?<=\d)\s*((?i:{'|'.join(map(re.escape, _UNITS))}))(?![A-Za-z])",
            lambda match: _UNITS[match.group(1).lower()],
        ),
        (rf"(?<![\d.第])2(?=(?:{_MEASURES}))", lambda _: "两"),
        (r"(?<=[\u4e00-\u9fff])-(?=\d)|(?<![\w.])-(?=\d)", lambda _: "负"),
        (r"[≥≤]\s*(?=\d)", lambda match: _AT_LEAST[match.group().strip()]),
        (
            rf"(?<=[\w\u4e00-\u9fff])\s*([{''.join(_SIGNS)}])\s*(?=[\w\u4e00-\u9fff])",
            lambda match: _SIGNS[match[1]],
        ),
        (_NUMBER, _number),
    )
)
