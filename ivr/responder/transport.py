"""Sockets of SIP: a port for UDP and TCP, one for TLS, and the user agent between them.

Thin on purpose: bytes go in with the path they came by, datagrams come out
(RFC 3261 §18). Nothing here reads a header.
"""

import logging
import socket
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from zope.interface import implementer

from ivr.certificates import CertificateError
from ivr.gate import Gate
from ivr.responder.locating import Locator, Way, system_addresses
from ivr.responder.tls import Tls, is_made_out_for
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
WITHHELD_S = 5.0
"""And so long: what is still wanted is repeated within T2 (4 s), by whoever wants it."""
BACKLOG_LIMIT = 1 << 20
"""Bytes kept for a TCP peer that does not read; more, and the connection is dropped."""

HANDSHAKE_S = 10
"""What a TLS handshake may take, its turn among others included."""

MAPPED = "::ffff:"
"""How an IPv6 socket names an IPv4 peer (RFC 4291 §2.5.5.2)."""

_Place = tuple[str, tuple[str, int]]
"""A connection's transport and far end: TCP and TLS have ports of their own."""

log = logging.getLogger(__name__)


def unmapped(host: str) -> str:
    """Return the plain IPv4 address of an IPv4-mapped one; any other as it is."""
    return host[len(MAPPED) :] if host.startswith(MAPPED) and "." in host else host


