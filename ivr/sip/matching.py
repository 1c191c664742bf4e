"""Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3), and what waits to be sent.

A request is matched by the branch of its top Via, its sent-by and its method; where the branch is
not unique (RFC 2543 peers, or the bare magic cookie) by the fields that identify it instead. A
response is matched by our own branch, which nobody else can guess, and the method in its CSeq.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace

from ivr.sip.address import Flow
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response, serialize
from ivr.sip.routing import answerable, fallback_flow, response_flow
from ivr.sip.timers import Durations, TimerQueue
from ivr.sip.transaction import Answered, ClientTransaction, ServerTransaction, Transaction
from ivr.sip.via import MAGIC_COOKIE, Via

without_connection_s = 600.0  # how long a neighbour that took no connection is not asked again
_without_connection_most = 1000


class Transactions:
    """All transactions alive, the queue of timers and the queue of datagrams."""

    def __init__(
        self,
        durations: Durations,
        timers: TimerQueue,
        new_id: Callable[[], str],
        *,
        datagram_max: int | None = None,
    ) -> None:
        self.durations = durations
        self.timers = timers
        self._datagram_max = datagram_max
        self._without_connection: dict[tuple[str, int], float] = {}
        self.outbox: list[tuple[Flow, bytes]] = []
        self.held_bytes = 0  # requests of the peers' that are held, about
        self._new_id = new_id
        self._servers: dict[Hashable, ServerTransaction] = {}
        self._clients: dict[Hashable, ClientTransaction] = {}
        # Connections come and go with every call, so those that use one are found without a
        # search; datagram paths hardly ever fail.
        self._on_connection: dict[Flow, set[Transaction]] = {}

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    def send(self, flow: Flow, data: bytes) -> None:
        if answerable(flow):
            self.outbox.append((flow, data))

    # Requests of the peer's

    def find_server(
        self, request: Request, *, method: str | None = None
    ) -> ServerTransaction | None:
        """The transaction a request repeats, acknowledges or (with `method`) cancels."""
        return self._servers.get(server_key(request, method or request.method))

    def accept(self, request: Request, flow: Flow) -> ServerTransaction:
        """A transaction for a new request that came on `flow`."""
        via = request.via
        transaction = ServerTransaction(
            self,
            server_key(request, request.method),
            request,
            response_flow(flow, via),
            alternative=fallback_flow(flow, via),
        )
        self._servers[transaction.key] = transaction
        self.held_bytes += transaction.held_bytes
        self._index(transaction)
        return transaction

    # Requests of ours

    def start(
        self,
        request: Request,
        flow: Flow,
        on_answer: Answered,
        now: float,
        *,
        connect: bool = True,
    ) -> ClientTransaction:
        """Put our Via on a request and send it; a CANCEL keeps the Via of its INVITE (§9.1).

        What is too large for a datagram goes by TCP (§18.1.1) unless `connect` is False: a
        stranger's headers must not have us knock at the doors of others.
        """
        or_else: Callable[[], tuple[Flow, bytes]] | None = None
        if request.method == "CANCEL":
            branch = request.via.branch or ""
        else:
            branch = self.stamp(request, flow)
            if connect and self._too_large(request, flow, now):
                by_udp, flow = flow, replace(flow, transport="tcp")
                request.headers.set("Via", our_via(flow, branch))

                def or_else() -> tuple[Flow, bytes]:
                    request.headers.set("Via", our_via(by_udp, branch))
                    return by_udp, serialize(request)

        transaction = ClientTransaction(
            self,
            (branch, request.method),
            request,
            flow,
            on_answer,
            acknowledge_refusal,
            or_else=or_else,
        )
        self._clients[transaction.key] = transaction
        self._index(transaction)
        transaction.start(now)
        return transaction

    def _too_large(self, request: Request, flow: Flow, now: float) -> bool:
        if self._datagram_max is None or flow.reliable:
            return False
        if self._without_connection.get(flow.remote, now) > now:
            return False
        return len(serialize(request)) > self._datagram_max

    def stamp(self, request: Request, flow: Flow) -> str:
        """Put a Via of ours on a request, in place of the one it has; returns the branch."""
        branch = MAGIC_COOKIE + self._new_id()
        via = our_via(flow, branch)
        if "Via" in request.headers:
            request.headers.set("Via", via)
        else:
            request.headers.add("Via", via)
        return branch

    def receive_response(self, response: Response, now: float) -> bool:
        """Hand a response to its request; False where there is none (§18.1.2: dropped)."""
        branch = response.via.branch
        transaction = self._clients.get((branch, response.cseq.method))
        if transaction is None:
            return False
        transaction.receive(response, now)
        return True

    # Common

    def flow_failed(self, flow: Flow, now: float) -> None:
        """Whoever depends on a path that is gone hears of it."""
        if flow.reliable:
            concerned = list(self._on_connection.pop(flow, ()))
        else:
            everything = [*self._servers.values(), *self._clients.values()]
            concerned = [transaction for transaction in everything if transaction.flow == flow]
        for transaction in concerned:
            if isinstance(transaction, ClientTransaction) and transaction.chose_connection:
                self._no_connection(flow, now)
            transaction.flow_failed(now)
            if not transaction.terminated:
                self._index(transaction)

    def _no_connection(self, flow: Flow, now: float) -> None:
        known = self._without_connection
        known.pop(flow.remote, None)
        if len(known) >= _without_connection_most:
            del known[next(iter(known))]
        known[flow.remote] = now + without_connection_s

    def forget(self, transaction: Transaction) -> None:
        if isinstance(transaction, ServerTransaction):
            self.held_bytes -= transaction.held_bytes
            if self._servers.get(transaction.key) is transaction:
                del self._servers[transaction.key]
        elif self._clients.get(transaction.key) is transaction:
            del self._clients[transaction.key]
        if transaction.flow.reliable:
            users = self._on_connection.get(transaction.flow)
            if users is not None:
                users.discard(transaction)
                if not users:
                    del self._on_connection[transaction.flow]

    def _index(self, transaction: Transaction) -> None:
        if transaction.flow.reliable:
            self._on_connection.setdefault(transaction.flow, set()).add(transaction)


def our_via(flow: Flow, branch: str) -> str:
    """Our Via on a path, asking for `rport` (RFC 3581 §3)."""
    host, port = flow.local
    where = f"[{host}]" if ":" in host else host
    return f"SIP/2.0/{flow.transport.upper()} {where}:{port};branch={branch};rport"


def server_key(request: Request, method: str) -> Hashable:
    """What makes two requests the same transaction; ACK counts as its INVITE (§17.2.3)."""
    if method == "ACK":
        method = "INVITE"
    via: Via = request.via
    if via.has_cookie:
        host, port = via.sent_by
        return via.branch, host.lower(), port, method
    return (
        request.uri.serialize(),
        request.from_.tag,
        request.call_id,
        request.cseq.number,
        via.host.lower(),
        via.port,
        via.branch,
        method,
    )


def acknowledge_refusal(invite: Request, response: Response) -> Request:
    """The ACK to a final response other than 2xx: same branch, same route (§17.1.1.3)."""
    headers = Headers()
    headers.add("Via", invite.headers.get_all("Via")[0])
    for route in invite.headers.get_all("Route"):
        headers.add("Route", route)
    headers.add("Max-Forwards", "70")
    headers.add("From", invite.headers.get("From") or "")
    headers.add("To", response.headers.get("To") or "")
    headers.add("Call-ID", invite.call_id)
    headers.add("CSeq", f"{invite.cseq.number} ACK")
    return Request("ACK", invite.uri, headers, b"")


def cancel_of(invite: Request) -> Request:
    """The CANCEL of an INVITE: same branch, same To without tag (§9.1)."""
    headers = Headers()
    headers.add("Via", invite.headers.get_all("Via")[0])
    for route in invite.headers.get_all("Route"):
        headers.add("Route", route)
    headers.add("Max-Forwards", "70")
    for name in ("From", "To", "Call-ID"):
        headers.add(name, invite.headers.get(name) or "")
    headers.add("CSeq", f"{invite.cseq.number} CANCEL")
    return Request("CANCEL", invite.uri, headers, b"")
