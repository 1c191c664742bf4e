"""What a call costs the database, and how fast the desk's call list is with many calls.

    python -m bench.records_calls [--url URL] [--calls 100000]

Without a URL a SQLite file in a temporary folder is measured, with the
durability of the running line (WAL, synchronous = FULL). Figures as JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from ivr.records import Database, migrate
from ivr.records.tables import Call, EndedBy
from ivr.services import call_search, calls, complaints
from ivr.services.call_search import CallFilter

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
STEPS = 8


def record_call(session, n):
    """All that one call of the default line writes: row, answer, steps, end."""
    call_id = uuid.uuid4().hex
    at = NOW + timedelta(seconds=n)
    calls.open_call(session, calls.NewCall(call_id, f"138{n:08d}", "line", at))
    calls.record_answer(session, call_id, at, codec="PCMU", flow="main")
    calls.add_steps(
        session,
        call_id,
        [calls.StepTaken(s, at, "main", f"node_{s}", "menu", "1", "match") for s in range(STEPS)],
    )
    quality = calls.Quality(1500, 1500, 0, 0.5, 0, 0.5, 12.0)
    end = calls.CallEnd(at + timedelta(seconds=30), EndedBy.CALLER, "BYE", quality=quality)
    calls.close_call(session, call_id, end)


def milliseconds(job, times):
    """Median and 99th percentile of `times` runs."""
    taken = []
    for n in range(times):
        start = time.perf_counter()
        job(n)
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return {
        "p50_ms": round(statistics.median(taken), 3),
        "p99_ms": round(taken[int(len(taken) * 0.99) - 1], 3),
    }


def fill(database, count):
    """Ended calls over a month, in bulk."""
    step = timedelta(days=30) / count
    for start in range(0, count, 5000):
        with database.begin() as session:
            session.execute(
                insert(Call),
                [
                    {
                        "id": f"{n:032x}",
                        "caller": f"138{n * 7919 % 10**8:08d}",
                        "called": "line",
                        "started_at": NOW - step * n,
                        "answered_at": NOW - step * n,
                        "ended_at": NOW - step * n + timedelta(seconds=30),
                        "language": "en" if n % 10 == 0 else "zh-CN",
                        "ended_by": EndedBy.LINE if n % 5 == 0 else EndedBy.CALLER,
                    }
                    for n in range(start, min(count, start + 5000))
                ],
            )


def measure(url, count):
    migrate(url)
    database = Database(url)

    def alone(n):
        with database.begin() as session:
            record_call(session, n)

    def in_batches_of_20(n):
        with database.begin() as session:
            for k in range(20):
                record_call(session, n * 20 + k)

    def file_complaint(_):
        with database.begin() as session:
            complaints.file(
                session,
                category="roads",
                call_id=None,
                recording_id=None,
                caller="13800000000",
                callback_number="",
                finished=True,
                now=NOW,
            )

    figures = {
        "call_written_in_its_own_transaction": milliseconds(alone, 200),
        "complaint_filed": milliseconds(file_complaint, 100),
    }
    cpu = time.process_time()
    batched = milliseconds(in_batches_of_20, 20)
    figures["twenty_calls_in_one_transaction"] = batched
    figures["cpu_ms_per_call_batched"] = round((time.process_time() - cpu) * 1000 / 400, 3)
    fill(database, count)

    def page(wanted, after=None):
        def job(_):
            with database.read() as session:
                return call_search.search(session, wanted, after=after)

        return job

    middle = f"{NOW - timedelta(days=15):%Y%m%dT%H%M%S.%f}~0"
    figures |= {
        "calls": count,
        "first_page": milliseconds(page(CallFilter()), 20),
        "page_in_the_middle": milliseconds(page(CallFilter(), middle), 20),
        "page_by_caller": milliseconds(page(CallFilter(caller="1381234")), 20),
        "page_by_language": milliseconds(page(CallFilter(language="en")), 20),
        "page_of_one_day": milliseconds(
            page(CallFilter(since=NOW - timedelta(days=2), until=NOW - timedelta(days=1))), 20
        ),
        "page_with_complaint": milliseconds(page(CallFilter(with_complaint=True)), 20),
    }
    database.close()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--url")
    parser.add_argument("--calls", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{Path(folder) / 'bench.db'}"
        print(json.dumps(measure(url, given.calls), indent=2))


if __name__ == "__main__":
    main()
