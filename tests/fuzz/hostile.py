"""A hostile peer: mutated SIP, RTP, RTCP and HTTP in bursts, the same for one seed.

What it sends is made from the same seeds as the fuzzing. Packets of sound go to the ports of
calls that are up, from addresses that have no business there and, where the system lets us write
whole IP packets (root), from the very addresses of the callers. Events of RFC 4733 are left out
of those: a key that comes from the caller's own address and port is the caller's key, as far as
anybody can tell without SRTP.
"""

from __future__ import annotations

import random
import select
import socket
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.fuzz.mutation import Mutator
from tests.fuzz.targets import rtp, sip, sip_agent

MOST_BYTES = 4000
CONNECTIONS = 30
_UDP_HEADER = struct.Struct("!HHHH")


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a call's sound: where the line listens, and where the caller sends from."""

    line: tuple[str, int]
    caller: tuple[str, int]


@dataclass(slots=True)
class Aim:
    """What is shot at; a port of 0 is left alone. `calls` may change while it goes on."""

    sip: tuple[str, int]
    calls: Sequence[Ends] = ()
    tls: tuple[str, int] = ("", 0)
    web: tuple[str, int] = ("", 0)


class HostilePeer:
    """Sends; `sent` counts what left, by kind. Its sources are `sources` addresses of 127.66."""

    def __init__(self, aim: Aim, seed: int = 1, *, sources: int = 8) -> None:
        self.aim = aim
        self.sent: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.random = random.Random(seed)
        seeds = [*sip.seeds()]
        for script in sip_agent.seeds():
            seeds += [step[2:] for step in script.split(sip_agent.BREAK) if len(step) > 100]
        self._sip_seeds = seeds
        self._sip = Mutator(seed, sip.WORDS, seeds)
        self._sound = Mutator(seed + 1)
        self._web = Mutator(seed + 2, _HTTP_WORDS, _HTTP)
        self._udp = [_bound(f"127.66.0.{1 + n}") for n in range(sources)]
        self._streams: list[socket.socket] = []
        try:
            self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        except PermissionError:
            self._raw = None
        self._kinds: list[Callable[[], None]] = [
            *([self._sip_datagram] * 8),
            *([self._sip_stream] * 2),
            *([self._junk_of_strangers] * 4),
            *([self._forged] * 4),
            *([self._web_request] if aim.web[1] else []),
            *([self._tls_junk] if aim.tls[1] else []),
        ]

    def burst(self, packets: int) -> None:
        """Send so many pieces, as fast as they can be made."""
        for _ in range(packets):
            with suppress(OSError):  # a full buffer, a connection that was closed on us
                self.random.choice(self._kinds)()
        self._look_at_answers()

    def close(self) -> None:
        for one in (*self._udp, *self._streams, *([self._raw] if self._raw else [])):
            one.close()

    # --- signalling
    def sip_message(self) -> bytes:
        """A message of SIP, mutated nine times of ten, with tags and branches of its own."""
        data = self.random.choice(self._sip_seeds)
        own = b"%08x" % self.random.getrandbits(32)
        if self.random.random() < 0.7:
            data = (
                data.replace(b"call-1", own)
                .replace(b"{tag}", own)
                .replace(b"z9hG4bK", b"z9hG4bK" + own)
            )
        if self.random.random() < 0.9:
            data = self._sip.mutate(data, MOST_BYTES)
        return data

    def _sip_datagram(self) -> None:
        self.random.choice(self._udp).sendto(self.sip_message(), self.aim.sip)
        self.sent["SIP over UDP"] += 1

    def _sip_stream(self) -> None:
        stream = self._stream(self.aim.sip)
        data = self.sip_message().replace(b"/UDP", b"/TCP")
        cut = self.random.choice((len(data), len(data), self.random.randint(0, len(data))))
        stream.send(data[:cut])
        self.sent["SIP over TCP"] += 1

    def _tls_junk(self) -> None:
        stream = self._stream(self.aim.tls)
        stream.send(self._sound.mutate(_CLIENT_HELLO, 600))
        self.sent["TLS"] += 1

    def _web_request(self) -> None:
        stream = self._stream(self.aim.web)
        stream.send(self._web.mutate(self.random.choice(_HTTP), MOST_BYTES))
        self.sent["HTTP and WebSocket"] += 1

    def _stream(self, to: tuple[str, int]) -> socket.socket:
        """A connection of some thirty that are open, or a new one in place of the oldest."""
        there = [one for one in self._streams if _peer(one) == to]
        if there and self.random.random() < 0.6:
            return self.random.choice(there)
        if len(self._streams) >= CONNECTIONS:
            self._streams.pop(0).close()
        stream = socket.socket()
        stream.bind((f"127.66.1.{self.random.randint(1, 9)}", 0))
        stream.settimeout(0.2)
        stream.connect(to)
        stream.setblocking(False)
        self._streams.append(stream)
        self.sent["TCP connections"] += 1
        return stream

    # --- sound
    def _packet(self) -> tuple[bytes, bool]:
        """Sound or a report, and whether it is a report."""
        if self.random.random() < 0.3:
            return self._sound.mutate(self.random.choice(rtp._REPORTS), 1400), True
        header = struct.pack(
            "!BBHII",
            *(0x80, self.random.choice((0, 0, 0x80, 8, 13, 96)), self.random.getrandbits(16)),
            *(self.random.getrandbits(32), self.random.choice((7, self.random.getrandbits(32)))),
        )
        data = header + self.random.randbytes(160)
        return (self._sound.mutate(data, 1400) if self.random.random() < 0.5 else data), False

    def _junk_of_strangers(self) -> None:
        if not self.aim.calls:
            return
        call = self.random.choice(self.aim.calls)
        data, report = self._packet()
        to = (call.line[0], call.line[1] + report)
        self.random.choice(self._udp).sendto(data, to)
        self.sent["sound and reports from strangers"] += 1

    def _forged(self) -> None:
        """From the caller's own address and port, as far as the line can see."""
        if not self.aim.calls or self._raw is None:
            return
        call = self.random.choice(self.aim.calls)
        data, report = self._packet()
        if not report and len(data) > 1 and data[1] & 0x7F == 101:
            return
        source = (call.caller[0], call.caller[1] + report)
        self._raw.sendto(_datagram(source, (call.line[0], call.line[1] + report), data), call.line)
        self.sent["sound and reports forged"] += 1

    def _look_at_answers(self) -> None:
        ready = select.select([*self._udp, *self._streams], [], [], 0)[0]
        for one in ready:
            with suppress(OSError):
                for _ in range(200):
                    one.setblocking(False)
                    data = one.recv(65535)
                    if not data:
                        break
                    self.answers[data[:11].decode("latin-1").split("\r")[0]] += 1


