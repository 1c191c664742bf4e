"""The database's part of a backup: a copy as of one moment, and putting it back.

SQLite is copied by its own backup call, PostgreSQL by `pg_dump`; each is read back by its own
kind only, because a copy that went through a third form would have to be proved for every table.
What a PostgreSQL database holds already is replaced in one transaction: where the server refuses
any of it, all is as it was.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, make_url

from ivr.records import Database, DatabaseUnavailable
from ivr.settings import Settings
from ivr.wording import OperatorError, Wording

SQLITE_MEMBER = "database.sqlite3"
POSTGRESQL_MEMBER = "database.pgdump"
_KINDS = {SQLITE_MEMBER: ("SQLite", "sqlite:///"), POSTGRESQL_MEMBER: ("PostgreSQL", "postgresql:")}


def sqlite_file(settings: Settings) -> Path | None:
    """The file of the line's database; None where it is kept by PostgreSQL."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "").absolute()


def dump(settings: Settings, folder: Path) -> Path:
    """Write the database as of now into `folder`; the file. Raises OperatorError."""
    source = sqlite_file(settings)
    if source is None:
        target = folder / POSTGRESQL_MEMBER
        _ask_server(settings, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")
        return target
    if not source.is_file():
        raise _error(
            f"IVR_DATABASE_URL: there is no database at {source}; nothing to keep",
            f"IVR_DATABASE_URL：{source} 处没有数据库，没有可备份的内容",
        )
    target = folder / SQLITE_MEMBER
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
    return target


def check_kind(settings: Settings, files: Collection[str], file: Path) -> None:
    """See that `file` was made from the kind of database that is set; raises OperatorError."""
    ours = SQLITE_MEMBER if sqlite_file(settings) is not None else POSTGRESQL_MEMBER
    (other,) = _KINDS.keys() - {ours}
    if other in files:
        (kept, beginning), (present, _) = _KINDS[other], _KINDS[ours]
        raise _error(
            f"{file} was made from {kept}, and IVR_DATABASE_URL names {present}; set it to one "
            f"that begins with {beginning} and restore again (nothing was changed)",
            f"{file} 来自 {kept}，而 IVR_DATABASE_URL 是 {present}；"
            f"请把它改为以 {beginning} 开头的地址，再恢复一次（未作任何改动）",
        )


def check_dump(dumped: Path) -> None:
    """See that a dump of PostgreSQL's can be read; raises OperatorError."""
    _run("pg_restore", "--list", str(dumped))


def tables(settings: Settings) -> list[str]:
    """The tables that a PostgreSQL database holds already; none of SQLite, whose file tells."""
    if sqlite_file(settings) is not None:
        return []
    database = Database(settings.database_url, pool_size=1)
    try:
        with database.read() as session:
            return inspect(session.connection()).get_table_names()
    except DatabaseUnavailable as error:
        raise _error(f"IVR_DATABASE_URL: {error}", f"IVR_DATABASE_URL：{error}") from error
    finally:
        database.close()


def load_postgresql(settings: Settings, folder: Path, present: Sequence[str]) -> None:
    """Read the dump in `folder` in place of the tables that are there; not for SQLite.

    All in one transaction: a server that refuses is left as it was. Raises OperatorError.
    """
    if sqlite_file(settings) is not None:
        return
    script = folder / "restore.sql"
    dumped = str(folder / POSTGRESQL_MEMBER)
    _run("pg_restore", "--clean", "--if-exists", "--no-owner", f"--file={script}", dumped)
    # What the dump does not name: tables of a later release, that may refer to those it does.
    gone = ", ".join('"' + name.replace('"', '""') + '"' for name in present)
    drop = ["--command", f"DROP TABLE {gone} CASCADE"] if present else []
    _ask_server(
        settings,
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        *drop,
        f"--file={script}",
    )


def load_sqlite(settings: Settings, folder: Path) -> None:
    """Put the database in `folder` in its place; not for PostgreSQL."""
    target = sqlite_file(settings)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / SQLITE_MEMBER, target)


def _ask_server(settings: Settings, program: str, *arguments: str) -> None:
    url = make_url(settings.database_url).set(drivername="postgresql")
    # The password goes by the environment: a command line can be read by every user.
    place = url.set(password=None).render_as_string()
    environment = dict(os.environ)
    if url.password is not None:
        environment["PGPASSWORD"] = str(url.password)
    _run(program, f"--dbname={place}", *arguments, environment=environment)


def _run(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    command = [program, *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise _error(
            f"{program} was not found; apt install postgresql-client",
            f"找不到 {program}；请执行 apt install postgresql-client",
        ) from error
    if done.returncode:
        detail = " ".join(done.stderr.split())[:300]
        raise _error(f"{program} failed: {detail}", f"{program} 失败：{detail}")


def _error(en: str, zh: str) -> OperatorError:
    return OperatorError(Wording(en, zh))
