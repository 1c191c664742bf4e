"""The nightly purge and the counting beside a line that writes: how long small writes wait.

    python -m bench.desk_purge URL [--batches 60] [--keep-calls 360]

URL is a copy of a database filled by `bench/desk_rows.py`: the oldest records are removed from it.
Each kind is purged for so many batches; meanwhile a small row is written forty times a second.
Figures as JSON: milliseconds of the batches and of the writes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.beside import Writer
from bench.desk_pages import counted
from bench.desk_rows import NOW
from ivr.records import Database, migrate
from ivr.services import complaint_days, retention
from ivr.services.retention import Periods


@dataclass(frozen=True, slots=True)
class Only(Periods):
    """One kind is kept so many days, and all others for ever."""

    kind: str

    def cutoffs(self, now: datetime) -> dict[str, datetime]:
        """Of the one kind."""
        return {self.kind: Periods.cutoffs(self, now)[self.kind]}


def purged(database: Database, periods: Periods, batches: int) -> dict[str, Any]:
    """So many batches, with the rest between them that `ivr purge` takes."""
    taken: list[float] = []
    began = time.perf_counter()

    def rest() -> bool:
        nonlocal began
        took = time.perf_counter() - began
        taken.append(took * 1000)
        time.sleep(min(1.0, took))  # as ivr.purging rests
        began = time.perf_counter()
        return len(taken) < batches

    with tempfile.TemporaryDirectory() as folder, Writer(database) as writer:
        done = retention.purge(database, periods, NOW, state_dir=Path(folder), rest=rest)
    ordered = sorted(taken) or [0.0]
    return {
        "removed": dict(done.removed),
        "batches": len(taken),
        "batch_p50_ms": round(ordered[len(ordered) // 2], 1),
        "batch_max_ms": round(ordered[-1], 1),
        "small_writes_meanwhile": writer.figures(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("url")
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--keep-calls", type=int, default=360, help="days")
    given = parser.parse_args()
    migrate(given.url)
    database = Database(given.url)
    days = given.keep_calls
    figures: dict[str, Any] = {"database": database.url.get_backend_name()}
    with Writer(database) as alone:
        time.sleep(5.0)
    figures["small_writes_alone"] = alone.figures()
    for kind in retention.KINDS:
        figures[kind] = purged(database, Only(days, days, days, days, days, kind), given.batches)
    with Writer(database) as writer:
        figures["counting"] = counted(database)
    figures["counting"]["small_writes_meanwhile"] = writer.figures()
    with Writer(database) as writer:
        for _ in range(20):
            complaint_days.tend(database, NOW)
    figures["days_of_complaints"] = writer.figures()
    print(json.dumps(figures, indent=2))
    database.close()


if __name__ == "__main__":
    main()
