"""Who is not listened to, since when, why and until when."""

from __future__ import annotations

from dataclasses import dataclass

PROVEN_STEPS_S = (60.0, 300.0, 1800.0, 7200.0, 43_200.0, 86_400.0)
"""Each ban is longer than the one before, up to a day."""
UNPROVEN_STEPS_S = (60.0, 300.0)
"""What a forged address could have earned its owner stays short."""
FORGOTTEN_AFTER_S = 86_400.0
"""A source that has behaved so long after its last ban begins anew."""


@dataclass(slots=True)
class Ban:
    """One source's record; times are seconds of the monotonic clock."""

    source: str
    reason: str
    since: float
    until: float
    strikes: int
    proven: bool
    refused: int = 0
    """Packets dropped since it began."""


class Bans:
    """All bans that run, and the past of those who had one. Bounded."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bans: dict[str, Ban] = {}

    def __len__(self) -> int:
        return len(self._bans)

    def refuses(self, source: str, now: float) -> bool:
        """Whether a source is banned now; counts what it sends meanwhile."""
        ban = self._bans.get(source)
        if ban is None or ban.until <= now:
            return False
        ban.refused += 1
        return True

    def add(self, source: str, reason: str, now: float, *, proven: bool) -> Ban:
        """Ban a source, for longer than the last time."""
        before = self._bans.get(source)
        strikes = 1
        if before is not None and before.until + FORGOTTEN_AFTER_S > now:
            strikes += before.strikes
        steps = PROVEN_STEPS_S if proven else UNPROVEN_STEPS_S
        lasts = steps[min(strikes, len(steps)) - 1]
        ban = Ban(source, reason, now, now + lasts, strikes, proven)
        self._bans.pop(source, None)
        self._bans[source] = ban
        if len(self._bans) > self._most:
            self._forget(now)
        return ban

    def restore(self, ban: Ban) -> None:
        """Take back what was kept over a restart."""
        if len(self._bans) < self._most:
            self._bans[ban.source] = ban

    def lift(self, source: str) -> bool:
        """End a ban and forget the past; False where there is none."""
        return self._bans.pop(source, None) is not None

    def running(self, now: float) -> list[Ban]:
        """The bans that hold now."""
        return [ban for ban in self._bans.values() if ban.until > now]

    def sweep(self, now: float) -> None:
        """Forget whose past is past."""
        for source in [s for s, b in self._bans.items() if b.until + FORGOTTEN_AFTER_S <= now]:
            del self._bans[source]

    def _forget(self, now: float) -> None:
        """Make room: first whose ban is over, else whose ends first; a tenth at once."""
        order = sorted(self._bans.values(), key=lambda ban: ban.until)
        for ban in order[: max(1, self._most // 10)]:
            del self._bans[ban.source]
