"""TLS for SIP: our certificate, whom we believe, and how handshakes take turns (RFC 3261 §26).

TLS 1.2 and up, ciphers with forward secrecy only. A new certificate is taken into use by new
connections; old ones live on. Whom we call must show a certificate of an authority we believe,
made out for the name that we called (RFC 5922 §7: SIP URIs before host names, no wildcards).

A handshake costs the reactor 0.5 ms with ECDSA, 0.9 ms with RSA of 2048 bits and up to 4 ms with
one of 4096 (`bench/encryption.py`). Those that wait to begin take turns, a few in each tick, so
that a thousand telephones that come back at once are no gap in anybody's call; who comes again
within a day resumes and costs less.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from zope.interface import implementer

from ivr.certificates import CertificateError, CertificateFiles
from ivr.wording import Wording

TURN_S = 0.0015
"""What handshakes may take of one tick; the one that is under way is finished."""
WAITING_LIMIT = 200
"""Connections whose handshake has not begun; more are closed as they come."""
HELD_BYTES = 16_384
"""Of a connection that waits: a ClientHello and more, but nobody's memory."""

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe when we connect: an authority of our own, or the system's; or anybody."""

    authority: Path | None = None
    verify: bool = True


class Turns:
    """Connections that wait to begin their handshake, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[_PacedTls] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, connection: _PacedTls) -> bool:
        """Wait for a turn; False where too many do."""
        if len(self._waiting) >= WAITING_LIMIT:
            return False
        self._waiting.append(connection)
        return True

    def take(self) -> None:
        """Begin handshakes for as long as one tick has time for; call it every tick."""
        if not self._waiting:
            return
        until = time.perf_counter() + TURN_S
        while self._waiting:
            self._waiting.popleft().begin()
            if time.perf_counter() >= until:
                return


class _PacedTls(BufferingTLSTransport):
    """Holds what a client says first until it is its turn."""

    factory: _PacedFactory

    def __init__(self, factory: Any, wrapped: Any, _connect_wrapped: bool = True) -> None:
        super().__init__(factory, wrapped, _connect_wrapped)
        self._held: bytes | None = b""

    def dataReceived(self, bytes: bytes) -> None:  # noqa: N802 - Twisted's name
        if self._held is None:
            super().dataReceived(bytes)
            return
        first = not self._held
        self._held += bytes
        if len(self._held) > HELD_BYTES or (first and not self.factory.turns.ask(self)):
            self.abortConnection()

    def begin(self) -> None:
        """It is this connection's turn."""
        held, self._held = self._held, None
        if held and self.connected:
            super().dataReceived(held)


class _PacedFactory(TLSMemoryBIOFactory):
    protocol = _PacedTls

    def __init__(self, creator: Any, wrapped: Any, turns: Turns, clock: Any) -> None:
        super().__init__(creator, False, wrapped, clock)
        self.turns = turns


class Tls:
    """Both sides of TLS. Without a certificate of ours only connections that we make."""

    def __init__(self, reactor: Any, files: CertificateFiles | None, port: int) -> None:
        self._reactor = reactor
        self.files = files
        self.port = port
        self.turns = Turns()
        self._server: SSL.Context | None = None
        self._clients: dict[Trust, SSL.Context] = {}
        self._trusts: dict[str, Trust] = {}

    @property
    def serves(self) -> bool:
        """Whether there is a certificate to show."""
        return self._server is not None

    def renew(self) -> Callable[[], None]:
        """Read our files (in a thread); what is returned takes them into use (on the reactor's).

        Raises CertificateError; then nothing has changed.
        """
        assert self.files is not None  # noqa: S101 - only asked for where there are any
        server = server_context(self.files)
        # Those for connections of ours as well: reading the system's authorities takes 5 to 13 ms,
        # a gap in every call on the reactor's thread.
        clients: dict[Trust, SSL.Context] = {}
        for trust in tuple(self._clients):
            try:
                clients[trust] = client_context(trust, self.files)
            except CertificateError as error:
                log.error("%s", error)  # and whoever connects is told so

        def use() -> None:
            self._server = server
            self._clients = clients

        return use

    def trust(self, host: str, trust: Trust) -> None:
        """Believe what the settings say of this host."""
        self._trusts[host.lower()] = trust

    def trust_in(self, host: str) -> Trust:
        """What is believed of a host."""
        return self._trusts.get(host.lower(), Trust())

    def server_factory(self, wrapped: Any) -> Any:
        """A factory for connections that come in."""
        return _PacedFactory(_Creator(self), wrapped, self.turns, self._reactor)

    def client_factory(self, host: str, wrapped: Any) -> Any:
        """A factory for a connection of ours to `host`; raises CertificateError."""
        trust = self.trust_in(host)
        context = self._clients.get(trust)
        if context is None:
            context = self._clients[trust] = client_context(trust, self.files)
        creator: Any = _ClientCreator(context, host)
        return TLSMemoryBIOFactory(creator, True, wrapped, self._reactor)

    def server_connection(self) -> SSL.Connection:
        """A connection with the certificate that is in use now."""
        assert self._server is not None  # noqa: S101 - no port is open before
        return SSL.Connection(self._server, None)


