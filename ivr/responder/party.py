"""The second party of a call: the person a caller is brought to.

A transfer is asked of the caller's own side first (REFER, RFC 3515): it costs
us nothing and survives us. Where the peer will not, we call the person and
bridge the two legs here. Either way the outcome is one word.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError
from twisted.python.failure import Failure

from ivr import sdp
from ivr.logs import CallLog
from ivr.media import Leg, MediaEvent, MediaSilent, PortsExhausted
from ivr.media.tones import silence, tone
from ivr.responder.ticker import Deadline, Deadlines
from ivr.responder.transport import SipTransport
from ivr.sdp import LocalMedia, MediaPlan, SdpError
from ivr.sdp.crypto import secret_bytes
from ivr.sdp.plan import Encryption, SrtpKeys
from ivr.sip import events
from ivr.sip.address import Flow
from ivr.sip.errors import SipError, SipUsageError
from ivr.sip.responses import warning

REFER_PATIENCE_S = 5.0
"""RFC 3515 §2.4.2: a REFER is answered at once; a peer that is silent does not know it."""

Outcome = Literal["answered", "busy", "no_answer", "failed"]

NOT_ENCRYPTED = frozenset({406, 415, 488, 606})
"""What peers that know no RTP/SAVP answer to an offer of it (RFC 3261 §21)."""

RINGBACK = tone(450.0, ms=1000) + silence(4000)
"""What a caller in China hears while it rings: 450 Hz, 1 s on, 4 s off (ITU-T E.180)."""

OUTCOME_OF_STATUS: dict[int, Outcome] = {
    486: "busy",  # Busy Here
    600: "busy",  # Busy Everywhere
    603: "busy",  # Decline: to a caller, the same
    408: "no_answer",  # Request Timeout
    480: "no_answer",  # Temporarily Unavailable
    487: "no_answer",  # Request Terminated: we gave up
}
"""What a final status means to a caller (RFC 3261 §21); any other is "failed"."""


def outcome(status: int) -> Outcome:
    """Return the outcome of a call to a person for its final status."""
    return "answered" if 200 <= status < 300 else OUTCOME_OF_STATUS.get(status, "failed")


class Exchange(Protocol):
    """What a second party needs of the line."""

    sip: SipTransport
    deadlines: Deadlines

    def open_leg(self, remote_host: str) -> Leg:
        """Return a new media leg towards a peer, or raise PortsExhausted."""

    def join(self, call: int, listener: Callable[[Any], None]) -> None:
        """Have the events of another SIP call handed to `listener` until it ends."""

    def encryption_with(self, trunk: str | None, path: Flow) -> Encryption:
        """Return whether sound that goes this way is to be encrypted."""

    def paths_to(self, uri: str, otherwise: Flow) -> "Deferred[list[Flow]]":
        """Resolve the paths to a SIP URI, the first choice first; the given one where the URI
        names no host of its own."""


class Referral:
    """A transfer that the caller's own side carries out."""

    def __init__(
        self,
        exchange: Exchange,
        log: CallLog,
        *,
        refused: Callable[[], None],
        ended: Callable[[Outcome], None],
    ) -> None:
        self._exchange = exchange
        self._log = log
        self._refused = refused
        self._ended = ended
        self._clock: Deadline | None = None
        self._timeout_s = 0.0

    def start(self, call: int, target: str, timeout_s: float) -> None:
        """Ask the caller's side to call `target`; nothing `timeout_s` later is no answer."""
        now = self._exchange.deadlines.now
        self._timeout_s = timeout_s
        self._clock = self._exchange.deadlines.at(now + REFER_PATIENCE_S, self._unanswered)
        try:
            self._exchange.sip.user_agent.refer(call, target, now)
        except SipUsageError as error:
            self._log.info("No REFER in this call: %s", error)
            self.stop()
            self._refused()
            return
        self._exchange.sip.pump()

    def event(self, event: Any) -> bool:
        """Take one of the call's events; return whether it was the transfer's."""
        match event:
            case events.ReferAccepted():
                self.stop()
                deadlines = self._exchange.deadlines
                self._clock = deadlines.at(deadlines.now + self._timeout_s, self._timed_out)
                return True
            case events.ReferRefused(status=status):
                self._log.info(
                    "The caller's side refuses the transfer (%s); we call the person", status
                )
                self.stop()
                self._refused()
                return True
            case events.ReferProgress(status=status):
                if status >= 200:
                    self.stop()
                    self._ended(outcome(status))
                return True
        return False

    def stop(self) -> None:
        """Wait no longer."""
        if self._clock is not None:
            self._clock.cancel()

    def _timed_out(self) -> None:
        self._ended("no_answer")

    def _unanswered(self) -> None:
        self._log.info("The caller's side does not answer the transfer; we call the person")
        self._refused()


