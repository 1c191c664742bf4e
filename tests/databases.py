"""A migrated database of its own for a test, on SQLite and on PostgreSQL."""

import os
import tempfile
from functools import cache
from pathlib import Path

import ivr
from ivr.records import migrate
from tests import postgresql

KINDS = ("sqlite", "postgresql")


@cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def new_url(kind: str, folder: Path, *, migrated: bool = True) -> str:
    """The URL of a new database; skips where PostgreSQL is not installed."""
    if kind == "postgresql":
        return postgresql.new_database(migrated=migrated)
    path = folder / "line.db"
    return migrated_sqlite(path) if migrated else f"sqlite:///{path}"


def migrated_sqlite(path: Path) -> str:
    """The URL of a new SQLite database in this file: a copy of one that was migrated once."""
    path.write_bytes(_sqlite_template())
    return f"sqlite:///{path}"


def environment() -> dict[str, str]:
    """What a Python process of its own needs to import the rooms, wherever it is started."""
    root = str(Path(ivr.__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": root}
