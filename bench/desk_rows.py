# ruff: noqa: E501 - SQL in long lines
"""A year of a busy line, in bulk: calls with their paths, complaints, transcripts, the audit log.

    nice -n 19 python -m bench.desk_rows FILE [--calls 10000000] [--complaints 1000000]
    nice -n 19 python -m bench.desk_rows FILE --copy-to postgresql://USER@/NAME?host=FOLDER

The first makes a SQLite file, the second copies it row for row into an empty PostgreSQL
database, so that both are measured with the same rows. What is written hangs on the numbers of
the rows alone: the same arguments make the same database. SQLite computes the rows itself (some
million a minute; Python would take hours), so the file needs no more memory than its cache.
Rows come in the order of time and indexes are made at the end, as a grown database has them.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from bench.desk_copy import copy
from bench.desk_ways import WAYS, sentences
from ivr.records import migrate
from ivr.records.seal import NOTHING_BEFORE, seal

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_MIDNIGHT = datetime(2025, 11, 23, tzinfo=ZONE)
WHOLE_DAYS = 364
MOST_CALLS = 20_000_000
CACHE_KIB = 2_500_000
VARIANTS = 64
# Calls by hour of the day, of 1000.
HOURS = (
    *(4, 3, 2, 2, 2, 4, 10, 30, 85, 105, 100, 80),
    *(50, 60, 85, 90, 80, 62, 45, 35, 28, 20, 12, 6),
)


_HALF = 2_147_483_647
_OTHER = 2_147_483_629


def mixed(number: str, salt: int) -> str:
    """SQL for a number from 0 to two thousand million that looks like chance, and is not."""
    return f"((({number}) * {69_069 + 4 * salt} + {salt * 7919}) % {_HALF} * {48_271 + salt * 2} % {_OTHER})"


def _text(epoch: str) -> str:
    """SQL for a time as SQLAlchemy writes it into SQLite."""
    return f"strftime('%Y-%m-%d %H:%M:%S', {epoch}, 'unixepoch') || '.000000'"


def _lists(db: sqlite3.Connection) -> None:
    """The small lists from which rows are put together."""
    db.executescript("""
        PRAGMA temp_store = MEMORY;
        CREATE TEMP TABLE hour_of (k INTEGER PRIMARY KEY, begin REAL, length REAL);
        CREATE TEMP TABLE way_of (k INTEGER PRIMARY KEY, way INTEGER);
        CREATE TEMP TABLE ways (way INTEGER PRIMARY KEY, outcome, ended_by, last_place, seconds);
        CREATE TEMP TABLE way_steps (way INTEGER, seq INTEGER, flow, node, kind, digits, outcome,
                                     PRIMARY KEY (way, seq)) WITHOUT ROWID;
        CREATE TEMP TABLE said (k INTEGER PRIMARY KEY, words);
    """)
    shares = list(accumulate(HOURS, initial=0))
    total = shares[-1]
    for k in range(1000):
        hour = max(h for h in range(24) if shares[h] * 1000 <= k * total)
        width = HOURS[hour] * 1000 / total
        begin = (hour + (k - shares[hour] * 1000 / total) / width) * 3600
        db.execute("INSERT INTO hour_of VALUES (?, ?, ?)", (k, begin, 3600 / width))
    bounds = list(accumulate((way.share for way in WAYS), initial=0))
    if bounds[-1] != 10_000:
        raise ValueError(f"the ways are {bounds[-1]} of 10 000")
    for n, way in enumerate(WAYS):
        last = f"{way.steps[-1].flow}.{way.steps[-1].node}" if way.steps else None
        row = (n, way.outcome, way.ended_by, last, 12 * len(way.steps))
        db.execute("INSERT INTO ways VALUES (?, ?, ?, ?, ?)", row)
        taken = ((k, n) for k in range(bounds[n], bounds[n + 1]))
        db.executemany("INSERT INTO way_of VALUES (?, ?)", taken)
        steps = ((n, seq, *step) for seq, step in enumerate(way.steps, 1))
        db.executemany("INSERT INTO way_steps VALUES (?, ?, ?, ?, ?, ?, ?)", steps)
    db.executemany("INSERT INTO said VALUES (?, ?)", enumerate(sentences()))


def _routes(db: sqlite3.Connection) -> None:
    """`VARIANTS` routes of each way.

    In life a way has many: who keys something wrong first, who listens twice. Here they hold the
    same places, so that a search meets as many routes as it would and finds the same calls.
    """
    for n, way in enumerate(WAYS):
        places = sorted({(step.flow, step.node, step.outcome) for step in way.steps})
        for variant in range(VARIANTS):
            route = n * VARIANTS + variant + 1
            db.execute("INSERT INTO routes (id, digest) VALUES (?, ?)", (route, f"bench {route}"))
            rows = ((route, *place) for place in places)
            db.executemany("INSERT INTO route_places VALUES (?, ?, ?, ?)", rows)


def _calls(db: sqlite3.Connection, count: int) -> None:
    """Calls and steps; the way of call n is a function of n."""
    shares = list(accumulate(HOURS, initial=0))
    today = shares[NOW.astimezone(ZONE).hour] / shares[-1]
    a_day = count / (WHOLE_DAYS + today)
    midnight = int(FIRST_MIDNIGHT.timestamp())
    number = mixed("n", 11)
    person = (
        f"CASE WHEN {mixed('n', 12)} % 10 < 8 THEN {number} % 700000 ELSE {number} % 900000000 END"
    )
    mobile = "printf('%d%09d', 13 + p % 7 % 3 * 2, p * 7919 % 1000000000)"
    caller = (
        f"CASE {mixed('n', 13)} % 20 WHEN 0 THEN printf('0571%08d', 80000000 + p % 9000000)"
        f" WHEN 1 THEN CASE {mixed('n', 14)} % 5 WHEN 0 THEN 'anonymous' ELSE {mobile} END ELSE {mobile} END"
    )
    identity = (
        f"printf('%08x%08x%08x%08x', {mixed('n', 1)} * 2, {mixed('n', 2)}, {mixed('n', 3)}, n)"
    )
    answered = f"t + 1 + CASE {mixed('n', 4)} % 50 WHEN 0 THEN 17 ELSE n % 4 END"
    db.execute(
        f"""
        INSERT INTO calls (id, caller, caller_name, called, remote, sip_call_id, codec, started_at,
            answered_at, ended_at, language, flow, flow_revision, ended_by, end_reason, self_served,
            person_at, outcome, last_place, person_wait_s, packets_sent, packets_received, packets_lost,
            jitter_ms, remote_packets_lost, remote_jitter_ms, round_trip_ms, route_id)
        WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < ? - 1),
        timed AS MATERIALIZED (
            SELECT n, CAST(n / {a_day!r} AS INTEGER) AS d, n / {a_day!r} AS f, {person} AS p FROM counted),
        at_time AS (
            SELECT n, p, way, CAST({midnight} + d * 86400 + begin
                + ((f - d) * 1000 - CAST((f - d) * 1000 AS INTEGER)) * length AS INTEGER) AS t
            FROM timed JOIN hour_of ON hour_of.k = CAST((f - d) * 1000 AS INTEGER)
            JOIN way_of ON way_of.k = {mixed("n", 5)} % 10000)
        SELECT {identity}, {caller}, '', CASE {mixed("n", 6)} % 20 WHEN 0 THEN '12319' WHEN 1 THEN
            printf('8%07d', p % 3000) ELSE '12345' END,
            '10.0.0.' || (n % 200 + 1) || ':5060', printf('%x@10.0.0.%d', {mixed("n", 7)}, n % 200 + 1),
            CASE WHEN outcome <> 'unanswered' THEN 'PCMA' END, {_text("t")},
            CASE WHEN outcome <> 'unanswered' THEN {_text(answered)} END,
            {_text(f"t + 20 + seconds + {mixed('n', 8)} % 90")},
            CASE {mixed("n", 9)} % 12 WHEN 0 THEN 'en' ELSE 'zh-CN' END, 'main', 3, ended_by,
            CASE ended_by WHEN 'caller' THEN 'peer hung up' WHEN 'line' THEN 'we hung up' ELSE '' END,
            CASE outcome WHEN 'person' THEN 0 WHEN 'self_served' THEN 1 END,
            CASE outcome WHEN 'person' THEN {_text("t + 40 + n % 50")} END, outcome, last_place,
            CASE outcome WHEN 'person' THEN 5.0 + n % 50 END,
            CASE WHEN outcome <> 'unanswered' THEN 50 * (20 + seconds) END,
            CASE WHEN outcome <> 'unanswered' THEN 50 * (20 + seconds) END, n % 7 % 2,
            0.5, 0, 0.5, 12.0,
            way * {VARIANTS} + 1 + {mixed("n", 15)} % {VARIANTS} * ({mixed("n", 16)} % {VARIANTS}) / {VARIANTS}
        FROM at_time JOIN ways USING (way)
        """,
        (count,),
    )
    db.execute(
        f"""
        INSERT INTO call_steps (call_id, seq, at, flow, node, kind, digits, outcome)
        SELECT calls.id, seq, substr(calls.started_at, 1, 17) ||
            printf('%02d.%03d000', 59 * seq / 10, calls.rowid % 1000),
            way_steps.flow, node, kind, digits, way_steps.outcome
        FROM calls JOIN way_of ON way_of.k = {mixed("calls.rowid - 1", 5)} % 10000
        JOIN way_steps USING (way) ORDER BY calls.rowid, seq
        """
    )


def _left_behind(db: sqlite3.Connection, count: int) -> None:
    """Recordings, complaints with their history and transcripts, call-backs, notes."""
    closed = f"{_text('epoch + 86400 * (3 + n % 9)')}"
    waits = "(epoch > :lately AND n % 10 < 4)"
    for statement in (
        """CREATE TEMP TABLE kinds AS
           SELECT row_number() OVER () - 1 AS k, code FROM complaint_categories""",
        "CREATE TEMP TABLE offices AS SELECT row_number() OVER () - 1 AS k, code FROM departments",
        """CREATE TEMP TABLE filed AS SELECT row_number() OVER () AS n, id, caller, language, started_at,
           CAST(strftime('%s', started_at) AS INTEGER) AS epoch,
           strftime('%Y%m%d', started_at, '+8 hours') AS day
           FROM calls WHERE last_place = 'complaint.after' ORDER BY rowid""",
        """CREATE TEMP TABLE asked AS SELECT row_number() OVER () AS n, id, caller, started_at
           FROM calls WHERE last_place = 'person.submit' ORDER BY rowid""",
    ):
        db.execute(statement)
    given = {"count": count, "lately": int((NOW - timedelta(days=25)).timestamp())}
    statements = (
        """INSERT INTO recordings (id, call_id, kind, path, state, seconds, category, created_at)
           SELECT 'c' || substr(id, 2), id, 'complaint', 'recordings/' || substr(day, 1, 6) || '/c' ||
           substr(id, 2) || '.wav', 'complete', 10.0 + n % 40, 'roads', started_at FROM filed WHERE n <= :count""",
        """INSERT INTO recordings (id, call_id, kind, path, state, seconds, created_at)
           SELECT 'm' || substr(id, 2), id, 'message', 'recordings/m/' || substr(id, 2) || '.wav', 'complete',
           8.0 + n % 20, started_at FROM asked WHERE n <= :count""",
        f"""INSERT INTO complaints (ticket, category, state, call_id, recording_id, caller, callback_number,
            language, department, area, confidential, deadline, reply, finished, created_at, updated_at)
            SELECT day || printf('%04d', row_number() OVER (PARTITION BY day ORDER BY n)),
            (SELECT code FROM kinds WHERE k = n % (SELECT count(*) FROM kinds)),
            CASE WHEN {waits} THEN CASE n % 3 WHEN 0 THEN 'received' WHEN 1 THEN 'assigned' ELSE 'handling' END
            ELSE CASE n % 20 WHEN 0 THEN 'rejected' WHEN 1 THEN 'replied' ELSE 'closed' END END,
            id, 'c' || substr(id, 2), caller, caller, language,
            (SELECT code FROM offices WHERE k = n % (SELECT count(*) FROM offices)),
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '02' ELSE '01' END, n % 500 = 0,
            substr({_text("epoch + 86400 * 15")}, 1, 10), CASE WHEN {waits} THEN '' ELSE '已经处理完毕，感谢您的反映。' END,
            n % 50 <> 0, started_at, CASE WHEN {waits} OR {closed} > :now THEN started_at ELSE {closed} END
            FROM filed WHERE n <= :count""",
        """INSERT INTO complaint_events (ticket, at, who, from_state, to_state, note)
           SELECT ticket, created_at, 'line', NULL, 'received', '' FROM complaints ORDER BY rowid""",
        """INSERT INTO complaint_events (ticket, at, who, from_state, to_state, note)
           SELECT ticket, updated_at, 'clerk' || (rowid % 40), 'received', state, '已经联系来电人核实情况。'
           FROM complaints WHERE state <> 'received' ORDER BY rowid""",
        """INSERT INTO transcripts (recording_id, state, asked_at, due_at, attempts, written_at, fault_detail,
           language, engine, confidence, machine_text, text, version)
           SELECT 'c' || substr(id, 2), 'done', started_at, started_at, 1, started_at, '', language,
           'sense-voice', 0.9, words, words, 0 FROM filed JOIN said ON said.k = n * 7919 % 1920 WHERE n <= :count""",
        """INSERT INTO call_back_tasks (call_id, recording_id, number, reason, state, created_at, done_at,
           done_by, note) SELECT id, 'm' || substr(id, 2), caller, 'message', CASE WHEN n % 1000 = 0 OR
           started_at > :this_week THEN 'open' ELSE 'done' END, started_at, CASE WHEN n % 1000 = 0 OR
           started_at > :this_week THEN NULL ELSE started_at END, 'clerk1', '' FROM asked WHERE n <= :count""",
        """INSERT INTO call_notes (call_id, at, who, text) SELECT id, started_at, 'clerk' || (rowid % 40),
           '来电人情绪激动，已经安抚，请相关科室留意。' FROM calls WHERE rowid % 200 = 0""",
    )  # fmt: skip
    given_text = {
        "now": NOW.strftime("%Y-%m-%d %H:%M:%S.000000"),
        "this_week": (NOW - timedelta(days=3)).strftime("%Y-%m-%d %H:%M:%S.000000"),
    }
    for statement in statements:
        db.execute(statement, given | given_text)
    db.execute("UPDATE transcripts SET text = text || '维修编号' || rowid WHERE rowid % 1000 = 0")


def _sums(db: sqlite3.Connection) -> None:
    """What counting would have made of these calls."""
    local = "substr(datetime(started_at, '+8 hours'), {}, {})"
    listed = "CASE WHEN called IN ('12345', '12319') THEN called ELSE '' END"
    waited = "(julianday(answered_at) - julianday(started_at)) * 86400 <= 15.001"
    db.execute(
        f"""
        INSERT INTO call_hours (day, hour, called, flow, calls, answered, answered_in_time, person,
            self_served, message, abandoned, fault, unanswered, person_timed, person_wait_s,
            person_in_time, talk_s)
        SELECT {local.format(1, 10)} AS d, CAST({local.format(12, 2)} AS INTEGER) AS h, {listed} AS l, flow,
            count(*), count(answered_at), total({waited}), sum(outcome = 'person'),
            sum(outcome = 'self_served'), sum(outcome = 'message'), sum(outcome = 'abandoned'),
            sum(outcome = 'fault'), sum(outcome = 'unanswered'), count(person_wait_s), total(person_wait_s),
            total(person_wait_s <= 30),
            total((julianday(ended_at) - julianday(answered_at)) * 86400)
        FROM calls GROUP BY d, h, l
        """
    )
    db.execute(
        f"""
        INSERT INTO step_days (day, called, entry, flow, node, kind, outcome, steps, abandoned)
        SELECT d, l, 'main', way_steps.flow, node, kind, way_steps.outcome, sum(c),
            sum(CASE WHEN ways.outcome = 'abandoned'
                AND seq = (SELECT max(seq) FROM way_steps AS w WHERE w.way = ways.way) THEN c ELSE 0 END)
        FROM (SELECT {local.format(1, 10)} AS d, {listed} AS l, way, count(*) AS c
            FROM calls JOIN way_of ON way_of.k = {mixed("calls.rowid - 1", 5)} % 10000 GROUP BY d, l, way)
        JOIN ways USING (way) JOIN way_steps USING (way)
        GROUP BY d, l, way_steps.flow, node, kind, way_steps.outcome
        """
    )


def _beside(db: sqlite3.Connection, calls: int) -> None:
    """Accounts, bills, notices, the audit log."""
    with_bills = max(100, calls // 100)
    db.execute(
        "INSERT OR IGNORE INTO accounts (number, kind, holder, wrong_tries)"
        " WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < ? - 1)"
        " SELECT printf('9%07d', n), CASE n % 3 WHEN 0 THEN 'water' WHEN 1 THEN 'gas' ELSE 'electricity' END,"
        " '', 0 FROM c",
        (with_bills,),
    )
    db.execute(
        "INSERT INTO bills (account, period, amount, due_on, state)"
        " SELECT number, '2026-' || m, 1000 + 37 * accounts.rowid % 20000, '2026-' || m || '-28',"
        " CASE WHEN m > '09' AND accounts.rowid % 5 = 0 THEN 'unpaid' ELSE 'paid' END FROM accounts"
        " JOIN (SELECT '08' AS m UNION SELECT '09' UNION SELECT '10' UNION SELECT '11')"
        " WHERE number LIKE '9%' AND length(number) = 8"
    )
    db.execute(
        "INSERT INTO outages (kind, area_code, starts_at, ends_at, ended_at, valid_from, text_zh, text_en,"
        " created_by, created_at, updated_at) SELECT 'water', '01', created_at, created_at, created_at,"
        " created_at, '检修停水', 'Repairs', 'clerk1', created_at, created_at FROM complaints"
        " WHERE rowid % 500 = 0"
    )
    former, number = db.execute("SELECT last_hash, last_id FROM audit_chain").fetchone() or (
        NOTHING_BEFORE,
        0,
    )
    rows = []
    for record, text in db.execute(
        "SELECT ticket, updated_at FROM complaints WHERE rowid % 3 = 0 ORDER BY rowid"
    ).fetchall():
        number += 1
        at = datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        who = f"clerk{number % 40}"
        facts = {"entry_id": number, "at": at, "who": who, "what": "complaint_opened"}
        after = seal(former, **facts, record=f"complaint {record}", detail=None)
        rows.append(
            (number, text, who, "complaint_opened", f"complaint {record}", "null", former, after)
        )
        former = after
    db.executemany("INSERT INTO audit_log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    db.execute("UPDATE audit_chain SET last_id = ?, last_hash = ?", (number, former))


def _set_aside(db: sqlite3.Connection) -> list[str]:
    """Drop the plain indexes of the large tables; the statements that make them again."""
    large = ("calls", "call_steps", "complaints", "complaint_events", "recordings", "transcripts",
             "call_back_tasks", "call_notes", "audit_log", "bills")  # fmt: skip
    found = db.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        f" AND sql NOT LIKE 'CREATE UNIQUE%' AND tbl_name IN ({', '.join('?' * len(large))})",
        large,
    ).fetchall()
    for name, _ in found:
        db.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def fill(file: str, calls: int, complaints: int, said: bool = True) -> None:
    """Fill a migrated, empty SQLite file."""
    db = sqlite3.connect(file, isolation_level=None)
    began = time.monotonic()

    def tell(what: str) -> None:
        if said:
            print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)

    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    set_aside = _set_aside(db)
    stamp = NOW.strftime("%Y-%m-%d %H:%M:%S.000000")
    _lists(db)
    db.execute("BEGIN")
    for code in ("01", "02"):
        db.execute(
            "INSERT OR IGNORE INTO areas (code, name_zh, name_en) VALUES (?, ?, ?)",
            (code, f"{code}区", code),
        )
    for called in ("12345", "12319"):
        db.execute("INSERT OR IGNORE INTO numbers (called, flow, note, updated_at) VALUES (?, 'main', '', ?)",
                   (called, stamp))  # fmt: skip
    _routes(db)
    _calls(db, calls)
    tell("calls and steps")
    _left_behind(db, complaints)
    tell("complaints, recordings, transcripts")
    _sums(db)
    tell("sums")
    _beside(db, calls)
    db.execute("COMMIT")
    tell("accounts, audit log")
    for statement in set_aside:
        db.execute(statement)
        tell(statement[:60])
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("file")
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--copy-to", metavar="URL", help="an empty PostgreSQL database")
    given = parser.parse_args()
    if not 1000 <= given.calls <= MOST_CALLS:
        parser.error(f"--calls: 1000 to {MOST_CALLS}")
    began = time.process_time()
    if given.copy_to:
        migrate(given.copy_to)
        copy(given.file, given.copy_to)
    else:
        migrate(f"sqlite:///{given.file}")
        fill(given.file, given.calls, given.complaints)
    print(json.dumps({"cpu_s": round(time.process_time() - began, 1)}))


if __name__ == "__main__":
    main()
