"""A telephone made of plain sockets, whose every message a test can bend.

PJSIP, baresip, pyVoIP and SIPp show that good peers are served; this one is for
peers that are awkward, late or gone.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from tests.line import wire
from tests.line.rtp import Sound
from tests.line.wire import Message


class Phone:
    """One address, one call. Requests inside the call are answered as a phone does; `answers`
    overrides the status by method. A phone `behind` another is an extension at its address."""

    def __init__(
        self,
        line_port: int,
        *,
        host: str = "127.0.0.1",
        transport: str = "udp",
        number: str = "13800138000",
        called: str = "line",
        port: int = 0,
        behind: "Phone | None" = None,
        sound: bool = True,
        line_host: str = "",
        sound_host: str = "",
        **description: object,
    ) -> None:
        self.line = (line_host or host, line_port)
        self.host, self.transport, self.number, self.called = host, transport, number, called
        self.behind = behind
        self.extension: Phone | None = None
        if behind is not None:
            behind.extension = self
        self.socket = behind.socket if behind is not None else self._open(port)
        self.port: int = self.socket.getsockname()[1]
        self.sound_host = sound_host or host
        self.sound = Sound(self.sound_host) if sound else None
        self.description = description
        self.answers: dict[str, int] = {"REFER": 405}
        self.final = 200  # what a call to this phone is answered with; 0: it only rings
        self.challenge = ""  # what an INVITE without credentials gets
        self.crosses = False  # picks up at the very moment a CANCEL comes
        self.messages: list[Message] = []
        self.changed = threading.Condition()
        self.call_id, self.tag, self.cseq = uuid4().hex, uuid4().hex[:10], 0
        self.remote_tag, self.target = "", ""
        self.invite: Message | None = None
        self.answer: Message | None = None
        self._version = 0
        self._branch = ""
        self.up = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        if behind is None:
            self._thread.start()

    def _open(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        kind = socket.SOCK_DGRAM if self.transport == "udp" else socket.SOCK_STREAM
        opened = socket.socket(family, kind)
        if self.transport == "udp":
            opened.bind((self.host, port))
        else:
            if self.line[0] != self.host:
                opened.bind((self.host, 0))
            opened.connect(self.line)
        return opened

    # --- waiting
    def until(
        self, matches: Callable[[Message], object], what: str, limit_s: float = 10.0
    ) -> Message:
        """The first message that matches, once it is there."""
        with self.changed:
            found = self.changed.wait_for(
                lambda: next((m for m in self.messages if matches(m)), None), limit_s
            )
        seen = [m.first for m in self.messages]
        assert found, f"{self.number} waited {limit_s} s for {what}; came: {seen}"
        return found

    def until_request(self, method: str, limit_s: float = 10.0) -> Message:
        return self.until(lambda m: m.method == method, method, limit_s)

    def until_final(self, cseq: str, limit_s: float = 10.0) -> Message:
        return self.until(
            lambda m: m.status >= 200 and m.cseq == cseq, f"an answer to {cseq}", limit_s
        )

    @property
    def ended(self) -> bool:
        return any(m.method == "BYE" for m in self.messages)

    # --- calling
    @property
    def _uri_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def own_uri(self) -> str:
        suffix = ";transport=tcp" if self.transport == "tcp" else ""
        return f"sip:{self.number}@{self._uri_host}:{self.port}{suffix}"

    @property
    def line_uri(self) -> str:
        """What a call to the line is addressed to."""
        return f"sip:{self.called}@{self._uri_host}:{self.line[1]}"

    def sdp(self, **changes: object) -> bytes:
        self._version += 1
        port = self.sound.port if self.sound is not None else 9
        given = {**self.description, **changes, "version": self._version}
        if given.pop("garbled", False):
            return b"v=0\r\nthis is no description\r\n"
        return wire.sdp(self.sound_host, port, **given)  # type: ignore[arg-type]

    def request(
        self,
        method: str,
        *extra: tuple[str, str],
        body: bytes = b"",
        cseq: int | None = None,
        content_type: str = "application/sdp",
        branch: str = "",
    ) -> bytes:
        """A request of this call as bytes; `send` puts it on the wire."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        self._branch = branch or "z9hG4bK" + uuid4().hex
        uri = self.target or self.line_uri
        to = f"<sip:{self.called}@{self._uri_host}>"
        via = f"SIP/2.0/{self.transport.upper()} {self._uri_host}:{self.port}"
        fields = [
            ("Via", f"{via};branch={self._branch};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self.number}@{self._uri_host}>;tag={self.tag}"),
            ("To", to + (f";tag={self.remote_tag}" if self.remote_tag else "")),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<{self.own_uri}>"),
            *extra,
        ]
        if body:
            fields.append(("Content-Type", content_type))
        return wire.write(f"{method} {uri} SIP/2.0", fields, body)

    def send(self, data: bytes) -> None:
        if self.transport == "udp":
            self.socket.sendto(data, self.line)
        else:
            self.socket.sendall(data)

    def ask(self, method: str, *extra: tuple[str, str], body: bytes = b"", **more: str) -> Message:
        """Send a request and wait for its final answer."""
        self.send(self.request(method, *extra, body=body, **more))  # type: ignore[arg-type]
        return self.until_final(f"{self.cseq} {method}")

    def start_call(self, *extra: tuple[str, str], offer: bool = True) -> None:
        self.invite_branch = "z9hG4bK" + uuid4().hex
        body = self.sdp() if offer else b""
        self.send(self.request("INVITE", *extra, body=body, branch=self.invite_branch))

    def call(self, *extra: tuple[str, str], offer: bool = True) -> Message:
        """Call the line and acknowledge its answer; returns the answer."""
        self.start_call(*extra, offer=offer)
        return self.established(offer=offer)

    def established(self, *, offer: bool = True) -> Message:
        answer = self.until_final(f"{self.cseq} INVITE")
        assert answer.status == 200, answer.first
        self._take(answer)
        self.ack(b"" if offer else self.sdp())
        self.listen(answer)
        return answer

    def _take(self, answer: Message) -> None:
        self.answer = answer
        self.up = True
        self.remote_tag = answer.tag("To")
        found = re.search(r"<([^>]+)>", answer.get("Contact"))
        self.target = found[1] if found else self.target

    def ack(self, body: bytes = b"") -> None:
        self.send(self.request("ACK", body=body, cseq=self.cseq))

    def listen(self, described: Message) -> None:
        if self.sound is not None and b"m=audio" in described.body:
            codec = int(re.search(rb"m=audio \d+ RTP/AVP (\d+)", described.body)[1])  # type: ignore[index]
            self.sound.connect(wire.remote_media(described.body), codec)

    def reinvite(self, **changes: object) -> Message:
        """Change the sound of the call; returns the answer."""
        answer = self.ask("INVITE", body=self.sdp(**changes))
        self.ack()
        if answer.status == 200:
            self.listen(answer)
        return answer

    def info(self, key: str, *, relay: bool) -> int:
        body = f"Signal={key}\r\nDuration=160\r\n" if relay else key
        kind = "application/dtmf-relay" if relay else "application/dtmf"
        return self.ask("INFO", body=body.encode(), content_type=kind).status

    def press(self, keys: str) -> None:
        assert self.sound is not None
        self.sound.press(keys)

    def hang_up(self) -> None:
        """End the call; a BYE of the line's that crosses ours is as good (481)."""
        if self.up and not self.ended:
            self.up = False
            status = self.ask("BYE").status
            assert status == 200 or (status == 481 and self.ended), status

    def reconnect(self) -> None:
        """Lose the TCP connection, and make another."""
        old, self.socket = self.socket, self._open(0)
        old.close()

    def close(self) -> None:
        """Go without a word, as when the power fails."""
        if self.behind is not None:
            if self.sound is not None:
                self.sound.stop()
            return
        self._stopped = True
        if self.transport == "tcp":
            self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.socket.close()
        if self.sound is not None:
            self.sound.stop()

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if exc[0] is None:
                self.hang_up()
        finally:
            self.close()

    # --- the thread
    def _run(self) -> None:
        self.socket.settimeout(0.1)
        stream = b""
        while not self._stopped:
            try:
                if self.transport == "udp":
                    data, self._source = self.socket.recvfrom(65535)
                    found = [data]
                else:
                    data = self.socket.recv(65535)
                    if not data:
                        return
                    found, stream = wire.split_stream(stream + data)
            except TimeoutError:
                continue
            except OSError:
                continue
            for one in found:
                self._received(wire.read(one))

    def _received(self, message: Message) -> None:
        if self.extension is not None and message.get("Call-ID") != self.call_id:
            self.extension._received(message)
            return
        with self.changed:
            again = message.method and any(
                m.cseq == message.cseq and m.method == message.method for m in self.messages
            )
            self.messages.append(message)
            self.changed.notify_all()
        method = message.method
        if method == "INVITE" and not self.remote_tag:
            self._called_by_line(message)
        elif method == "INVITE" and again:
            return
        elif method == "CANCEL" and self.crosses:
            self.pick_up()
            self.respond(message, 200)
        elif method == "CANCEL":
            self.respond(message, 200)
            if self.invite is not None:
                self.respond(self.invite, 487)
        elif method and method != "ACK":
            self.respond(message, self.answers.get(method, 200))

    def _called_by_line(self, invite: Message) -> None:
        if self.challenge and not invite.get("Proxy-Authorization"):
            self.respond(invite, 407, extra=[("Proxy-Authenticate", self.challenge)])
            return
        self.invite, self.call_id, self.remote_tag = (
            invite,
            invite.get("Call-ID"),
            invite.tag("From"),
        )
        found = re.search(r"<([^>]+)>", invite.get("Contact"))
        self.target = found[1] if found else ""
        self.respond(invite, 180)
        if self.final:
            self.pick_up(self.final)

    def pick_up(self, status: int = 200) -> None:
        """Answer a call to this phone."""
        assert self.invite is not None
        if status == 200:
            self.up = True
            self.listen(self.invite)
        self.respond(self.invite, status, self.sdp() if status == 200 else b"")

    def respond(
        self,
        request: Message,
        status: int,
        body: bytes = b"",
        extra: Sequence[tuple[str, str]] = (),
    ) -> None:
        if status == 0:
            return  # this phone does not know the request, and says nothing
        to = request.get("To")
        fields = [("Via", via) for via in request.get_all("Via")]
        fields += [("From", request.get("From")), ("Call-ID", request.get("Call-ID"))]
        fields += [("To", to if ";tag=" in to else f"{to};tag={self.tag}"), ("CSeq", request.cseq)]
        fields += [("Contact", f"<{self.own_uri}>"), *extra]
        if body:
            fields.append(("Content-Type", "application/sdp"))
        self.send(wire.write(f"SIP/2.0 {status} Answer", fields, body))

    def notify(self, status: int, *, last: bool) -> Message:
        """How the transfer goes (RFC 3515 §2.4.4)."""
        state = "terminated;reason=noresource" if last else "active;expires=60"
        fragment = f"SIP/2.0 {status} Answer\r\n".encode()
        return self.ask(
            "NOTIFY",
            ("Event", "refer"),
            ("Subscription-State", state),
            body=fragment,
            content_type="message/sipfrag",
        )


def wait_until(condition: Callable[[], object], what: str, limit_s: float = 10.0) -> None:
    """For what no message tells: the state of another process."""
    limit = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < limit, f"not within {limit_s} s: {what}"
        time.sleep(0.05)