class Person:
    """A call of ours to a person, bridged to the caller's leg once it is answered."""

    def __init__(
        self, exchange: Exchange, caller: Leg, ended: Callable[[Outcome], None], log: CallLog
    ) -> None:
        self._exchange = exchange
        self._log = log
        self._caller = caller
        self._ended = ended
        self._own: Leg | None = None
        self._clock: Deadline | None = None
        self._call: int | None = None
        self._offer = b""
        self._address = ""
        self._version = 1
        self._answered = False
        self.answered_at: datetime | None = None
        """When the caller was put through; wall clock, for the record."""
        self._over = False
        self._keys: SrtpKeys | None = None
        self._encryption: Encryption = "off"
        self._in_the_clear: Callable[[], None] | None = None
        self._elsewhere: Callable[[], None] | None = None

    def call(
        self,
        target: str,
        path: Flow,
        *,
        timeout_s: float,
        from_user: str,
        from_display: str,
        trunk: str | None,
        caused_by: str,
    ) -> None:
        """Call the person; the caller, whose Call-ID is `caused_by`, hears ringing meanwhile."""
        deadlines = self._exchange.deadlines
        self._clock = deadlines.at(deadlines.now + timeout_s, self._timed_out)
        self._caller.loop(RINGBACK)
        resolving = self._exchange.paths_to(target, path)
        resolving.addCallback(self._invite, target, from_user, from_display, trunk, caused_by)
        resolving.addErrback(self._failed)

    @property
    def answered(self) -> bool:
        """Whether the caller has been put through."""
        return self._answered

    def abandon(self) -> None:
        """The caller is gone: end the call to the person; nobody is told the outcome."""
        self._ended = lambda _outcome: None
        self._finish("failed")

    def _result(self) -> Outcome:
        return "answered" if self._answered else "failed"

    def _invite(
        self,
        paths: list[Flow],
        target: str,
        from_user: str,
        from_display: str,
        trunk: str | None,
        caused_by: str,
    ) -> None:
        """Call by the first of the paths; the others are for when nothing comes of it."""
        if self._over:
            return
        path, *others = paths
        self._elsewhere = self._in_the_clear = None
        if others:
            self._elsewhere = lambda: self._invite(
                others, target, from_user, from_display, trunk, caused_by
            )
        if self._own is not None:
            self._own.close()  # the next may be reached over another IP version
        self._own = self._exchange.open_leg(path.remote[0])
        self._own.listener = self._heard
        self._address = path.local[0]
        host, port = path.local
        host = f"[{host}]" if ":" in host else host

        def place(encryption: Encryption) -> None:
            self._encryption = encryption
            self._offer = sdp.offer(self._local_media())
            self._call = self._exchange.sip.user_agent.invite(
                target,
                self._offer,
                path,
                self._exchange.deadlines.now,
                from_uri=f"sip:{from_user}@{host}:{port}" if from_user else f"sip:{host}:{port}",
                from_display=from_display,
                trunk=trunk,
            )
            self._exchange.sip.relate(self._call, caused_by)
            self._exchange.join(self._call, self._event)
            self._exchange.sip.pump()

        wanted = self._exchange.encryption_with(trunk, path)
        if wanted == "preferred":
            # RTP/SAVP first, and again in the clear if it is refused: who encrypts knows the one,
            # and keys in an offer of RTP/AVP are read by few (RFC 4568 gives them no meaning).
            self._in_the_clear = lambda: place("off")
            wanted = "required"
        place(wanted)

    def _local_media(self) -> LocalMedia:
        assert self._own is not None  # noqa: S101 - asked for once there is a leg
        return LocalMedia(
            self._address,
            self._own.address[1],
            self._own.rtcp_port,
            1,
            self._version,
            encryption=self._encryption,
            secret=os.urandom(secret_bytes),
            keys=self._keys,
        )

    def _configure(self, plan: MediaPlan) -> None:
        self._keys = plan.srtp
        if self._own is not None:
            self._own.configure(plan)

    def _failed(self, failure: Failure) -> None:
        if failure.check(SipError, PortsExhausted, OSError, SdpError, DNSLookupError) is None:
            self._log.error("Calling the person failed: %s", failure.getTraceback())
        else:
            self._log.warning("The person cannot be called: %s", failure.getErrorMessage())
        self._finish("failed")

    def _heard(self, event: MediaEvent) -> None:
        """No sound for long: the person's call is dead, whatever its signalling says."""
        if isinstance(event, MediaSilent):
            self._log.info("No sound from the person for %.0f s", event.seconds)
            self._finish(self._result())

    def _event(self, event: Any) -> None:
        match event:
            case events.CallAnswered(body=body):
                self._connect(body)
            case events.CallRefused(status=status, elsewhere=True) if self._elsewhere is not None:
                self._log.info("No way to the person here (%s); its next server is tried", status)
                self._try_elsewhere(self._elsewhere)
            case events.CallRefused(status=status):
                again, self._in_the_clear = self._in_the_clear, None
                if status in NOT_ENCRYPTED and again is not None and not self._over:
                    again()
                else:
                    self._finish(outcome(status))
            case events.MediaOffered(call=call, body=body):
                self._renegotiate(call, body)
            case events.MediaConfirmed(body=bytes(body)):
                self._follow(body)
            case events.CallEnded(call=call) if call == self._call:
                self._finish(self._result())

    def _try_elsewhere(self, again: Callable[[], None]) -> None:
        self._call = None  # the end of the old one says nothing
        try:
            again()
        except (SipError, PortsExhausted, OSError, SdpError) as error:
            self._log.warning("The person cannot be called: %s", error)
            self._finish("failed")

    def _connect(self, answer: bytes | None) -> None:
        if self._own is None or self._over:
            return
        try:
            if answer is None:
                raise SdpError(488, "answer", "no session description in the answer")
            plan = sdp.accept(self._offer, answer)
        except SdpError as error:
            self._log.warning("The person's answer has no usable sound: %s", error)
            self._finish("failed")
            return
        if self._clock is not None:
            self._clock.cancel()
        self._answered = True
        self.answered_at = datetime.now(UTC)
        self._configure(plan)
        if self._in_the_clear is not None:
            self._encryption = "preferred"  # it may still move the call to who does not encrypt
        self._caller.stop_playing()
        self._caller.bridge(self._own)

    def _renegotiate(self, call: int, offer: bytes | None) -> None:
        """Follow the person's exchange when it moves the sound (hold, another address)."""
        agent, now = self._exchange.sip.user_agent, self._exchange.deadlines.now
        if self._own is None:
            agent.refuse_media(call, now)
            return
        self._version += 1
        local = self._local_media()
        if offer is None:  # it asks for an offer of ours, as PBXes do to refresh or to move a call
            self._offer = sdp.offer(local, self._offer)
            agent.accept_media(call, self._offer, now)
            return
        try:
            body, plan = sdp.answer(offer, local, self._offer)
        except SdpError as error:
            why = warning(error.warning, self._address, str(error))
            agent.refuse_media(call, now, status=error.status, headers=why)
            return
        self._offer = body
        self._configure(plan)
        agent.accept_media(call, body, now)

    def _follow(self, answer: bytes) -> None:
        """The person's answer to the offer it asked for."""
        if self._own is None or self._over:
            return
        try:
            self._configure(sdp.accept(self._offer, answer))
        except SdpError as error:
            self._log.warning("The person's answer has no usable sound: %s", error)
            self._finish(self._result())

    def _timed_out(self) -> None:
        self._finish("no_answer")

    def _finish(self, result: Outcome) -> None:
        """End everything on the person's side, whatever of it is still there, and tell once."""
        if self._over:
            return
        self._over = True
        if self._call is not None:
            self._exchange.sip.user_agent.hang_up(self._call, self._exchange.deadlines.now)
            self._exchange.sip.pump()
        if self._clock is not None:
            self._clock.cancel()
        self._caller.stop_playing()
        if self._answered:
            self._caller.unbridge()
        if self._own is not None:
            self._own.close()
        self._ended(result)
