"""What somebody who listens in hears of one leg: both sides, mixed, 20 ms at a time.

A tap hangs on a leg only while somebody listens; a leg without one pays nothing for it. What the
caller says is held for 120 ms, which evens out its arrival and leaves time to take back what
turns out to be a key: a tone that is found in the sound is wiped, before it is heard, together
with what follows for a moment. While something confidential is keyed the caller's side is
silent altogether. What does not fit is dropped, oldest first: a listener is never far behind.
"""

from typing import Final

import numpy as np

from ivr.rtp.g711 import linear_to_ulaw, silence_ulaw, ulaw_to_linear_table

SLOT: Final = 160  # samples of 20 ms
_held: Final = 6 * SLOT  # how much is waited for before the caller's side is heard
_held_out: Final = 2 * SLOT  # the line's own side comes evenly
_most: Final = 20 * SLOT
#: What follows a key is not heard for so long: a tone in the sound lasts as long as the key is
#: held down, of one that came as an event (RFC 4733) at most the first moment is left in it.
_after_a_tone: Final = 50 * SLOT
_after_an_event: Final = 10 * SLOT
_silence: Final = bytes((silence_ulaw,))


def _mixing_table() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """µ-law of the sum of two µ-law samples, at the place `first * 256 + second`."""
    linear = np.array(ulaw_to_linear_table, np.int32)
    sums = np.clip(linear[:, None] + linear[None, :], -32_768, 32_767).astype("<i2")
    return np.frombuffer(linear_to_ulaw(sums.tobytes()), np.uint8)


_mixed: Final = _mixing_table()


def mix(one: bytes, other: bytes) -> bytes:
    """Two pieces of µ-law of one length, heard at once."""
    first = np.frombuffer(one, np.uint8).astype(np.uint16) << 8
    found: bytes = _mixed[first | np.frombuffer(other, np.uint8)].tobytes()
    return found


class _Side:
    """One direction: pieces in as they come, 20 ms out at a time."""

    __slots__ = ("_flowing", "_held", "_sound")

    def __init__(self, held: int) -> None:
        self._sound = bytearray()
        self._held = held
        self._flowing = False

    def put(self, ulaw: bytes) -> None:
        self._sound += ulaw
        if len(self._sound) > _most:
            del self._sound[: len(self._sound) - self._held]

    def wipe(self) -> None:
        self._sound[:] = _silence * len(self._sound)

    def slot(self) -> bytes:
        if not self._flowing:
            self._flowing = len(self._sound) >= self._held
        if not self._flowing:
            return _silence * SLOT
        piece = bytes(self._sound[:SLOT])
        del self._sound[:SLOT]
        if len(piece) < SLOT:
            self._flowing = False
            piece += _silence * (SLOT - len(piece))
        return piece


class Tap:
    """Made by `Leg.tap`; `ended` once the leg is closed or lets it go."""

    __slots__ = (
        "_caller",
        "_confidential",
        "_last",
        "_line",
        "_quiet",
        "_tone",
        "ended",
    )

    def __init__(self) -> None:
        self._caller = _Side(_held)
        self._line = _Side(_held_out)
        self._confidential = False
        self._quiet = 0  # samples of the caller yet to come that are not heard
        self._last: int | None = None
        self._tone = b""
        self.ended = False

    def confide(self, wanted: bool) -> None:
        """Hear nothing of the caller's side, nor of what is still held; or hear it again."""
        if wanted and not self._confidential:
            self._caller.wipe()
        self._confidential = wanted

    @property
    def confidential(self) -> bool:
        """Whether the caller's side is silent for now."""
        return self._confidential

    def wipe_key(self, *, inband: bool) -> None:
        """A key was pressed: what is held, and what comes for a moment, may hold its tone."""
        self._caller.wipe()
        self._quiet = max(self._quiet, _after_a_tone if inband else _after_an_event)

    def heard(self, timestamp: int, ulaw: bytes) -> None:
        """Take a packet of the caller's."""
        if timestamp == self._last:
            return  # sent twice
        self._last = timestamp
        if self._confidential or self._quiet > 0:
            self._quiet = max(0, self._quiet - len(ulaw))
            ulaw = _silence * len(ulaw)
        self._caller.put(ulaw)

    def sent(self, ulaw: bytes) -> None:
        """Take a packet of the line's."""
        self._line.put(ulaw)

    def announce(self, tone: bytes) -> None:
        """Have a tone (µ-law) laid over what the caller is sent from here on."""
        self._tone += tone

    def overlaid(self, ulaw: bytes) -> bytes:
        """What the caller is sent instead of `ulaw`."""
        if not self._tone:
            return ulaw
        piece, self._tone = self._tone[: len(ulaw)], self._tone[len(ulaw) :]
        return mix(ulaw, piece + _silence * (len(ulaw) - len(piece)))

    def slot(self) -> bytes:
        """The next 20 ms of both sides, µ-law."""
        return mix(self._caller.slot(), self._line.slot())
