"""A call we place (RFC 3261 §13.2): INVITE, its answers, CANCEL.

The first 2xx makes the call. Any other, from another fork of the same INVITE, is acknowledged and
hung up (§13.2.2.4). A redirection counts as a refusal: whoever dials decides what to dial.
"""

from __future__ import annotations

from ivr.sip.address import Flow
from ivr.sip.authenticator import Authenticator
from ivr.sip.call import Call, Phase
from ivr.sip.core import Core
from ivr.sip.dialog import Dialog
from ivr.sip.errors import SipUsageError
from ivr.sip.events import CallAnswered, CallRefused, CallRinging, EndCause
from ivr.sip.headers import Headers
from ivr.sip.matching import cancel_of
from ivr.sip.message import Request, Response, serialize
from ivr.sip.name_addr import NameAddr
from ivr.sip.responses import allow, session_description
from ivr.sip.status import reason_phrase
from ivr.sip.timers import Timer
from ivr.sip.transaction import ClientTransaction
from ivr.sip.uri import Uri


class OutgoingCall(Call):
    """A call from our INVITE to its end."""

    def __init__(
        self,
        core: Core,
        target: Uri,
        caller: NameAddr,
        body: bytes,
        flow: Flow,
        authenticator: Authenticator | None,
    ) -> None:
        if not body:
            raise SipUsageError("a call is placed with an offer")
        super().__init__(core, Phase.PLACED, caller.uri.user)
        self.authenticator = authenticator
        self.media.local = body
        self._flow = flow
        self.called_at = flow.remote[0]
        """The host that our INVITE went to, whatever came later."""
        self._tag = core.new_id()
        self.call_id = core.new_id()
        self._cseq = 0
        self._target = target
        self._caller = caller.with_tag(self._tag).serialize()
        self._body = body
        self._sent: Request | None = None
        self._transaction: ClientTransaction | None = None
        self._challenged = 0
        self._provisional = False  # §9.1: no CANCEL before the first 1xx
        self._cancelling = False
        self._ringing: CallRinging | None = None
        self._patience: Timer | None = None
        # The ACK of each fork's 2xx, by the fork's tag: a 2xx that comes again gets it again.
        self._acknowledgements: dict[str, tuple[Flow, bytes]] = {}

    def begin(self, now: float) -> None:
        """Send the INVITE."""
        self._send(now)
        self.core.calls[self.number] = self
        limit = self.core.config.durations.invite_expires_s
        self._patience = self.core.timers.set(now + limit, self._gave_up)

    def _send(self, now: float) -> None:
        self._cseq += 1
        fields = [
            ("Max-Forwards", "70"),
            ("From", self._caller),
            ("To", NameAddr(self._target).serialize()),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._cseq} INVITE"),
            ("Contact", self._own_contact()),
            ("Allow", allow),
            ("Supported", "timer"),
            *self.session.ask(),
            *self.core.client_fields,
            ("Content-Type", session_description),
        ]
        invite = Request("INVITE", self._target, Headers(fields), self._body)
        if self.authenticator is not None:
            self.authenticator.sign(invite)
        self._sent = invite
        self._provisional = False
        self._transaction = self.core.transactions.start(invite, self._flow, self._answered, now)

    def _own_contact(self) -> str:
        sips = self._target.scheme == "sips"
        return self.core.contact(self._flow, self.contact_user, sips=sips)

    def hang_up(self, now: float, reason: str | None) -> None:
        if self.phase is Phase.PLACED:
            self.end(EndCause.WE_HUNG_UP, reason or "", now)
            self._cancel(now)
        elif self.phase is Phase.UP:
            self.end(EndCause.WE_HUNG_UP, reason or "", now)
            self.send_bye(now, reason)

    def _cancel(self, now: float) -> None:
        """§9.1: as soon as there has been a 1xx; until then a final answer may still come."""
        self._cancelling = True
        if not self._provisional or self._sent is None:
            return
        cancel = cancel_of(self._sent)
        # §9.1: by the path of the INVITE, which goes by TCP where it is large.
        path = self._flow if self._transaction is None else self._transaction.flow
        self.core.transactions.start(cancel, path, lambda status, response, at: None, now)
        self._patience = self.core.timers.set(
            now + self.core.config.durations.cancel_grace_s, self._give_up_on_cancel
        )

    def _give_up_on_cancel(self, now: float) -> None:
        if self._transaction is not None:
            self._transaction.terminate()
        self._stop_waiting()
        self.release()

    def peer_hung_up(self, reason: str, now: float) -> None:
        if self.phase is not Phase.PLACED:
            super().peer_hung_up(reason, now)
            return
        # A BYE before any 2xx came: the callee's 2xx was lost for good, or it breaks §15.
        self.tell(CallRefused(self.number, 480, reason or reason_phrase(480)))
        self.end(EndCause.REFUSED, reason or reason_phrase(480), now)
        self._cancel(now)

    # What the peer answers

    def _answered(self, status: int, response: Response | None, now: float) -> None:
        if status < 200:
            self._progress(status, response, now)
        elif response is not None and status < 300:
            self._accepted(response, now)
        else:
            self._refused(status, response, now)

    def _progress(self, status: int, response: Response | None, now: float) -> None:
        first, self._provisional = not self._provisional, True
        if self._cancelling:
            if first:
                self._cancel(now)
            return
        if response is None or self._sent is None or self.phase is not Phase.PLACED:
            return
        if response.to.tag is not None and self.dialog is None:
            self._take_dialog(Dialog.from_response(self._sent, response, self._flow))
        if status > 100:
            body = response.body if response.content_type == session_description else b""
            ringing = CallRinging(self.number, status, body or None)
            if ringing != self._ringing:  # retransmissions say nothing new
                self._ringing = ringing
                self.tell(ringing)

    def _accepted(self, response: Response, now: float) -> None:
        if self._sent is None:
            return
        tag = response.to.tag or ""
        known = self._acknowledgements.get(tag)
        if known is not None:
            self.core.transactions.send(*known)
            return
        if self.phase is not Phase.PLACED:
            self._decline(response, tag, now)
            return
        # §13.2.2.4: the 2xx says anew what an early dialog said of route and target.
        self.release()
        self._take_dialog(Dialog.from_response(self._sent, response, self._flow))
        self._stop_waiting()
        self.phase = Phase.UP
        self.peer_allows = response.allow
        self._acknowledge_fork(self.dialog, tag)
        self.session.confirmed(response, now)
        self.tell(CallAnswered(self.number, response.body or None))

    def _decline(self, response: Response, tag: str, now: float) -> None:
        """A 2xx nobody waits for: of another fork, or one that crossed our CANCEL."""
        if self._sent is None:
            return
        dialog = Dialog.from_response(self._sent, response, self._flow)
        self._acknowledge_fork(dialog, tag)
        bye = dialog.request("BYE")
        for name, value in self.core.client_fields:
            bye.headers.add(name, value)
        self.core.transactions.start(bye, dialog.path(), lambda status, answer, at: None, now)
        if self.phase is Phase.OVER:
            self._stop_waiting()
            self.release()

    def _acknowledge_fork(self, dialog: Dialog | None, tag: str) -> None:
        if dialog is None or self._sent is None:
            return
        ack = dialog.request("ACK", cseq=self._sent.cseq.number)
        for name in ("Authorization", "Proxy-Authorization"):  # §22.1: as the INVITE had
            for value in self._sent.headers.get_all(name):
                ack.headers.add(name, value)
        path = dialog.path()
        self.core.transactions.stamp(ack, path)
        data = serialize(ack)
        self._acknowledgements[tag] = path, data
        self.core.transactions.send(path, data)

    def _refused(self, status: int, response: Response | None, now: float) -> None:
        if self.phase is not Phase.PLACED:
            self._stop_waiting()
            self.release()
            return
        if response is not None and self._try_again(status, response, now):
            return
        self._stop_waiting()
        reason = (response.reason if response is not None else "") or reason_phrase(status)
        elsewhere = response is None or status == 503
        self.tell(CallRefused(self.number, status, reason, elsewhere))
        self.end(EndCause.REFUSED, f"{status} {reason}", now)
        self.release()

    def _try_again(self, status: int, response: Response, now: float) -> bool:
        if status in (401, 407):
            if self.authenticator is None or self._sent is None:
                return False
            if not self.authenticator.meet(self._sent, response, tries=self._challenged):
                return False
            self._challenged += 1
        elif status != 422 or not self.session.raise_minimum(response):
            return False
        self.release()
        self.dialog = None
        self._send(now)
        return True

    def _gave_up(self, now: float) -> None:
        """Nobody answers: as a 408 (§8.1.3.1)."""
        if self.phase is Phase.PLACED:
            self.tell(CallRefused(self.number, 408, "nobody answered"))
            self.end(EndCause.REFUSED, "nobody answered", now)
            self._cancel(now)

    def _take_dialog(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.list_dialog()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def end(self, cause: EndCause, reason: str, now: float) -> None:
        self._stop_waiting()
        super().end(cause, reason, now)
