"""pyVoIP, bent as little as needed to place one call and hear it well.

pyVoIP 1.6.8 insists on a registrar, waits for one answer without a time-out,
acknowledges with a To-tag of its own making, sends no digits and hears in
eight bits. A caller has nobody to register with (a registrar stub would only
answer itself), so `start` binds and no more; the other faults are mended by
overriding the method that has them. Messages are still built and parsed, and
RTP parsed, by pyVoIP. The SIP side runs in the caller's main loop, without
pyVoIP's thread; its RTP threads remain.
"""

from __future__ import annotations

import audioop
import collections
import re
import socket
import time
import uuid
import warnings
from typing import Any

# pyVoIP.SIP and pyVoIP.VoIP import each other: only this order works.
import pyVoIP.VoIP  # noqa: F401
from pyVoIP import RTP, SIP
from pyVoIP.VoIP import CallState, VoIPCall, VoIPPhone

from ivr.caller.hearing import FRAME, SILENCE, Hearing
from ivr.caller.script import KEYS

FRAME_S = 0.02
KEY_FRAMES = 8  # 160 ms: well above the 40 ms of ITU-T Q.24
GAP_FRAMES = 5
END_PACKETS = 3  # RFC 4733 §2.5.1.4
KEY_VOLUME = 10  # -10 dBm0
T1_S = 0.5  # RFC 3261 §17.1.1.1
INVITE_TIMEOUT_S = 64 * T1_S
_OUR_METHODS = (b"INVITE", b"ACK", b"BYE", b"CANCEL")
_URI = re.compile(r"<([^>]+)>|^\s*([^\s;,]+)")


def header_values(message: bytes, name: str) -> list[str]:
    """All values of one header of a raw message, in order."""
    head = message.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace")
    found = []
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            found.append(value.strip())
    return found


def uri_of(value: str) -> str:
    """The URI inside a name-addr or addr-spec."""
    match = _URI.search(value)
    return (match[1] or match[2]) if match else value


