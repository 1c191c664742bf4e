"""Sockets of SIP: one UDP port, one TCP port, and the user agent between them.

Thin on purpose: bytes go in with the path they came by, datagrams come out
(RFC 3261 §18). Nothing here reads a header.
"""

import logging
import socket
import time
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.abstract import isIPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

from ivr.gate import Gate
from ivr.sip.address import Flow
from ivr.sip.errors import SipParseError
from ivr.sip.framing import StreamFramer
from ivr.sip.user_agent import UserAgent
from ivr.traces import TraceWriter

CONNECTION_LIMIT = 1000
IDLE_S = 900
"""A TCP connection without a byte for this long is closed (keep-alives come far sooner)."""
FIRST_MESSAGE_S = 20
"""Who connects has something to say."""
ONE_MESSAGE_S = 10
"""A message that has begun is complete by then, however its bytes drip in."""
WITHHELD_LIMIT = 1000
"""Answers kept for sources that have not sent enough to be sent so much (`ivr.gate`)."""
BACKLOG_LIMIT = 1 << 20
"""Bytes kept for a TCP peer that does not read; more, and the connection is dropped."""

MAPPED = "::ffff:"
"""How an IPv6 socket names an IPv4 peer (RFC 4291 §2.5.5.2)."""

log = logging.getLogger(__name__)


def unmapped(host: str) -> str:
    """Return the plain IPv4 address of an IPv4-mapped one; any other as it is."""
    return host[len(MAPPED) :] if host.startswith(MAPPED) and "." in host else host


class LocalAddresses:
    """Which of our addresses a peer sees: asked of the kernel's routing table, then remembered."""

    def __init__(self, host: str, public: str | None) -> None:
        self._fixed = public or (None if host in ("0.0.0.0", "::", "") else host)  # noqa: S104
        self._known: dict[str, str] = {}

    def towards(self, peer: str) -> str:
        """Return our address as `peer` should see it."""
        if self._fixed is not None:
            return self._fixed
        known = self._known.get(peer)
        if known is None:
            family = socket.AF_INET6 if ":" in peer else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                try:
                    probe.connect((peer, 9))  # sends nothing: connect() of UDP only routes
                    known = probe.getsockname()[0]
                except OSError:
                    known = "::1" if ":" in peer else "127.0.0.1"
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[peer] = known
        return known


