# ruff: noqa: E501 - SQL in long lines
"""The rows of `bench/desk_rows.py`, from their SQLite file into PostgreSQL, row for row."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator

import psycopg
from sqlalchemy import make_url

COPIED_AT_ONCE = 20_000


def copy(file: str, url: str) -> None:
    """Copy all rows of a SQLite file into a migrated PostgreSQL database, whatever is in it."""
    source = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    where = make_url(url).set(drivername="postgresql")
    began = time.monotonic()
    with psycopg.connect(where.render_as_string(hide_password=False), autocommit=True) as target:
        target.execute("SET session_replication_role = replica")  # keys were checked by SQLite
        target.execute("SET synchronous_commit = off")
        target.execute("SET maintenance_work_mem = '1GB'")
        target.execute("SET timezone = 'UTC'")
        indexes = [row[0] for row in target.execute(
            "SELECT indexdef FROM pg_indexes JOIN pg_class ON relname = indexname JOIN pg_index ON"
            " indexrelid = pg_class.oid WHERE schemaname = 'public' AND NOT indisunique"
        )]  # fmt: skip
        names = [definition.split()[2] for definition in indexes]
        for name in names:
            target.execute(f"DROP INDEX {name}")
        # Nothing points to it, and its keys come in no order: sorted at the end, too.
        target.execute("ALTER TABLE call_steps DROP CONSTRAINT pk_call_steps")
        indexes.append(
            "ALTER TABLE call_steps ADD CONSTRAINT pk_call_steps PRIMARY KEY (call_id, seq)"
        )
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, name, kind in target.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, ordinal_position"
        ):
            columns.setdefault(table, []).append((name, kind))
        # All at once and first: CASCADE empties what points to a table, too.
        target.execute(f"TRUNCATE {', '.join(columns)} CASCADE")
        for table, parts in columns.items():
            with target.cursor().copy(f"COPY {table} FROM STDIN") as stream:
                for block in _blocks(source, table, parts):
                    stream.write(block)
            print(f"{time.monotonic() - began:6.0f} s  {table}", file=sys.stderr, flush=True)
            for name, kind in parts:
                if kind == "integer" and name == "id":
                    target.execute(
                        f"SELECT setval(s, (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
                        f" FROM pg_get_serial_sequence('{table}', 'id') AS s WHERE s IS NOT NULL"
                    )
        for definition in indexes:
            target.execute(definition)
            print(
                f"{time.monotonic() - began:6.0f} s  {definition[:70]}", file=sys.stderr, flush=True
            )
        target.execute("VACUUM ANALYZE")
    source.close()


def _blocks(source: sqlite3.Connection, table: str, parts: list[tuple[str, str]]) -> Iterator[str]:
    """The lines of PostgreSQL's COPY, put together by SQLite."""
    known = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    values = []
    for name, kind in parts:
        column = f'"{name}"'
        if name not in known:
            raise ValueError(f"{table}.{name} is not in the file")
        if kind == "numeric":
            column = f"printf('%.2f', {column} / 100.0)"
        elif kind in ("text", "character varying", "json"):
            column = (
                f"replace(replace(replace({column}, '\\', '\\\\'), char(10), '\\n'), char(9), '\\t')"
                if name
                in ("text_zh", "text", "machine_text", "value", "detail", "note", "reply", "yaml")
                or table not in ("calls", "call_steps")
                else column
            )
        values.append(f"coalesce({column}, '\\N')")
    lines = source.execute(f"SELECT {' || char(9) || '.join(values)} || char(10) FROM {table}")
    while rows := lines.fetchmany(COPIED_AT_ONCE):
        yield "".join(row[0] for row in rows)
