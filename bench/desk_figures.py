"""How fast the desk's pages are with many calls and complaints.

    python bench/desk_figures.py [--url URL] [--calls 1000000] [--complaints 100000] [--steps 2]

The calls lie within a year, busier by day than by night; each has an outcome, and the sums of
`call_hours` and `step_days` are those of these calls (that counting makes the same sums is
tested elsewhere). Pages are asked for through the whole application, as a supervisor. Without
a URL a SQLite file in a temporary folder is measured. Figures as JSON; bounded by `--calls`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import insert, text

from admin_web import DeskSettings, create_app
from ivr.records import Database, migrate
from ivr.records.tables import Call, CallOutcome, CallStep, Complaint, ComplaintState, EndedBy, Role
from ivr.services import heartbeats, passwords, sample_town, staff, statistics_counting
from ivr.services.call_outcomes import Judged, PathStep

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
YEAR = timedelta(days=365)
BATCH = 20_000
MOST_CALLS = 20_000_000
FILLED: tuple[Any, ...] = (Call, CallStep, Complaint)
PASSWORD = "correct horse staple"  # noqa: S105
# what a caller did: share, outcome, the steps that are written
KINDS: tuple[tuple[float, CallOutcome, tuple[tuple[str, str, str, str], ...]], ...] = (
    (0.45, CallOutcome.SELF_SERVED, (("main", "menu", "menu", "match"),
                                     ("bills", "look_up", "lookup", "found"))),
    (0.20, CallOutcome.PERSON, (("main", "menu", "menu", "match"),
                                ("person", "connect", "transfer", "answered"))),
    (0.05, CallOutcome.MESSAGE, (("person", "connect", "transfer", "no_answer"),
                                 ("person", "submit", "call_back", "filed"))),
    (0.25, CallOutcome.ABANDONED, (("main", "menu", "menu", "no_input"),
                                   ("main", "menu", "menu", "hang_up"))),
    (0.03, CallOutcome.FAULT, (("bills", "look_up", "lookup", "error"),)),
    (0.02, CallOutcome.UNANSWERED, ()),
)  # fmt: skip
PAGES = {
    "figures today": "/figures/",
    "figures, 7 days": "/figures/?period=week",
    "figures, month": "/figures/?period=month",
    "figures, a year": "/figures/?first_day=2025-11-23&last_day=2026-11-22",
    "figures, one number and area": "/figures/?period=month&number=12345&area=01",
    "daily summary": "/figures/summary",
    "first page": "/",
    "calls": "/calls/",
    "calls, abandoned this month": (
        "/calls/?ended=1&first_day=2026-11-01&last_day=2026-11-22&outcome=abandoned"
    ),
    "calls, Mondays at nine this year": (
        "/calls/?ended=1&first_day=2025-11-24&last_day=2026-11-22&weekday=0&hour=9"
    ),
    "calls, lost at the menu": (
        "/calls/?ended=1&first_day=2026-11-01&last_day=2026-11-22&outcome=abandoned&place=main.menu"
    ),
    "calls, lookups that failed": (
        "/calls/?ended=1&first_day=2026-11-01&last_day=2026-11-22&node=bills.look_up"
        "&step_outcome=error"
    ),
    "calls, answered late": "/calls/?ended=1&first_day=2026-11-01&last_day=2026-11-22&in_time=0",
    "calls in progress": "/calls/live/now",
    "complaints": "/complaints/",
    "complaints without a reply": "/complaints/?state=open",
    "complaints, one area this month": "/complaints/?area=01&first_day=2026-11-01",
}


def moments(chance: random.Random, count: int) -> Iterator[datetime]:
    """Times within the year, the newest first, mostly by day."""
    for n in range(count):
        day = NOW - YEAR * (n / count)
        midnight = day.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        seconds = min(86_399.0, max(0.0, chance.gauss(12.5, 3.5) * 3600))
        at = (midnight + timedelta(seconds=seconds)).astimezone(UTC)
        yield at if at < NOW else NOW - timedelta(seconds=n % 3600 + 60)


def fill_calls(database: Database, count: int, steps_kept: int) -> None:
    """Calls, their steps, and the sums."""
    chance = random.Random(4)
    sums = statistics_counting.Sums()
    shares = [share for share, *_ in KINDS]
    calls: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []

    class Row:
        """What `Sums.add` asks of a call."""

    for n, at in enumerate(moments(chance, count)):
        _, outcome, path = chance.choices(KINDS, shares)[0]
        answered = None if outcome is CallOutcome.UNANSWERED else at + timedelta(seconds=1 + n % 20)
        called = ("12345", "12319", "96000")[n % 3]
        ended = at + timedelta(seconds=60 + n % 90)
        wait = 5.0 + n % 60 if outcome is CallOutcome.PERSON else None
        calls.append({
            "id": f"{n:032x}", "caller": f"138{n * 7919 % 10**8:08d}", "called": called,
            "started_at": at, "answered_at": answered, "ended_at": ended, "flow": "main",
            "language": "en" if n % 10 == 0 else "zh-CN",
            "ended_by": EndedBy.ERROR if outcome is CallOutcome.FAULT else EndedBy.CALLER,
            "outcome": outcome, "person_wait_s": wait, "end_reason": "",
            "last_place": f"{path[-1][0]}.{path[-1][1]}" if path else None,
        })  # fmt: skip
        for seq, (flow, node, kind, result) in enumerate(path[:steps_kept], 1):
            steps.append({"call_id": f"{n:032x}", "seq": seq, "at": at, "flow": flow, "node": node,
                          "kind": kind, "digits": "", "outcome": result})  # fmt: skip
        row: Any = Row()
        row.started_at, row.answered_at, row.ended_at, row.flow = at, answered, ended, "main"
        judged = Judged(outcome, None, wait)
        sums.add(row, [PathStep(at, *step) for step in path], judged,
                 called if called != "96000" else "", ZONE)  # fmt: skip
        if len(calls) == BATCH:
            write(database, calls, steps)
    write(database, calls, steps)
    with database.begin() as session:
        statistics_counting._add(session, statistics_counting.CallHour, sums.hour_rows())
        statistics_counting._add(session, statistics_counting.StepDay, sums.step_rows())


def write(database: Database, calls: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    """Write a batch and begin the next."""
    with database.begin() as session:
        if calls:
            session.execute(insert(Call.__table__), calls)
        if steps:
            session.execute(insert(CallStep.__table__), steps)
    calls.clear()
    steps.clear()


def fill_complaints(database: Database, count: int) -> None:
    """Complaints within the year; one in ten of the last two months waits for a reply."""
    chance = random.Random(5)
    categories = ("utilities", "roads", "environment", "prices", "offices", "other")
    rows: list[dict[str, Any]] = []
    for n, at in enumerate(moments(chance, count)):
        waits = NOW - at < timedelta(days=60) and n % 10 == 0
        rows.append({
            "ticket": f"{1_000_000_000 + n}", "category": categories[n % 6],
            "state": ComplaintState.HANDLING if waits else ComplaintState.CLOSED,
            "caller": "13800138000", "callback_number": "13800138000", "finished": True,
            "area": ("01", "02", None)[n % 3], "confidential": False, "reply": "",
            "deadline": date(2026, 11, 20) if waits else None, "created_at": at, "updated_at": at,
        })  # fmt: skip
        if len(rows) == BATCH or n == count - 1:
            with database.begin() as session:
                session.execute(insert(Complaint.__table__), rows)
            rows.clear()


def signed_in(database: Database, folder: Path) -> FlaskClient:
    """A supervisor's browser."""
    with database.begin() as session:
        staff.create(
            session,
            username="supervisor",
            password_hash=passwords.hash_password(PASSWORD),
            role=Role.SUPERVISOR,
            must_change_password=False,
            who="bench",
            now=NOW,
        )
    settings = DeskSettings(state_dir=folder, secret_key="a secret of the bench only")  # noqa: S106
    app = create_app(settings, database, now=lambda: NOW)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/sign-in", data={"username": "supervisor", "password": PASSWORD})
    return client


