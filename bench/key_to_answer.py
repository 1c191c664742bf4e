"""From a key pressed to the first packet of the prompt that answers it.

    python -m bench.key_to_answer [presses] [calls held meanwhile]

One caller of ours (raw SIP and RTP, RFC 4733 keys) presses 1 in a silent menu
again and again; the answer is the first RTP packet after the key's first.
"""

import re
import socket
import struct
import sys
import time

from bench.line_load import finish, generator, start
from bench.served import served

PROMPT_S = 2.4
EVENT_PAYLOAD = 101
KEYS = "0123456789*#"  # RFC 4733 table 3: their numbers


def sdp(port: int) -> bytes:
    """Return our offer."""
    return (
        "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 {EVENT_PAYLOAD}\r\n"
        f"a=rtpmap:{EVENT_PAYLOAD} telephone-event/8000\r\n"
    ).encode()


class Caller:
    """One call: INVITE, ACK, keys, BYE."""

    def __init__(self, port: int, called: str = "key") -> None:
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind(("127.0.0.1", 0))
        self.sip.settimeout(5)
        self.sip.connect(("127.0.0.1", port))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", 0))
        self.port = port
        self.called = called
        self.sequence = 0
        self.timestamp = 0
        self.to = f"<sip:{called}@127.0.0.1:{port}>"
        self.call_id = f"key-{time.monotonic_ns()}"
        self._send("INVITE", 1, sdp(self.rtp.getsockname()[1]))
        while not (answer := self.sip.recv(8192)).startswith(b"SIP/2.0 200"):
            pass
        self.to = re.search(rb"^To: *(.*?)\r$", answer, re.MULTILINE | re.IGNORECASE)[1].decode()
        media = int(re.search(rb"m=audio (\d+)", answer)[1])
        self.rtp.connect(("127.0.0.1", media))
        self._send("ACK", 1)

    def _send(self, method: str, number: int, body: bytes = b"") -> None:
        own = f"127.0.0.1:{self.sip.getsockname()[1]}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.sip.send(
            (
                f"{method} sip:{self.called}@127.0.0.1:{self.port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{time.monotonic_ns()};rport\r\n"
                f"From: <sip:bench@{own}>;tag=b\r\nTo: {self.to}\r\nCall-ID: {self.call_id}\r\n"
                f"CSeq: {number} {method}\r\nContact: <sip:bench@{own}>\r\nMax-Forwards: 70\r\n"
                f"{kind}Content-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )

    def press(self) -> float:
        """Press 1 and return the seconds until the first packet of the answer."""
        self.rtp.setblocking(False)
        while True:
            try:
                self.rtp.recv(2048)
            except BlockingIOError:
                break
        self.rtp.settimeout(2)
        pressed = time.monotonic()
        self.key("1")
        self.rtp.recv(2048)
        return time.monotonic() - pressed

    def key(self, key: str) -> None:
        """Press a key, all its packets at once."""
        self.timestamp += 160 * 200
        for step in range(3):
            self._event(key, 160 * (step + 1), first=step == 0, end=step == 2)

    def _event(self, key: str, duration: int, *, first: bool, end: bool) -> None:
        self.sequence += 1
        header = struct.pack(
            "!BBHII",
            0x80,
            EVENT_PAYLOAD | (0x80 if first else 0),
            self.sequence,
            self.timestamp,
            0x6B657921,
        )
        number = KEYS.index(key)
        self.rtp.send(header + struct.pack("!BBH", number, 0x80 if end else 0, duration))

    def hang_up(self) -> None:
        """End the call."""
        self._send("BYE", 2)


def main(presses: int, held: int) -> None:
    """Measure and print."""
    with served() as (port, pid):
        run = None
        if held:
            window_s = presses * PROMPT_S + 5
            run = start(generator(), port, pid, "listen", held, window_s, RATE="50")
            time.sleep(held / 50 + 2)  # the ramp of the generator
        caller = Caller(port)
        taken_ms = []
        for number in range(presses):
            time.sleep(PROMPT_S + number % 20 / 1000)  # past the prompt, at all phases of the tick
            taken_ms.append(caller.press() * 1000)
        caller.hang_up()
        if run is not None:
            finish(run)
    taken_ms.sort()
    p99 = taken_ms[min(len(taken_ms) - 1, int(0.99 * len(taken_ms)))]
    print(
        f"key to answer, {held} calls held, {presses} presses: "
        f"p50 {taken_ms[presses // 2]:.1f} ms  p99 {p99:.1f} ms  max {taken_ms[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main(*(int(word) for word in [*sys.argv[1:], "25", "100"][:2]))
