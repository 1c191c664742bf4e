"""What the line promises, checked from outside: the database by plain SQL, files by their bytes.

Nothing of the line's own code is asked, except where a command of the operator's is what is
promised (`audit check`, `recount`). Each check returns sentences; none means that it holds.
"""

import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, NullPool, create_engine, text

from ivr.records.database import database_url
from tests.line.harness import RunningLine
from tests.line.heard import ALIKE, RATE_HZ, SEGMENT, Clip, Samples, correlation, find

FRAME = 160
BEHIND_S = 1.0
"""How far a recording may be behind what was spoken."""
SURE_S = 2.5
"""Who spoke for so long has said something: it must have been filed, however the call ended."""
SHARE = 0.8
KNOWN_PLACES = ("clauses", "recordings", "prompts", "studio")
KNOWN_FILES = ("ivr.db", "ivr.lock", "ivr.log", "secret.key", "line.log", "rendered")


@dataclass(slots=True)
class Told:
    """What one caller did and heard; all a check needs to know of them."""

    call_id: str
    number: str
    purpose: str
    """`complaint`, `message`, or empty where nothing is left."""
    speech: Samples | None = None
    sent_s: float = 0.0
    """Of `speech`, when the call ended or the line was killed."""
    promised: bool = False
    """Heard that it was accepted."""
    after: Samples | None = None
    """What was heard from then on."""
    cut: bool = False
    """A kill came into this call."""
    faults: list[str] = field(default_factory=list)


