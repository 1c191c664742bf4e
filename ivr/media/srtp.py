"""SRTP for one leg (RFC 3711, RFC 7714), by libsrtp: packets out are sealed, those in are opened.

What does not open was not sent by the peer, or was sent before: it is dropped and counted, and
teaches the leg nothing, not even where the peer sends from. libsrtp keeps the roll-over counter
of every source and refuses replays. Keys come from signalling, in a `SrtpPlan`.

A process that takes a call over from one that died is told how far the peer had counted
(`Srtp.follow`): the packets themselves carry the lower 16 bits only (RFC 3711 §3.3.1).

A key that names itself (MKI) is cut off before libsrtp sees the packet: there is one key only,
and neither cipher covers the MKI by its tag (RFC 3711 §3.1, RFC 7714 §8.1).
"""

import struct
from dataclasses import dataclass, field
from typing import Final, Protocol

from pylibsrtp import Error, Policy, Session


class SrtpPlan(Protocol):
    """Anything with these fields will do: each key is a master key and its salt."""

    @property
    def suite(self) -> str: ...
    @property
    def send(self) -> bytes: ...
    @property
    def receive(self) -> bytes: ...
    @property
    def mki_bytes(self) -> int: ...
    @property
    def window(self) -> int: ...


@dataclass(frozen=True, slots=True)
class StreamKeys:
    """A SrtpPlan of this room's own: the sound's process need not import who negotiated it."""

    suite: str
    send: bytes = field(repr=False)
    receive: bytes = field(repr=False)
    mki_bytes: int = 0
    window: int = 0


_profiles: Final = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
#: Bytes of tag behind the MKI, of RTP and of RTCP (RFC 4568 §6.2; with GCM the tag stands before).
_tag_bytes: Final = {
    "AES_CM_128_HMAC_SHA1_80": (10, 10),
    "AES_CM_128_HMAC_SHA1_32": (4, 10),
    "AEAD_AES_128_GCM": (0, 0),
    "AEAD_AES_256_GCM": (0, 0),
}

_header = struct.Struct("!BBHII")
_stride: Final = 0x7000
"""How far one packet may be ahead of the last: less than half of the numbers there are."""
_told_every: Final = 0x4000
"""A quarter of them: who takes over may be 2^15 behind and still counts right (§3.3.1)."""
_most_followed: Final = 1000 << 16
"""Two weeks at 50 packets a second; following so far takes 10 ms."""
_most_sources: Final = 4


class SrtpError(OSError):
    """A packet that cannot be sealed: to whoever sends, one more that cannot be sent."""


class Srtp:
    """Both directions of one stream; `refused` counts what did not open."""

    __slots__ = ("_mki_bytes", "_plan", "_reached", "_receiving", "_sending", "refused")

    def __init__(self, plan: SrtpPlan, before: "Srtp | None" = None) -> None:
        """Raises ValueError for a suite that is none of ours, or a key that is too short.

        A direction whose key is that of `before` goes on where that one was: only a new key
        begins to count again (RFC 4568 §6.4).
        """
        if plan.suite not in _profiles:
            raise ValueError(f"no such crypto suite: {plan.suite}")
        self._plan = plan
        self._mki_bytes = plan.mki_bytes
        self.refused = 0
        old = before if before is not None and before._plan.suite == plan.suite else None
        self._sending: Session = (
            old._sending
            if old is not None and old._plan.send == plan.send
            else _session(plan, plan.send, Policy.SSRC_ANY_OUTBOUND)
        )
        same = old is not None and old._plan.receive == plan.receive
        self._receiving: Session = (
            old._receiving
            if old is not None and same
            else _session(plan, plan.receive, Policy.SSRC_ANY_INBOUND)
        )
        # Of the sources heard under this key the packet indices, roll-over counter and all.
        self._reached: dict[int, int] = old._reached if old is not None and same else {}

    def counts_on_from(self, before: "Srtp | None") -> bool:
        """Whether the peer's packet indices go on as they were under `before`."""
        return before is not None and before._reached is self._reached

    @property
    def receives_with(self) -> bytes:
        """The peer's key, under which its indices count."""
        return self._plan.receive

    def note(self, ssrc: int, sequence: int) -> int | None:
        """Note the newest sequence number of a source, once a second or so.

        Returns its packet index where somebody should keep it: at first, and every quarter turn.
        """
        before = self._reached.get(ssrc)
        index = sequence
        if before is not None:
            # Of the indices with this number the one nearest to the last (RFC 3711 appendix A).
            index = before + ((sequence - before + 0x8000 & 0xFFFF) - 0x8000)
            if index < 0:
                index = sequence  # there is no turn before the first
            if index <= before:
                return None
        elif len(self._reached) >= _most_sources:
            del self._reached[next(iter(self._reached))]
        self._reached[ssrc] = index
        told = before is None or index // _told_every != before // _told_every
        return index if told else None

    def follow(self, ssrc: int, index: int) -> None:
        """Count as if all of a source's packets up to `index` had been heard here.

        libsrtp's door has no word for it in Python. So packets that the peer could have sent
        are made with its key, far enough apart, and opened: they never leave this function.
        """
        if not 0 <= index < _most_followed:
            return
        peer = _session(self._plan, self._plan.receive, Policy.SSRC_ANY_OUTBOUND)
        for one in (*range(0, index, _stride), index):
            packet = _header.pack(0x80, 0, one & 0xFFFF, 0, ssrc)
            self._receiving.unprotect(peer.protect(packet))
        self._reached[ssrc] = index

    def seal(self, packet: bytes | bytearray) -> bytes:
        """An RTP packet as it is sent; SrtpError."""
        try:
            done: bytes = self._sending.protect(bytes(packet))
            return done
        except Error as error:
            raise SrtpError(str(error)) from None

    def open(self, data: bytes) -> bytes | None:
        """The RTP packet in what came; None for what is not the peer's, or came before."""
        try:
            done: bytes = self._receiving.unprotect(self._without_mki(data, 0))
            return done
        except (Error, ValueError):
            self.refused += 1
            return None

    def seal_rtcp(self, packet: bytes) -> bytes:
        """A compound RTCP packet as it is sent; SrtpError."""
        try:
            done: bytes = self._sending.protect_rtcp(packet)
            return done
        except Error as error:
            raise SrtpError(str(error)) from None

    def open_rtcp(self, data: bytes) -> bytes | None:
        """The compound RTCP packet in what came; None as for `open`."""
        try:
            done: bytes = self._receiving.unprotect_rtcp(self._without_mki(data, 1))
            return done
        except (Error, ValueError):
            self.refused += 1
            return None

    def _without_mki(self, data: bytes, kind: int) -> bytes:
        if not self._mki_bytes:
            return data
        end = len(data) - _tag_bytes[self._plan.suite][kind]
        return data[: max(end - self._mki_bytes, 0)] + data[max(end, 0) :]


def renewed(before: Srtp | None, plan: SrtpPlan | None) -> Srtp | None:
    """What encrypts a stream from here on, after an offer and answer; None: nothing does."""
    return None if plan is None else Srtp(plan, before)


def _session(plan: SrtpPlan, key: bytes, kind: int) -> Session:
    policy = Policy(key, kind, 0, _profiles[plan.suite])
    if plan.window:
        policy.window_size = plan.window
    return Session(policy)
