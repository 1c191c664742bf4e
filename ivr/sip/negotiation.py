"""Offers and answers inside a call (RFC 3261 §14, RFC 3311, RFC 6337).

One exchange at a time: while ours is out, the peer's is refused with 491, and while the peer's
waits for the program, another of the peer's is refused with 500. Our offer that meets a 491 is
tried again after the pause of §14.1, which differs for the two sides so that they do not meet
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.sip.acceptance import offered
from ivr.sip.errors import SipUsageError
from ivr.sip.events import MediaConfirmed, MediaOffered, MediaRefused
from ivr.sip.message import Request, Response
from ivr.sip.responses import Fields, allow, supported
from ivr.sip.timers import Action, Timer
from ivr.sip.transaction import Answered, ServerTransaction

if TYPE_CHECKING:
    from ivr.sip.call import Call


class Negotiation:
    """The exchanges of one call, after the one that began it."""

    __slots__ = ("_call", "_ours", "_peers", "_queued", "_retry", "_withdrawn", "local")

    def __init__(self, call: Call) -> None:
        self._call = call
        self.local = b""  # what we described last; a refreshing re-INVITE says it again
        self._peers: tuple[Request, ServerTransaction] | None = None
        self._withdrawn = False
        self._ours = False
        self._queued: bytes | None = None  # an offer that waits for the exchange under way
        self._retry: Timer | None = None

    # The peer's offers

    def receive_invite(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A re-INVITE: an offer, or a request for one of ours (§14.2)."""
        call = self._call
        if self._busy(request, transaction, now):
            return
        if call.session.refuses(request):
            self._refuse_interval(request, transaction, now)
            return
        call.reply(request, transaction, 100, now)
        self._put(request, transaction)

    def receive_update(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """An UPDATE: an offer, or only a new Contact or session refresh (RFC 3311 §5.2)."""
        call = self._call
        if call.session.refuses(request):
            self._refuse_interval(request, transaction, now)
            return
        if offered(request) is None:
            self._refresh_target(request)
            fields = [("Contact", call.contact()), *call.session.answer(request, now)]
            call.reply(request, transaction, 200, now, headers=fields)
        elif not self._busy(request, transaction, now):
            self._put(request, transaction)

    def _busy(self, request: Request, transaction: ServerTransaction, now: float) -> bool:
        """Answer a request that comes in the middle of an exchange."""
        call = self._call
        if self._peers is not None or call.offer_unanswered:
            call.reply(request, transaction, 500, now, headers=call._retry_soon())
        elif self._ours or call.answer_awaited:
            call.reply(request, transaction, 491, now)
        else:
            return False
        return True

    def _put(self, request: Request, transaction: ServerTransaction) -> None:
        self._refresh_target(request)
        self._peers = request, transaction
        self._withdrawn = False
        transaction.on_failure = lambda now: self._withdraw(transaction)
        transaction.on_cancel = self._cancelled
        self._call.tell(MediaOffered(self._call.number, offered(request)))

    def _cancelled(self, now: float) -> None:
        """A CANCEL of the re-INVITE before the program's answer (§9.2)."""
        if self._peers is not None:
            request, transaction = self._peers
            self._withdraw(transaction)
            self._call.reply(request, transaction, 487, now)
            self._next(now)

    def _withdraw(self, transaction: ServerTransaction) -> None:
        """The offer is gone before the program has answered; its answer will go nowhere."""
        if self._peers is not None and self._peers[1] is transaction:
            self._peers = None
            self._withdrawn = True

    def _refuse_interval(
        self, request: Request, transaction: ServerTransaction, now: float
    ) -> None:
        minimum = str(self._call.core.config.min_session_s)
        self._call.reply(request, transaction, 422, now, headers=[("Min-SE", minimum)])

    def _refresh_target(self, request: Request) -> None:
        if self._call.dialog is not None:
            self._call.dialog.refresh_target(request)
        if request.allow:
            self._call.peer_allows = request.allow

    def accept(self, body: bytes, now: float) -> None:
        """Answer the peer's offer, or make the offer it asked for."""
        peers = self._take_peers()
        if peers is None:
            return
        request, transaction = peers
        call = self._call
        self.local = body
        fields = [
            ("Contact", call.contact()),
            ("Allow", allow),
            ("Supported", supported),
            *call.session.answer(request, now),
        ]
        call.reply(request, transaction, 200, now, headers=fields, body=body)
        confirmed = MediaConfirmed(call.number, None)
        if request.method == "UPDATE":
            call.tell(confirmed)
            self._next(now)
            return
        asked_for_offer = offered(request) is None

        def acknowledged(answer: bytes | None, at: float) -> None:
            self._ours = False
            given = MediaConfirmed(call.number, answer) if asked_for_offer else confirmed
            call.tell(given)
            self._next(at)

        self._ours = asked_for_offer
        call.await_ack(transaction, request.cseq.number, now, acknowledged)

    def refuse(self, status: int, now: float, headers: Fields = ()) -> None:
        """Refuse the peer's offer; the session stays as it was (§14.2)."""
        peers = self._take_peers()
        if peers is None:
            return
        self._call.reply(*peers, status, now, headers=headers)
        self._next(now)

    def _take_peers(self) -> tuple[Request, ServerTransaction] | None:
        if self._withdrawn:
            self._withdrawn = False
            return None
        if self._peers is None:
            raise SipUsageError(f"call {self._call.number}: no offer of the peer's is waiting")
        peers, self._peers = self._peers, None
        return peers

    # Our offers

    def offer(self, body: bytes, now: float) -> None:
        """Send a re-INVITE; it waits its turn behind an exchange of our own."""
        if self._peers is not None:
            raise SipUsageError(f"call {self._call.number}: answer the peer's offer first")
        if self._retry is not None or self._queued is not None:
            raise SipUsageError(f"call {self._call.number}: an offer is waiting already")
        if self._ours or self._call.unacknowledged:
            self._queued = body
        else:
            self._send(body, now, quietly=False)

    def refresh(self, now: float) -> None:
        """Refresh the session (RFC 4028 §7.4): UPDATE where the peer allows it, else re-INVITE."""
        call = self._call
        if self._ours or self._peers is not None or call.unacknowledged:
            self._again(now, lambda at: self.refresh(at))
        elif "UPDATE" in call.peer_allows:
            call.ask("UPDATE", now, self._update_answered, headers=call.session.ask())
        else:
            self._send(self.local, now, quietly=True)

    def _update_answered(self, status: int, response: Response | None, now: float) -> None:
        call = self._call
        if status < 200:
            return
        if response is not None and status < 300:
            call.session.confirmed(response, now)
        elif response is not None and status == 422 and call.session.raise_minimum(response):
            self.refresh(now)
        elif status in (405, 420, 501):
            call.peer_allows = tuple(m for m in call.peer_allows if m != "UPDATE")
            self.refresh(now)
        elif status in (491, 500):
            self._again(now, lambda at: self.refresh(at))

    def _send(self, body: bytes, now: float, *, quietly: bool) -> None:
        """A re-INVITE. `quietly`: a refresh, which the program does not hear of."""
        self._ours = True
        self._call.ask(
            "INVITE",
            now,
            self._answers_to(body, quietly),
            headers=self._call.session.ask(),
            body=body,
        )
        if not quietly:
            self.local = body

    def _answers_to(self, body: bytes, quietly: bool) -> Answered:
        call = self._call
        acknowledgements: list[bytes] = []

        def answered(status: int, response: Response | None, now: float) -> None:
            if status < 200:
                return
            if response is not None and status < 300:
                if acknowledgements:  # a 2xx again: the ACK again (§13.2.2.4)
                    if call.dialog is not None:
                        call.core.transactions.send(call.dialog.path(), acknowledgements[0])
                    return
                acknowledgements.append(call.acknowledge(response.cseq.number))
                self._ours = False
                if call.dialog_over:
                    return
                call.session.confirmed(response, now)
                if not quietly:
                    call.tell(MediaConfirmed(call.number, response.body or None))
                self._next(now)
                return
            self._ours = False
            if call.dialog_over:
                return
            if status == 491:
                self._again(now, lambda at: self._send_again(body, at, quietly))
            elif response is not None and status == 422 and call.session.raise_minimum(response):
                self._send(body, now, quietly=quietly)
            else:
                if not quietly:
                    call.tell(MediaRefused(call.number, status))
                self._next(now)

        return answered

    def _send_again(self, body: bytes, now: float, quietly: bool) -> None:
        if self._ours or self._peers is not None or self._call.unacknowledged:
            self._again(now, lambda at: self._send_again(body, at, quietly))
        else:
            self._send(body, now, quietly=quietly)

    def _again(self, now: float, action: Action) -> None:
        """Try later: 2.1 to 4 s if the Call-ID is ours, else up to 2 s (§14.1)."""
        dialog = self._call.dialog
        share = self._call.core.fraction()
        if dialog is not None and dialog.we_made_call_id:
            pause = 2.1 + 1.9 * share
        else:
            pause = 0.01 + 1.99 * share

        def again(at: float) -> None:
            self._retry = None
            if not self._call.dialog_over:
                action(at)

        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._call.core.timers.set(now + pause, again)

    def _next(self, now: float) -> None:
        """The line is free: send the offer that waits."""
        if self._queued is not None and not self._call.dialog_over:
            if self._ours or self._peers is not None or self._call.unacknowledged:
                return
            body, self._queued = self._queued, None
            self._send(body, now, quietly=False)

    def abandon(self, now: float) -> None:
        """The call is over: answer what waits, forget what was planned."""
        self._queued = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._peers is not None:
            self._call.reply(*self._peers, 487, now)
            self._peers = None
