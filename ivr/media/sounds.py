"""What has been sent to the media process already: a clause crosses once and goes by a number.

Bounded: what has not been played for longest is forgotten at both ends, in the same place of the
stream of messages, so that the two never disagree.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

most_bytes: Final = 64 << 20  # two hours and a quarter of µ-law


class Sounds:
    """The numbers of the sounds the other end has. `say` adds a message to the stream."""

    def __init__(self, say: Callable[..., None], most: int = most_bytes) -> None:
        self._say = say
        self._most = most
        self._numbers: OrderedDict[bytes, int] = OrderedDict()
        self._held = 0
        self._next = 0

    def numbers(self, sounds: Sequence[bytes]) -> tuple[int, ...]:
        """The numbers of these, sent where they are new."""
        return tuple(self._number(sound) for sound in sounds)

    def trim(self) -> None:
        """Forget what is too much; call it once the numbers given out have been used."""
        while self._held > self._most and self._numbers:
            sound, number = self._numbers.popitem(last=False)
            self._held -= len(sound)
            self._say("forget_sound", number)

    def clear(self) -> None:
        """The other end has nothing any more: it has died."""
        self._numbers.clear()
        self._held = 0

    def _number(self, sound: bytes) -> int:
        number = self._numbers.get(sound)
        if number is not None:
            self._numbers.move_to_end(sound)
            return number
        number = self._next
        self._next += 1
        self._numbers[sound] = number
        self._held += len(sound)
        self._say("keep_sound", number, sound)
        return number
