"""Good calls beside a hostile peer: do they hear every word, and what does it cost the line?

    python -m bench.hostile_peer [--calls 50] [--pieces 360000] [--seconds 180] [--limits off]

`--calls` calls listen to the prompt of the flow `listen`, whose every sample is known. After a
quiet time for comparison, `--pieces` pieces (an hour's worth at a hundred a second) of mutated
SIP over UDP and TCP, sound and reports from strangers and forged in the callers' names (as root),
TLS and HTTP come in bursts of a second, with a second between them, within about `--seconds`.
With `--limits off` the hostile addresses are trusted ones: nothing is banned, all is looked at.

A word is a quarter of a second. It counts as lost where a packet of it is missing, holds another
sound than it should, or comes more than 100 ms after its time (what a jitter buffer gives away).
Pauses between one prompt and the next are told apart: the next is asked for when one has ended.
Times are the kernel's, so that it does not matter when this program gets to read.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

from bench.served import free_port, served
from ivr.media.tones import silence, tone
from ivr.responder.bench_flows import FOLDER, SECONDS
from prompts.catalogue import Catalogue
from prompts.compose import compose
from tests.fuzz.hostile import Aim, Ends, HostilePeer
from tests.line import wire

HOST = "127.0.0.1"
TRUSTED = {"on": "127.0.0.1/32,::1/128", "off": "127.0.0.0/8,::1/128"}
FRAME = 160
WORD_FRAMES = 12
LATE_S = 0.1
_HALF = 1 << 31
_SILENCE = b"\xff" * FRAME
_STAMP = 35  # SO_TIMESTAMPNS of Linux
_TIMESPEC = struct.Struct("@ll")
_HEADER = struct.Struct("!BBHII")


def prompt() -> bytes:
    """The sound of `bench_8s`, its pause with it."""
    (clause,) = compose(Catalogue.load_folder(FOLDER / "text"), "bench_8s", "zh-CN", {})
    spoken = 1000 * SECONDS["bench_8s"] - clause.pause_after_ms
    return tone(440.0, 660.0, ms=spoken, dbov=-26.0) + silence(clause.pause_after_ms)


@dataclass
class Heard:
    """What came in one call during one part of the run: when, which timestamp, right or not."""

    arrivals: list[tuple[float, int, bool]] = field(default_factory=list)
    foreign: int = 0
    # From the end of a prompt to the beginning of the next, as timestamps: nothing is said, and
    # nothing need be sent.
    pauses: list[tuple[int, int]] = field(default_factory=list)


class Caller:
    """One call: SIP by hand, and a socket whose packets the kernel stamps."""

    def __init__(self, number: int, sip_port: int) -> None:
        self.line = (HOST, sip_port)
        self.sip = _udp()
        self.rtp, self.rtcp = _even_pair()
        self.rtp.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
        self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.name = f"hostile-bench-{number}"
        self.remote: tuple[str, int] = ("", 0)
        self.first: int | None = None  # the timestamp at which the first prompt began
        self.begun = 0  # and where, from there on, the one that is heard now began
        self.ssrc: int | None = None
        self.heard = Heard()
        self.sequence = 0
        self.ended = ""

    def _request(self, method: str, cseq: int, body: bytes = b"") -> bytes:
        own = self.sip.getsockname()[1]
        fields = [
            ("Via", f"SIP/2.0/UDP {HOST}:{own};branch=z9hG4bK{self.name}{method}{cseq};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self.name}@{HOST}>;tag={self.name}"),
            ("To", self.to if method != "INVITE" else f"<sip:listen@{HOST}>"),
            ("Call-ID", self.name),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:{self.name}@{HOST}:{own}>"),
        ]
        if body:
            fields.append(("Content-Type", "application/sdp"))
        uri = f"sip:listen@{HOST}:{self.line[1]}"
        return wire.write(f"{method} {uri} SIP/2.0", fields, body)

    def call(self) -> None:
        """Call, be answered, acknowledge; SystemExit where that fails."""
        offer = wire.sdp(HOST, self.rtp.getsockname()[1])
        self.sip.settimeout(1.0)
        for _ in range(20):
            self.sip.sendto(self._request("INVITE", 1, offer), self.line)
            with suppress(TimeoutError):
                while True:
                    answer = wire.read(self.sip.recv(65535))
                    if answer.status >= 300:
                        sys.exit(f"a good call was refused: {answer.first}")
                    if answer.status == 200:
                        self.to = answer.get("To")
                        self.remote = wire.remote_media(answer.body)
                        self.sip.sendto(self._request("ACK", 1), self.line)
                        self.sip.setblocking(False)
                        return
        sys.exit("a good call was not answered")

    def hang_up(self) -> None:
        with suppress(OSError):
            self.sip.sendto(self._request("BYE", 2), self.line)

    def look_at_signalling(self) -> None:
        """A BYE of the line's ends it, and is noted."""
        with suppress(OSError):
            while True:
                message = wire.read(self.sip.recv(65535))
                if message.method == "BYE":
                    self.ended = message.get("Reason") or "BYE"

    def send(self) -> None:
        """20 ms of silence."""
        self.sequence += 1
        header = _HEADER.pack(
            0x80, 0, self.sequence & 0xFFFF, self.sequence * FRAME & 0xFFFFFFFF, 0x600D
        )
        with suppress(OSError):
            self.rtp.sendto(header + b"\xff" * FRAME, self.remote)

    def receive(self, sound: bytes) -> None:
        """Read what is there, and compare it with what should be said at that time."""
        with suppress(OSError):
            while True:
                data, notes, _flags, source = self.rtp.recvmsg(2048, 64)
                if source != self.remote or len(data) < 12:
                    self.heard.foreign += 1
                    continue
                _, kind, _sequence, timestamp, ssrc = _HEADER.unpack_from(data)
                if kind & 0x7F:
                    continue
                payload = data[12:]
                if self.first is None:
                    if payload != sound[:FRAME]:
                        continue  # the prompt has not begun
                    self.first, self.ssrc = timestamp, ssrc
                at = (timestamp - self.first + _HALF & 0xFFFFFFFF) - _HALF
                # From one prompt to the next a frame of silence may pass.
                place = at - self.begun
                if payload == sound[:FRAME] and place >= len(sound):
                    self.heard.pauses.append((self.begun + len(sound), at))
                    self.begun, place = at, 0
                expected = sound[place : place + FRAME] if place < len(sound) else _SILENCE
                right = payload == expected and ssrc == self.ssrc
                seconds, nanoseconds = _TIMESPEC.unpack(notes[0][2][:16])
                self.heard.arrivals.append((seconds + nanoseconds / 1e9, at, right))

    def close(self) -> None:
        for one in (self.sip, self.rtp, self.rtcp):
            one.close()


