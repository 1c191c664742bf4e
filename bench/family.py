"""What a process and all that it started cost: CPU, memory, descriptors, from /proc."""

import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_TICK_HZ = os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process at one moment."""

    name: str
    cpu_s: float
    resident_kb: int
    descriptors: int
    threads: int


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    for word, name in ((b"ivr.media.process", "sound"), (b"--only", "")):
        if word in words:
            return name or words[words.index(word) + 1].decode()
    return "supervisor" if b"serve" in words else "other"


def members(pid: int) -> list[int]:
    """The process and its descendants that are there now."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        try:
            told = [path.read_text() for path in Path(f"/proc/{one}/task").glob("*/children")]
        except OSError:
            continue
        found.append(one)
        waiting += [int(child) for line in told for child in line.split()]
    return found


def cost(pid: int) -> Cost | None:
    """What a process has cost so far; None where it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        status = Path(f"/proc/{pid}/status").read_text()
        resident = re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)
        threads = re.search(r"^Threads:\s+(\d+)", status, re.MULTILINE)
        return Cost(
            _name(pid),
            (int(fields[11]) + int(fields[12])) / _TICK_HZ,
            int(resident[1]) if resident else 0,
            len(os.listdir(f"/proc/{pid}/fd")),
            int(threads[1]) if threads else 0,
        )
    except OSError:
        return None


def family(pid: int) -> dict[int, Cost]:
    """All of them, by number."""
    return {one: found for one in members(pid) if (found := cost(one)) is not None}


def part(pid: int, name: str) -> int:
    """The number of the member of that name (responder, sound, desk, voice)."""
    for one, found in family(pid).items():
        if found.name == name:
            return one
    raise LookupError(f"no {name} among what process {pid} started")


class Watch:
    """Samples the whole family a few times a second while a run goes on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.samples: list[tuple[float, dict[int, Cost]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self.samples.append((time.monotonic(), family(self._pid)))
            if self._over.wait(_EVERY_S):
                return

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def cpu_s(self, begin: float, end: float) -> dict[str, float]:
        """CPU seconds of each between two moments (of the samples nearest to them), by name."""
        first = min(self.samples, key=lambda sample: abs(sample[0] - begin))[1]
        last = min(self.samples, key=lambda sample: abs(sample[0] - end))[1]
        spent: dict[str, float] = {}
        for pid, now in last.items():
            before = first[pid].cpu_s if pid in first else 0.0
            spent[now.name] = spent.get(now.name, 0.0) + now.cpu_s - before
        return spent

    def most_resident_kb(self) -> int:
        """The most that all held at once."""
        return max(sum(one.resident_kb for one in now.values()) for _, now in self.samples)

    def first_resident_kb(self) -> int:
        """What all held at the beginning."""
        return sum(one.resident_kb for one in self.samples[0][1].values())
