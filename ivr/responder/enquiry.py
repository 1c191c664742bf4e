"""One lookup on behalf of a caller: its tries, each with its time-out, and one answer."""

from collections.abc import Callable
from typing import Literal

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from call_flows.instructions import Lookup, LookupFailed, LookupResult
from ivr.logs import CallLog
from ivr.responder.ticker import Deadlines


class Enquiry:
    """Asks until there is an answer or the tries are used up; `answered` is called once.

    A try that is late is cancelled: what it says then is not heard, and it leaves nothing behind.
    """

    def __init__(
        self,
        lookup: Lookup,
        ask: Callable[[], "Deferred[LookupResult]"],
        deadlines: Deadlines,
        answered: Callable[[LookupResult | LookupFailed], None],
        log: CallLog,
    ) -> None:
        self._log = log
        self._lookup = lookup
        self._ask = ask
        self._deadlines = deadlines
        self._answered = answered
        self._tries = 0
        self._over = False

    def start(self) -> None:
        """Ask for the first time, or again."""
        self._tries += 1
        this = self._tries

        def late() -> None:
            asked.cancel()
            self._failed(this, "timeout")

        clock = self._deadlines.at(self._deadlines.now + self._lookup.timeout_s, late)

        def done(result: LookupResult) -> None:
            clock.cancel()
            if not self._over and this == self._tries:
                self._over = True
                self._answered(result)

        def went_wrong(failure: Failure) -> None:
            clock.cancel()
            if failure.check(CancelledError):
                return
            self._log.error("Lookup %s failed: %s", self._lookup.service, failure.getTraceback())
            self._failed(this, "error")

        asked = self._ask()
        asked.addCallbacks(done, went_wrong)

    def _failed(self, this: int, reason: Literal["timeout", "error"]) -> None:
        if self._over or this != self._tries:
            return
        if self._tries <= self._lookup.retries:
            self.start()
        else:
            self._over = True
            self._answered(LookupFailed(reason))
