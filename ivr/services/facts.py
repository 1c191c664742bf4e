"""Facts about this database by name, such as that it holds the sample town."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from ivr.records.tables import Setting

SAMPLE_DATA = "sample_data"


def read(session: Session, name: str, default: Any = None) -> Any:
    """The value of a fact, JSON."""
    row = session.get(Setting, name)
    return default if row is None else row.value


def write(session: Session, name: str, value: Any) -> None:
    """Set a fact."""
    row = session.get(Setting, name)
    if row is None:
        session.add(Setting(name=name, value=value))
    else:
        row.value = value
    session.flush()


def remove(session: Session, name: str) -> None:
    """Forget a fact."""
    row = session.get(Setting, name)
    if row is not None:
        session.delete(row)
        session.flush()


def is_sample(session: Session) -> bool:
    """Whether the pages must say that this is sample data."""
    return bool(read(session, SAMPLE_DATA, False))
