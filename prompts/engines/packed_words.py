"""A dictionary in one block of bytes: a tenth of the memory of a `dict` of strings.

A hash table as on paper: slots of four bytes, chosen by the CRC of the word and filled
one after the other where several want the same, each with the place of a record
`length, length, word, value`. Half of the slots stay empty, so that a look-up takes one
or two steps. Written by `pack`, in another process (`aside`).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

_HEAD = struct.Struct("<II")  # words, slots
_LENGTHS = struct.Struct("<HH")
_FREE = 0


def pack(words: Mapping[str, str]) -> bytes:
    """The block of `words`; struct.error for a word or value of more than 65,535 bytes."""
    slots = 1 << (2 * len(words)).bit_length()
    table = array("I", [_FREE]) * slots
    records: list[bytes] = [b"\0"]  # nothing lies at place 0: it marks a free slot
    place = 1
    for word, value in words.items():
        key, said = word.encode(), value.encode()
        slot = crc32(key) & (slots - 1)
        while table[slot] != _FREE:
            slot = (slot + 1) & (slots - 1)
        table[slot] = place
        record = _LENGTHS.pack(len(key), len(said)) + key + said
        records.append(record)
        place += len(record)
    return _HEAD.pack(len(words), slots) + table.tobytes() + b"".join(records)


class PackedWords:
    """`get` and `in` over the block of `pack`; `read` makes of a value what it stands for."""

    __slots__ = ("_count", "_mask", "_read", "_records", "_table")

    def __init__(self, block: bytes, read: Callable[[str], Any] = str) -> None:
        self._count, slots = _HEAD.unpack_from(block)
        self._mask = slots - 1
        self._table = array("I")
        start = _HEAD.size + slots * self._table.itemsize
        self._table.frombytes(block[_HEAD.size : start])
        self._records = block[start:]
        self._read = read

    def __len__(self) -> int:
        return int(self._count)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._value(word) is not None

    def get(self, word: str, default: Any = None) -> Any:
        """The value of a word, or `default`."""
        value = self._value(word)
        return default if value is None else self._read(value.decode())

    def _value(self, word: str) -> bytes | None:
        key = word.encode()
        slot = crc32(key) & self._mask
        while (place := self._table[slot]) != _FREE:
            long, longer = _LENGTHS.unpack_from(self._records, place)
            at = place + _LENGTHS.size
            if long == len(key) and self._records.startswith(key, at):
                return self._records[at + long : at + long + longer]
            slot = (slot + 1) & self._mask
        return None
