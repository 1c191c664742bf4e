"""The download of all calls as CSV: rows a second, the server's memory, who has to wait meanwhile.

    python -m bench.desk_export URL [--rows 10000000] [--query outcome=fault] [--slow]

URL is a database filled by `bench/desk_rows.py` (a copy of one: some small rows are written).
`ivr serve --only desk` serves it; this program reads `/api/calls.csv` like a client that keeps
nothing, and stops after so many rows. Meanwhile it writes a small row forty times a second as
the line does, asks for a page of the list each second as others at the desk do, and looks at the
server's memory and, with SQLite, at the write-ahead log. `--slow`
takes a breath of a second after each megabyte, as a client behind a thin line does. At the end
the client goes away in the middle of the file, and the server's work is measured afterwards.
Figures as JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import make_url

from bench.beside import Asker, Writer
from bench.served import ROOT, free_port
from ivr.records import Database, migrate

TOKEN = "a-token-of-the-bench-0123456789abcdef"  # noqa: S105
PIECE = 1 << 16
START_LIMIT_S = 90.0


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    total = 0
    for one in [pid, *_children(pid)]:
        try:
            status = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line), 0)
    return total / 1024


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


def connected(port: int, path: str) -> http.client.HTTPResponse:
    """The answer, its body not read yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {answer.read(300)!r}")
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--query", default="")
    parser.add_argument("--slow", action="store_true")
    given = parser.parse_args()
    migrate(given.url)
    database = Database(given.url)
    file = make_url(given.url).database or ""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as state:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IVR_")},
            "IVR_STATE_DIR": state,
            "IVR_DATABASE_URL": given.url,
            "IVR_WEB_PORT": str(port),
            "IVR_API_TOKEN": TOKEN,
            "IVR_LOG_LEVEL": "warning",
            "IVR_PURGE_AT": "",
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "ivr", "serve", "--only", "desk"], env=environment, cwd=ROOT
        )
        try:
            _wait(port, server)
            print(json.dumps(_measured(given, database, server.pid, port, file), indent=2))
        finally:
            server.terminate()
            server.wait(30)
            database.close()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit and server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)  # nothing tells from outside when a port is open
        else:
            return
    raise SystemExit(f"the desk did not start (status {server.poll()})")


def _measured(
    given: argparse.Namespace, database: Database, pid: int, port: int, file: str
) -> dict[str, object]:
    path = "/api/calls.csv" + (f"?{given.query}" if given.query else "")
    wal = Path(file + "-wal")
    rows, size, before = 0, 0, memory_mb(pid)
    memory: list[float] = []
    log: list[float] = [wal.stat().st_size / 1e6 if wal.exists() else 0.0]
    looked = breath = 0
    others = Asker(port, "/api/calls?limit=50", TOKEN)
    with Writer(database) as writer, others:
        began, cpu = time.perf_counter(), cpu_s(pid)
        answer = connected(port, path)
        first_s = None
        while piece := answer.read(PIECE):
            first_s = first_s or time.perf_counter() - began
            rows += piece.count(b"\n")
            size += len(piece)
            if size - looked > 1 << 20:
                looked = size
                memory.append(memory_mb(pid))
                log.append(wal.stat().st_size / 1e6 if wal.exists() else 0.0)
                if given.slow:
                    time.sleep(1.0)
                    breath += 1
            if rows >= given.rows:
                break
        taken, worked = time.perf_counter() - began, cpu_s(pid) - cpu
        answer.close()  # in the middle of the file, where rows were limited
        time.sleep(2.0)
        after = cpu_s(pid)
        time.sleep(3.0)
        idle = cpu_s(pid) - after
    return {
        "database": database.url.get_backend_name(),
        "rows": rows,
        "megabytes": round(size / 1e6, 1),
        "seconds": round(taken, 1),
        "rows_a_second": round(rows / max(0.001, taken - breath)),
        "server_cpu_us_a_row": round(worked / max(1, rows) * 1e6, 1),
        "first_byte_s": round(first_s or 0.0, 2),
        "memory_before_mb": round(before, 1),
        "memory_mb_by_tenths": [round(memory[len(memory) * n // 10], 1) for n in range(10)]
        if len(memory) >= 10
        else [round(one, 1) for one in memory],
        "memory_most_mb": round(max(memory, default=0.0), 1),
        "wal_before_and_most_mb": [round(log[0], 1), round(max(log), 1)],
        "small_writes_meanwhile": writer.figures(),
        "pages_of_others_meanwhile": others.figures(),
        "cpu_s_in_3_s_after_the_client_left": round(idle, 2),
    }


if __name__ == "__main__":
    main()
