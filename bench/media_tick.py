"""What one tick costs: N legs, sound both ways on loopback, against a peer process.

    python -m bench.media_tick [--legs 100,500,1000] [--seconds 5] [--record] [--inband]

One line of JSON per N: CPU of the ticking thread per leg and tick, and per
call-second; how late ticks began; memory per leg. The kernel's delivery of
what we send is paid by us, as on any loopback.
"""

import argparse
import json
import multiprocessing
import os
import resource
import select
import socket
import struct
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from ivr.media import LegPlan, MediaEngine, tone

slot_s = 0.02


def peer(control: Connection) -> None:
    """Send one packet per slot to each leg from one socket, and drain what comes back."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    control.send(udp.getsockname())
    targets: list[tuple[str, int]] = control.recv()
    audio = tone(440.0, ms=20)
    buffer = bytearray(2048)
    received = 0
    slot = 0
    origin = time.monotonic()
    while not control.poll():
        for number, target in enumerate(targets):
            header = struct.pack("!BBHII", 0x80, 0, slot & 0xFFFF, slot * 160, number + 1)
            udp.sendto(header + audio, target)
        try:
            while udp.recv_into(buffer):
                received += 1
        except BlockingIOError:
            pass
        slot += 1
        select.select([control], [], [], max(0.0, origin + slot * slot_s - time.monotonic()))
    control.send(received)


def resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def run(legs: int, seconds: float, *, record: bool, inband: bool) -> dict[str, float]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=peer, args=(there,))
    process.start()
    remote = here.recv()
    engine = MediaEngine(range(20_000, 60_000), wall_clock=time.time, entropy=os.urandom)
    prompt = tone(300.0, ms=8000)
    before_kb = resident_kb()
    opened = [engine.open("127.0.0.1") for _ in range(legs)]
    folder = tempfile.TemporaryDirectory()
    for number, leg in enumerate(opened):
        leg.configure(LegPlan(remote, telephone_event=None if inband else 101))
        leg.loop(prompt)
        if record:
            path = Path(folder.name) / f"{number}.wav"
            leg.record(path, max_s=600, silence_s=5, beep=False)
    here.send([leg.address for leg in opened])

    origin = time.monotonic()
    warm, slots = 50, 50 + int(seconds / slot_s)
    spent: list[float] = []
    late: list[float] = []
    for slot in range(slots):
        due = origin + slot * slot_s
        time.sleep(max(0.0, due - time.monotonic()))
        began = time.monotonic()
        cpu = time.thread_time()
        engine.tick(began)
        if slot >= warm:
            spent.append(time.thread_time() - cpu)
            late.append(began - due)
    after_kb = resident_kb()
    statistics = [leg.statistics() for leg in opened]
    here.send("stop")
    got = here.recv()
    process.join()
    engine.close()
    folder.cleanup()
    late.sort()
    per_tick = sum(spent) / len(spent)
    return {
        "legs": legs,
        "us_per_leg_tick": round(per_tick / legs * 1e6, 2),
        "cpu_ms_per_call_second": round(per_tick / legs * 1e3 / slot_s, 3),
        "tick_ms_max": round(max(spent) * 1e3, 2),
        "late_ms_p99": round(late[int(len(late) * 0.99)] * 1e3, 2),
        "sent": sum(s.packets_sent for s in statistics),
        "peer_received": got,
        "received": sum(s.packets_received for s in statistics),
        "lost": sum(s.lost for s in statistics),
        "kb_per_leg": round((after_kb - before_kb) / legs, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legs", default="100,500,1000")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--inband", action="store_true")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for legs in given.legs.split(","):
        figures = run(int(legs), given.seconds, record=given.record, inband=given.inband)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
