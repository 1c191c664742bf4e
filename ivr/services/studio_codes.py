"""A person's code for recording by telephone: random digits, shown once, kept as a hash.

Ten digits: the first four find the code, the other six are its secret, hashed as query
codes are (`query_codes`, with what a hash of so few digits is worth). What protects it from
somebody with a telephone are the tries, counted in the database for the code and, whatever
they key, for the caller: after three wrong ones neither is listened to for half an hour.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.records.tables import Role, Staff, StudioCaller, StudioCode
from ivr.services import audit, query_codes, staff
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

SELECTOR_DIGITS = 4
SECRET_DIGITS = 6
CODE_DIGITS = SELECTOR_DIGITS + SECRET_DIGITS
TRIES = 3
LOCK = timedelta(minutes=30)
MAY_RECORD = frozenset({Role.ADMINISTRATOR, Role.EDITOR})
"""The roles that edit prompts on the desk."""

# Judged in place of a code that does not exist, so that the answer takes as long.
_NOBODY = "scrypt$2048$8$1$" + "00" * 16 + "$" + "00" * 32


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a code: `code` where it opens, else the tries left, else the minutes to wait."""

    code: StudioCode | None = None
    person: Staff | None = None
    tries_left: int = 0
    locked_min: int = 0


def make(session: Session, username: str, *, who: str, now: datetime) -> str:
    """A new code for a person, shown here and never again; the old one ends. RefusedError."""
    person = staff.get(session, username)
    if not person.active or person.role not in MAY_RECORD:
        raise RefusedError("only those who edit prompts record by telephone")
    _remove(session, person)
    secret = _digits(SECRET_DIGITS)
    selector = _add(session, person, query_codes.hash_code(secret), now)
    audit.record(session, who=who, what="studio_code_made", record=person.username, now=now)
    return selector + secret


def end(session: Session, username: str, *, who: str, now: datetime) -> None:
    """The code opens nothing any more, in calls in progress too; NotFoundError without one."""
    person = staff.get(session, username)
    if not _remove(session, person):
        raise NotFoundError("%(name)s has no telephone code", name=person.username)
    audit.record(session, who=who, what="studio_code_ended", record=person.username, now=now)


def of(session: Session, username: str) -> StudioCode | None:
    """The code a person has; its digits are not known to anybody."""
    return session.scalar(
        select(StudioCode)
        .join(Staff, Staff.id == StudioCode.staff_id)
        .where(Staff.username == username)
    )


def holder(session: Session, code_id: int) -> Staff | None:
    """Whose code it is, as long as it opens: not ended, its holder active and in a role for it."""
    row = session.get(StudioCode, code_id)
    person = session.get(Staff, row.staff_id) if row is not None else None
    if person is None or not person.active or person.role not in MAY_RECORD:
        return None
    return person


def attempt(session: Session, digits: str, caller: str, now: datetime) -> Tried:
    """Judge what a caller keyed; a wrong code is counted. Needs a writing transaction."""
    known_caller = _caller(session, storable(caller, 128), now)
    row = session.scalar(
        select(StudioCode).where(StudioCode.selector == digits[:SELECTOR_DIGITS]).with_for_update()
    )
    locked = [one for one in (known_caller, row) if one is not None and _is_locked(one, now)]
    if locked:
        return Tried(locked_min=_minutes(max(_until(one) for one in locked), now))
    hashed = row.secret_hash if row is not None else _NOBODY
    right = query_codes.code_matches(digits[SELECTOR_DIGITS:], hashed)
    person = holder(session, row.id) if row is not None else None
    if right and row is not None and person is not None:
        row.wrong_tries, row.locked_until, row.last_used_at = 0, None, now
        session.delete(known_caller)
        session.flush()
        audit.record(session, who=person.username, what="studio_entered", now=now)
        return Tried(row, person)
    left = min(_count(one, now) for one in (known_caller, row) if one is not None)
    if row is not None and person is not None and row.locked_until is not None:
        audit.record(
            session, who="line", what="studio_code_locked", record=person.username, now=now
        )
    session.flush()
    return Tried(tries_left=left) if left else Tried(locked_min=_minutes(now + LOCK, now))


def _caller(session: Session, caller: str, now: datetime) -> StudioCaller:
    """The caller's row, locked for this transaction; wrong codes of long ago are forgotten."""
    session.execute(delete(StudioCaller).where(StudioCaller.last_wrong_at <= now - LOCK))
    query = select(StudioCaller).where(StudioCaller.caller == caller).with_for_update()
    row = session.scalar(query)
    if row is None:
        try:
            with session.begin_nested():
                row = StudioCaller(caller=caller, wrong_tries=0, last_wrong_at=now)
                session.add(row)
        except IntegrityError:  # another call of the same number was faster
            row = session.scalars(query).one()
    return row


def _count(row: StudioCaller | StudioCode, now: datetime) -> int:
    """Count a wrong code; the tries left."""
    if row.locked_until is not None:  # a lock that has run out
        row.locked_until, row.wrong_tries = None, 0
    row.wrong_tries += 1
    if isinstance(row, StudioCaller):
        row.last_wrong_at = now
    if row.wrong_tries >= TRIES:
        row.locked_until = now + LOCK
        return 0
    return TRIES - row.wrong_tries


def _is_locked(row: StudioCaller | StudioCode, now: datetime) -> bool:
    return row.locked_until is not None and row.locked_until > now


def _until(row: StudioCaller | StudioCode) -> datetime:
    assert row.locked_until is not None  # noqa: S101 - only locked rows are asked
    return row.locked_until


def _minutes(until: datetime, now: datetime) -> int:
    return math.ceil((until - now).total_seconds() / 60)


def _add(session: Session, person: Staff, hashed: str, now: datetime) -> str:
    while True:
        selector = _digits(SELECTOR_DIGITS)
        row = StudioCode(
            staff_id=person.id, selector=selector, secret_hash=hashed, created_at=now, wrong_tries=0
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # somebody else's begins so
            if of(session, person.username) is not None:
                raise RefusedError(
                    "another code was made for %(name)s at this moment", name=person.username
                ) from None
            continue
        return selector


def _remove(session: Session, person: Staff) -> bool:
    row = of(session, person.username)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def _digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}d}"
