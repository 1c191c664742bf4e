"""Whether the line takes one more call: the guard of those who are up.

A call too many costs everybody. So new ones get 503 with Retry-After at once, which lets an
exchange try elsewhere, while ticks run late: where nine of the last second's ten began more than
`limit_ms` behind their time (`IVR_MAX_LATE_MS`), twice in a row. A single stall does not count,
it is over when it is seen. They are taken again after three seconds at less than half of that,
so that the line does not swing. Without a process for the sound none is taken either. How many
calls there may be at once (`IVR_MAX_CALLS`) is counted by the SIP core.
"""

from dataclasses import dataclass
from typing import Final, Literal

Why = Literal["", "late", "no_sound"]

EVERY_S: Final = 0.5
"""How often it is looked."""
LATE_LOOKS: Final = 2
CALM_S: Final = 3.0
FALLEN_SILENT_S: Final = 1.5
"""Media that should pulse twice a second and has not for so long is that late."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of the line at one moment; times in ms, of the last second."""

    media_late_ms: float
    signalling_late_ms: float
    media_silent_s: float
    """Since the sound's process last said something."""
    media_running: bool


class Admission:
    """Looks at the ticks and says why no call is taken (`why`, empty while they are)."""

    def __init__(self, limit_ms: float) -> None:
        """`limit_ms` 0: lateness is no reason."""
        self._limit_ms = limit_ms
        self._late = 0
        self._calm_since: float | None = None
        self.why: Why = ""
        self.worst_ms = 0.0
        """How late ticks were at the last look."""

    def look(self, look: Look, now: float) -> bool:
        """Take a look, `now` in monotonic seconds; returns whether `why` is another now."""
        before = self.why
        late_ms = max(look.media_late_ms, look.signalling_late_ms)
        if look.media_silent_s > FALLEN_SILENT_S:
            late_ms = max(late_ms, look.media_silent_s * 1000)
        self.worst_ms = late_ms
        if not look.media_running:
            self.why = "no_sound"
        else:
            if self.why == "no_sound":
                self.why = ""
            self._weigh(late_ms, now)
        return self.why != before

    def _weigh(self, late_ms: float, now: float) -> None:
        if not self._limit_ms:
            return
        if self.why == "late":
            if late_ms >= self._limit_ms / 2:
                self._calm_since = None
            elif self._calm_since is None:
                self._calm_since = now
            elif now - self._calm_since >= CALM_S:
                self.why = ""
                self._late = 0
            return
        self._late = self._late + 1 if late_ms >= self._limit_ms else 0
        if self._late >= LATE_LOOKS:
            self.why = "late"
            self._calm_since = None
