"""Mandarin text to the phonemes of the Baker corpus, with tone sandhi.

A syllable is an initial (`^` for none) and a final with its tone; the finals are those
of the corpus: `ii` after z c s, `iii` after zh ch sh r, `v` for ü, and no contracted
spellings (`iu` is `iou`). The model has learnt spoken tones but is given written ones,
so sandhi is applied here: a third tone rises before another, 不 rises before a fourth,
一 rises before a fourth and falls before the rest; both are light in 看一看 and 要不要.
In digit strings, ordinals, dates, numbers of floors and after 按, 一 keeps its own tone;
pypinyin's helper gets those wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prompts.engines.mandarin_words import MandarinWords, load
from prompts.lexicon import Lexicon

_HAN_RUN = re.compile(r"[\u3400-\u9fff〇]+")
_INITIALS = "zh ch sh b p m f d t n l g k h j q x r z c s".split()  # noqa: SIM905
_CONTRACTED = {"iu": "iou", "ui": "uei", "un": "uen", "ue": "ve"}
_ZERO_INITIAL = {
    "yi": "i", "yin": "in", "ying": "ing", "ya": "ia", "yan": "ian", "yang": "iang",
    "yao": "iao", "ye": "ie", "yo": "iou", "you": "iou", "yong": "iong", "yu": "v",
    "yuan": "van", "yue": "ve", "yun": "vn", "wu": "u", "wa": "ua", "wai": "uai",
    "wan": "uan", "wang": "uang", "wei": "uei", "wen": "uen", "weng": "ueng", "wo": "uo",
    "n": "en", "ng": "en", "m": "en", "hm": "en", "hng": "en", "ê": "ei",
}  # fmt: skip
_DIGITS = frozenset("零〇一二三四五六七八九幺")
_OWN_TONE = {"一": 1, "不": 4}
# After these, 一 is a number read out and keeps its first tone.
_KEEPS_YI = frozenset("第按拨十期周月点键号初") | _DIGITS
# Before these it is a number of a thing (一楼, 一号); in 一万一千 it is part of an amount.
_NUMBERED = frozenset("十月号日楼室栋幢")
_MAGNITUDES = frozenset("百千万亿元角分")


# Phrases are joined up to this many syllables: the model's memory grows with each.
_LONGEST_JOINED = 20


@dataclass(slots=True)
class _Syllable:
    char: str
    sound: str
    tone: int
    ends_word: bool
    of_lexicon: bool = False


def phrases(text: str, lexicon: Lexicon) -> list[list[tuple[str, str]]]:
    """The text as phrases (cut at punctuation) of (initial, final with tone)."""
    return [
        [
            (initial, f"{final}{s.tone}")
            for s in _sandhi(syllables)
            for initial, final in [_split(s.sound)]
        ]
        for run in _HAN_RUN.findall(text)
        if (syllables := _syllables(run.replace("〇", "零"), lexicon))
    ]


def utterances(text: str, lexicon: Lexicon, longest: int) -> list[list[str]]:
    """The text as sequences of the model's symbols, of at most `longest` syllables each.

    The corpus marks the end of a word (#1) and a pause (#3); with both, instead of #0
    between all syllables, fewer syllables are misheard. Digits read out have no words.
    """
    found: list[list[str]] = []
    room = 0
    for run in _HAN_RUN.findall(text):
        syllables = _sandhi(_syllables(run.replace("〇", "零"), lexicon))
        if found and longest - room + len(syllables) <= min(longest, _LONGEST_JOINED):
            found[-1][-1] = "#3"
        else:
            room = 0
        for at, this in enumerate(syllables):
            if room == 0:
                found.append(["sil"])
                room = longest
            room -= 1
            initial, final = _split(this.sound)
            last = at == len(syllables) - 1 or room == 0
            between_digits = not last and {this.char, syllables[at + 1].char} <= _DIGITS
            mark = "#1" if this.ends_word and not between_digits else "#0"
            found[-1] += [initial, f"{final}{this.tone}", "sil" if last else mark]
    return found


def pinyin(text: str, lexicon: Lexicon) -> str:
    """The text as numbered pinyin as it is spoken, phrases parted by commas."""
    return ", ".join(
        " ".join(
            f"{s.sound}{s.tone}" for s in _sandhi(_syllables(run.replace("〇", "零"), lexicon))
        )
        for run in _HAN_RUN.findall(text)
    )


def _syllables(run: str, lexicon: Lexicon) -> list[_Syllable]:
    found: list[_Syllable] = []
    dictionary = load()
    for word in _words(run, lexicon, dictionary):
        ours = word in lexicon.words
        sounds = lexicon.syllables(word) if ours else dictionary.read(word)
        for at, (char, sound) in enumerate(zip(word, sounds, strict=False)):
            if sound and sound[-1].isdigit():
                last = at == len(word) - 1
                found.append(_Syllable(char, sound[:-1], int(sound[-1]), last, ours))
    return found


def _words(run: str, lexicon: Lexicon, dictionary: MandarinWords) -> list[str]:
    pattern = lexicon.pattern()
    if pattern is None:
        return dictionary.cut(run)
    words: list[str] = []
    at = 0
    for match in pattern.finditer(run):
        words += [*dictionary.cut(run[at : match.start()]), match.group()]
        at = match.end()
    return [*words, *dictionary.cut(run[at:])]


def _sandhi(syllables: list[_Syllable]) -> list[_Syllable]:
    _yi_and_bu(syllables)
    written = [syllable.tone for syllable in syllables]
    for at in reversed(range(len(syllables) - 1)):
        this, following = syllables[at], syllables[at + 1]
        if written[at] != 3 or written[at + 1] != 3:
            continue
        # Inside a word every third tone but the last rises; across words, only before
        # one that has stayed low itself.
        if not this.ends_word or following.tone == 3:
            this.tone = 2
    return syllables


def _yi_and_bu(syllables: list[_Syllable]) -> None:
    for at, this in enumerate(syllables):
        if this.of_lexicon:
            continue  # staff have said how it sounds
        if this.char in _OWN_TONE:  # the dictionary bends some of them already, not all
            this.tone = _OWN_TONE[this.char]
        before = syllables[at - 1].char if at else ""
        after = syllables[at + 1] if at + 1 < len(syllables) else None
        if after is None:
            continue
        if this.char in _OWN_TONE and before == after.char and before not in _DIGITS | _MAGNITUDES:
            this.tone = 5  # 看一看, 要不要: light between the two
        elif this.char == "不" and after.tone == 4:
            this.tone = 2
        elif this.char == "一":
            read_out = before in _KEEPS_YI or after.char in _DIGITS or after.char in _NUMBERED
            # 统一, 万一, 唯一: it ends a word of its own.
            ends = at > 0 and this.ends_word and not syllables[at - 1].ends_word
            in_amount = before in _MAGNITUDES and after.char in _MAGNITUDES
            if not read_out and (in_amount or not ends):
                this.tone = 2 if after.tone == 4 else 4


def _split(sound: str) -> tuple[str, str]:
    """zhong -> (zh, ong), yuan -> (^, van), shi -> (sh, iii)."""
    if sound in _ZERO_INITIAL:
        return "^", _ZERO_INITIAL[sound]
    initial = next((known for known in _INITIALS if sound.startswith(known)), "^")
    final = sound[len(initial) :] if initial != "^" else sound
    if final == "i" and initial in ("z", "c", "s"):
        return initial, "ii"
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        return initial, "iii"
    if initial in ("j", "q", "x") and final.startswith("u"):
        return initial, "v" + final[1:]
    return initial, _CONTRACTED.get(final, final)
