"""The line under load, by the same generator that measures rivals (`loadbench`).

    python bench/line_load.py [listen 100 500 1000] [cps 200] [mixed 500]

listen N: N calls held with two-way sound. cps N: N calls a second set up and torn
down. mixed N: N held while 10 calls a second come and go and write their records.
The generator's folder is IVR_LOADBENCH, else `shared/tools/loadbench` beside the
project; it wants sipp, gcc and, for a real-time priority, root.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from served import ROOT, served

WINDOW_S = 20
DEFAULT = ["listen", "100", "500", "1000", "cps", "200", "mixed", "500"]


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


def finish(run: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return what a run measured; SystemExit where it measured nothing."""
    out, _ = run.communicate(timeout=600)
    if run.returncode or not out.strip():
        sys.exit("the load generator failed, see above; does a former rtpload still run?")
    found: dict[str, Any] = json.loads(out)
    return found


def report(name: str, found: dict[str, Any]) -> None:
    """Print one run as a line."""
    rtp = found.get("rtp") or {}
    cells = {
        "ok": f"{found['ok']}/{found['calls']}",
        "CPU-ms/call-s": found.get("cpu_ms_per_call_second"),
        "CPU-ms/call": found.get("cpu_ms_per_call"),
        "pacing p50": rtp.get("dev_ms_p50"),
        "p99": rtp.get("dev_ms_p99"),
        "max": rtp.get("dev_ms_max"),
        "rx/expected": f"{rtp['rx']}/{rtp['rx_expected']}" if rtp else None,
        "KB/call": found.get("rss_kb_per_call"),
        "retransmitted": found.get("sip_retrans"),
        "other cores": found.get("other_cores"),
    }
    print(
        f"{name:12}", "  ".join(f"{k} {v}" for k, v in cells.items() if v is not None), flush=True
    )


def main(words: list[str]) -> None:
    """Run what the words ask for."""
    folder = generator()
    mode = "listen"
    for word in words:
        if not word.isdigit():
            mode = word
            continue
        count = int(word)
        with served() as (port, pid):
            if mode == "mixed":
                held = start(folder, port, pid, "listen", count, WINDOW_S, RATE="50")
                busy_s = count / 50 + WINDOW_S + 3
                coming = start(
                    folder, port, pid, "cps", 10, busy_s, SIPP_PORT="5190", MEDIA_BASE="62000"
                )
                report(f"mixed {count}", finish(held))
                report("  and cps 10", finish(coming))
            else:
                report(f"{mode} {count}", finish(start(folder, port, pid, mode, count, WINDOW_S)))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:] or DEFAULT)