@implementer(IOpenSSLServerConnectionCreator)
class _Creator:
    def __init__(self, tls: Tls) -> None:
        self._tls = tls

    def serverConnectionForTLS(self, _protocol: Any) -> SSL.Connection:  # noqa: N802
        return self._tls.server_connection()


@implementer(IOpenSSLClientConnectionCreator)
class _ClientCreator:
    def __init__(self, context: SSL.Context, host: str) -> None:
        self._context = context
        self._host = host

    def clientConnectionForTLS(self, _protocol: Any) -> SSL.Connection:  # noqa: N802
        connection = SSL.Connection(self._context, None)
        if not _is_address(self._host):
            connection.set_tlsext_host_name(self._host.encode("idna"))
        return connection


def server_context(files: CertificateFiles) -> SSL.Context:
    """Our side of connections that come in; raises CertificateError."""
    context = _context(SSL.TLS_SERVER_METHOD)
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION)
    _show(context, files)
    # Needed where clients show certificates, or OpenSSL refuses those that resume.
    context.set_session_id(b"minsheng-line sip")
    if files.client_ca is not None:
        _believe(context, files.client_ca)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def client_context(trust: Trust, files: CertificateFiles | None) -> SSL.Context:
    """Our side of connections we make; raises CertificateError."""
    context = _context(SSL.TLS_CLIENT_METHOD)
    if files is not None:
        _show(context, files)
    if trust.verify:
        if trust.authority is None:
            context.set_default_verify_paths()
        else:
            _believe(context, trust.authority)
        context.set_verify(SSL.VERIFY_PEER)
    return context


def is_made_out_for(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate names a SIP domain or host (RFC 5922 §7.1, §7.2)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    wanted = host.lower().rstrip(".")
    if _is_address(wanted):
        return ip_address(wanted) in names.get_values_for_type(x509.IPAddress)
    uris = [uri.lower() for uri in names.get_values_for_type(x509.UniformResourceIdentifier)]
    domains = [uri.removeprefix("sip:") for uri in uris if uri.startswith("sip:")]
    if not domains:
        domains = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    return wanted in (domain.rstrip(".") for domain in domains)


def _context(method: int) -> SSL.Context:
    context = SSL.Context(method)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(SSL.OP_NO_COMPRESSION)
    return context


def _show(context: SSL.Context, files: CertificateFiles) -> None:
    try:
        context.use_certificate_chain_file(str(files.certificate))
        context.use_privatekey_file(str(files.key_file))
        context.check_privatekey()
    except SSL.Error as error:
        raise _unusable(files.certificate, error) from error


def _believe(context: SSL.Context, authority: Path) -> None:
    try:
        context.load_verify_locations(str(authority))
    except SSL.Error as error:
        raise _unusable(authority, error) from error


def _unusable(file: Path, error: SSL.Error) -> CertificateError:
    said = error.args[0][-1][-1] if error.args and error.args[0] else "cannot be used"
    return CertificateError(
        Wording(
            f"{file}: OpenSSL cannot use it ({said}); is it there, and in PEM form?",
            f"{file}：OpenSSL 无法使用（{said}）；请确认文件存在且为 PEM 格式",
        )
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
