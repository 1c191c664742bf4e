"""How far the engine is from the floor: a bare C loop over as many sockets, in the same run.

    python -m bench.media_floor [--legs 100,500,1000] [--seconds 5]

Three in turn against the same peer: C (bench/media_floor.c, built with `cc`), the engine as it
is, and the engine made to read every packet (`read all`), as it does for a call that is being
recorded, bridged or searched for tones. Both C and the engine send one packet a call and slot and
are sent one. Figures are CPU time of the thread at work; the kernel's delivery of what is sent is
in them, as on any loopback. On a busy machine the ratio still tells something, the rest does not.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.media_tick import peer, slot_s
from ivr.media import LegPlan, MediaEngine, tone
from ivr.media.leg import Leg

WARM = 50


def build(folder: Path) -> Path | None:
    """The C loop, compiled; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source = Path(__file__).with_suffix(".c")
    subprocess.run([compiler, "-O2", "-o", folder / "media_floor", source], check=True)
    return folder / "media_floor"


class Peer:
    """The far end of every call, in a process of its own."""

    def __init__(self) -> None:
        self.control, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=peer, args=(there,))
        self._process.start()
        self.address: tuple[str, int] = self.control.recv()

    def speak(self, targets: list[tuple[str, int]]) -> None:
        self.control.send(targets)

    def stop(self) -> None:
        self.control.send("stop")
        self.control.recv()
        self._process.join()


def floor(program: Path, legs: int, slots: int) -> float:
    """CPU seconds of a slot in C."""
    far = Peer()
    with subprocess.Popen(
        [program, str(legs), str(slots)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(f"{far.address[1]}\n")
        running.stdin.close()
        ports = [int(running.stdout.readline()) for _ in range(legs)]
        far.speak([("127.0.0.1", port) for port in ports])
        spent = float(running.stdout.readline().split()[0])
    far.stop()
    return spent


def engine(legs: int, slots: int, *, read_all: bool) -> float:
    """CPU seconds of a slot in the engine."""
    lay = Leg._lay_sieve
    if read_all:
        Leg._lay_sieve = lambda self: None  # type: ignore[method-assign]
    far = Peer()
    line = MediaEngine(range(20_000, 60_000), wall_clock=time.time, entropy=os.urandom)
    prompt = tone(300.0, ms=8000)
    opened = [line.open("127.0.0.1") for _ in range(legs)]
    for leg in opened:
        leg.configure(LegPlan(far.address))
        leg.loop(prompt)
    far.speak([leg.address for leg in opened])
    origin = time.monotonic()
    spent = 0.0
    warm = 2 * WARM  # the engine sees a call a second before it has it counted
    for slot in range(slots):
        time.sleep(max(0.0, origin + slot * slot_s - time.monotonic()))
        before = time.thread_time()
        line.tick(time.monotonic())
        if slot >= warm:
            spent += time.thread_time() - before
    line.close()
    far.stop()
    Leg._lay_sieve = lay  # type: ignore[method-assign]
    return spent / (slots - warm)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--legs", default="100,500,1000")
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        if program is None:
            print("no C compiler (cc): the floor is not measured", file=sys.stderr)
        for legs in (int(word) for word in given.legs.split(",")):
            slots = 2 * WARM + int(given.seconds / slot_s)
            figures: dict[str, float] = {"legs": legs}
            bare = floor(program, legs, slots) if program is not None else None
            if bare is not None:
                figures["c_us_per_leg_tick"] = round(bare / legs * 1e6, 2)
            for name, read_all in (("engine", False), ("read_all", True)):
                spent = engine(legs, slots, read_all=read_all)
                figures[f"{name}_us_per_leg_tick"] = round(spent / legs * 1e6, 2)
                figures[f"{name}_cpu_ms_per_call_second"] = round(spent / legs / slot_s * 1e3, 3)
                if bare is not None:
                    figures[f"{name}_to_c"] = round(spent / bare, 2)
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
