"""One object to reach the database, and two kinds of transaction: `begin` and `read`.

SQLite: write-ahead log, so that readers never wait for a writer; `synchronous
= FULL`, because a caller hears a ticket number only once it would survive a
power cut; `BEGIN IMMEDIATE` for writers, because a deferred transaction that
reads first and writes later fails at once with "database is locked" instead
of waiting its turn. PostgreSQL: psycopg 3, READ COMMITTED, time-outs so that
a stuck statement cannot hold a call's thread for ever.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    TimeoutError,
)
from sqlalchemy.orm import Session

from ivr.records.errors import DatabaseUnavailable

BUSY_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
POOL_SIZE = 8
POOL_TIMEOUT_S = 10.0
_LOOK_AGAIN_S = 0.01

# Without compiling: our statements read some thousand rows, and it takes up to half a second of
# each whose estimate is high, such as one that looks at records until a page is full.
_POSTGRESQL_OPTIONS = (
    "-c jit=off "
    f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
)


class Database:
    """A pool of connections. Safe to share between threads, not across `fork`."""

    def __init__(
        self,
        url: str | URL,
        *,
        pool_size: int = POOL_SIZE,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> None:
        self.url = database_url(url)
        self.engine = make_engine(self.url, pool_size=pool_size, busy_timeout_ms=busy_timeout_ms)
        # The same pool; the option is what the `begin` listener goes by.
        self._reading = self.engine.execution_options(ivr_reads=True, postgresql_readonly=True)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back on any exception.

        Raises DatabaseUnavailable where the database cannot be reached or stays locked.
        """
        with (
            explained(self.url),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view for reading; it takes no write lock, and writing in it fails."""
        with explained(self.url), Session(self._reading, expire_on_commit=False) as session:
            yield session

    def checkpoint(self) -> None:
        """Bring SQLite's log into the file now, by whoever wrote much; nobody waits for it.

        Otherwise the commit that makes the log too long does so, which may be that of a call. What
        readers still need stays in the log. PostgreSQL does this by itself.
        """
        if self.url.get_backend_name() == "sqlite":
            with explained(self.url), self.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def check(self) -> None:
        """One round trip; DatabaseUnavailable says in one line what is wrong."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give up all pooled connections."""
        self.engine.dispose()


def database_url(url: str | URL) -> URL:
    """`url` with the driver we ship: psycopg 3 for PostgreSQL, the standard library for SQLite."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnavailable(
            "the database URL cannot be read; write sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME in IVR_DATABASE_URL"
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        return parsed
    raise DatabaseUnavailable(
        f"the line does not know the database kind {parsed.drivername!r}; "
        "IVR_DATABASE_URL must begin with sqlite:/// or postgresql://"
    )


def make_engine(
    url: URL, *, pool_size: int = POOL_SIZE, busy_timeout_ms: int = BUSY_TIMEOUT_MS
) -> Engine:
    """An engine with our settings for its database; connects only when first used.

    `busy_timeout_ms`: how long SQLite waits for another writer.
    """
    sqlite = url.get_backend_name() == "sqlite"
    connect_args: dict[str, Any] = (
        {"timeout": busy_timeout_ms / 1000, "check_same_thread": False}
        if sqlite
        else {"connect_timeout": CONNECT_TIMEOUT_S, "options": _POSTGRESQL_OPTIONS}
    )
    try:
        engine = create_engine(
            url,
            connect_args=connect_args,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=POOL_TIMEOUT_S,
            pool_pre_ping=not sqlite,
            hide_parameters=True,  # an error is logged, and values are what citizens said
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseUnavailable(f"{error}; run `make install`") from error
    if sqlite:
        engine.dialect.statement_compiler = _SqliteCompiler
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


class _SqliteCompiler(SQLiteCompiler):
    """Knows `with_hint(table, "INDEXED BY name", "sqlite")`: a list names the index it is read by.

    SQLite has no statistics of a table until somebody runs ANALYZE, and guesses.
    """

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        return text


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # None: the driver begins nothing by itself; `_begin_sqlite` does.
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: Any) -> None:
    """Have the file use a write-ahead log.

    Of two that switch a new file over at once, SQLite tells one "database is locked"
    without waiting for the other: its busy handler is not asked there.
    """
    (wait_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    give_up = time.monotonic() + wait_ms / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get("ivr_reads"))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn a driver's failure to serve into DatabaseUnavailable with what to mend."""
    try:
        yield
    except TimeoutError as error:
        raise DatabaseUnavailable("all database connections are busy; try again") from error
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailable(_explanation(url, error)) from error
    except DBAPIError as error:
        behind = type(error.orig).__name__ in ("UndefinedTable", "UndefinedColumn")
        damaged = re.search(_DAMAGED, str(error.orig))
        if not (behind or damaged or error.connection_invalidated):
            raise
        raise DatabaseUnavailable(_explanation(url, error)) from error


_DAMAGED = r"file is not a database|disk image is malformed"

# What a driver says -> what to do about it; the first that is found counts.
_REMEDIES: tuple[tuple[str, str], ...] = (
    (r"database is locked", "another program holds it; end it, or try again"),
    (r"unable to open database file", "its folder must exist and be writable by this user"),
    (r"readonly database|read-only", "make the file and its folder writable by this user"),
    (_DAMAGED, "restore a backup with `python -m ivr restore`"),
    (
        r"no such table|relation .* does not exist",
        "bring it up to date with `python -m ivr migrate`",
    ),
    (
        r"no such column|column .* does not exist",
        "bring it up to date with `python -m ivr migrate`",
    ),
    (r"disk is full|disk I/O error|No space left", "free space on its disk"),
    (r"password authentication|no password", "correct user and password in IVR_DATABASE_URL"),
    (r"database .* does not exist", "create it, e.g. `createdb`, or correct IVR_DATABASE_URL"),
    (r"role .* does not exist", "create that user, or correct IVR_DATABASE_URL"),
    (r"statement timeout|lock timeout", "it is overloaded or locked; try again"),
    (r"", "check that it runs and that IVR_DATABASE_URL is right"),
)


def _explanation(url: URL, error: DBAPIError) -> str:
    said = " ".join(str(error.orig).split()) or type(error.orig).__name__
    remedy = next(hint for pattern, hint in _REMEDIES if re.search(pattern, said, re.IGNORECASE))
    where = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database:
        where = str(Path(url.database))
    return f"the database {where} is not available: {said[:200]}; {remedy}"
