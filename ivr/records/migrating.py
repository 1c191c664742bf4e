"""Bring a database to this release's tables, with Alembic but without an alembic.ini.

All migrations run in one transaction (SQLite's DDL is transactional once we
begin the transaction ourselves), under a lock: two processes that start at
once migrate once. An error leaves the database as it was.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ivr.records.database import database_url, explained, make_engine
from ivr.records.errors import MigrationFailed

FOLDER = Path(__file__).parent / "migrations"
# Any constant will do; every migrator of the line must take the same.
ADVISORY_LOCK = 0x6D73_7831
# Another process' migration of a large SQLite file is waited for; PostgreSQL waits without end.
OTHER_MIGRATOR_MS = 120_000


def migrate(url: str | URL) -> str:
    """Run what is missing up to the newest migration; the revision reached is returned.

    Raises MigrationFailed, or DatabaseUnavailable where it cannot be reached at all.
    """
    target = database_url(url)
    engine = make_engine(target, pool_size=1, busy_timeout_ms=OTHER_MIGRATOR_MS)
    try:
        with explained(target):
            return _upgrade(engine)
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


def _upgrade(engine: Engine) -> str:
    config = _config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest_revision()


def _config() -> Config:
    config = Config()
    # A "%" in the path would be read as interpolation.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
