"""How Mandarin words are read: pypinyin's dictionaries, 47,000 words and 42,000 characters.

pypinyin itself holds them as lists of lists of strings, 58 MB for the voice process; a
child reads them once (`aside`) and hands over 3 MB. Words are cut by the longest match
from the left, as `pypinyin.seg` does. A syllable is in letters with its tone last, 5 for
the light one, ü as v (`lv4`).
"""

from __future__ import annotations

from array import array
from functools import cache

from prompts.engines.aside import made_aside, read_blocks, write_blocks
from prompts.engines.packed_words import PackedWords, pack

# Extension A and the unified block: what `mandarin_phonemes` takes for a character.
_FIRST, _LAST = 0x3400, 0x9FFF


class MandarinWords:
    """Words cut and read; made by `load`."""

    def __init__(self, words: bytes, syllables: bytes, of_characters: bytes) -> None:
        self._words = PackedWords(words)
        self._syllables = syllables.decode().split("\n")
        self._of_characters = array("H")
        self._of_characters.frombytes(of_characters)

    def cut(self, run: str) -> list[str]:
        """The words of a run of characters: each the longest that begins there."""
        found: list[str] = []
        at = 0
        while at < len(run):
            end = at + 1
            for longer in range(at + 2, len(run) + 1):
                known = self._words.get(run[at:longer])
                if known is None:
                    break
                if known:
                    end = longer
            found.append(run[at:end])
            at = end
        return found

    def read(self, word: str) -> list[str]:
        """One syllable a character; "" for a character that no dictionary has."""
        if known := self._words.get(word):
            return str(known).split(" ")
        return [self._character(char) for char in word]

    def _character(self, char: str) -> str:
        if known := self._words.get(char):
            return str(known)
        place = ord(char) - _FIRST
        inside = 0 <= place < len(self._of_characters)
        return self._syllables[self._of_characters[place]] if inside else ""


@cache
def load() -> MandarinWords:
    """The dictionaries; EngineUnavailableError where pypinyin is not installed."""
    return MandarinWords(*read_blocks(made_aside(__name__)))


def main() -> None:
    """Read pypinyin's dictionaries and write them packed."""
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_tone3

    @cache
    def toned(syllable: str) -> str:
        return str(to_tone3(syllable, neutral_tone_with_five=True))

    words = {}
    for word, sounds in PHRASES_DICT.items():
        if len(sounds) == len(word):
            words[word] = " ".join(toned(sound[0]) for sound in sounds)
    # What only begins a word stands there with nothing to say: the search goes on from it.
    beginnings = {word[:end]: "" for word in words for end in range(2, len(word))}
    syllables = {"": 0}
    of_characters = array("H")
    for code in range(_FIRST, _LAST + 1):
        first = PINYIN_DICT.get(code, "").split(",")[0]
        of_characters.append(syllables.setdefault(toned(first) if first else "", len(syllables)))
    write_blocks([pack(beginnings | words), "\n".join(syllables).encode(), of_characters.tobytes()])
