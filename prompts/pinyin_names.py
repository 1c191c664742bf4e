"""Names in pinyin as an English voice should say them: Xincheng -> shin-chung.

English dictionaries have Beijing and Guangzhou, not the streets and villages of a town;
guessed by English rules, Xincheng begins with z and Qianjiang with k. A name that is
pinyin from end to end is cut into syllables, and each is given the nearest English
sounds, as phonemes of misaki (the alphabet of hibari's and Kokoro's dictionaries), the
last syllable stressed. Cases: `tests/prompts/pinyin_names.tsv`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_INITIALS = {
    "zh": "ʤ", "ch": "ʧ", "sh": "ʃ", "b": "b", "p": "p", "m": "m", "f": "f", "d": "d",
    "t": "t", "n": "n", "l": "l", "g": "ɡ", "k": "k", "h": "h", "j": "ʤ", "q": "ʧ",
    "x": "ʃ", "r": "ɹ", "z": "dz", "c": "ts", "s": "s", "y": "j", "w": "w",
}  # fmt: skip
# A glide, the vowel (which takes the stress mark), and what follows.
_FINALS = {
    "a": ("", "ɑ", ""), "o": ("w", "O", ""), "e": ("", "ʌ", ""), "i": ("", "i", ""),
    "u": ("", "u", ""), "v": ("j", "u", ""), "ai": ("", "I", ""), "ei": ("", "A", ""),
    "ui": ("w", "A", ""), "ao": ("", "W", ""), "ou": ("", "O", ""), "iu": ("j", "O", ""),
    "ie": ("j", "ɛ", ""), "ue": ("w", "ɛ", ""), "ve": ("jw", "ɛ", ""),
    "an": ("", "ɑ", "n"), "en": ("", "ʌ", "n"),
    "in": ("", "ɪ", "n"), "un": ("w", "ʊ", "n"), "ang": ("", "ɑ", "ŋ"), "eng": ("", "ʌ", "ŋ"),
    "ing": ("", "ɪ", "ŋ"), "ong": ("", "ʊ", "ŋ"), "ia": ("j", "ɑ", ""), "iao": ("j", "W", ""),
    "ian": ("j", "ɛ", "n"), "iang": ("j", "ɑ", "ŋ"), "iong": ("j", "ʊ", "ŋ"),
    "ua": ("w", "ɑ", ""), "uo": ("w", "O", ""), "uai": ("w", "I", ""), "uan": ("w", "ɑ", "n"),
    "uang": ("w", "ɑ", "ŋ"), "er": ("", "ɑ", "ɹ"),
}  # fmt: skip
_WHOLE = {
    "zhi": ("ʤ", "ɜ", "ɹ"), "chi": ("ʧ", "ɜ", "ɹ"), "shi": ("ʃ", "ɜ", "ɹ"),
    "ri": ("ɹ", "ɜ", "ɹ"), "zi": ("dz", "ɪ", ""), "ci": ("ts", "ɪ", ""), "si": ("s", "ɪ", ""),
    "yi": ("j", "i", ""), "yu": ("j", "u", ""), "wu": ("w", "u", ""), "yan": ("j", "ɛ", "n"),
    "yue": ("jw", "ɛ", ""), "yuan": ("jw", "ɛ", "n"), "yun": ("j", "ʊ", "n"),
    "bo": ("bw", "O", ""), "wo": ("w", "O", ""),
}  # fmt: skip
# Which finals each initial has.
_SYLLABLES = {
    "": "a ai an ang ao e en eng er o ou",
    "b": "a ai an ang ao e ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao e ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iu ong ou u uan ue uo v ve",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu ong ou u uan ue un uo v ve",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}
_PALATAL = frozenset("jqx")
_NAME = re.compile(r"\b[A-Z][a-z']{3,}\b")


@lru_cache(maxsize=4096)
def phonemes(name: str) -> str:
    """The English sounds of a name in pinyin of at least two syllables; "" where it is none."""
    found = _syllables(name.lower())
    if len(found) < 2:
        return ""
    last = len(found) - 1
    return "".join(
        f"{start}{'ˈ' if at == last else 'ˌ' if at == 0 else ''}{vowel}{end}"
        for at, (start, vowel, end) in enumerate(found)
    )


def names(text: str) -> list[str]:
    """The words of a text that may be names in pinyin."""
    return [word for word in dict.fromkeys(_NAME.findall(text)) if phonemes(word)]


def _syllables(letters: str) -> list[tuple[str, str, str]]:
    """The longest syllables that use up all the letters; none where no cut does.

    An apostrophe parts syllables: xi'an is two, xian one.
    """
    if not letters:
        return []
    for length in range(min(6, len(letters)), 0, -1):
        sound = _syllable(letters[:length])
        if sound is None:
            continue
        rest = letters[length:].removeprefix("'")
        if not rest:
            return [sound]
        # Inside a word a syllable does not begin with a vowel, unless an apostrophe says so.
        if letters[length] != "'" and rest[0] in "aeiou":
            continue
        tail = _syllables(rest)
        if tail:
            return [sound, *tail]
    return []


def _syllable(letters: str) -> tuple[str, str, str] | None:
    """The sounds of one syllable; None where these letters are none."""
    initial = next((key for key in _INITIALS if letters.startswith(key)), "")
    final = letters[len(initial) :]
    if final not in _SYLLABLES[initial].split():
        return None
    if letters in _WHOLE:
        return _WHOLE[letters]
    start, vowel, end = _FINALS[final]
    if initial in _PALATAL and final in ("uan", "un", "ue"):
        start, vowel = ("", "ʊ") if final == "un" else ("w", "ɛ")
    elif initial in _PALATAL and final == "ie":
        start = ""
    return _INITIALS.get(initial, "") + start, vowel, end
