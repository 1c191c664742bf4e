"""Bring a database to this release's tables, with Alembic but without an alembic.ini.

All migrations run in one transaction (SQLite's DDL is transactional once we
begin the transaction ourselves), under a lock: two processes that start at
once migrate once. An error, or a kill, leaves the database as it was.

SQLite changes some tables by making them anew; references to them are not
enforced meanwhile, but looked through before the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from ivr.records.database import database_url, explained, make_engine
from ivr.records.errors import MigrationFailed

FOLDER = Path(__file__).parent / "migrations"
# Any constant will do; every migrator of the line must take the same.
ADVISORY_LOCK = 0x6D73_7831
# Another process' migration of a large SQLite file is waited for; PostgreSQL waits without end.
OTHER_MIGRATOR_MS = 120_000


def migrate(url: str | URL, *, back_to: str | None = None) -> str:
    """Run what is missing up to the newest migration; the revision reached is returned.

    With `back_to` the database is taken back to an older release's revision; what that release
    has no place for is lost.

    Raises MigrationFailed, or DatabaseUnavailable where it cannot be reached at all.
    """
    target = database_url(url)
    engine = make_engine(target, pool_size=1, busy_timeout_ms=OTHER_MIGRATOR_MS)
    try:
        with explained(target):
            return _run(engine, back_to)
    except CommandError as error:
        raise MigrationFailed(
            f"{error}: the database was made by a newer release; install that one, "
            "or restore a backup made by this one"
        ) from error
    except SQLAlchemyError as error:
        raise MigrationFailed(
            f"the tables could not be brought up to date, nothing was changed: "
            f"{' '.join(str(error).split())[:300]}; keep a backup and report this"
        ) from error
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The revision this release's tables have."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the migrations are part of the package
    return head


def _run(engine: Engine, back_to: str | None) -> str:
    config = _config()
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        event.listen(engine, "connect", _without_references)
    with engine.begin() as connection:
        if not sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": ADVISORY_LOCK})
        config.attributes["connection"] = connection
        before = _revision(connection)
        if back_to is None:
            command.upgrade(config, "head")
        else:
            command.downgrade(config, back_to)
        # Every row is looked through: only where there was anything to do, not at each start.
        changed = _revision(connection) != before
        looking = text("PRAGMA foreign_key_check")
        if sqlite and changed and (stray := connection.execute(looking).first()):
            raise MigrationFailed(
                f"a row of {stray[0]} names one of {stray[2]} that is not there; nothing was "
                "changed: restore a backup, or report this"
            )
    return newest_revision() if back_to is None else back_to


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _without_references(connection: Any, _record: Any) -> None:
    """A pragma means nothing within a transaction, so it comes with the connection."""
    connection.execute("PRAGMA foreign_keys = OFF").close()


def _config() -> Config:
    config = Config()
    # A "%" in the path would be read as interpolation.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
