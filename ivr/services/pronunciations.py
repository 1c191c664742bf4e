"""How staff want words to be said: published, taken back, brought back; nothing is lost.

What a voice can say is judged by the desk before (`prompts.lexicon.checked`): this room
keeps who said what, and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.records.tables import Pronunciation
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable


def publish(
    session: Session,
    language: str,
    word: str,
    said: str,
    *,
    base: int,
    author: str,
    now: datetime,
) -> Pronunciation:
    """Have a word said so from the next call on; `base` is the revision the edit began from.

    RefusedError where somebody published meanwhile, or nothing would change.
    """
    if not said.strip():
        raise RefusedError("say how the word is to be said")
    return _add(session, language, word, said.strip(), base=base, author=author, now=now)


def take_back(
    session: Session, language: str, word: str, *, author: str, now: datetime
) -> Pronunciation:
    """Leave a word to the voice again; NotFoundError where staff have said nothing of it."""
    known = newest(session, language, word)
    if known is None or not known.said:
        raise NotFoundError("nobody has said how “%(word)s” is to be said", word=word)
    return _add(session, language, word, "", base=known.revision, author=author, now=now)


def bring_back(
    session: Session, language: str, word: str, *, author: str, now: datetime
) -> Pronunciation:
    """Say a word again as it was before it was taken back; NotFoundError, RefusedError."""
    rows = history(session, language, word)
    before = next((row for row in rows if row.said), None)
    if before is None:
        raise NotFoundError("nobody has said how “%(word)s” is to be said", word=word)
    base = rows[0].revision
    return _add(session, language, word, before.said, base=base, author=author, now=now)


def in_force(session: Session) -> list[tuple[str, str, str]]:
    """Language, word and how it is said, for every word that staff have spoken for."""
    return [(row.language, row.word, row.said) for row in _newest_rows(session) if row.said]


def everything(session: Session) -> Sequence[Pronunciation]:
    """The newest row of every word, those taken back among them, last changed first."""
    return sorted(_newest_rows(session), key=lambda row: row.id, reverse=True)


def newest(session: Session, language: str, word: str) -> Pronunciation | None:
    """What was last said of a word; None where nobody has."""
    return next(iter(history(session, language, word)), None)


def history(session: Session, language: str, word: str) -> Sequence[Pronunciation]:
    """Everything ever said of a word, newest first."""
    return session.scalars(
        select(Pronunciation)
        .where(Pronunciation.language == language, Pronunciation.word == word)
        .order_by(Pronunciation.revision.desc())
    ).all()


def stamp(session: Session) -> int:
    """Changes whenever anything is published; cheap to ask, so a responder can poll it."""
    return session.scalar(select(func.coalesce(func.max(Pronunciation.id), 0))) or 0


def _newest_rows(session: Session) -> Sequence[Pronunciation]:
    ids = select(func.max(Pronunciation.id)).group_by(Pronunciation.language, Pronunciation.word)
    return session.scalars(select(Pronunciation).where(Pronunciation.id.in_(ids))).all()


def _add(
    session: Session,
    language: str,
    word: str,
    said: str,
    *,
    base: int,
    author: str,
    now: datetime,
) -> Pronunciation:
    known = newest(session, language, word)
    if (known.revision if known else 0) != base:
        raise _changed(word)
    if known is not None and known.said == said:
        raise RefusedError("“%(word)s” is said so already", word=word)
    row = Pronunciation(
        language=language,
        word=storable(word, 64),
        revision=base + 1,
        said=storable(said, 200),
        author=author,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise _changed(word) from None
    return row


def _changed(word: str) -> RefusedError:
    return RefusedError(
        "somebody else has changed “%(word)s” meanwhile; look at the page again and decide anew",
        word=word,
    )
