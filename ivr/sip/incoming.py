"""A call made to us (RFC 3261 §13.3): 100 at once, 180, then one final answer.

The INVITE's transaction repeats what was answered for as long as the peer repeats its INVITE; this
module decides what is answered. Where the peer requires `100rel` the 180 goes reliably and the 2xx
waits for its PRACK (RFC 3262 §3).
"""

from __future__ import annotations

from ivr.sip.acceptance import offered
from ivr.sip.address import Flow
from ivr.sip.call import Call, Phase
from ivr.sip.core import Core
from ivr.sip.dialog import Dialog
from ivr.sip.errors import SipUsageError
from ivr.sip.events import (
    CallCancelled,
    CallEstablished,
    EndCause,
    InviteReceived,
)
from ivr.sip.identity import caller, user_of
from ivr.sip.message import Request
from ivr.sip.reliable import ReliableProvisional
from ivr.sip.responses import Fields, allow, supported
from ivr.sip.timers import Timer
from ivr.sip.transaction import ServerTransaction


class IncomingCall(Call):
    """A call from its INVITE to its end."""

    def __init__(
        self, core: Core, request: Request, transaction: ServerTransaction, flow: Flow
    ) -> None:
        super().__init__(core, Phase.OFFERED, request.uri.user)
        self.call_id = request.call_id
        self._request = request
        self._transaction = transaction
        self.called_from = flow.remote[0]
        """The host that the first INVITE came from, whatever came later."""
        self._known = True
        self._offered = offered(request) is not None
        self._rung = False
        self._reliable = "100rel" in (tag.lower() for tag in request.require)
        self._ringing: ReliableProvisional | None = None
        self._held: bytes | None = None  # the answer that waits for a PRACK
        self._hang_up_reason: str | None = None
        self._hang_up_later = False
        self._patience: Timer | None = None
        self._reminder: Timer | None = None
        self.peer_allows = request.allow
        self.dialog = Dialog.from_request(request, core.new_id(), flow, self._first_cseq())
        self._caller = (request.call_id, request.from_.tag or "")

    def _first_cseq(self) -> int:
        return 1 + int.from_bytes(self.core.entropy(2), "big")

    def begin(self, flow: Flow, trunk: str | None, now: float, *, known: bool = True) -> None:
        """Answer 100 and tell the program.

        A stranger by UDP gets neither 100 nor 180: whoever has an answer repeats its INVITE no
        more, and each copy is what a lost 200 is sent again for (`ivr.gate`). §17.2.1 asks for
        100 only where the answer takes longer than 200 ms. Nor are its addresses believed.
        """
        self._known = known or flow.transport != "udp"
        if not known and self.dialog is not None:
            self.dialog.trust_addresses = False
        request, transaction = self._request, self._transaction
        self.core.calls[self.number] = self
        self.list_dialog()
        self.core.callers[self._caller] = self
        transaction.on_failure = self._transaction_failed
        transaction.on_cancel = self.cancel
        if self._known:
            self.reply(request, transaction, 100, now)
        limit = self.core.config.durations.invite_expires_s
        wanted = request.expires
        self._patience = self.core.timers.set(
            now + (limit if wanted is None else min(limit, wanted)), self._gave_up
        )
        who = caller(request, trusted=trunk is not None)
        self.tell(
            InviteReceived(
                call=self.number,
                called_user=user_of(request.uri),
                called_uri=request.uri.serialize(),
                from_uri=who.uri,
                from_user=who.user,
                from_display=who.display,
                body=offered(request),
                flow=flow,
                call_id=request.call_id,
                trunk=trunk,
                known=known,
            )
        )

    # Commands

    def ring(self, now: float) -> None:
        """Send 180, once; it is repeated each minute (§13.3.1.1)."""
        self.require(Phase.OFFERED)
        if self._rung:
            return
        self._rung = True
        fields: list[tuple[str, str]] = [("Contact", self.contact()), ("Allow", allow)]
        if not self._reliable:
            if self._known:
                self._dialog_reply(180, now, fields)
                self._remind(now)
        elif self._offered:
            # Without an offer in the INVITE the first reliable answer would have to carry ours
            # (RFC 3261 §13.2.1), which the program gives with its answer: no 180 then.
            rseq = 1 + int.from_bytes(self.core.entropy(3), "big")  # §3: below 2**31
            fields += [("Require", "100rel"), ("RSeq", str(rseq))]
            response = self.core.response(
                self._request, 180, self._tag, headers=[*fields, *self._record_route()]
            )
            self._ringing = ReliableProvisional(
                self.core.transactions, self._transaction, response, rseq, now, self._never_pracked
            )

    def answer(self, body: bytes, now: float) -> None:
        """Send 200, and 180 before it where none was sent."""
        self.require(Phase.OFFERED)
        if self._held is not None:
            raise SipUsageError(f"call {self.number} is answered already")
        if not self._rung and not self._reliable:
            self.ring(now)
        if self._ringing is not None and not self._ringing.done:
            self._held = body
            self._ringing.then(lambda at: self._answer(body, at))
        else:
            self._answer(body, now)

    def _answer(self, body: bytes, now: float) -> None:
        self._stop_waiting()
        self._held = None
        self.phase = Phase.ANSWERED
        self.media.local = body
        fields = [
            ("Contact", self.contact()),
            ("Allow", allow),
            ("Supported", supported),
            *self.session.answer(self._request, now),
        ]
        self._dialog_reply(200, now, fields, body)
        self.await_ack(self._transaction, self._request.cseq.number, now, self._established)

    def _established(self, answer: bytes | None, now: float) -> None:
        if self.phase is Phase.OVER:
            if self._hang_up_later:
                self.send_bye(now, self._hang_up_reason)
            return
        self.phase = Phase.UP
        self.tell(CallEstablished(self.number, None if self._offered else answer))

    def reject(self, status: int, now: float, headers: Fields = ()) -> None:
        """Refuse with 300-699."""
        self.require(Phase.OFFERED)
        if not 300 <= status <= 699:
            raise SipUsageError(f"not a refusal: {status}")
        self._refuse(status, now, headers)
        self.end(EndCause.REJECTED, f"refused with {status}", now)

    def _refuse(self, status: int, now: float, headers: Fields = ()) -> None:
        self.reply(self._request, self._transaction, status, now, headers=headers)
        self._stop_waiting()
        self.release()

    def hang_up(self, now: float, reason: str | None) -> None:
        if self.phase is Phase.OFFERED:
            self._refuse(487, now)
            self.end(EndCause.WE_HUNG_UP, reason or "", now)
        elif self.phase is Phase.ANSWERED:
            # §15: no BYE before the ACK, or before it has failed to come.
            self._hang_up_later, self._hang_up_reason = True, reason
            self.end(EndCause.WE_HUNG_UP, reason or "", now)
        elif self.phase is Phase.UP:
            self.end(EndCause.WE_HUNG_UP, reason or "", now)
            self.send_bye(now, reason)

    # What the peer does

    def cancel(self, now: float) -> None:
        """A CANCEL that came in time (§9.2); too late it changes nothing."""
        if self.phase is Phase.OFFERED:
            self._cancelled(now, "the caller gave up")

    def peer_hung_up(self, reason: str, now: float) -> None:
        if self.phase is Phase.OFFERED:  # §15.1.2: a BYE in the early dialog
            self._cancelled(now, reason or "the caller gave up")
        else:
            super().peer_hung_up(reason, now)

    def _cancelled(self, now: float, reason: str) -> None:
        self._refuse(487, now)
        self.tell(CallCancelled(self.number))
        self.end(EndCause.CANCELLED, reason, now)

    def _prack(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if self._ringing is None or not self._ringing.acknowledges(request):
            super()._prack(request, transaction, now)
        elif offered(request) is not None:
            # The answer to the first offer is still out; another offer cannot be taken.
            self._ringing.receive(now)
            self.reply(request, transaction, 488, now)
        else:
            self.reply(request, transaction, 200, now)
            self._ringing.receive(now)

    # What does not happen

    def ack_lost(self, now: float) -> None:
        if self.phase is Phase.OVER:
            self.send_bye(now, self._hang_up_reason)
        else:
            super().ack_lost(now)

    def _gave_up(self, now: float) -> None:
        self._refuse(487, now)  # §13.3.1: the INVITE has expired
        self.end(EndCause.REJECTED, "not answered in time", now)

    def _never_pracked(self, now: float) -> None:
        self._refuse(504, now)  # RFC 3262 §3
        self.end(EndCause.PEER_LOST, "the ringing was never acknowledged", now)

    def _transaction_failed(self, now: float) -> None:
        if self.phase is Phase.OFFERED:
            self._stop_waiting()
            self.end(EndCause.PEER_LOST, "the path to the caller is gone", now)
            self.release()

    def _remind(self, now: float) -> None:
        def again(at: float) -> None:
            self._dialog_reply(180, at, [("Contact", self.contact()), ("Allow", allow)])
            self._remind(at)

        pause = self.core.config.durations.extension_s
        self._reminder = self.core.timers.set(now + pause, again)

    # How

    @property
    def answer_awaited(self) -> bool:
        """Our 200 held the offer, and the ACK that answers it is not in (RFC 6337 §4.1)."""
        return self.phase is Phase.ANSWERED and not self._offered

    @property
    def _tag(self) -> str | None:
        return None if self.dialog is None else self.dialog.local_tag

    def _record_route(self) -> Fields:
        """§12.1.1: whatever makes a dialog gives the Record-Route back."""
        return [("Record-Route", value) for value in self._request.headers.get_all("Record-Route")]

    def _dialog_reply(self, status: int, now: float, fields: Fields, body: bytes = b"") -> None:
        fields = [*self._record_route(), *fields]
        self.reply(self._request, self._transaction, status, now, headers=fields, body=body)

    def _stop_waiting(self) -> None:
        for timer in (self._patience, self._reminder):
            if timer is not None:
                timer.cancel()
        if self._ringing is not None:
            self._ringing.stop()

    def release(self) -> None:
        super().release()
        if self.core.callers.get(self._caller) is self:
            del self.core.callers[self._caller]
