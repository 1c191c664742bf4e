"""Session timers (RFC 4028): a call whose peer has vanished ends by itself.

Both sides agree on an interval and on who refreshes. The refresher sends an UPDATE or re-INVITE
at half the interval; where no refresh has come by a third (at most 32 s) before its end, the call
is over (§10).
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.sip.config import UserAgentConfig
from ivr.sip.fields import SessionExpires
from ivr.sip.message import Request, Response
from ivr.sip.responses import Fields
from ivr.sip.timers import Timer, TimerQueue

_grace_s = 32.0


def too_small(request: Request, config: UserAgentConfig) -> bool:
    """Whether to refuse with 422 (§9), which only a peer that knows timers can understand.

    Reads every field an answer will need, so that a malformed one shows here and not later.
    """
    wanted, _, known = request.session_expires, request.min_se, "timer" in request.supported
    return wanted is not None and wanted.interval_s < config.min_session_s and known


class SessionTimer:
    """The session timer of one call. `interval_s` is None while none runs."""

    __slots__ = (
        "_config",
        "_expire",
        "_expire_at",
        "_min_s",
        "_refresh",
        "_refresh_at",
        "_timers",
        "interval_s",
        "we_refresh",
    )

    def __init__(
        self,
        config: UserAgentConfig,
        timers: TimerQueue,
        refresh: Callable[[float], None],
        expire: Callable[[float], None],
    ) -> None:
        self._config = config
        self._timers = timers
        self._refresh = refresh
        self._expire = expire
        self._refresh_at: Timer | None = None
        self._expire_at: Timer | None = None
        self._min_s = config.min_session_s
        self.interval_s: int | None = None
        self.we_refresh = False

    def refuses(self, request: Request) -> bool:
        """Whether the interval asked for is too small: 422."""
        return too_small(request, self._config)

    def answer(self, request: Request, now: float) -> Fields:
        """Settle the timer for an INVITE or UPDATE we accept; the fields for our 2xx (§9)."""
        wanted = request.session_expires
        knows = "timer" in request.supported or "timer" in request.require
        if wanted is not None and wanted.interval_s >= self._config.min_session_s:
            interval = wanted.interval_s
            refresher = (wanted.refresher or "uac") if knows else "uas"
        elif wanted is None and self._config.session_s is not None:
            # §9, table 2: we may ask for a timer of our own, and then refresh ourselves; of a
            # peer that knows none, too. A call put on hold has no sound whose absence would tell.
            interval = max(self._config.session_s, request.min_se or 0)
            refresher = "uas"
        else:
            self.stop()
            return ()
        self._start(interval, refresher == "uas", now)
        fields = [("Session-Expires", SessionExpires(interval, refresher).serialize())]
        if refresher == "uac":
            fields.append(("Require", "timer"))
        return fields

    def ask(self) -> Fields:
        """The fields for an INVITE or UPDATE of ours (§7.1, §7.4)."""
        interval = self.interval_s or self._config.session_s
        if interval is None:
            return ()
        # The refresher named is the sender of this request or its receiver, whatever it was
        # in the transaction that began the session.
        refresher = None if self.interval_s is None else "uac" if self.we_refresh else "uas"
        interval = max(interval, self._min_s)
        return [
            ("Session-Expires", SessionExpires(interval, refresher).serialize()),
            ("Min-SE", str(self._min_s)),
        ]

    def raise_minimum(self, response: Response) -> bool:
        """Take the Min-SE of a 422 (§7.4); False where it asks for nothing new."""
        minimum = response.min_se
        if minimum is None or minimum <= self._min_s:
            return False
        self._min_s = minimum
        if self.interval_s is not None:
            self.interval_s = max(self.interval_s, minimum)
        return True

    def confirmed(self, response: Response, now: float) -> None:
        """Settle the timer by the 2xx to an INVITE or UPDATE of ours (§7.2)."""
        agreed = response.session_expires
        if agreed is None:
            # The peer knows no timers, and nothing expires (§7.2). We ask again at the same pace
            # all the same: a peer that has vanished answers 481 or not at all.
            interval = self.interval_s or self._config.session_s
            self.stop()
            if interval is not None:
                self.interval_s, self.we_refresh = interval, True
                self._refresh_at = self._timers.set(now + interval / 2, self._refresh)
        else:
            self._start(max(agreed.interval_s, 1), agreed.refresher != "uas", now)

    def stop(self) -> None:
        if self._refresh_at is not None:
            self._refresh_at.cancel()
        if self._expire_at is not None:
            self._expire_at.cancel()
        self._refresh_at = self._expire_at = None
        self.interval_s = None

    def _start(self, interval_s: int, we_refresh: bool, now: float) -> None:
        self.stop()
        self.interval_s = interval_s
        self.we_refresh = we_refresh
        if we_refresh:
            self._refresh_at = self._timers.set(now + interval_s / 2, self._refresh)
        grace = min(_grace_s, interval_s / 3)
        self._expire_at = self._timers.set(now + interval_s - grace, self._expire)
