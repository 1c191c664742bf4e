"""Mutations of an input: bytes, lines, numbers and words of its language; the same for one seed.

Coverage-guided fuzzing has libFuzzer's mutations too. These know that most of what we read are
lines with numbers in them, that a peer repeats itself, and that files have encodings.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NUMBERS = (
    *(b"0", b"-1", b"1", b"31", b"32", b"255", b"256", b"32767", b"65535", b"65536"),
    *(b"2147483647", b"2147483648", b"4294967295", b"4294967296", b"9" * 20, b"9" * 5000),
    *(b"1e9999", b"0x10", b"00", b"1.5", "٣".encode(), "²".encode(), "１".encode(), b"NaN"),
)
_PIECES = (
    *(b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\r\n ", b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf"),
    *(b"\xed\xa0\x80", b"\xc0\xaf", b"%00", b"%0d%0a", b"%", b'"', b"'", b"\\", b"<", b">", b";"),
    *(b",", b":", b"=", b"{", b"}", b"[", b"]", b"(", b")", b" ", b"\t", b"&", b"*", b"|"),
    *("\u2028".encode(), "\u200f".encode(), "民".encode(), "𠮷".encode(), "İ".encode()),
)
_DIGITS = re.compile(rb"[0-9]+")
Mutate = Callable[["Mutator", bytearray], None]


class Mutator:
    """Makes new inputs of old ones; `random` decides everything."""

    def __init__(
        self, seed: int, words: Sequence[bytes] = (), others: Sequence[bytes] = ()
    ) -> None:
        self.random = random.Random(seed)
        self.words = tuple(words) or _PIECES
        self.others: list[bytes] = list(others)

    def mutate(self, data: bytes, most: int) -> bytes:
        """One to five changes of `data`, at most `most` bytes long."""
        new = bytearray(data)
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 5))):
            self.random.choice(_WAYS)(self, new)
        return bytes(new[:most])

    def place(self, data: bytearray) -> int:
        return self.random.randint(0, len(data))

    def slice(self, data: bytearray) -> slice:
        start = self.place(data)
        return slice(start, start + self.random.choice((1, 2, 4, 8, 20, 60)))


def _flip(m: Mutator, data: bytearray) -> None:
    if data:
        data[m.random.randrange(len(data))] ^= 1 << m.random.randrange(8)


def _byte(m: Mutator, data: bytearray) -> None:
    if data:
        data[m.random.randrange(len(data))] = m.random.choice(
            (0, 1, 0x7F, 0x80, 0xFF, m.random.randrange(256))
        )


def _insert(m: Mutator, data: bytearray) -> None:
    at = m.place(data)
    data[at:at] = m.random.randbytes(m.random.choice((1, 2, 4, 12)))


def _piece(m: Mutator, data: bytearray) -> None:
    at = m.place(data)
    data[at:at] = m.random.choice(_PIECES)


def _word(m: Mutator, data: bytearray) -> None:
    word = m.random.choice(m.words)
    at = m.place(data)
    data[at : at + m.random.choice((0, 0, len(word)))] = word


def _delete(m: Mutator, data: bytearray) -> None:
    del data[m.slice(data)]


def _repeat(m: Mutator, data: bytearray) -> None:
    piece = data[m.slice(data)]
    at = m.place(data)
    data[at:at] = piece * m.random.choice((1, 2, 3, 10, 100, 1000))


def _truncate(m: Mutator, data: bytearray) -> None:
    del data[m.place(data) :]


def _number(m: Mutator, data: bytearray) -> None:
    found = list(_DIGITS.finditer(data))
    if found:
        match = m.random.choice(found)
        data[match.start() : match.end()] = m.random.choice(_NUMBERS)


def _lines(m: Mutator, data: bytearray) -> None:
    """Swap, double or drop whole lines."""
    lines = bytes(data).splitlines(keepends=True)
    if len(lines) < 2:
        return
    one, two = m.random.randrange(len(lines)), m.random.randrange(len(lines))
    way = m.random.randrange(4)
    if way == 0:
        lines[one], lines[two] = lines[two], lines[one]
    elif way == 1:
        lines.insert(two, lines[one])
    elif way == 2:
        del lines[one]
    else:
        lines[one:one] = [lines[two]] * m.random.choice((2, 20, 300))
    data[:] = b"".join(lines)


def _splice(m: Mutator, data: bytearray) -> None:
    if m.others:
        other = m.random.choice(m.others)
        data[m.place(data) :] = other[m.random.randint(0, len(other)) :]


def _case(m: Mutator, data: bytearray) -> None:
    where = m.slice(data)
    data[where] = bytes(data[where]).swapcase()


_WAYS: tuple[Mutate, ...] = (
    *(_flip, _byte, _insert, _piece, _piece, _word, _word, _word, _delete, _repeat),
    *(_truncate, _number, _number, _lines, _lines, _splice, _case),
)