class SpeakingClient(RTP.RTPClient):
    """One RTP stream: hears into a `Hearing`, presses keys by RFC 4733, may play a sound."""

    def __init__(self, *arguments: Any, hearing: Hearing, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.hearing = hearing
        self.keys: collections.deque[str] = collections.deque()
        self.sound: collections.deque[bytes] = collections.deque()
        self.event_type = next(
            (int(number) for number, kind in self.assoc.items() if str(kind) == "telephone-event"),
            None,
        )

    def parse_packet(self, packet: bytes) -> None:
        """Keep what is heard with its timestamp; pyVoIP's own buffer is eight bits wide."""
        try:
            message = RTP.RTPMessage(packet, self.assoc)
        except (ValueError, IndexError, TypeError):
            return
        payload = message.payload
        if message.payload_type == RTP.PayloadType.PCMA:
            payload = audioop.lin2ulaw(audioop.alaw2lin(payload, 2), 2)
        elif message.payload_type != RTP.PayloadType.PCMU:
            return
        self.hearing.add(message.SSRC, message.timestamp, payload, time.monotonic())

    def trans(self) -> None:
        """Send a packet every 20 ms: sound, silence, or the key that is down."""
        due = time.monotonic()
        gap = 0
        while self.NSD:
            if self.keys and not gap and self.event_type is not None:
                due = self._send_key(self.keys.popleft(), due)
                gap = GAP_FRAMES
                continue
            gap = max(0, gap - 1)
            frame = self.sound.popleft() if self.sound else SILENCE * FRAME
            self._send(int(self.preference), self._encoded(frame), False, self.outTimestamp)
            self.outTimestamp = (self.outTimestamp + FRAME) % 2**32
            due = _next_frame(due)

    def _encoded(self, frame: bytes) -> bytes:
        if self.preference == RTP.PayloadType.PCMA:
            encoded: bytes = audioop.lin2alaw(audioop.ulaw2lin(frame, 2), 2)
            return encoded
        return frame

    def _send_key(self, key: str, due: float) -> float:
        """One key: every packet has the timestamp of its start (RFC 4733 §2.5.1.2)."""
        start = self.outTimestamp
        for number in range(KEY_FRAMES + END_PACKETS - 1):
            ended = number >= KEY_FRAMES - 1
            duration = FRAME * min(number + 1, KEY_FRAMES)
            event = bytes([KEYS.index(key), (0x80 if ended else 0) | KEY_VOLUME])
            self._send(self.event_type, event + duration.to_bytes(2, "big"), number == 0, start)
            # The end is told three times in a row, so that one loss does not hide it.
            if number < KEY_FRAMES - 1:
                due = _next_frame(due)
        self.outTimestamp = (start + KEY_FRAMES * FRAME) % 2**32
        return _next_frame(due)

    def _send(self, payload_type: int | None, payload: bytes, marker: bool, timestamp: int) -> None:
        header = bytes([0x80, (0x80 if marker else 0) | int(payload_type or 0)])
        header += (self.outSequence % 2**16).to_bytes(2, "big")
        header += (timestamp % 2**32).to_bytes(4, "big") + self.outSSRC.to_bytes(4, "big")
        self.outSequence += 1
        try:
            self.sout.sendto(header + payload, (self.outIP, self.outPort))
        except OSError:
            pass  # the far end may have closed its port; the call's end comes by SIP


def _next_frame(due: float) -> float:
    due += FRAME_S
    delay = due - time.monotonic()
    if delay > 0:
        time.sleep(delay)
    return due


class PlacedCall(VoIPCall):
    """A pyVoIP call whose stream is a `SpeakingClient`."""

    def __init__(self, *arguments: Any, hearing: Hearing, **named: Any) -> None:
        self.hearing = hearing
        super().__init__(*arguments, **named)

    def create_rtp_clients(
        self, codecs: Any, ip: str, port: int, request: Any, baseport: int
    ) -> None:
        """As pyVoIP's, for the first address only: a call has one stream."""
        address = request.body["c"][0]["address"]
        self.RTPClients.append(
            SpeakingClient(codecs, ip, port, address, baseport, self.sendmode, hearing=self.hearing)
        )

    @property
    def stream(self) -> SpeakingClient | None:
        """The stream, once the call is answered."""
        first = self.RTPClients[0] if self.RTPClients else None
        return first if isinstance(first, SpeakingClient) else None


class DirectClient(SIP.SIPClient):
    """pyVoIP's SIP side without a registrar, driven by the caller's main loop."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.refused: tuple[int, str] | None = None
        self.invite_bytes = b""
        self.last_received = b""
        self._to = ""
        self._target = ""
        self._route: list[str] = []

    def start(self) -> None:
        """Bind and connect; connected, so that "nobody there" (ICMP) is told at once."""
        self.NSD = True
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind((self.myIP, 0))
        self.s.connect((self.server, self.port))
        self.s.setblocking(False)
        self.out = self.s
        self.myPort = self.s.getsockname()[1]

    def gen_call_id(self) -> str:
        """Unique; pyVoIP counts from one in every process."""
        return f"{uuid.uuid4().hex}@{self.myIP}"

    def gen_invite(self, number: str, *rest: Any) -> str:
        """As pyVoIP's, with the port in the request's URI."""
        text: str = super().gen_invite(number, *rest)
        place = f"sip:{number}@{self.server}"
        return text.replace(place, f"{place}:{self.port}").replace(";branch=", ";rport;branch=", 1)

    def invite(self, number: str, ms: Any, sendtype: Any) -> tuple[Any, str, int]:
        """Send the INVITE and return at once; the main loop hears the answers."""
        call_id = self.gen_call_id()
        session = self.sessID.next()
        text = self.gen_invite(number, str(session), ms, sendtype, self.gen_branch(), call_id)
        self.invite_bytes = text.encode("utf-8")
        self.resend_invite()
        return SIP.SIPMessage(self.invite_bytes), call_id, session

    def resend_invite(self) -> None:
        """Timer A of RFC 3261 §17.1.1.2 asks for it; the main loop keeps the time."""
        self.s.send(self.invite_bytes)

    def receive(self) -> None:
        """Take one datagram; raises BlockingIOError when there is none."""
        data = self.s.recv(65535)
        first_word = data.split(b" ", 1)[0]
        if first_word == b"SIP/2.0" or first_word in _OUR_METHODS:
            self.last_received = data
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.parse_message(SIP.SIPMessage(data))
        elif data.strip():
            self._answer_unknown(data)

    def parse_message(self, message: Any) -> None:
        """As pyVoIP's, and every refusal is acknowledged and kept, not only two of them."""
        answers_invite = (
            message.type == SIP.SIPMessageType.RESPONSE
            and header_values(self.last_received, "CSeq")[0].split()[-1] == "INVITE"
        )
        if answers_invite:
            status = int(message.heading.split(b" ")[1])
            if status >= 300:
                reason = message.heading.split(b" ", 2)[2].decode("utf-8", "replace")
                self.refused = (status, reason)
                self.s.send(self.gen_ack(message).encode("utf-8"))
                return
        super().parse_message(message)
        # pyVoIP leaves the socket blocking after each response.
        self.s.setblocking(False)

    def gen_ack(self, request: Any) -> str:
        """RFC 3261 §13.2.2.4 for a 2xx, §17.1.1.3 for a refusal; pyVoIP has one for both, wrong."""
        self._to = header_values(self.last_received, "To")[0]
        if int(request.heading.split(b" ")[1]) >= 300:
            return self._request("ACK", _request_uri(self.invite_bytes), [], same_branch=True)
        contacts = header_values(self.last_received, "Contact")
        self._target = uri_of(contacts[0]) if contacts else _request_uri(self.invite_bytes)
        self._route = list(reversed(header_values(self.last_received, "Record-Route")))
        return self._request("ACK", self._target, self._route)

    def gen_bye(self, request: Any) -> str:
        """RFC 3261 §15.1.1, with the route and target that the answer gave."""
        return self._request("BYE", self._target, self._route, cseq_step=1)

    def gen_cancel(self) -> str:
        """RFC 3261 §9.1: the INVITE's own URI, Via, From, To and Call-ID."""
        self._to = header_values(self.invite_bytes, "To")[0]
        return self._request("CANCEL", _request_uri(self.invite_bytes), [], same_branch=True)

    def _request(
        self,
        method: str,
        target: str,
        route: list[str],
        *,
        cseq_step: int = 0,
        same_branch: bool = False,
    ) -> str:
        invite = self.invite_bytes
        via = header_values(invite, "Via")[0]
        if not same_branch:
            via = re.sub(r"branch=[^;]+", f"branch={self.gen_branch()}", via)
        number = int(header_values(invite, "CSeq")[0].split()[0]) + cseq_step
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: {via}",
            "Max-Forwards: 70",
            *(f"Route: {hop}" for hop in route),
            f"From: {header_values(invite, 'From')[0]}",
            f"To: {self._to}",
            f"Call-ID: {header_values(invite, 'Call-ID')[0]}",
            f"CSeq: {number} {method}",
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def _answer_unknown(self, data: bytes) -> None:
        """Tell a peer which methods we have, instead of letting it repeat itself."""
        status = "200 OK" if data.startswith(b"OPTIONS ") else "405 Method Not Allowed"
        lines = [f"SIP/2.0 {status}"]
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in header_values(data, name)]
        lines += ["Allow: INVITE, ACK, BYE, CANCEL", "Content-Length: 0"]
        self.s.send(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8"))


def _request_uri(message: bytes) -> str:
    return message.split(b" ", 2)[1].decode("utf-8")


class Phone(VoIPPhone):
    """A pyVoIP phone for one call."""

    def __init__(self, server: str, port: int, my_ip: str, rtp_port: int, user: str) -> None:
        super().__init__(
            server, port, user, "", myIP=my_ip, rtpPortLow=rtp_port, rtpPortHigh=rtp_port
        )
        self.direct = DirectClient(
            server, port, user, "", phone=self, myIP=my_ip, callCallback=self.callback
        )
        self.sip = self.direct
        self.hearing = Hearing()

    def call(self, number: str) -> PlacedCall:
        """Place the call; its state changes as the main loop receives."""
        media: Any = {
            self.request_port(): {
                0: RTP.PayloadType.PCMU,
                8: RTP.PayloadType.PCMA,
                101: RTP.PayloadType.EVENT,
            }
        }
        request, call_id, session = self.direct.invite(number, media, RTP.TransmitType.SENDRECV)
        call = PlacedCall(
            self,
            CallState.DIALING,
            request,
            session,
            self.myIP,
            ms=media,
            sendmode=self.sendmode,
            hearing=self.hearing,
        )
        self.calls[call_id] = call
        return call


def free_rtp_port(host: str) -> int:
    """An even UDP port that is free now (RFC 3550 §11)."""
    for _ in range(64):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
            if port % 2 == 0:
                return port
    raise OSError(f"no free even UDP port on {host}")
