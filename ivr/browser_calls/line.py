"""The line as a browser dials it: one SIP user agent on loopback for the calls of all staff.

The caller of such a call is `browser` and its name the name of the account, so that a record
says who called, and figures can leave such calls out. It lives in the desk's event loop.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from admin_web.telephone.line import Ended, Happening, LineBusyError, Ringing, Talking
from ivr import sdp
from ivr.browser_calls.sound import Sound
from ivr.browser_calls.stream import OutgoingStream
from ivr.sdp import LocalMedia, MediaPlan, SdpError
from ivr.sip import Flow, UserAgent, UserAgentConfig, events
from ivr.sip.events import EndCause
from ivr.sip.message import parse

CALLER = "browser"
# Sound that waits for the browser; older than a second it is of no use.
HEARD_AHEAD = 50
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked for, not bound


class BrowserLine(asyncio.DatagramProtocol):
    """This line's SIP port, for at most `at_once` calls; the sockets are opened by the first."""

    def __init__(self, sip_host: str, sip_port: int, at_once: int) -> None:
        self._host = _ANY.get(sip_host, sip_host)
        self._port = sip_port
        self._at_once = at_once
        self._agent = UserAgent(
            UserAgentConfig(contact_user=CALLER, datagram_max_bytes=None), os.urandom
        )
        self._calls: dict[int, BrowserCall] = {}
        self._placed = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._opening = asyncio.Lock()
        self._flow = Flow("udp", ("", 0), ("", 0))
        self._timer: asyncio.TimerHandle | None = None
        self._pumping = False
        self.last_call_id = ""

    @asynccontextmanager
    async def call(self, number: str, name: str) -> AsyncIterator[BrowserCall]:
        """Place a call to `number` (empty: the line itself); it ends with the block.

        Raises LineBusyError where too many browsers call already, OSError without a network.
        """
        if self._placed >= self._at_once:
            raise LineBusyError
        self._placed += 1
        one = BrowserCall(self)
        try:
            async with self._opening:
                await self._open()
            await one.sound.open(self._flow.local[0])
            one.place(number or "line", name)
            yield one
        finally:
            self._placed -= 1
            one.hang_up()
            one.sound.close()

    async def _open(self) -> None:
        if self._transport is not None:
            return
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, remote_addr=(self._host, self._port)
        )
        local = self._transport.get_extra_info("sockname")[:2]
        remote = self._transport.get_extra_info("peername")[:2]
        self._flow = Flow("udp", local, remote)

    @property
    def agent(self) -> UserAgent:
        return self._agent

    @property
    def flow(self) -> Flow:
        return self._flow

    def uri(self, user: str, end: tuple[str, int]) -> str:
        host, port = end
        return f"sip:{user}@[{host}]:{port}" if ":" in host else f"sip:{user}@{host}:{port}"

    def join(self, call: int, one: BrowserCall) -> None:
        """Bring the events of a call to it."""
        self._calls[call] = one

    def datagram_received(self, data: bytes, addr: object) -> None:
        """What the line says."""
        self._agent.receive(data, self._flow, asyncio.get_running_loop().time())
        self.pump()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens: the line is being started again."""
        self._agent.flow_failed(self._flow, asyncio.get_running_loop().time())
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """The next call opens the socket again."""
        self._transport = None

    def pump(self) -> None:
        """Send what is to be sent and tell what happened, until there is neither."""
        if self._pumping:
            return  # a call gave a command: the loop below sees to it
        self._pumping = True
        try:
            while True:
                for _, data in self._agent.to_send():
                    self._send(data)
                event = self._agent.next_event()
                if event is None:
                    break
                one = self._calls.get(getattr(event, "call", -1))
                if one is not None:
                    one.happened(event)
                if isinstance(event, events.CallEnded):
                    self._calls.pop(event.call, None)
        finally:
            self._pumping = False
        self._wait()

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data)
        if data.startswith(b"INVITE "):
            self.last_call_id = parse(data).call_id

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._agent.next_deadline()
        loop = asyncio.get_running_loop()
        self._timer = None if due is None else loop.call_at(due, self._run)

    def _run(self) -> None:
        self._agent.tick(asyncio.get_running_loop().time())
        self.pump()


class BrowserCall:
    """One call; `next` tells what happens in it, sound among it."""

    def __init__(self, line: BrowserLine) -> None:
        self._line = line
        self._number: int | None = None
        self._offer = b""
        self._out: OutgoingStream | None = None
        self._told: asyncio.Queue[bytes | Happening] = asyncio.Queue()
        self._over = False
        self._refused: tuple[int, str] | None = None
        self._version = 1
        self.sound = Sound(self._heard)
        self.sip_call_id = ""

    def place(self, number: str, name: str) -> None:
        """Send the INVITE."""
        line = self._line
        self._offer = sdp.offer(self._local())
        self._number = line.agent.invite(
            line.uri(number, line.flow.remote),
            self._offer,
            line.flow,
            asyncio.get_running_loop().time(),
            from_uri=line.uri(CALLER, line.flow.local),
            from_display=name,
        )
        line.join(self._number, self)
        line.pump()
        self.sip_call_id = line.last_call_id

    def _local(self) -> LocalMedia:
        return LocalMedia(
            self._line.flow.local[0],
            self.sound.port,
            self.sound.control_port,
            1,
            self._version,
            codecs=("PCMU",),
        )

    def speak(self, frame: bytes) -> None:
        """Say 20 ms of µ-law; what is no such frame is not said."""
        if self._out is not None:
            self._out.microphone.put(frame)

    def press(self, key: str) -> None:
        """Press a key."""
        if self._out is not None:
            self._out.press(key)

    def hang_up(self) -> None:
        """End it, in whatever state it is; any number of times."""
        if self._number is not None and not self._over:
            self._line.agent.hang_up(self._number, asyncio.get_running_loop().time())
            self._line.pump()

    async def next(self) -> bytes | Happening:
        """The next frame of sound, or what happened."""
        return await self._told.get()

    def _heard(self, frame: bytes) -> None:
        if self._told.qsize() < HEARD_AHEAD:
            self._told.put_nowait(frame)

    def happened(self, event: object) -> None:
        """Take one SIP event."""
        match event:
            case events.CallRinging():
                self._told.put_nowait(Ringing())
            case events.CallAnswered(body=body):
                self._talk(body)
            case events.MediaOffered(call=call, body=body):
                self._follow(call, body)
            case events.CallRefused(status=status, reason=reason):
                self._refused = (status, reason)
            case events.CallEnded(cause=cause, reason=reason):
                self._end(cause, reason)

    def _talk(self, answer: bytes | None) -> None:
        try:
            if answer is None:
                raise SdpError(488, "answer", "no session description in the answer")
            plan = sdp.accept(self._offer, answer)
        except SdpError as error:
            self._refused = (error.status, str(error))
            self.hang_up()
            return
        self._out = OutgoingStream(plan.payload_type, plan.telephone_event, os.urandom)
        self._start(plan)
        self._told.put_nowait(Talking())

    def _start(self, plan: MediaPlan) -> None:
        if self._out is not None:
            # The line's own address stands in its answer; behind NAT that is not this one.
            remote = (self._line.flow.remote[0], plan.remote[1])
            self.sound.start(remote, plan.payload_type, self._out)

    def _follow(self, call: int, offer: bytes | None) -> None:
        """The line changes the session, or refreshes it."""
        now = asyncio.get_running_loop().time()
        if offer is None:
            self._line.agent.refuse_media(call, now)
            return
        try:
            body, plan = sdp.answer(offer, self._local(), self._offer)
        except SdpError as error:
            self._line.agent.refuse_media(call, now, status=error.status)
            return
        self._offer = body
        self._start(plan)
        self._line.agent.accept_media(call, body, now)

    def _end(self, cause: EndCause, reason: str) -> None:
        self._over = True
        if self._refused is not None:
            status, why = self._refused
            self._told.put_nowait(Ended("refused", status, why))
        elif cause is EndCause.WE_HUNG_UP:
            self._told.put_nowait(Ended("you"))
        elif cause is EndCause.PEER_HUNG_UP:
            self._told.put_nowait(Ended("line"))
        else:
            self._told.put_nowait(Ended("lost", 0, reason or cause.value))