@contextmanager
def reading(line: RunningLine) -> Iterator[Connection]:
    """A connection of our own to the line's database."""
    engine = create_engine(database_url(line.settings.database_url), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def rows(connection: Connection, query: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(text(query), values)]


def kept_promises(line: RunningLine, callers: Sequence[Told]) -> tuple[list[str], Counter[str]]:
    """What was not kept, and figures; the line must be quiet."""
    broken: list[str] = []
    figures: Counter[str] = Counter()
    with reading(line) as connection:
        for told in callers:
            broken += _of_caller(line, connection, told, figures)
        broken += records_are_whole(connection)
        broken += files_and_rows_agree(line, connection)
    broken += database_is_whole(line)
    broken += audit_is_whole(line)
    broken += figures_are_right(line)
    broken += nothing_is_left_over(line)
    return broken, figures


def _of_caller(
    line: RunningLine, connection: Connection, told: Told, figures: Counter[str]
) -> list[str]:
    who = f"{told.purpose or 'caller'} {told.call_id}"
    calls = rows(connection, "SELECT * FROM calls WHERE sip_call_id = :it", it=told.call_id)
    if len(calls) > 1:
        return [f"{who}: {len(calls)} records of one call"]
    if not told.purpose:
        return []
    spoke = told.sent_s >= SURE_S
    if not calls:
        return [f"{who}: no record of a call that spoke {told.sent_s:.1f} s"] if spoke else []
    (call,) = calls
    table, key = (
        ("complaints", "ticket") if told.purpose == "complaint" else ("call_back_tasks", "id")
    )
    filed = rows(connection, f"SELECT * FROM {table} WHERE call_id = :it", it=call["id"])
    if len(filed) > 1:
        return [f"{who}: filed {len(filed)} times: {[one[key] for one in filed]}"]
    if not filed:
        if told.promised:
            return [f"{who}: told that it is accepted, and nothing is there"]
        return [f"{who}: spoke {told.sent_s:.1f} s, and nothing was filed"] if spoke else []
    (one,) = filed
    figures["filed"] += 1
    if told.promised:
        figures["promised"] += 1
        if told.purpose == "complaint" and not one["finished"]:
            return [f"{who}: told that {one[key]} is accepted, and it is unfinished"]
    if not spoke or told.speech is None:
        return []
    found = rows(connection, "SELECT * FROM recordings WHERE id = :it", it=one["recording_id"])
    if len(found) != 1:
        return [f"{who}: {one[key]} has no recording"]
    sound, fault = _sound_of(line.state_dir / found[0]["path"])
    if fault:
        return [f"{who}: {fault}"]
    lost = lost_s(sound, told.speech[: int(told.sent_s * RATE_HZ)])
    figures["recordings heard"] += 1
    figures["longest loss, ms"] = max(figures["longest loss, ms"], round(lost * 1000))
    # Half a segment is as exact as the ear of this check is.
    if lost > BEHIND_S + SEGMENT / RATE_HZ / 2:
        return [f"{who}: the last {lost:.2f} s of {told.sent_s:.1f} s spoken are lost"]
    return []


def lost_s(kept: Samples, said: Samples) -> float:
    """How many seconds at the end of what was said are not in what was kept."""
    beginning = Clip("said", said[: 4 * SEGMENT])
    if find(kept, beginning).share < SHARE:
        return len(said) / RATE_HZ
    left = len(said)
    while left > SEGMENT:
        # Anywhere: a process that was stopped for some seconds has a gap there, and no less an end.
        near = correlation(kept, said[left - SEGMENT : left])
        if len(near) and near.max() >= ALIKE:
            break
        left -= SEGMENT // 4
    return (len(said) - left) / RATE_HZ


def _sound_of(path: Path) -> tuple[Samples, str]:
    if not path.exists():
        return np.zeros(0), f"there is no file {path.name}"
    try:
        with wave.open(str(path), "rb") as file:
            claimed = file.getnframes()
            sound = np.frombuffer(file.readframes(claimed), "<i2").astype(np.float64)
    except (wave.Error, EOFError) as error:
        return np.zeros(0), f"{path.name} cannot be played ({error})"
    if len(sound) != claimed:
        return sound, f"{path.name} claims {claimed} samples and holds {len(sound)}"
    return sound, ""


def records_are_whole(connection: Connection) -> list[str]:
    """No call for ever in progress, no recording for ever being made, nothing twice."""
    broken = []
    for what, query in (
        ("a call without an end", "SELECT id FROM calls WHERE ended_at IS NULL"),
        ("a call that ended before it began", "SELECT id FROM calls WHERE ended_at < started_at"),
        (
            "a recording for ever being made",
            "SELECT id FROM recordings WHERE state = 'recording'",
        ),
        (
            "a recording filed twice",
            "SELECT recording_id AS id FROM complaints WHERE recording_id IS NOT NULL"
            " GROUP BY recording_id HAVING count(*) > 1",
        ),
        (
            "a message noted twice",
            "SELECT recording_id AS id FROM call_back_tasks WHERE recording_id IS NOT NULL"
            " GROUP BY recording_id HAVING count(*) > 1",
        ),
        (
            "a ticket beyond the day's counter",
            "SELECT c.ticket AS id FROM complaints c LEFT JOIN ticket_counters t"
            " ON substr(c.ticket, 1, 8) = replace(CAST(t.day AS VARCHAR(10)), '-', '')"
            " WHERE length(c.ticket) = 12 AND (t.day IS NULL"
            " OR CAST(substr(c.ticket, 9) AS INTEGER) > t.last)",
        ),
        (
            "a complaint without its first line",
            "SELECT ticket AS id FROM complaints c WHERE NOT EXISTS"
            " (SELECT 1 FROM complaint_events e WHERE e.ticket = c.ticket)",
        ),
    ):
        broken += [f"{what}: {row['id']}" for row in rows(connection, query)]
    return broken


def files_and_rows_agree(line: RunningLine, connection: Connection) -> list[str]:
    """Each row has its file, whole and of the length it says; each file its row."""
    broken = []
    known = set()
    for row in rows(connection, "SELECT * FROM recordings WHERE state <> 'purged'"):
        path = line.state_dir / row["path"]
        known.add(path)
        if row["state"] == "failed" and not path.exists():
            continue
        sound, fault = _sound_of(path)
        if fault:
            broken.append(f"recording {row['id']} ({row['state']}): {fault}")
        elif abs(len(sound) / RATE_HZ - (row["seconds"] or 0.0)) > 0.05:
            broken.append(
                f"recording {row['id']}: {row['seconds']} s in its row, "
                f"{len(sound) / RATE_HZ:.2f} s in its file"
            )
    folder = line.state_dir / "recordings"
    broken += [
        f"a file without a row: {path.relative_to(line.state_dir)}"
        for path in folder.rglob("*")
        if path.is_file() and path not in known
    ]
    return broken


def database_is_whole(line: RunningLine) -> list[str]:
    """SQLite's own check of every page, index and reference; PostgreSQL: every row is read."""
    with reading(line) as connection:
        if connection.dialect.name == "sqlite":
            said = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
            broken = [f"integrity_check: {one}" for one in said if one != "ok"]
            strays = connection.execute(text("PRAGMA foreign_key_check")).all()
            return broken + [f"foreign_key_check: {tuple(stray)}" for stray in strays]
        tables = rows(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in tables:
            connection.execute(
                text(f'SELECT count(*) FROM "{table["tablename"]}" t WHERE t IS NULL')
            )
    return []


def audit_is_whole(line: RunningLine) -> list[str]:
    """`ivr audit check` finds every entry as it was written."""
    done = line.command("audit", "check")
    return [] if done.returncode == 0 else [f"audit check: {done.stdout}{done.stderr}"]


def figures_are_right(line: RunningLine) -> list[str]:
    """What was counted beside the calls is what counting all of them anew gives."""
    with reading(line) as connection:
        before = _figures(connection)
        waiting = rows(
            connection,
            "SELECT count(*) AS n FROM calls WHERE outcome IS NULL AND ended_at IS NOT NULL",
        )[0]["n"]
    done = line.command("recount")
    if done.returncode != 0:
        return [f"recount: {done.stdout}{done.stderr}"]
    if waiting:
        return [f"{waiting} calls were never counted"]
    with reading(line) as connection:
        after = _figures(connection)
    return [f"figures before and after a recount differ: {before} {after}"] * (before != after)


def _figures(connection: Connection) -> list[dict[str, Any]]:
    return [
        *rows(
            connection,
            "SELECT sum(calls) AS a, sum(answered) AS b, sum(person) AS c, sum(self_served) AS d,"
            " sum(message) AS e, sum(abandoned) AS f, sum(fault) AS g, sum(unanswered) AS h"
            " FROM call_hours",
        ),
        *rows(connection, "SELECT sum(steps) AS a, sum(abandoned) AS b FROM step_days"),
    ]


def nothing_is_left_over(line: RunningLine) -> list[str]:
    """No folder of a take whose call is gone, no half-written clause, no scratch of a backup."""
    left = list((line.state_dir / "studio").glob("*"))
    left += [
        path
        for path in line.state_dir.rglob("*")
        if path.is_file() and path.suffix in (".part", ".tmp", ".partial")
    ]
    return [f"left over: {path.relative_to(line.state_dir)}" for path in left]
