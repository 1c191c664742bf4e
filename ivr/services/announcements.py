"""Emergency announcements: put out, lengthened, ended; never without an end.

One for all callers and one for each flow can be in force at a time: a new one takes the place
of the former of its kind in the same transaction. What ends by its time needs nobody: whoever
asks compares with the clock, the responder from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import Announcement, Manner
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import note_text

LONGEST = timedelta(days=7)
"""An emergency that lasts longer belongs in the greeting."""
LONGEST_TEXT = 1000
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be said: words, or a prompt; in one flow, or (empty) in all; until when."""

    words_zh: str
    words_en: str
    ends_at: datetime
    manner: Manner = Manner.GO_ON
    prompt: str = ""
    flow: str = ""


def begin(session: Session, notice: Notice, *, who: str, now: datetime) -> Announcement:
    """Put an announcement out; it takes the place of the one in force for the same callers."""
    words_zh, words_en = plain(notice.words_zh), plain(notice.words_en)
    if not notice.prompt and not words_zh and not words_en:
        raise RefusedError("write what is to be said, or choose a prompt")
    if max(len(words_zh), len(words_en)) > LONGEST_TEXT:
        raise RefusedError("an announcement has at most %(most)s characters", most=LONGEST_TEXT)
    _check_end(notice.ends_at, now)
    for row in in_force(session, now):
        if row.flow == notice.flow:
            row.ended_at, row.ended_by = now, who
            row.revision += 1
    row = Announcement(
        words_zh="" if notice.prompt else words_zh,
        words_en="" if notice.prompt else words_en,
        prompt=notice.prompt,
        flow=notice.flow,
        manner=notice.manner,
        begins_at=now,
        ends_at=notice.ends_at,
        begun_by=who,
        revision=1,
    )
    session.add(row)
    session.flush()
    return row


def plain(words: str) -> str:
    """The words as they are kept and said: one line, nothing that no voice can say.

    No braces: in a prompt they would mean a value. The desk speaks the same before they are put
    out, so that the sound is there already.
    """
    return " ".join(note_text(words).replace("{", " ").replace("}", " ").split())


def end(session: Session, announcement_id: int, *, who: str, now: datetime) -> Announcement:
    """End it now; NotFoundError, RefusedError where it is over already."""
    row = _running(session, announcement_id, now)
    row.ended_at, row.ended_by = now, who
    row.revision += 1
    session.flush()
    return row


def extend(
    session: Session, announcement_id: int, ends_at: datetime, *, now: datetime
) -> Announcement:
    """Have it end at another time; NotFoundError, RefusedError."""
    row = _running(session, announcement_id, now)
    _check_end(ends_at, now)
    row.ends_at = ends_at
    row.revision += 1
    session.flush()
    return row


def in_force(session: Session, now: datetime) -> Sequence[Announcement]:
    """Those that new callers hear at `now`, those for all callers first."""
    return session.scalars(
        select(Announcement)
        .where(
            Announcement.ends_at > now,
            Announcement.ended_at.is_(None),
        )
        .order_by(Announcement.flow, Announcement.id)
    ).all()


def get(session: Session, announcement_id: int) -> Announcement:
    """One announcement; NotFoundError."""
    row = session.get(Announcement, announcement_id)
    if row is None:
        raise NotFoundError("there is no such announcement")
    return row


def history(session: Session, now: datetime) -> Sequence[Announcement]:
    """Those that are over, newest first."""
    running = {row.id for row in in_force(session, now)}
    rows = session.scalars(select(Announcement).order_by(Announcement.id.desc()).limit(SHOWN)).all()
    return [row for row in rows if row.id not in running]


def stamp(rows: Sequence[Announcement]) -> tuple[tuple[int, int], ...]:
    """Changes with any of those in force."""
    return tuple((row.id, row.revision) for row in rows)


def over_at(row: Announcement) -> datetime:
    """When it ended, or will end."""
    return row.ended_at or row.ends_at


def _running(session: Session, announcement_id: int, now: datetime) -> Announcement:
    row = get(session, announcement_id)
    if over_at(row) <= now:
        raise RefusedError("this announcement is over already")
    return row


def _check_end(ends_at: datetime, now: datetime) -> None:
    if ends_at <= now:
        raise RefusedError("an announcement ends later than now")
    if ends_at - now > LONGEST:
        raise RefusedError(
            "an announcement lasts at most %(days)s days; what holds longer belongs in the "
            "greeting",
            days=LONGEST.days,
        )
