"""Those who may sign in to the desk: accounts, roles, sign-in with lock-out.

Argon2 is slow on purpose, and SQLite has one write lock, which the calls in
progress need too: so passwords are hashed and verified outside transactions.
A try is counted before it is judged; a burst of tries at once gets no more
guesses than the same tries one after another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.records.tables import Department, Role, Staff
from ivr.services import audit, second_factor, sessions
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.passwords import (
    check_policy,
    generate_password,
    hash_password,
    password_matches,
)
from ivr.services.text import storable

TRIES = 5
LOCK = timedelta(minutes=15)
FIRST_USERNAME = "admin"
LANGUAGES = ("zh-CN", "en")

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class SignInResult(Enum):
    OK = "ok"
    CODE_NEEDED = "code_needed"  # the password is right, and there is a second factor
    WRONG = "wrong"  # no such person, not active, or a wrong password: one answer for all
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class SignIn:
    """`staff` only with OK and CODE_NEEDED; `locked_until` only with LOCKED."""

    result: SignInResult
    staff: Staff | None = None
    locked_until: datetime | None = None


def authenticate(database: Database, username: str, password: str, now: datetime) -> SignIn:
    """Judge one try to sign in; takes about as long for a person who does not exist."""
    tried = judge_password(database, username, password, now)
    if tried.staff is None:
        return tried
    with database.begin() as session:
        if second_factor.is_on(session, tried.staff.id):
            return SignIn(SignInResult.CODE_NEEDED, staff=tried.staff)
        person = get(session, tried.staff.username)
        signed_in(session, person, now)
    return SignIn(SignInResult.OK, staff=person)


def signed_in(session: Session, person: Staff, now: datetime, *, how: str = "") -> None:
    """Somebody has proved who they are; `how` is a word for what else than usual proved it."""
    person.last_sign_in_at = now
    audit.record(
        session,
        who=person.username,
        what="signed_in",
        detail={"by": how} if how else None,
        now=now,
    )


def code_refused(session: Session, person: Staff, now: datetime) -> None:
    """The password was right, the code was not: somebody may know the password."""
    audit.record(session, who=person.username, what="code_refused", now=now)


def judge_password(database: Database, username: str, password: str, now: datetime) -> SignIn:
    """Judge a password and nothing else; wrong ones are counted as at the sign-in."""
    name = _normal(username)
    with database.begin() as session:
        person = _find(session, name, lock=True)
        locked_until = _count_try(person, now) if person else None
    if locked_until is not None:
        return SignIn(SignInResult.LOCKED, locked_until=locked_until)
    right = password_matches(password, person.password_hash if person else None)
    with database.begin() as session:
        person = _find(session, name, lock=True)
        if person is None or not right or not person.active:
            audit.record(session, who=storable(name, 64), what="sign_in_refused", now=now)
            return SignIn(SignInResult.WRONG)
        person.wrong_tries = 0
        person.locked_until = None
    return SignIn(SignInResult.OK, staff=person)


def _count_try(person: Staff, now: datetime) -> datetime | None:
    """Count a try as wrong until it proves right; the end of the lock where there is one."""
    if person.locked_until is not None and person.locked_until > now:
        return person.locked_until
    if person.locked_until is not None or person.wrong_tries >= TRIES:
        person.wrong_tries = 0
        person.locked_until = None
    person.wrong_tries += 1
    if person.wrong_tries >= TRIES:
        # This last try is still judged; if it is right, the lock is lifted again.
        person.locked_until = now + LOCK
    return None


def ensure_first_administrator(
    database: Database, password: str | None, now: datetime
) -> str | None:
    """Make the first administrator where there is no staff at all.

    Returns the generated password where one was made, to be shown once. A given
    password is taken as the operator's choice; a weak one must be changed on first use.
    """
    with database.read() as session:
        if session.scalar(select(func.count(Staff.id))):
            return None
    generated = None if password else generate_password()
    chosen = password or generated or ""
    hashed = hash_password(chosen)
    with database.begin() as session:
        if session.scalar(select(func.count(Staff.id))):
            return None
        session.add(
            Staff(
                username=FIRST_USERNAME,
                display_name="",
                password_hash=hashed,
                role=Role.ADMINISTRATOR,
                must_change_password=_is_weak(chosen),
                created_at=now,
            )
        )
    return generated


def _is_weak(password: str) -> bool:
    try:
        check_policy(password, FIRST_USERNAME)
    except RefusedError:
        return True
    return False


def create(
    session: Session,
    *,
    username: str,
    password_hash: str,
    role: Role | str,
    display_name: str = "",
    language: str = "zh-CN",
    must_change_password: bool = True,
    department: str | None = None,
    who: str,
    now: datetime,
) -> Staff:
    """Add a person; hash the password first (`new_password_hash`). RefusedError."""
    name = _normal(username)
    if not _USERNAME.fullmatch(name):
        raise RefusedError("a username is 2 to 32 letters, digits, dots, dashes or underscores")
    if _find(session, name) is not None:
        raise RefusedError("there is already somebody with the username %(name)s", name=name)
    person = Staff(
        username=name,
        display_name=storable(display_name.strip(), 80),
        password_hash=password_hash,
        role=Role(role),
        department=_department(session, Role(role), department),
        language=_language(language),
        must_change_password=must_change_password,
        created_at=now,
    )
    session.add(person)
    session.flush()
    audit.record(
        session,
        who=who,
        what="staff_created",
        record=name,
        detail={"role": person.role.value, **({"department": department} if department else {})},
        now=now,
    )
    return person


def new_password_hash(password: str, username: str) -> str:
    """Check a new password against the policy and hash it; RefusedError. Slow: no transaction."""
    check_policy(password, username)
    return hash_password(password)


def set_password(
    session: Session,
    username: str,
    password_hash: str,
    *,
    must_change: bool,
    who: str,
    now: datetime,
) -> Staff:
    """Give a new password; it ends a lock and every session the person has. NotFoundError."""
    person = get(session, username)
    person.password_hash = password_hash
    person.must_change_password = must_change
    person.wrong_tries = 0
    person.locked_until = None
    sessions.end_all(session, person, now=now)
    audit.record(session, who=who, what="password_changed", record=person.username, now=now)
    return person


def edit(
    session: Session,
    username: str,
    *,
    who: str,
    now: datetime,
    display_name: str | None = None,
    role: Role | str | None = None,
    language: str | None = None,
    active: bool | None = None,
    department: str | None = None,
) -> Staff:
    """Change what is given; the last active administrator cannot be lost. RefusedError.

    Another role or department, or being made inactive, ends the person's sessions. `department`
    counts with a `role` only: a clerk has one, nobody else has.
    """
    person = get(session, username)
    changed: list[str] = []
    if display_name is not None:
        person.display_name = storable(display_name.strip(), 80)
    if language is not None:
        person.language = _language(language)
    if role is not None:
        role, department = Role(role), _department(session, Role(role), department)
        if (role, department) != (person.role, person.department):
            person.role, person.department = role, department
            changed.append(" ".join(filter(None, (role.value, department))))
    if active is not None and active is not person.active:
        person.active = active
        changed.append("active" if active else "inactive")
    if changed:
        sessions.end_all(session, person, now=now)
    session.flush()
    left = session.scalar(
        select(func.count(Staff.id)).where(Staff.role == Role.ADMINISTRATOR, Staff.active.is_(True))
    )
    if not left:
        raise RefusedError("there must be an active administrator left")
    audit.record(
        session,
        who=who,
        what="staff_changed",
        record=person.username,
        detail={"now": ", ".join(changed)} if changed else None,
        now=now,
    )
    return person


def get(session: Session, username: str) -> Staff:
    """One person; NotFoundError."""
    person = _find(session, _normal(username))
    if person is None:
        raise NotFoundError("there is nobody with the username %(name)s", name=username)
    return person


def everybody(session: Session) -> Sequence[Staff]:
    """All staff by username, those not active too."""
    return session.scalars(select(Staff).order_by(Staff.username)).all()


def _find(session: Session, name: str, *, lock: bool = False) -> Staff | None:
    query = select(Staff).where(Staff.username == name)
    return session.scalar(query.with_for_update() if lock else query)


def _normal(username: str) -> str:
    return storable(username.strip().lower(), 64)


def _department(session: Session, role: Role, code: str | None) -> str | None:
    """The department that goes with a role; RefusedError for a clerk without one."""
    if role is not Role.CLERK:
        return None
    if not code:
        raise RefusedError("a clerk works for one department; choose it")
    if session.get(Department, code) is None:
        raise RefusedError("there is no department %(code)s", code=code)
    return code


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise RefusedError(
            "the pages speak %(languages)s, not %(given)s",
            languages=", ".join(LANGUAGES),
            given=language,
        )
    return language
