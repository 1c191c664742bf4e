"""What a call still has to say, in order, some of it not yet rendered.

Audio that is in the store goes to the leg at once. For what is not, the voice
process is asked, all clauses at a time, and sound follows in order as it
arrives; a caller who would wait longer than 400 ms hears "please wait".
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from twisted.internet.defer import Deferred

from ivr.media import Leg
from ivr.responder.ticker import Deadline, Deadlines

PATIENCE_S = 0.4
"""Silence that a caller is left in while a clause is rendered."""
PATIENCE_AGAIN_S = 6.0
"""The same after "please wait" has been said."""

Audio = Sequence[bytes]
"""8 kHz µ-law; empty where there is nothing to hear."""


@dataclass(slots=True, eq=False)
class _Item:
    """One piece of sound; `audio` is None until it has come."""

    audio: Audio | None
    barge_in: bool
    started: bool = False
    excused: bool = False


class Playback:
    """The queue of one call's sound; the leg holds the piece that plays and the one after it.

    One ahead, because a piece asked for when the last is over comes a slot late, or as late as
    this process is: the sound is made in another. What may be interrupted and what may not are
    never in the leg together, so that stopping one does not drop the other.

    `drained` is called whenever the last of what was queued has been heard.
    """

    def __init__(
        self,
        leg: Leg,
        deadlines: Deadlines,
        please_wait: Callable[[], Audio],
        drained: Callable[[], None],
    ) -> None:
        self._leg = leg
        self._deadlines = deadlines
        self._please_wait = please_wait
        self._drained = drained
        self._items: deque[_Item] = deque()
        self._waiting: Deadline | None = None

    @property
    def busy(self) -> bool:
        """Whether anything plays or waits to."""
        return bool(self._items)

    def add(self, pieces: Sequence[Audio | Deferred[Audio]], *, barge_in: bool) -> None:
        """Queue pieces of sound; what turns out empty is passed over.

        The queue may be empty afterwards (`busy` tells); `drained` is not called from here.
        """
        for piece in pieces:
            if isinstance(piece, Deferred):
                item = _Item(None, barge_in)
                self._items.append(item)
                piece.addCallback(self._arrived, item)
            elif piece:
                self._items.append(_Item(piece, barge_in))
        self._feed()

    def interrupt(self) -> None:
        """A key was pressed: drop what may be interrupted; what may not is heard to its end."""
        if not any(item.barge_in for item in self._items):
            return
        if self._items[0].barge_in and self._items[0].started:
            self._leg.stop_playing()
        self._items = deque(item for item in self._items if not item.barge_in)
        self._feed()
        self._settle()

    def stop(self) -> None:
        """Drop everything, without a word to anybody."""
        self._items.clear()
        self._disarm()
        self._leg.stop_playing()

    def release(self) -> None:
        """Forget whom to tell; nothing may be queued afterwards."""
        self.stop()
        del self._drained, self._please_wait

    def finished(self, token: object) -> None:
        """The leg has played a piece to its end."""
        if self._items and self._items[0] is token:
            self._items.popleft()
            self._feed()
            self._settle()

    def _arrived(self, audio: Audio, item: _Item) -> None:
        item.audio = audio
        if item in self._items:
            self._feed()
            self._settle()

    def _feed(self) -> None:
        """Start the piece whose turn it is; drop those without sound."""
        while self._items and self._items[0].audio is not None and not self._items[0].audio:
            self._items.popleft()
        if self._items and self._items[0].audio is not None:
            self._disarm()
            for item in self._at_once():
                if not item.started and item.audio is not None:
                    item.started = True
                    self._leg.play(item.audio, item)
        elif self._items and self._waiting is None:
            patience_s = PATIENCE_AGAIN_S if self._items[0].excused else PATIENCE_S
            self._waiting = self._deadlines.at(
                self._deadlines.now + patience_s, self._say_please_wait
            )

    def _at_once(self) -> list[_Item]:
        """What the leg is to hold: the head, and the next if it has come and is of its kind."""
        head = self._items[0]
        after = next((item for item in islice(self._items, 1, None) if item.audio != ()), None)
        if after is None or not after.audio or after.barge_in != head.barge_in:
            return [head]
        return [head, after]

    def _settle(self) -> None:
        if not self._items:
            self._disarm()
            self._drained()

    def _disarm(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _say_please_wait(self) -> None:
        self._waiting = None
        audio = self._please_wait()
        if audio and self._items and self._items[0].audio is None:
            self._items[0].excused = True
            self._items.appendleft(_Item(audio, barge_in=True))
            self._feed()
