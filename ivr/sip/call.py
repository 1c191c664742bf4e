"""A call: a dialog with an INVITE usage, whoever placed it (RFC 3261 §12 to §15).

What both sides of a call do alike is here: requests inside the dialog, both ways, the wait for
ACKs, and the end. How a call begins is in `incoming.py` and `outgoing.py`; offers and answers in
`negotiation.py`, transfers in `referral.py`, session timers in `session_timer.py`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum

from ivr.sip.acceptance import is_optional, refusal
from ivr.sip.acknowledgement import AwaitedAck
from ivr.sip.address import Flow
from ivr.sip.authenticator import Authenticator
from ivr.sip.core import Core
from ivr.sip.dialog import Dialog, DialogId
from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.events import CallEnded, EndCause, Event, InfoReceived
from ivr.sip.message import Request, Response, serialize
from ivr.sip.negotiation import Negotiation
from ivr.sip.referral import Referral
from ivr.sip.responses import (
    Fields,
    allow,
    quoted,
    session_description,
    supported,
    taken_in_info,
)
from ivr.sip.routing import behind_nat
from ivr.sip.session_timer import SessionTimer
from ivr.sip.transaction import Answered, ClientTransaction, ServerTransaction

_reason_text = re.compile(r';\s*text\s*=\s*"((?:[^"\\]|\\.)*)"')
_target_refresh = frozenset(("INVITE", "UPDATE"))
# RFC 3261 §12.2.1.2, RFC 5057 §5.1: answers that say the peer's side of the dialog is gone.
# A REFER that fails so takes only its own subscription with it.
_dialog_is_gone = frozenset((408, 481))
_of_the_call = frozenset(("INVITE", "UPDATE", "INFO"))


class Phase(Enum):
    OFFERED = "offered"  # to us; no final answer yet
    ANSWERED = "answered"  # our 2xx is out, the ACK is not in
    PLACED = "placed"  # by us; no final answer yet
    UP = "up"
    OVER = "over"  # CallEnded is out; what is left is politeness on the wire


class Call(ABC):
    """One call. `number` is what the program knows it by."""

    call_id: str

    def __init__(self, core: Core, phase: Phase, contact_user: str | None) -> None:
        self.core = core
        self.number = core.new_number()
        self.phase = phase
        self.dialog: Dialog | None = None
        self.contact_user = contact_user
        self.authenticator: Authenticator | None = None
        self.peer_allows: tuple[str, ...] = ()
        self.media = Negotiation(self)
        self.referral = Referral(self)
        self.session = SessionTimer(core.config, core.timers, self.media.refresh, self._expired)
        self._awaited: dict[int, AwaitedAck] = {}
        self._listed: list[DialogId] = []
        self._re_invite: ClientTransaction | None = None
        self._connection: Flow | None = None

    # Commands

    @abstractmethod
    def hang_up(self, now: float, reason: str | None) -> None:
        """End the call in the way its phase asks for; nothing happens where it is over."""

    def offer_media(self, body: bytes, now: float) -> None:
        self.require(Phase.UP)
        self.media.offer(body, now)

    def refer(self, target: str, now: float) -> None:
        self.require(Phase.UP)
        self.referral.send(target, now)

    def require(self, *phases: Phase) -> None:
        """Raise SipUsageError unless the call is in one of the phases."""
        if self.phase not in phases:
            raise SipUsageError(
                f"call {self.number} is {self.phase.value}; this cannot be done now"
            )

    # Requests of the peer's inside the dialog

    def receive(self, request: Request, flow: Flow, now: float) -> None:
        """A request that is neither ACK nor CANCEL nor a retransmission."""
        dialog = self.dialog
        if dialog is None:
            self.core.answer_statelessly(request, flow, 481)
            return
        refused = refusal(request)
        in_order = dialog.accepts(request)
        transaction = self.core.transactions.accept(request, flow)
        try:
            if not in_order:
                # §12.2.2: out of order. Not taken as a retransmission, that was looked for.
                self.reply(request, transaction, 500, now, headers=self._retry_soon())
            elif refused is not None:
                self.reply(request, transaction, refused.status, now, headers=refused.headers)
            elif self.phase is Phase.OVER and request.method != "BYE":
                self.reply(request, transaction, 481, now)
            else:
                if flow != dialog.flow:
                    dialog.flow = flow
                    self._follow(flow)
                dialog.trust_addresses = not behind_nat(request, flow)
                _in_dialog[request.method](self, request, transaction, now)
        except SipParseError as error:
            self.reply(request, transaction, error.status, now, reason=error.reason)

    def acknowledged(self, ack: Request, now: float) -> bool:
        """An ACK; False where no 2xx waits for it."""
        awaited = self._awaited.pop(ack.cseq.number, None)
        if awaited is None:
            return False
        awaited.receive(ack, now)
        return True

    def reply(
        self,
        request: Request,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        headers: Fields = (),
        body: bytes = b"",
        reason: str = "",
    ) -> None:
        """Answer a request of this dialog."""
        tag = self.dialog.local_tag if self.dialog is not None else None
        response = self.core.response(
            request, status, tag, headers=headers, body=body, reason=reason
        )
        transaction.respond(response, now)

    def await_ack(
        self,
        transaction: ServerTransaction,
        cseq: int,
        now: float,
        on_ack: Callable[[bytes | None, float], None],
    ) -> None:
        """Repeat the 2xx just sent until its ACK comes; hang up if it never does."""

        def lost(at: float) -> None:
            self._awaited.pop(cseq, None)
            self.ack_lost(at)

        awaited = AwaitedAck(self.core.transactions, transaction, cseq, now, on_ack, lost)
        transaction.on_ack = lambda ack, at: self._take_ack(ack, at)
        self._awaited[cseq] = awaited

    def ack_lost(self, now: float) -> None:
        """§13.3.1.4: the session is ended by a BYE."""
        self.bye(now, EndCause.NO_ACK, "our answer was never acknowledged")

    def _take_ack(self, ack: Request, now: float) -> None:
        self.acknowledged(ack, now)

    @property
    def dialog_over(self) -> bool:
        return self.phase is Phase.OVER

    @property
    def offer_unanswered(self) -> bool:
        """The peer's first INVITE has had no final answer yet."""
        return self.phase is Phase.OFFERED

    @property
    def answer_awaited(self) -> bool:
        """An offer of ours in the first INVITE, or in our answer to it, is out."""
        return self.phase is Phase.PLACED

    @property
    def unacknowledged(self) -> bool:
        """A 2xx of ours still waits for its ACK."""
        return bool(self._awaited)

    def _bye(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.reply(request, transaction, 200, now)
        self.peer_hung_up(spoken_reason(request), now)

    def peer_hung_up(self, reason: str, now: float) -> None:
        """A BYE came and is answered."""
        self.end(EndCause.PEER_HUNG_UP, reason, now)
        self.release()

    def _info(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        content_type = request.content_type or ""
        if "Info-Package" in request.headers:  # RFC 6086 §4.2.2: we take none
            self.reply(request, transaction, 469, now, headers=[("Recv-Info", "")])
        elif request.body and content_type not in taken_in_info and not is_optional(request):
            accepted = [("Accept", ", ".join(taken_in_info))]
            self.reply(request, transaction, 415, now, headers=accepted)
        else:
            self.reply(request, transaction, 200, now)
            self.tell(InfoReceived(self.number, content_type, request.body))

    def _options(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.reply(request, transaction, 200, now, headers=capabilities)

    def _notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        status = self.referral.receive(request, now)
        self.reply(request, transaction, status, now)

    def _prack(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.reply(request, transaction, 481, now)  # RFC 3262 §3: matches nothing

    def _invite(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.media.receive_invite(request, transaction, now)

    def _update(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self.media.receive_update(request, transaction, now)

    def _retry_soon(self) -> Fields:
        """§14.2, RFC 3311 §5.2: a random 0 to 10 seconds."""
        return (("Retry-After", str(int(self.core.fraction() * 11))),)

    # Requests of ours inside the dialog

    def ask(
        self,
        method: str,
        now: float,
        on_answer: Answered,
        *,
        headers: Fields = (),
        body: bytes = b"",
        content_type: str = session_description,
    ) -> Request:
        """Send a request; digest challenges are met here, a dialog gone at the peer ends."""
        assert self.dialog is not None  # noqa: S101 — every caller is past the dialog's making
        request = self.dialog.request(method)
        fields = request.headers
        if method in ("INVITE", "UPDATE", "REFER"):
            fields.add("Contact", self.contact())
        if method in _target_refresh:
            fields.add("Allow", allow)
            fields.add("Supported", "timer")
        for name, value in (*headers, *self.core.client_fields):
            fields.add(name, value)
        if body:
            fields.add("Content-Type", content_type)
        request = Request(method, request.uri, fields, body)
        self._start(request, on_answer, now, challenged=0)
        return request

    def _start(self, request: Request, on_answer: Answered, now: float, *, challenged: int) -> None:
        dialog, authenticator = self.dialog, self.authenticator
        if dialog is None:
            return

        def answered(status: int, response: Response | None, at: float) -> None:
            if status in (401, 407) and response is not None and authenticator is not None:
                if authenticator.meet(request, response, tries=challenged):
                    dialog.local_cseq += 1
                    headers = request.headers.copy()
                    headers.set("CSeq", f"{dialog.local_cseq} {request.method}")
                    again = Request(request.method, request.uri, headers, request.body)
                    self._start(again, on_answer, at, challenged=challenged + 1)
                    return
            elif status < 300 and response is not None and request.method in _target_refresh:
                dialog.refresh_target(response)
            on_answer(status, response, at)
            if status in _dialog_is_gone and request.method in _of_the_call:
                self.bye(at, EndCause.PEER_LOST, f"{request.method} got {status}")

        if authenticator is not None:
            authenticator.sign(request)
        transaction = self.core.transactions.start(
            request, dialog.path(), answered, now, connect=dialog.trust_addresses
        )
        if request.method == "INVITE":
            self._re_invite = transaction

    def acknowledge(self, cseq: int) -> bytes:
        """Send the ACK of a 2xx to our INVITE (§13.2.2.4); returns it for repetition."""
        assert self.dialog is not None  # noqa: S101 — a 2xx made it
        ack = self.dialog.request("ACK", cseq=cseq)
        path = self.dialog.path()
        self.core.transactions.stamp(ack, path)
        data = serialize(ack)
        self.core.transactions.send(path, data)
        return data

    def bye(self, now: float, cause: EndCause, reason: str, *, spoken: str | None = None) -> None:
        """End the call at once and tell the peer; harmless when it is over."""
        if self.phase is Phase.OVER:
            return
        self.end(cause, reason, now)
        self.send_bye(now, spoken if spoken is not None else reason)

    def send_bye(self, now: float, spoken: str | None) -> None:
        def answered(status: int, response: Response | None, at: float) -> None:
            if status >= 200:
                self.release()

        headers = [("Reason", reason_field(spoken))] if spoken else []
        self.ask("BYE", now, answered, headers=headers)

    def contact(self) -> str:
        assert self.dialog is not None  # noqa: S101
        dialog = self.dialog
        return self.core.contact(dialog.flow, self.contact_user, sips=dialog.secure)

    # The end

    def tell(self, event: Event) -> None:
        """Tell the program, unless it has had the last word on this call."""
        if self.phase is not Phase.OVER:
            self.core.emit(event)

    def end(self, cause: EndCause, reason: str, now: float) -> None:
        """Say the last word on this call, once."""
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.OVER
        self.session.stop()
        self.media.abandon(now)
        self._abandon_re_invite(now)
        self.core.calls.pop(self.number, None)
        self.core.ends_untold.add(self.number)
        self.core.emit(CallEnded(self.number, cause, reason))

    def _abandon_re_invite(self, now: float) -> None:
        """An INVITE that got a 1xx waits without limit (§17.1.1.2), and the peer stops answering
        with the call."""
        transaction, self._re_invite = self._re_invite, None
        if transaction is not None and not transaction.terminated:
            limit = self.core.config.durations.transaction_s
            self.core.timers.set(now + limit, lambda at: transaction.terminate())

    def release(self) -> None:
        """Forget the dialog: nothing more is to be said to the peer."""
        for awaited in self._awaited.values():
            awaited.stop()
        self._awaited.clear()
        for key in self._listed:
            if self.core.dialogs.get(key) is self:
                del self.core.dialogs[key]
        self._listed.clear()
        self._follow(None)

    def list_dialog(self) -> None:
        """Let requests of the peer's find this call."""
        assert self.dialog is not None  # noqa: S101
        self.core.dialogs[self.dialog.id] = self
        self._listed.append(self.dialog.id)
        self._follow(self.dialog.flow)

    def connection_lost(self) -> None:
        """What the call came by is gone; the next request goes by the peer's Contact."""
        self._connection = None
        if self.dialog is not None:
            self.dialog.flow_lost()

    def _follow(self, flow: Flow | None) -> None:
        """Stand in the table under the connection in use, and no other."""
        table, old = self.core.on_connection, self._connection
        if old is not None:
            users = table.get(old)
            if users is not None:
                users.discard(self)
                if not users:
                    del table[old]
        self._connection = flow if flow is not None and flow.reliable else None
        if self._connection is not None:
            table.setdefault(self._connection, set()).add(self)

    def _expired(self, now: float) -> None:
        self.bye(now, EndCause.EXPIRED, "the session was not refreshed in time")


_in_dialog: dict[str, Callable[[Call, Request, ServerTransaction, float], None]] = {
    "BYE": Call._bye,
    "INFO": Call._info,
    "INVITE": Call._invite,
    "NOTIFY": Call._notify,
    "OPTIONS": Call._options,
    "PRACK": lambda call, request, transaction, now: call._prack(request, transaction, now),
    "UPDATE": Call._update,
}

# §11.2: what an OPTIONS is answered with.
capabilities: Fields = (
    ("Allow", allow),
    ("Accept", session_description),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "zh, en"),
    ("Supported", supported),
)


def spoken_reason(request: Request) -> str:
    """The text of a Reason header (RFC 3326), "" where there is none."""
    found = _reason_text.search(request.headers.get("Reason") or "")
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


def reason_field(text: str) -> str:
    """A Reason header for people to read; cause 16 is normal clearing (Q.850)."""
    return f"Q.850;cause=16;text={quoted(text)}"
