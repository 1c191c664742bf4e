"""The user agent: bytes and the time in; datagrams, a next deadline and events out.

No socket, clock or random source in here (design §3). `receive` reads a message and gives it to
whom it concerns: a transaction (`matching.py`), a call (`call.py`), or nobody, and then it is
answered by the rules of RFC 3261 §8.2 without being remembered. A peer's fault is answered and
counted, never raised; a command the state does not allow raises SipUsageError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ivr.sip.acceptance import refusal, without_what_is_malformed
from ivr.sip.address import Flow
from ivr.sip.call import Call, capabilities
from ivr.sip.config import Trunk, UserAgentConfig
from ivr.sip.core import Core
from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.events import CallEnded, Event
from ivr.sip.incoming import IncomingCall
from ivr.sip.message import Request, Response, parse
from ivr.sip.name_addr import NameAddr
from ivr.sip.outgoing import OutgoingCall
from ivr.sip.registration import TrunkClient
from ivr.sip.responses import Fields
from ivr.sip.screening import Admitted, EverybodyIsServed, Screening, TurnedAway, Verdict
from ivr.sip.session_timer import too_small
from ivr.sip.uri import Uri


class UserAgent:
    """A SIP user agent for many calls and trunks. `counters` tells what was dropped and why."""

    def __init__(
        self,
        config: UserAgentConfig,
        entropy: Callable[[int], bytes],
        screening: Screening | None = None,
    ) -> None:
        self._core = Core(config, entropy)
        self._screening = screening or EverybodyIsServed()
        self._trunks: dict[str, TrunkClient] = {}

    # Wire

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one datagram, or one framed message of a stream."""
        core = self._core
        if not data.strip(b"\r\n\0 "):
            core.counters["keep-alive"] += 1  # RFC 5626 §3.5.1, and what NAT devices send
            return
        try:
            message = parse(data, stream=flow.reliable)
            if isinstance(message, Response):
                if without_what_is_malformed(message):
                    core.counters["malformed field in an answer"] += 1
                if not core.transactions.receive_response(message, now):
                    core.counters["stray response"] += 1
            else:
                message.received_from(*flow.remote)
                self._request(message, flow, now)
        except SipParseError as error:
            self._refuse_malformed(error, flow, now)

    def flow_failed(self, flow: Flow, now: float) -> None:
        """A path is gone: an ICMP error, or a connection lost or refused."""
        core = self._core
        for call in core.on_connection.pop(flow, ()):
            call.connection_lost()
        core.transactions.flow_failed(flow, now)
        for trunk in self._trunks.values():
            trunk.flow_failed(flow, now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._core.timers.run(now)

    def next_deadline(self) -> float | None:
        """When `tick` is next wanted; None: not before something comes in."""
        return self._core.timers.next_deadline()

    def to_send(self) -> list[tuple[Flow, bytes]]:
        """What to send, oldest first; each is handed out once."""
        outbox = self._core.transactions.outbox
        if outbox:
            self._core.transactions.outbox = []
        return outbox

    def next_event(self) -> Event | None:
        """The oldest event not taken yet."""
        events = self._core.events
        if not events:
            return None
        event = events.popleft()
        if isinstance(event, CallEnded):
            self._core.ends_untold.discard(event.call)
        return event

    @property
    def calls(self) -> int:
        """Calls alive, ringing ones among them."""
        return len(self._core.calls)

    def call_id(self, call: int) -> str:
        """The Call-ID of a call that is alive; empty where it is not."""
        found = self._core.calls.get(call)
        return "" if found is None else found.call_id

    @property
    def counters(self) -> Counter[str]:
        return self._core.counters

    # Commands

    def ring(self, call: int, now: float) -> None:
        """Send 180."""
        if found := self._incoming(call):
            found.ring(now)

    def answer(self, call: int, body: bytes, now: float) -> None:
        """Send 200: `body` is the answer, or our offer where the INVITE had none."""
        if found := self._incoming(call):
            found.answer(body, now)

    def reject(self, call: int, status: int, now: float, *, headers: Fields = ()) -> None:
        """Refuse with a status from 300 to 699."""
        if found := self._incoming(call):
            found.reject(status, now, headers)

    def hang_up(self, call: int, now: float, *, reason: str | None = None) -> None:
        """BYE, CANCEL or 487, whatever the state asks for; nothing where the call is over."""
        found = self._core.calls.get(call)
        if found is not None:
            found.hang_up(now, reason)

    def invite(
        self,
        target: str,
        body: bytes,
        flow: Flow,
        now: float,
        *,
        from_uri: str,
        from_display: str = "",
        trunk: str | None = None,
    ) -> int:
        """Place a call along `flow`, with the credentials of a trunk; returns its number."""
        client = None if trunk is None else self._trunk(trunk)
        try:
            to = Uri.parse(target, "target")
            caller = NameAddr(Uri.parse(from_uri, "caller"), from_display)
        except SipParseError as error:
            raise SipUsageError(error.reason) from None
        authenticator = None if client is None else client.authenticator
        call = OutgoingCall(self._core, to, caller, body, flow, authenticator)
        call.begin(now)
        return call.number

    def accept_media(self, call: int, body: bytes, now: float) -> None:
        """Answer `MediaOffered`."""
        if found := self._call(call):
            found.media.accept(body, now)

    def refuse_media(
        self, call: int, now: float, *, status: int = 488, headers: Fields = ()
    ) -> None:
        """Refuse `MediaOffered`; the session goes on as it was."""
        if found := self._call(call):
            found.media.refuse(status, now, headers)

    def offer_media(self, call: int, body: bytes, now: float) -> None:
        """Change the session by a re-INVITE; `MediaConfirmed` or `MediaRefused` follows."""
        if found := self._call(call):
            found.offer_media(body, now)

    def refer(self, call: int, target: str, now: float) -> None:
        """Transfer blindly to a URI."""
        if found := self._call(call):
            found.refer(target, now)

    def add_trunk(self, trunk: Trunk, now: float) -> None:
        """Register with a trunk, or only watch it, until it is removed."""
        if trunk.name in self._trunks:
            raise SipUsageError(f"trunk {trunk.name} is there already")
        client = TrunkClient(self._core, trunk)
        self._trunks[trunk.name] = client
        client.begin(now)

    def remove_trunk(self, name: str, now: float) -> None:
        """Take back the registration and forget the trunk."""
        self._trunk(name).remove(now)
        del self._trunks[name]

    def _trunk(self, name: str) -> TrunkClient:
        client = self._trunks.get(name)
        if client is None:
            raise SipUsageError(f"there is no trunk {name}")
        return client

    def drain(self, now: float) -> None:
        """Take no new calls: 503 with Retry-After. Calls in progress go on."""
        self._core.draining = True

    def refuse_new(self, wanted: bool) -> None:
        """Take no new calls for now (503 with Retry-After), or take them again."""
        self._core.overloaded = wanted

    def _call(self, number: int) -> Call | None:
        """The call, or None where its end is among the events not taken yet: the program cannot
        know of it, so that a command is no fault of its."""
        call = self._core.calls.get(number)
        if call is None and number not in self._core.ends_untold:
            raise SipUsageError(f"call {number} is over, or never was")
        return call

    def _incoming(self, number: int) -> IncomingCall | None:
        call = self._call(number)
        if call is not None and not isinstance(call, IncomingCall):
            raise SipUsageError(f"call {number} was placed by us")
        return call

    # Requests

    def _request(self, request: Request, flow: Flow, now: float) -> None:
        transaction = self._core.transactions.find_server(request)
        if request.method == "ACK":
            if transaction is not None:
                transaction.receive(request, now)
            else:
                self._acknowledge(request, now)
            self._note_proof(request, flow, now)
        elif transaction is not None:
            transaction.receive(request, now)
        elif request.method == "CANCEL":
            self._cancel(request, flow, now)
        elif request.to.tag is not None:
            self._in_dialog(request, flow, now)
        elif request.method == "INVITE":
            self._invite(request, flow, now)
        else:
            self._outside(request, flow, now)

    def _acknowledge(self, ack: Request, now: float) -> None:
        core = self._core
        theirs = ack.from_.tag or ""
        call = core.dialogs.get((ack.call_id, ack.to.tag or "", theirs))
        if call is None:
            # pyVoIP makes up a To tag for its ACK: Call-ID, From tag and CSeq tell it as well.
            call = core.callers.get((ack.call_id, theirs))
        if call is None or not call.acknowledged(ack, now):
            core.counters["stray ACK"] += 1

    def _cancel(self, request: Request, flow: Flow, now: float) -> None:
        """§9.2: 200 to a CANCEL whose INVITE is known, whether or not it comes in time."""
        core = self._core
        invite = core.transactions.find_server(request, method="INVITE")
        if invite is None:
            self._stray(request, flow, now)
            return
        call = core.callers.get((request.call_id, request.from_.tag or ""))
        tag = call.dialog.local_tag if call is not None and call.dialog is not None else None
        core.answer_statelessly(request, flow, 200, tag=tag)
        if invite.on_cancel is not None and not invite.answered:
            invite.on_cancel(now)

    def _in_dialog(self, request: Request, flow: Flow, now: float) -> None:
        core = self._core
        key = (request.call_id, request.to.tag or "", request.from_.tag or "")
        call = core.dialogs.get(key)
        if call is None:
            self._stray(request, flow, now)
        else:
            if not isinstance(call, OutgoingCall):
                self._note_proof(request, flow, now)
            elif call.called_at == flow.remote[0]:
                self._screening.heard_us(flow, now)  # it names the tag of our INVITE
            call.receive(request, flow, now)

    def _note_proof(self, request: Request, flow: Flow, now: float) -> None:
        """Who names the tag of our answer, from where it was sent to, has heard us.

        From anywhere else it proves nothing: a caller could say it in another's name.
        """
        call = self._core.callers.get((request.call_id, request.from_.tag or ""))
        if (
            isinstance(call, IncomingCall)
            and call.called_from == flow.remote[0]
            and call.dialog is not None
            and request.to.tag == call.dialog.local_tag
        ):
            self._screening.heard_us(flow, now)

    def _turned_away(self, verdict: Verdict, request: Request, flow: Flow) -> bool:
        """Give the one answer there is, or none."""
        if isinstance(verdict, Admitted):
            return False
        if verdict.status:
            self._core.answer_statelessly(request, flow, verdict.status, verdict.headers)
        else:
            self._core.counters["met with silence"] += 1
        return True

    def _stray(self, request: Request, flow: Flow, now: float) -> None:
        """A request of a call that we do not know: 481, for those who may know that we are here."""
        if not self._turned_away(self._screening.stray(request, flow, now), request, flow):
            self._core.answer_statelessly(request, flow, 481)

    def _outside(self, request: Request, flow: Flow, now: float) -> None:
        """A request outside any dialog, other than INVITE."""
        core = self._core
        if self._turned_away(self._screening.question(request, flow, now), request, flow):
            return
        refused = refusal(request)
        if refused is not None:
            core.answer_statelessly(request, flow, refused.status, refused.headers)
        elif request.method != "OPTIONS":
            core.answer_statelessly(request, flow, 481)
        elif self._closed:
            # §11.2: as an INVITE would be answered, so that a dispatcher sends us no calls.
            core.answer_statelessly(request, flow, 503, self._retry_after())
        else:
            core.answer_statelessly(request, flow, 200, capabilities)

    def _invite(self, request: Request, flow: Flow, now: float) -> None:
        core = self._core
        verdict = self._screening.call(request, flow, now)
        if isinstance(verdict, TurnedAway):
            self._turned_away(verdict, request, flow)
            return
        refused = refusal(request)
        if refused is not None:
            core.answer_statelessly(request, flow, refused.status, refused.headers)
            return
        if (request.call_id, request.from_.tag or "") in core.callers:
            core.answer_statelessly(request, flow, 482)  # §8.2.2.2: it came by another way too
            return
        closed = self._closed or self._crowded(verdict)
        if closed:
            core.counters[f"refused, {closed}"] += 1
            core.answer_statelessly(request, flow, 503, self._retry_after())
            return
        _ = request.record_route, request.contact, request.allow  # malformed: 400, here
        if too_small(request, core.config):
            minimum = str(core.config.min_session_s)
            core.answer_statelessly(request, flow, 422, [("Min-SE", minimum)])
            return
        transaction = core.transactions.accept(request, flow)
        call = IncomingCall(core, request, transaction, flow)
        client = self._trunk_of(request, flow) or self._trunks.get(verdict.trunk or "")
        if client is not None:
            call.authenticator = client.authenticator
        name = verdict.trunk if client is None else client.trunk.name
        call.begin(flow, name, now, known=verdict.known)

    @property
    def _closed(self) -> str:
        """Why no new call is taken; empty while they are (§21.5.4)."""
        core = self._core
        if core.draining:
            return "stopping"
        if core.overloaded:
            return "overloaded"
        if len(core.calls) >= core.config.max_calls:
            return "all lines busy"
        return self._crowded(Admitted())

    def _crowded(self, verdict: Admitted) -> str:
        """Too much is remembered; half of the room is kept for those we know."""
        transactions, config = self._core.transactions, self._core.config
        share = 1.0 if verdict.known else 0.5
        full = (
            len(transactions) >= share * config.max_transactions
            or transactions.held_bytes >= share * config.max_held_bytes
        )
        return "too much at once" if full else ""

    def _retry_after(self) -> Fields:
        return (("Retry-After", str(self._core.config.retry_after_s)),)

    def _trunk_of(self, request: Request, flow: Flow) -> TrunkClient | None:
        """The trunk a call came by: its address, and among several there the account called."""
        host = flow.remote[0]
        there = [client for client in self._trunks.values() if client.trunk.flow.remote[0] == host]
        called = request.uri.user
        return next((c for c in there if c.user == called), there[0] if there else None)

    def _refuse_malformed(self, error: SipParseError, flow: Flow, now: float) -> None:
        core = self._core
        core.counters[f"malformed {error.status}"] += 1
        request = error.partial
        verdict = self._screening.malformed(request, flow, now)
        if request is None or request.method == "ACK" or isinstance(verdict, TurnedAway):
            return
        try:
            request.received_from(*flow.remote)
            core.answer_statelessly(request, flow, error.status, reason=error.reason)
        except SipParseError:
            core.counters["unanswerable"] += 1  # not even its Via can be read
