"""Numbers, money, dates and times as Mandarin speakers say them.

Small tables of our own: cn2an writes 二 where speech wants 两, has no money with
角 and 分, and no 幺. Every function returns characters to be spoken; the cases a
native reader can check are in `tests/prompts/said_zh.tsv`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

from prompts import durations

DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_SECTIONS = ("", "万", "亿", "万亿")
# 1 is said yao in telephone, ticket and room numbers, so that it is not taken for 7 (qi).
_YAO = str.maketrans("0123456789*#", "零幺二三四五六七八九星井")
_PLAIN = str.maketrans("0123456789*#", "零一二三四五六七八九星井")
_WEEKDAYS = "一二三四五六日"
# First hour of each part of the day.
_DAY_PARTS = ((18, "晚上"), (13, "下午"), (12, "中午"), (6, "上午"), (0, "凌晨"))
# Latin letters by the syllables Mandarin speakers use for them.
LETTERS = {
    "A": "诶", "B": "必", "C": "西", "D": "弟", "E": "衣", "F": "艾弗", "G": "记",
    "H": "艾尺", "I": "爱", "J": "杰", "K": "开", "L": "艾勒", "M": "艾姆", "N": "恩",
    "O": "欧", "P": "屁", "Q": "克由", "R": "啊儿", "S": "艾丝", "T": "踢", "U": "优",
    "V": "威", "W": "达不溜", "X": "艾克斯", "Y": "歪", "Z": "贼",
}  # fmt: skip


def cardinal(number: int) -> str:
    """A whole number: 205 -> 二百零五, 12000 -> 一万两千."""
    if number < 0:
        return "负" + cardinal(-number)
    if number == 0:
        return "零"
    sections: list[int] = []
    rest = number
    while rest:
        rest, section = divmod(rest, 10_000)
        sections.append(section)
    if len(sections) > len(_SECTIONS):
        return digits(str(number), yao=False)
    spoken = ""
    gap = False
    for place in reversed(range(len(sections))):
        section = sections[place]
        if section == 0:
            gap = bool(spoken)
            # 万亿 needs its 亿 even where the section of 亿 is empty.
            if place == 2 and len(sections) == 4:
                spoken += "亿"
            continue
        if spoken and (gap or section < 1000):
            spoken += "零"
        # 万亿 is 万 of 亿: the 亿 is said once, by the section below it.
        unit = "万" if place == 3 else _SECTIONS[place]
        lead = "两" if section == 2 and place else _section(section)
        spoken += lead + unit
        gap = False
    if spoken.startswith("一十"):
        spoken = spoken[1:]
    return spoken


def count(number: int) -> str:
    """A number before a measure word: 2 -> 两 (两条), 12 -> 十二."""
    return "两" if number == 2 else cardinal(number)


def decimal(number: Decimal | int) -> str:
    """A number with its decimals digit by digit: 12.50 -> 十二点五零."""
    if isinstance(number, int):
        return cardinal(number)
    whole, _, fraction = f"{abs(number):f}".partition(".")
    spoken = cardinal(int(whole))
    if fraction:
        spoken += "点" + fraction.translate(_PLAIN)
    return ("负" if number < 0 else "") + spoken


def percent(number: Decimal | int) -> str:
    """12.5 -> 百分之十二点五, -3 -> 负百分之三."""
    return ("负" if number < 0 else "") + "百分之" + decimal(-number if number < 0 else number)


def ordinal(number: int) -> str:
    """2 -> 第二."""
    return "第" + cardinal(number)


def money(amount: Decimal | int) -> str:
    """An amount in yuan, to the fen: 128.50 -> 一百二十八元五角, 0.05 -> 五分."""
    fen = int((Decimal(amount) * 100).to_integral_value(ROUND_HALF_UP))
    if fen < 0:
        return "负" + money(Decimal(-fen) / 100)
    yuan, rest = divmod(fen, 100)
    jiao, fen = divmod(rest, 10)
    spoken = f"{count(yuan)}元" if yuan or not rest else ""
    if jiao:
        spoken += f"{_money_digit(jiao, first=not yuan)}角"
    elif fen and yuan:
        spoken += "零"
    if fen:
        spoken += f"{_money_digit(fen, first=not (yuan or jiao))}分"
    return spoken


def day(when: date) -> str:
    """2026-12-01 -> 二零二六年十二月一日."""
    year = str(when.year).translate(_PLAIN)
    return f"{year}年{cardinal(when.month)}月{cardinal(when.day)}日"


def weekday(when: date) -> str:
    """星期一 to 星期日."""
    return "星期" + _WEEKDAYS[when.weekday()]


def clock(when: time | datetime) -> str:
    """18:30 -> 晚上六点三十分; the hour of 2 is 两点."""
    part = next(name for hour, name in _DAY_PARTS if when.hour >= hour)
    hour = when.hour - 12 if when.hour > 12 else when.hour
    spoken = f"{part}{count(hour)}点"
    if when.minute == 0:
        return spoken
    lead = "零" if when.minute < 10 else ""
    return f"{spoken}{lead}{cardinal(when.minute)}分"


def moment(when: datetime) -> str:
    """A date and time of day, as given: convert to the line's zone first."""
    return day(when) + clock(when)


def duration(value: int | str) -> str:
    """Seconds, or `2h30m`: 9000 -> 两小时三十分钟, 1800 -> 半小时, `1.5h` -> 一个半小时."""
    given = durations.parts(value)
    if given in ([(30, "m")], [(Decimal("0.5"), "h")]):
        return "半小时"
    if len(given) == 1 and isinstance(given[0][0], Decimal):
        whole, unit = int(given[0][0]), given[0][1]
        if unit == "d":
            return f"{count(whole)}天半" if whole else "半天"
        return f"{count(whole)}个半小时"
    spoken = ""
    for at, (many, unit) in enumerate(given):
        gap = "零" if at and many < 10 and unit in "ms" else ""  # 一小时零五分钟
        spoken += gap + count(int(many)) + _TIMES[unit]
    # Minutes before seconds are 分, alone 分钟.
    return spoken.replace("分钟", "分") if spoken.endswith("秒") else spoken or "零秒"


_TIMES = {"d": "天", "h": "小时", "m": "分钟", "s": "秒"}


def digits(text: str, *, yao: bool = True) -> str:
    """A group of digits one by one: 110 -> 幺幺零."""
    return text.translate(_YAO if yao else _PLAIN).replace("星", "星号").replace("井", "井号")


def letters(text: str, *, yao: bool = True) -> str:
    """Letters by their Mandarin names, digits one by one: A1 -> 诶幺."""
    return "".join(
        LETTERS.get(char.upper()) or digits(char, yao=yao) for char in text if char.isalnum()
    )


def _section(number: int) -> str:
    """Below 10000: 2205 -> 两千二百零五."""
    spoken = ""
    zero = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit == 0:
            zero = bool(spoken)
            continue
        if zero:
            spoken += "零"
            zero = False
        spoken += ("两" if digit == 2 and place == 3 else DIGITS[digit]) + _UNITS[place]
    return spoken


def _money_digit(digit: int, *, first: bool) -> str:
    return "两" if digit == 2 and first else DIGITS[digit]