class SipTransport:
    """Carries bytes between the sockets and the user agent, and events to `listener`."""

    def __init__(
        self, reactor: Any, user_agent: UserAgent, addresses: LocalAddresses, port: int
    ) -> None:
        self._reactor = reactor
        self.user_agent = user_agent
        self.trace: TraceWriter | None = None
        """Where messages are kept for those who look for a fault, if anywhere."""
        self.gate: Gate | None = None
        """Who is heard and answered; everybody where there is none."""
        self._withheld: dict[str, tuple[Flow, bytes]] = {}
        self.addresses = addresses
        self.port = port
        self.listener: Callable[[Any], None] = lambda _event: None
        self._udp: _Datagrams | None = None
        self._connections: dict[tuple[str, int], _Connection] = {}
        self._connecting: dict[tuple[str, int], list[tuple[Flow, bytes]]] = {}
        self._listening: list[Any] = []
        self._pumping = False

    def listen(self, host: str) -> None:
        """Open the UDP and the TCP port; raises twisted.internet.error.CannotListenError."""
        self._udp = _Datagrams(self, six=":" in host)
        self._listening.append(
            self._reactor.listenUDP(self.port, self._udp, interface=host, maxPacketSize=65535)
        )
        self._listening.append(
            self._reactor.listenTCP(self.port, _Connections(self), interface=host)
        )

    def close(self) -> None:
        """Close every port and connection."""
        for port in self._listening:
            port.stopListening()
        for connection in list(self._connections.values()):
            connection.transport.loseConnection()

    # --- in
    def admits(self, host: str, size: int, *, proven: bool) -> bool:
        """Whether a packet may be read; asked before anything is done with it."""
        return self.gate is None or self.gate.admits(host, size, time.monotonic(), proven=proven)

    def received(self, data: bytes, flow: Flow) -> None:
        """Hand one message to the user agent."""
        if self.trace is not None:
            self.trace.note(True, flow.transport, flow.local, flow.remote, data)
        self.user_agent.receive(data, flow, time.monotonic())
        self.pump()
        if self._withheld and flow.transport == "udp":
            waiting = self._withheld.pop(flow.remote[0], None)
            if waiting is not None:
                self._send(*waiting)  # what has come since may pay for it

    def failed(self, flow: Flow) -> None:
        """Tell the user agent that nothing reaches this peer."""
        self.user_agent.flow_failed(flow, time.monotonic())
        self.pump()

    def tick(self, now: float) -> None:
        """Run the user agent's timers."""
        deadline = self.user_agent.next_deadline()
        if deadline is not None and deadline <= now:
            self.user_agent.tick(now)
            self.pump()

    def flow_from(self, transport: str, host: str, port: int) -> Flow:
        """Return the path by which we reach a peer."""
        kind = cast(Any, "tcp" if transport == "tcp" else "udp")
        return Flow(kind, (self.addresses.towards(host), self.port), (host, port))

    def resolve(self, transport: str, host: str, port: int) -> "Deferred[Flow]":
        """Find the path to a named peer: its A record (SRV and NAPTR of RFC 3263 are not asked)."""
        if isIPv6Address(host):  # the reactor's resolver knows only names and IPv4
            return succeed(self.flow_from(transport, self._will_call(host), port))
        looking: Deferred[str] = self._reactor.resolve(host)
        looking.addCallback(self._will_call)
        return looking.addCallback(lambda address: self.flow_from(transport, address, port))

    def _will_call(self, address: str) -> str:
        if self.gate is not None:
            self.gate.we_call(address)
        return address

    # --- out
    def pump(self) -> None:
        """Send what waits and hand out events, until there is neither."""
        if self._pumping:
            return  # a listener gave a command: the loop below will see to it
        self._pumping = True
        try:
            while True:
                for flow, data in self.user_agent.to_send():
                    self._send(flow, data)
                event = self.user_agent.next_event()
                if event is None:
                    return
                try:
                    self.listener(event)
                except Exception:  # noqa: BLE001 - a fault in one call must not stop signalling
                    what = type(event).__name__  # what it holds is whose number it is
                    log.error("%s failed: %s", what, Failure().getTraceback())
        finally:
            self._pumping = False

    def relate(self, call: int, call_id: str) -> None:
        """Say that a call of ours was placed for the call with this Call-ID."""
        if self.trace is not None:
            self.trace.relate(call_id, self.user_agent.call_id(call))

    def _send(self, flow: Flow, data: bytes) -> None:
        if self.trace is not None:
            self.trace.note(False, flow.transport, flow.local, flow.remote, data)
        if flow.transport == "udp":
            if self._udp is not None and self._may_send(flow, data):
                self._udp.send(data, flow.remote)
            return
        connection = self._connections.get(flow.remote)
        if connection is not None:
            connection.send(data)
            return
        waiting = self._connecting.setdefault(flow.remote, [])
        waiting.append((flow, data))
        if len(waiting) == 1:
            self._connect(flow)

    def _may_send(self, flow: Flow, data: bytes) -> bool:
        """Ask the gate; a final answer that may not go yet waits, the newest for each host."""
        host = flow.remote[0]
        if self.gate is None or self.gate.may_answer(host, len(data), time.monotonic()):
            return True
        if data[:8] == b"SIP/2.0 " and data[8:9] != b"1":
            if len(self._withheld) >= WITHHELD_LIMIT:
                self._withheld.pop(next(iter(self._withheld)))
            self._withheld[host] = flow, data
        return False

    def _connect(self, flow: Flow) -> None:
        endpoint = HostnameEndpoint(self._reactor, *flow.remote, timeout=5)
        attempt: Deferred[Any] = endpoint.connect(cast(Any, _Connections(self)))

        def connected(connection: "_Connection") -> None:
            for _flow, data in self._connecting.pop(flow.remote, []):
                connection.send(data)

        def failed(_failure: Failure) -> None:
            self._connecting.pop(flow.remote, None)
            self.failed(flow)

        attempt.addCallbacks(connected, failed)

    # --- connections
    def opened(self, connection: "_Connection") -> bool:
        """Take a connection in, or refuse it where there are too many."""
        if len(self._connections) >= CONNECTION_LIMIT:
            return False
        host = connection.flow.remote[0]
        if self.gate is not None and not self.gate.may_connect(host, time.monotonic()):
            return False
        self._connections[connection.flow.remote] = connection
        return True

    def closed(self, connection: "_Connection") -> None:
        """Forget a connection."""
        if self._connections.get(connection.flow.remote) is connection:
            del self._connections[connection.flow.remote]
            if self.gate is not None:
                self.gate.disconnected(connection.flow.remote[0])
            self.failed(connection.flow)


