"""The sound of one call on its sockets: a packet out every 20 ms; what comes in is handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ivr.browser_calls.queue import FRAME_BYTES
from ivr.browser_calls.stream import OutgoingStream
from ivr.rtp import packet as rtp
from ivr.rtp.errors import RtpError

FRAME_S = 0.02
# A loop that stood still for longer than this sends what is due now, not all that was missed.
MADE_UP_S = 0.2


class Sound(asyncio.DatagramProtocol):
    """One call's RTP. `heard` is given frames of 20 ms, µ-law, as they come."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard
        self._transport: asyncio.DatagramTransport | None = None
        self._control: asyncio.DatagramTransport | None = None
        self._remote = ("", 0)
        self._payload_type = 0
        self._out: OutgoingStream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.port = 0
        self.control_port = 0

    async def open(self, host: str) -> None:
        """Bind two ports of `host`; the second takes reports (RTCP), which nobody reads."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        self._control, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(host, 0)
        )
        self.control_port = self._control.get_extra_info("sockname")[1]

    def start(self, remote: tuple[str, int], payload_type: int, out: OutgoingStream) -> None:
        """Speak from now on."""
        self._remote, self._payload_type, self._out = remote, payload_type, out
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time()
            self._timer = loop.call_soon(self._tick)  # type: ignore[assignment]

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._due > MADE_UP_S:
            self._due = now
        while self._due <= now:
            if self._transport is not None and self._out is not None:
                self._transport.sendto(self._out.tick(), self._remote)
            self._due += FRAME_S
        self._timer = loop.call_at(self._due, self._tick)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A packet of the line's."""
        try:
            packet = rtp.parse(data)
        except RtpError:
            return
        if packet.payload_type != self._payload_type or addr[1] != self._remote[1]:
            return
        for start in range(0, len(packet.payload) - FRAME_BYTES + 1, FRAME_BYTES):
            self._heard(packet.payload[start : start + FRAME_BYTES])

    def error_received(self, exc: Exception) -> None:
        """The line has closed its port; the end of the call comes by SIP."""

    def close(self) -> None:
        """Say and hear nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        for transport in (self._transport, self._control):
            if transport is not None:
                transport.close()
        self._transport = self._control = None
