"""What was heard against what was said: error rates, and digits whole or not.

Error rates are edit distances over the length of what was said: of characters for
Mandarin, of words for English, of toneless syllables where a homophone is no error.
Both sides are written alike first: simplified characters, figures as they are spoken,
no marks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from prompts import numerals_en, reading_en, reading_zh

_CHINESE_DIGITS = {char: str(value) for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": "0", "幺": "1", "么": "1", "兩": "2", "两": "2", "壹": "1", "贰": "2",
}  # fmt: skip
_ENGLISH_DIGITS = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_WORDS = re.compile(r"[a-z]+|[0-9]|[^\x00-\x7f]", re.IGNORECASE)


def distance(said: Sequence[Any], heard: Sequence[Any]) -> int:
    """Levenshtein: how many items must be replaced, put in or taken out."""
    row = list(range(len(heard) + 1))
    for at, one in enumerate(said, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(heard, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (one != other))
    return row[-1]


def digits(heard: str) -> str:
    """The digits in what was heard, in order, however they were written.

    A number written out (三十, twenty) is not a string of digits: its unit words stay
    out, so that it counts as wrong where a digit is missing.
    """
    found = []
    for word in _WORDS.findall(heard.translate(_WIDE)):
        digit = word if word.isdigit() else ""
        found.append(digit or _CHINESE_DIGITS.get(word) or _ENGLISH_DIGITS.get(word.lower(), ""))
    return "".join(found)


_WIDE = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}


def normal_zh(text: str) -> str:
    """Characters only, figures as they are spoken."""
    return "".join(re.findall(r"[\u3400-\u9fff]", reading_zh.speakable(text).replace("幺", "一")))


def normal_en(text: str) -> list[str]:
    """Words only, figures as they are spoken."""
    text = re.sub(r"\d+", lambda m: numerals_en.cardinal(int(m[0])), reading_en.speakable(text))
    return re.findall(r"[a-z']+", text.lower().replace("-", " "))


def syllables(text: str) -> list[str]:
    """Toneless pinyin of what `normal_zh` gives."""
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(text, Style.NORMAL)