class _Datagrams(DatagramProtocol):
    transport: Any  # zope's interfaces tell a type checker nothing of use

    def __init__(self, sip: SipTransport, *, six: bool) -> None:
        self._sip = sip
        self._six = six

    def datagramReceived(self, datagram: bytes, addr: tuple[Any, ...]) -> None:  # noqa: N802
        host, port = unmapped(addr[0]), addr[1]
        if not self._sip.admits(host, len(datagram), proven=False):
            return
        if not datagram.strip():
            return  # a keep-alive of CRLF, RFC 5626 §3.5.1
        self._sip.received(datagram, self._sip.flow_from("udp", host, port))

    def send(self, data: bytes, remote: tuple[str, int]) -> None:
        host, port = remote
        if self._six and ":" not in host:
            host = MAPPED + host
        try:
            self.transport.write(data, (host, port))
        except (OSError, ValueError) as error:
            # The transaction's own timer reports a peer that stays away; one lost datagram is UDP.
            log.debug("A datagram to %s was not sent: %s", remote, error)


class _Connection(Protocol, TimeoutMixin):
    transport: Any

    def __init__(self, sip: SipTransport) -> None:
        self._sip = sip
        self._framer = StreamFramer()
        self._backlog: int | None = None
        self.flow = Flow("tcp", ("", 0), ("", 0))

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        peer = self.transport.getPeer()
        self.flow = self._sip.flow_from("tcp", unmapped(peer.host), peer.port)
        self.transport.setTcpNoDelay(True)
        self.transport.setTcpKeepAlive(True)
        if not self._sip.opened(self):
            self.transport.abortConnection()
            return
        self.transport.registerProducer(self, True)
        self.setTimeout(FIRST_MESSAGE_S)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        begun = self._framer.begun
        try:
            messages = self._framer.feed(data)
        except SipParseError:
            messages = []
        if messages or not begun:
            self.setTimeout(ONE_MESSAGE_S if self._framer.begun else IDLE_S)
        for message in messages:
            if not self._sip.admits(self.flow.remote[0], len(message), proven=True):
                # Dropping what a stream carries would leave the peer waiting for nothing.
                self.transport.abortConnection()
                return
            self._sip.received(message, self.flow)
        if pings := self._framer.take_pings():
            self.transport.write(b"\r\n" * pings)  # RFC 5626 §4.4.1
        if self._framer.failed is not None:
            # Where the next message begins cannot be known: answer what came, and close.
            log.info("A stream from %s is closed: %s", self.flow.remote, self._framer.failed)
            self._sip.received(self._framer.rejected, self.flow)
            self.transport.loseConnection()

    def send(self, data: bytes) -> None:
        self.transport.write(data)
        if self._backlog is not None:
            self._backlog += len(data)
            if self._backlog > BACKLOG_LIMIT:
                self.transport.abortConnection()

    def timeoutConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once: who is slow to write may be slow to read."""
        self.transport.abortConnection()

    # --- as the transport's producer we learn when the peer stops reading
    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._backlog = 0

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._backlog = None

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._backlog = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self.setTimeout(None)
        self._sip.closed(self)


class _Connections(Factory):
    def __init__(self, sip: SipTransport) -> None:
        self._sip = sip

    def buildProtocol(self, addr: Any) -> _Connection:  # noqa: N802 - Twisted's name
        return _Connection(self._sip)
