"""A file of bills: new, changed, unchanged, undone; and who waits for the database meanwhile.

    python -m bench.desk_import URL [--lines 100000]

URL is any migrated database of the bench: the bills stay in it, under accounts of their own. A
small row is written forty times a second meanwhile, as the line does. Figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.beside import Writer
from ivr.records import Database, migrate
from ivr.records.tables import ImportState
from ivr.services import bill_import

HEADER = "account,kind,period,amount,due_on"


def written(folder: Path, lines: int, fen: int) -> Path:
    """A file of so many bills, two of each account, each of so many fen more than a yuan."""
    path = folder / f"{fen}.csv"
    with path.open("w") as out:
        out.write(HEADER + "\n")
        for n in range(lines):
            period = "2026-11" if n % 2 else "2026-12"
            out.write(f"77{n // 2:08d},water,{period},1.{fen:02d},{period}-28\n")
    return path


def measured(database: Database, work: Callable[[], object]) -> dict[str, Any]:
    """Seconds of something, and the small writes beside it."""
    began, cpu = time.perf_counter(), time.process_time()
    with Writer(database) as writer:
        work()
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "small_writes_meanwhile": writer.figures(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("url")
    parser.add_argument("--lines", type=int, default=100_000)
    given = parser.parse_args()
    migrate(given.url)
    database = Database(given.url)
    figures: dict[str, Any] = {"database": database.url.get_backend_name(), "lines": given.lines}
    with Writer(database) as alone:
        time.sleep(5.0)
    figures["small_writes_alone"] = alone.figures()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, fen in (("new", 10), ("changed", 20), ("unchanged", 20)):
            path = written(folder, given.lines, fen)

            def work(path: Path = path) -> None:
                bill_import.import_bills(database.begin, path, read=database.read)

            figures[what] = measured(database, work)

    def undo() -> None:
        with database.begin() as session:
            newest = bill_import.history(session, limit=1)[0].id
            bill_import.begin_undo(session, newest, who="bench", now=datetime.now(UTC))
        bill_import.work(database.begin, newest, None, read=database.read)
        with database.read() as session:
            assert bill_import.get(session, newest).state is ImportState.UNDONE

    figures["undo of the last"] = measured(database, undo)
    print(json.dumps(figures, indent=2))
    database.close()


if __name__ == "__main__":
    main()
