"""The line under load, by the same generator that measures rivals (`loadbench`).

    python -m bench.line_load [whole] [listen 100 500 1000] [cps 400] [mixed 500] [ceiling]

listen N: N calls held with two-way sound. cps N: N calls a second set up and torn
down. mixed N: N held while 10 calls a second come and go and write their records.
ceiling: 1000, 1250, ... held until a packet or the pace is lost. With `whole` the desk
and the voice run beside it. Each run takes about a minute and starts a line of its own;
the rows are for a table in bench/results. CPU is that of all the line's processes.
The generator's folder is IVR_LOADBENCH, else `shared/tools/loadbench` beside the
project; it wants sipp, gcc and, for a real-time priority, root.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from bench.family import Watch, part
from bench.served import ROOT, served

WINDOW_S = 20
DEFAULT = ["listen", "100", "500", "1000", "cps", "400", "mixed", "500"]
CEILING_FROM, CEILING_STEP, MOST = 1000, 250, 2500
PACE_MS = 5.0


def generator() -> Path:
    """Copy and build the load generator where it may write; SystemExit says what is missing."""
    named = os.environ.get("IVR_LOADBENCH")
    source = Path(named) if named else ROOT.parent / "shared" / "tools" / "loadbench"
    if not (source / "bench.py").is_file():
        sys.exit(f"no load generator at {source}; name its folder in IVR_LOADBENCH")
    for program in ("sipp", "gcc"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing; apt-get install sip-tester gcc")
    target = Path(tempfile.mkdtemp(prefix="loadbench-"))
    shutil.copytree(source, target, dirs_exist_ok=True)
    (target / "out").mkdir(exist_ok=True)
    subprocess.run(
        ["gcc", "-O2", "-o", "rtpload", "rtpload.c"],
        cwd=target,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return target


def start(
    folder: Path, port: int, pid: int, mode: str, count: int, window_s: float, **more: str
) -> "subprocess.Popen[str]":
    """Start one run of the generator; its output is one line of JSON."""
    return subprocess.Popen(
        ["./bench.sh", f"127.0.0.1:{port}", str(pid), mode, str(count), str(window_s)],
        cwd=folder,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(run: "subprocess.Popen[str]", limit_s: float = 600) -> dict[str, Any]:
    """Return what a run measured; SystemExit where it measured nothing."""
    out, _ = run.communicate(timeout=limit_s)
    if run.returncode or not out.strip():
        sys.exit("the load generator failed, see above; does a former rtpload still run?")
    found: dict[str, Any] = json.loads(out)
    return found


HEAD = (
    "| what | answered | CPU-ms per call-s | of it | pacing p50 | p99 | max | packets | KB a call "
    "| 200 after p50, p99 | resent | other work |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def report(
    name: str, found: dict[str, Any], watch: Watch, began: float, count: int, window_s: float
) -> None:
    """Print one run as a row; CPU is that of all the processes the line consists of."""
    rtp = found.get("rtp") or {}
    if found["mode"] == "cps":
        spent = watch.cpu_s(began, time.monotonic())
        each, unit = found["calls"], "a call"
    else:
        ready = began + count / float(os.environ.get("RATE", "50")) + 3.3
        spent = watch.cpu_s(ready, ready + window_s - 0.6)
        each, unit = count * (window_s - 0.6), ""
    total = sum(spent.values()) * 1000 / each
    parts = ", ".join(
        f"{part} {seconds * 1000 / each:.2f}" for part, seconds in spent.items() if seconds > 0.05
    )
    grown = (watch.most_resident_kb() - watch.first_resident_kb()) / count
    print(
        f"| {name} | {found['ok']} of {found['calls']} | {total:.2f} {unit} | {parts} "
        f"| {rtp.get('dev_ms_p50', '')} | {rtp.get('dev_ms_p99', '')} "
        f"| {rtp.get('dev_ms_max', '')} "
        f"| {rtp.get('rx', '')} of {rtp.get('rx_expected', '')} | {grown:.0f} "
        f"| {found['invite_200_ms_p50']}, {found['invite_200_ms_p99']} ms | {found['sip_retrans']} "
        f"| {found['other_cores']} cores |",
        flush=True,
    )


def run(mode: str, count: int, *, whole: bool) -> dict[str, Any]:
    """One run against a line of its own; returns what the generator measured."""
    with served(whole=whole) as (port, top):
        pid = part(top, "responder")
        watch = Watch(top)
        began = time.monotonic()
        if mode == "mixed":
            held = start(folder(), port, pid, "listen", count, WINDOW_S, RATE="50")
            busy_s = count / 50 + WINDOW_S + 3
            coming = start(
                folder(), port, pid, "cps", 10, busy_s, SIPP_PORT="5190", MEDIA_BASE="62000"
            )
            found, others = finish(held), finish(coming)
            watch.stop()
            report(f"mixed {count}", found, watch, began, count, WINDOW_S)
            print(f"  of the 10 a second that came and went: {others['ok']} of {others['calls']}")
        else:
            found = finish(start(folder(), port, pid, mode, count, WINDOW_S))
            watch.stop()
            report(f"{mode} {count}", found, watch, began, count, WINDOW_S)
        return found


def ceiling(*, whole: bool) -> None:
    """Hold more and more until pace or a call is lost; at most `MOST` (the generator's limit)."""
    held = 0
    for count in range(CEILING_FROM, MOST + 1, CEILING_STEP):
        found = run("listen", count, whole=whole)
        rtp = found["rtp"]
        if found["failed"] or rtp["dev_ms_p99"] > PACE_MS or rtp["rx"] < 0.999 * rtp["rx_expected"]:
            break
        held = count
    print(f"ceiling: {held} calls held with p99 of pacing within {PACE_MS} ms and nothing lost")


@cache
def folder() -> Path:
    """The generator, built once."""
    built = generator()
    atexit.register(shutil.rmtree, built)
    return built


def main(words: list[str]) -> None:
    """Run what the words ask for."""
    whole = "whole" in words
    folder()
    print(HEAD, flush=True)
    mode = "listen"
    for word in words:
        if word == "ceiling":
            ceiling(whole=whole)
        elif word.isdigit():
            run(mode, int(word), whole=whole)
        elif word != "whole":
            mode = word


if __name__ == "__main__":
    main(sys.argv[1:] or DEFAULT)