def _bound(host: str) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind((host, 0))
    found.setblocking(False)
    return found


def _peer(stream: socket.socket) -> tuple[str, int] | None:
    try:
        host, port = stream.getpeername()[:2]
    except OSError:
        return None
    return host, port


def _datagram(source: tuple[str, int], to: tuple[str, int], data: bytes) -> bytes:
    """A whole IPv4 packet; the kernel fills in its length and checksum (raw(7))."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(to[0])
    head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    # A checksum of 0 is none (RFC 768).
    return head + _UDP_HEADER.pack(source[1], to[1], 8 + len(data), 0) + data


_HTTP = (
    b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n",
    b"POST /sign-in HTTP/1.1\r\nHost: desk\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 30\r\n\r\nusername=admin&password=secret",
    b"GET /telephone/call HTTP/1.1\r\nHost: desk\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    b"\x82\xfe\x00\xa0abcd" + b"x" * 160 + b"\x81\x85abcdhello",
    b"POST /api/complaints HTTP/1.1\r\nHost: desk\r\nTransfer-Encoding: chunked\r\n"
    b"Authorization: Bearer x\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: desk\r\nRange: bytes=0-\r\nCookie: session=x\r\n\r\n",
)
_HTTP_WORDS = (
    *(b"Content-Length: ", b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"HTTP/0.9"),
    *(
        b"\r\n\r\n",
        b"PUT ",
        b"OPTIONS * ",
        b"/../",
        b"%00",
        b"Host: ",
        b"Cookie: ",
        b"\x88\x80abcd",
    ),
    *(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", b"ffffffffffffffff\r\n", b"Upgrade: h2c"),
)
_CLIENT_HELLO = (
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(32)) + b"\x00\x00\x20"
    b"\xcc\xa8\xcc\xa9\xc0\x2f\xc0\x30\xc0\x2b\xc0\x2c\xc0\x13\xc0\x09\xc0\x14\xc0\x0a\x00\x9c"
    b"\x00\x9d\x00\x2f\x00\x35\xc0\x12\x00\x0a\x01\x00\x00\x58" + b"\x00" * 88
)