class LocalAddresses:
    """Which of our addresses a peer sees: asked of the kernel's routing table, then remembered."""

    def __init__(self, host: str, public: str | None) -> None:
        self._host = host
        self._bound = host not in ("0.0.0.0", "::", "")  # noqa: S104
        self._fixed = public or (host if self._bound else None)
        self._known: dict[str, str] = {}

    @property
    def families(self) -> list[type]:
        """What we can send to, as Twisted names the IP versions of addresses."""
        if ":" not in self._host:
            return [IPv4Address] if self._host else [IPv4Address, IPv6Address]
        return [IPv6Address] if self._bound else [IPv4Address, IPv6Address]

    def of_other_family(self, peer: str) -> str | None:
        """Return our address towards a peer that signalling does not go to; None for no way."""
        if self._bound:
            return None
        family = socket.AF_INET6 if ":" in peer else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((peer, 9))
            except OSError:
                return None
            found: str = probe.getsockname()[0]
        # One of the link means nothing without the name of the link.
        return None if ip_address(found).is_link_local else found

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
        self.tls: Tls | None = None
        """Certificates of both sides; without it nothing is reached by TLS."""
        self.troubles: dict[str, str] = {}
        """Why hosts could not be reached by TLS when it was last tried, by name, in words."""
        self._names: dict[tuple[str, int], str] = {}
        self._withheld: dict[str, tuple[Flow, bytes, float]] = {}
        self._locator = Locator(system_addresses(reactor, lambda: addresses.families))
        self.addresses = addresses
        self.port = port
        self.listener: Callable[[Any], None] = lambda _event: None
        self._udp: _Datagrams | None = None
        self._connections: dict[_Place, _Connection] = {}
        self._connecting: dict[_Place, list[tuple[Flow, bytes]]] = {}
        self._listening: list[Any] = []
        self._pumping = False

    def listen(self, host: str) -> None:
        """Open every port; raises twisted.internet.error.CannotListenError."""
        self._udp = _Datagrams(self, six=":" in host)
        self._listening.append(
            self._reactor.listenUDP(self.port, self._udp, interface=host, maxPacketSize=65535)
        )
        self._listening.append(
            self._reactor.listenTCP(self.port, _Connections(self), interface=host)
        )
        if self.tls is not None and self.tls.serves:
            secure = self.tls.server_factory(_Connections(self, _CalledByTls))
            self._listening.append(
                self._reactor.listenTCP(self.tls.port, secure, interface=host, backlog=512)
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
            if waiting is not None and waiting[2] + WITHHELD_S > time.monotonic():
                self._send(*waiting[:2])  # what has come since may pay for it

    def failed(self, flow: Flow) -> None:
        """Tell the user agent that nothing reaches this peer."""
        self.user_agent.flow_failed(flow, time.monotonic())
        self.pump()

    def tick(self, now: float) -> None:
        """Run the user agent's timers, and let those who connect by TLS have their turns."""
        if self.tls is not None:
            self.tls.turns.take()
        deadline = self.user_agent.next_deadline()
        if deadline is not None and deadline <= now:
            self.user_agent.tick(now)
            self.pump()

    def flow_from(self, transport: str, host: str, port: int) -> Flow:
        """Return the path by which we reach a peer."""
        kind = cast(Any, transport if transport in ("tcp", "tls") else "udp")
        own = self.tls.port if kind == "tls" and self.tls is not None else self.port
        return Flow(kind, (self.addresses.towards(host), own), (host, port))

    def locate(self, transport: str | None, host: str, port: int | None) -> "Deferred[list[Flow]]":
        """Find every path to a named peer, the first choice first (RFC 3263).

        No transport, no port: what its domain says.
        """

        def found(ways: "list[Way]") -> list[Flow]:
            # The certificate is to name what was asked for, not the address it led to.
            self._names.update({place: host for _, place in ways if place[0] != host})
            return [self.flow_from(kind, self._will_call(at), port) for kind, (at, port) in ways]

        if transport is None:
            ways = self._locator.choose(host, port, tls=self.tls is not None)
        else:
            ways = self._locator.find(transport, host, port).addCallback(
                lambda places: [(transport, place) for place in places]
            )
        return ways.addCallback(found)

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
        place = (flow.transport, flow.remote)
        connection = self._connections.get(place)
        if connection is not None:
            connection.send(data)
            return
        waiting = self._connecting.setdefault(place, [])
        waiting.append((flow, data))
        if len(waiting) == 1:
            self._connect(flow)

    def _may_send(self, flow: Flow, data: bytes) -> bool:
        """Ask the gate; a final answer that may not go yet waits, the newest for each host."""
        host = flow.remote[0]
        if self.gate is None:
            return True
        answers = data[:8] == b"SIP/2.0 "
        if self.gate.may_send(host, len(data), time.monotonic(), request=not answers):
            return True
        # What is larger than any source can be owed would wait for nothing.
        if answers and data[8:9] != b"1" and len(data) <= self.gate.limits.credit_bytes:
            if len(self._withheld) >= WITHHELD_LIMIT:
                self._withheld.pop(next(iter(self._withheld)))
            self._withheld[host] = flow, data, time.monotonic()
        return False

    def _connect(self, flow: Flow) -> None:
        host = self._names.get(flow.remote, flow.remote[0])
        factory: Any = _Connections(self)
        if flow.transport == "tls":
            if self.tls is None:
                self.unreached(flow, host, "this line has no TLS")
                return
            try:
                secure = _Connections(self, lambda sip: _CalledTls(sip, flow, host))
                factory = self.tls.client_factory(host, secure)
            except CertificateError as error:
                self.unreached(flow, host, str(error))
                return
        endpoint = HostnameEndpoint(self._reactor, *flow.remote, timeout=5)
        attempt: Deferred[Any] = endpoint.connect(factory)
        # What waits is sent when the connection is `opened`.
        attempt.addErrback(lambda failure: self.unreached(flow, host, failure.getErrorMessage()))

    def unreached(self, flow: Flow, host: str, why: str) -> None:
        """No connection came of it: whoever waits for one is told, a moment later."""
        if flow.transport == "tls":
            log.warning("No TLS with %s: %s", host, why)
            self.troubles[host] = why
        if self._connecting.pop((flow.transport, flow.remote), None) is not None:
            self._reactor.callLater(0, self.failed, flow)

    # --- connections
    def opened(self, connection: "_Connection") -> bool:
        """Take a connection in, or refuse it where there are too many."""
        place = (connection.flow.transport, connection.flow.remote)
        host = connection.flow.remote[0]
        full = len(self._connections) >= CONNECTION_LIMIT
        if full or (self.gate is not None and not self.gate.may_connect(host, time.monotonic())):
            if self._connecting.pop(place, None) is not None:
                self._reactor.callLater(0, self.failed, connection.flow)
            return False
        self._connections[place] = connection
        for _flow, data in self._connecting.pop(place, []):
            connection.send(data)
        return True

    def closed(self, connection: "_Connection") -> None:
        """Forget a connection."""
        place = (connection.flow.transport, connection.flow.remote)
        if self._connections.get(place) is connection:
            del self._connections[place]
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
        self._take_in("tcp")

    def _take_in(self, transport: str) -> None:
        peer = self.transport.getPeer()
        self.flow = self._sip.flow_from(transport, unmapped(peer.host), peer.port)
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


@implementer(IHandshakeListener)
class _CalledByTls(_Connection):
    """A peer connected to us. It counts from the first, and has only so long to shake hands."""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        self._take_in("tls")
        self.setTimeout(HANDSHAKE_S)

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        """Wait for a message as on any connection."""
        self.setTimeout(FIRST_MESSAGE_S)


@implementer(IHandshakeListener)
class _CalledTls(_Connection):
    """A connection of ours. Nothing is sent before the peer has shown who it is."""

    def __init__(self, sip: SipTransport, path: Flow, host: str) -> None:
        super().__init__(sip)
        self._path = path
        self._host = host
        self._why = ""
        self._shaken = False

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        self.setTimeout(HANDSHAKE_S)

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        """See whom we have reached (RFC 5922 §7.3), then use the connection."""
        if not self._is_whom_we_called():
            self._why = f"its certificate is not made out for {self._host}"
            self.transport.abortConnection()
            return
        self._shaken = True
        self._sip.troubles.pop(self._host, None)
        self._take_in("tls")

    def _is_whom_we_called(self) -> bool:
        tls, shown = self._sip.tls, self.transport.getPeerCertificate()
        if tls is None or not tls.trust_in(self._host).verify:
            return tls is not None
        return shown is not None and is_made_out_for(shown.to_cryptography(), self._host)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        super().connectionLost(reason)
        if not self._shaken:
            self._sip.unreached(self._path, self._host, self._why or _words(reason))


def _words(reason: Failure) -> str:
    """What OpenSSL says of a handshake that failed, or Twisted of a connection."""
    said = getattr(reason.value, "args", None)
    if said and isinstance(said[0], list) and said[0]:
        return str(said[0][-1][-1])
    return reason.getErrorMessage() or "the connection was closed"


class _Connections(Factory):
    def __init__(
        self,
        sip: SipTransport,
        protocol: Callable[[SipTransport], _Connection] = _Connection,
    ) -> None:
        self._sip = sip
        self._make = protocol

    def buildProtocol(self, addr: Any) -> _Connection:  # noqa: N802 - Twisted's name
        return self._make(self._sip)