def _udp(port: int = 0) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind((HOST, port))
    found.setblocking(False)
    return found


def _even_pair() -> tuple[socket.socket, socket.socket]:
    while True:
        rtp = _udp()
        port = rtp.getsockname()[1]
        if port % 2 == 0:
            with suppress(OSError):
                return rtp, _udp(port + 1)
        rtp.close()


class Callers:
    """All good calls, in a thread: sends every 20 ms, reads all the while."""

    def __init__(self, callers: list[Caller], sound: bytes) -> None:
        self.callers = callers
        self.sound = sound
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        poll = select.epoll()
        of = {one.rtp.fileno(): one for one in self.callers}
        for descriptor in of:
            poll.register(descriptor, select.EPOLLIN)
        due = time.monotonic()
        while not self._over.is_set():
            for descriptor, _ in poll.poll(max(0.0, due - time.monotonic())):
                of[descriptor].receive(self.sound)
            if time.monotonic() >= due:
                due += 0.02
                for one in self.callers:
                    one.send()
                    one.look_at_signalling()
        poll.close()

    def take(self) -> list[Heard]:
        """What was heard since last asked."""
        found = [one.heard for one in self.callers]
        for one in self.callers:
            one.heard = Heard()
        return found

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def judged(parts: list[Heard]) -> dict[str, Any]:
    """The figures of all calls together."""
    totals: Counter[str] = Counter()
    lates: list[float] = []
    gap_ms = pause_ms = 0.0
    for heard in parts:
        # The first and the last may be cut by the parts of the run; order is the kernel's.
        rows = sorted(heard.arrivals)
        if not rows:
            totals["calls without sound"] += 1
            continue
        frames = {at // FRAME: (when, right) for when, at, right in rows}
        between = {
            n for begin, end in heard.pauses for n in range(-(-begin // FRAME), end // FRAME)
        }
        pause_ms = max([pause_ms, *((end - begin) / 8 for begin, end in heard.pauses)])
        due = [n for n in range(min(frames), max(frames) + 1) if n not in between or n in frames]
        origin = min(when - at / 8000 for when, at, _ in rows)
        totals["packets expected"] += len(due)
        totals["packets"] += len(rows)
        totals["missing"] += len(due) - len(frames)
        totals["wrong sound"] += sum(not right for _, _, right in rows)
        totals["twice"] += len(rows) - len(frames)
        totals["from others"] += heard.foreign
        late = {frame: when - origin - frame * 0.02 for frame, (when, _) in frames.items()}
        lates += late.values()
        for start in range(0, len(due), WORD_FRAMES):
            word = due[start : start + WORD_FRAMES]
            good = all(n in frames and frames[n][1] and late[n] <= LATE_S for n in word)
            totals["words"] += 1
            totals["words lost"] += not good
        begun = {end for _, end in heard.pauses}
        gaps = [
            b[0] - a[0]
            for a, b in pairwise(rows)
            if b[1] not in begun and b[1] // FRAME not in between
        ]
        gap_ms = max(gap_ms, max(gaps, default=0.0) * 1000)
    lates.sort()
    if lates:
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            totals[f"late ms {name}"] = round(lates[int(share * (len(lates) - 1))] * 1000, 1)  # type: ignore[assignment]
    return {
        **totals,
        "longest gap within a prompt ms": round(gap_ms, 1),
        "longest pause between two ms": round(pause_ms, 1),
    }


def attack(aim: Aim, seed: int, pieces: int, seconds: float, told: Connection) -> None:
    """The hostile process: bursts of a second, and a second between them."""
    peer = HostilePeer(aim, seed, sources=16)
    bursts = max(1, int(seconds / 2))
    for number in range(bursts):
        began = time.monotonic()
        wanted = pieces * (number + 1) // bursts - peer_count(peer)
        while wanted > 0 and time.monotonic() - began < 1.5:
            peer.burst(min(50, wanted))
            wanted = pieces * (number + 1) // bursts - peer_count(peer)
        time.sleep(max(0.0, began + 2.0 - time.monotonic()))
    sent = dict(peer.sent)
    answers = dict(peer.answers.most_common(20))
    peer.close()
    told.send((sent, answers))


def peer_count(peer: HostilePeer) -> int:
    return peer.sent.total() - peer.sent["TCP connections"]


def figures(web_port: int) -> dict[str, float]:
    """What the line says of its own lateness."""
    with suppress(OSError):
        with urllib.request.urlopen(f"http://{HOST}:{web_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = re.findall(r"^(ivr_\S*(?:late|behind|banned|bans)\S*) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}
    return {}


def memory_mb(pid: int) -> dict[str, float]:
    """Megabytes of each process of the line, by what it is."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,ppid=,rss=,args=", "-A"], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    family, found = {str(pid)}, {}
    for _ in range(3):
        family |= {row[0] for row in rows if row[1] in family}
    for row in rows:
        if row[0] in family:
            name = " ".join(row[3].split()[1:])[-40:]
            found[name] = round(int(row[2]) / 1024, 1)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--pieces", type=int, default=360_000)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds before, to compare")
    parser.add_argument("--limits", choices=("on", "off"), default="on")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    web_port = free_port()
    settings = {
        "IVR_TRUSTED_NETWORKS": TRUSTED[asked.limits],
        "IVR_WEB_PORT": str(web_port),
        "IVR_MAX_CALLS": "1000",
        "IVR_ADMIN_PASSWORD": "a long one for benches",
    }
    with served(whole=True, **settings) as (port, pid):
        callers = [Caller(number, port) for number in range(asked.calls)]
        for one in callers:
            one.call()
        listening = Callers(callers, prompt())
        time.sleep(3.0)  # the first packets of a call are not compared with anything
        listening.take()
        time.sleep(asked.quiet)
        quiet = judged(listening.take())
        before = memory_mb(pid)
        ends = [Ends(one.remote, (HOST, one.rtp.getsockname()[1])) for one in callers]
        aim = Aim((HOST, port), ends, web=(HOST, web_port))
        mine, theirs = multiprocessing.Pipe()
        hostile = multiprocessing.Process(
            target=attack, args=(aim, asked.seed, asked.pieces, asked.seconds, theirs)
        )
        hostile.start()
        worst: dict[str, float] = {}
        while not mine.poll(5.0):
            for name, value in figures(web_port).items():
                worst[name] = max(worst.get(name, 0.0), value)
            if not hostile.is_alive():
                break
        sent, answers = mine.recv()
        hostile.join()
        attacked = judged(listening.take())
        ended = [one.ended for one in callers if one.ended]
        time.sleep(45.0)  # calls that were begun and never acknowledged are given up (64*T1)
        after = memory_mb(pid)
        listening.stop()
        for one in callers:
            one.hang_up()
            one.close()
    report = {
        "limits": asked.limits,
        "sent": sent,
        "answers": answers,
        "quiet": quiet,
        "attacked": attacked,
        "calls ended by the line": ended,
        "worst of the line's own figures": worst,
        "MB before": before,
        "MB after": after,
    }
    print(json.dumps(report, indent=1, ensure_ascii=False))
    return 1 if attacked.get("words lost") or ended or "calls without sound" in attacked else 0


if __name__ == "__main__":
    sys.exit(main())
