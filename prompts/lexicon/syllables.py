"""What a Mandarin syllable is: letters of pinyin and the number of its tone.

For staff's own words, so the message says what to write instead: `chong2 qing4`, also
written together (`chong2qing4`) or with tone marks (`chóng qìng`).
"""

from __future__ import annotations

import re
import unicodedata

from prompts.errors import Message, PromptError

_FINALS = {
    "": "a ai an ang ao e ei en eng er o ou n ng m",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a ai an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan un uo v ve",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u ua uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}
SYLLABLES = frozenset(
    initial + final for initial, finals in _FINALS.items() for final in finals.split()
)
_TONED = re.compile(r"([a-z]+?)([1-5])")
_MARKS = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_LATIN = re.compile(r"[A-Za-z0-9üÜ:\s'·-]+")


def looks_like_pinyin(said: str) -> bool:
    """Whether this is meant as pinyin: Latin letters, with tones or without."""
    return bool(_LATIN.fullmatch(_numbered(said))) and not said.strip().isdigit()


def parse(said: str) -> list[str]:
    """Syllables with their tones last, ü as v; PromptError says what is no pinyin."""
    text = re.sub(r"[\s'·-]+", " ", _numbered(said).lower().replace("u:", "v").replace("ü", "v"))
    found: list[str] = []
    for word in text.split():
        if not _TONED.search(word):
            raise PromptError(
                "“%(given)s” has no tone: write a number after each syllable, 1 to 4, and 5 for "
                "the light tone, as in chong2 qing4",
                given=word,
            )
        at = 0
        while at < len(word):
            match = _TONED.match(word, at)
            if match is None or match[1] not in SYLLABLES:
                raise PromptError(
                    "“%(given)s” is no syllable of pinyin; write each syllable in full with the "
                    "number of its tone, as in chong2 qing4, and ü as v",
                    given=match.group() if match else word[at:],
                )
            found.append(match.group())
            at = match.end()
    if not found:
        raise PromptError("say how it is read: %(example)s", example=Message("chong2 qing4"))
    return found


def _numbered(said: str) -> str:
    """Tone marks as numbers: chóng qìng -> chong2 qing4."""
    if said.isascii():
        return said
    words = []
    for word in re.split(r"(\s+)", unicodedata.normalize("NFD", said)):
        tone = "".join(_MARKS[char] for char in word if char in _MARKS)
        bare = "".join(char for char in word if char not in _MARKS)
        words.append(unicodedata.normalize("NFC", bare) + tone)
    return "".join(words)