def measured(client: FlaskClient, path: str, times: int) -> dict[str, float]:
    """Milliseconds of a page, the first time apart."""
    taken, worked = [], []
    for _ in range(times + 1):
        start, cpu = time.perf_counter(), time.process_time()
        answer = client.get(path)
        taken.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - cpu) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
    first, rest = taken[0], sorted(taken[1:])
    return {
        "p50_ms": round(statistics.median(rest), 1),
        "p95_ms": round(rest[max(0, round(len(rest) * 0.95) - 1)], 1),
        # Of this process: with SQLite all there is, and free of what else the machine does.
        "cpu_p50_ms": round(statistics.median(worked[1:]), 1),
        "first_ms": round(first, 1),
    }


def counted(database: Database) -> dict[str, float]:
    """What counting a batch of calls that have just ended costs."""
    with database.begin() as session:
        session.execute(
            text("UPDATE calls SET outcome = NULL WHERE id IN "
                 "(SELECT id FROM calls ORDER BY started_at DESC LIMIT 2000)")
        )  # fmt: skip
    taken = []
    while True:
        start = time.perf_counter()
        with database.begin() as session:
            done = statistics_counting.count_ended(session, zone=ZONE)
        if not done:
            break
        taken.append((time.perf_counter() - start) * 1000)
    return {"batch_of_200_p50_ms": round(statistics.median(taken), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("--url")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--complaints", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=2, help="of each call's path, 0 to 2")
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    if not 0 < given.calls <= MOST_CALLS:
        parser.error(f"--calls: 1 to {MOST_CALLS}")
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
        folder = Path(name)
        url = given.url or f"sqlite:///{folder / 'bench.db'}"
        migrate(url)
        database = Database(url)
        with database.begin() as session:
            sample_town.load(session, NOW)
            heartbeats.beat(session, "responder", {"listening": True, "calls": 0}, NOW)
            session.execute(text("INSERT INTO numbers (called, flow, note, updated_at) VALUES "
                                 "('12345', 'main', '', :now), ('12319', 'main', '', :now)"),
                            {"now": NOW.replace(tzinfo=None)})  # fmt: skip
        start = time.perf_counter()
        indexes = [index for model in FILLED for index in model.__table__.indexes]
        with database.engine.begin() as connection:
            for index in indexes:  # made again at the end: much faster than row by row
                index.drop(connection)
        fill_calls(database, given.calls, given.steps)
        fill_complaints(database, given.complaints)
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            for index in indexes:
                index.create(connection)
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        filled = time.perf_counter() - start
        print(f"filled in {filled:.0f} s", file=sys.stderr)
        client = signed_in(database, folder)
        pages = {name: measured(client, path, given.times) for name, path in PAGES.items()}
        figures = {
            "database": database.url.get_backend_name(),
            "calls": given.calls,
            "complaints": given.complaints,
            "filled_s": round(filled),
            "pages": pages,
            "worst_p95_ms": max(page["p95_ms"] for page in pages.values()),
            "counting": counted(database),
        }
        print(json.dumps(figures, indent=2))
        database.close()


if __name__ == "__main__":
    main()
