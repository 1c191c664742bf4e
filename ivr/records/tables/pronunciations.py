"""How staff want words to be said: a row for each time somebody said how, never changed.

The newest row of a word counts; an empty `said` takes the word back to what the voice
makes of it. So the table is its own history.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from ivr.records.base import Base


class Pronunciation(Base):
    """One word in one language, from this revision on said so."""

    __tablename__ = "pronunciations"
    __table_args__ = (UniqueConstraint("language", "word", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(16))
    word: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    said: Mapped[str] = mapped_column(String(200))
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


def _refuse(_mapper: Any, _connection: Any, _target: object) -> NoReturn:
    raise ValueError("a published Pronunciation cannot be changed; publish a new one")


event.listen(Pronunciation, "before_update", _refuse)
event.listen(Pronunciation, "before_delete", _refuse)
