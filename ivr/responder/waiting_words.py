"""What a caller hears while something takes long: never silence, never over a prompt."""

from collections.abc import Callable, Sequence

from call_flows.instructions import Content
from ivr.responder.ticker import Deadline, Deadlines

SAID_AFTER_S = 0.8
"""What is answered sooner needs no excuse."""
SAID_AGAIN_AFTER_S = 6.0


class WaitingWords:
    """Says its words after a while, and again and again until stopped.

    `say` queues one piece of content and tells whether it could: not while something plays.
    """

    def __init__(self, deadlines: Deadlines, say: Callable[[Sequence[Content]], bool]) -> None:
        self._deadlines = deadlines
        self._say = say
        self._words: Sequence[Content] = ()
        self._clock: Deadline | None = None

    def begin(self, words: Sequence[Content]) -> None:
        """Something has been asked for that may take long."""
        self.stop()
        self._words = words
        self._arm(SAID_AFTER_S)

    def stop(self) -> None:
        """It is there, or nobody waits any more."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _arm(self, after_s: float) -> None:
        self._clock = self._deadlines.at(self._deadlines.now + after_s, self._due)

    def _due(self) -> None:
        self._arm(SAID_AGAIN_AFTER_S if self._say(self._words) else SAID_AFTER_S)
