"""A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

A code counts once, within 30 seconds of its time before and after; the step it belonged to is
remembered, so that a code somebody looked at over a shoulder is worth nothing (RFC 6238 §5.2). Five
wrong ones shut the door for a quarter of an hour: a million codes cannot be tried. The app's secret
is kept encrypted (Fernet) under a key that is not in the database; recovery codes, 80 random bits
each, as SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.records.tables import RecoveryCode, SecondFactor, Staff
from ivr.services import audit
from ivr.services.errors import RefusedError

STEP_S = 30
STEPS_EACH_SIDE = 1
TRIES = 5
LOCK = timedelta(minutes=15)
RECOVERY_CODES = 10
ISSUER = "Minsheng Line"
# Crockford's: none is taken for another, on paper or by telephone.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LETTERS = 16
_LOOK_ALIKE = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether a person has a second factor, since when, and how many recovery codes are left."""

    since: datetime | None = None
    recovery_codes: int = 0

    @property
    def on(self) -> bool:
        """Whether it is asked for."""
        return self.since is not None


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """`right`, or wrong, or not looked at because of a lock until `locked_until`.

    `recovered`: it was a recovery code.
    """

    right: bool
    recovered: bool = False
    locked_until: datetime | None = None


def state(session: Session, staff_id: int) -> FactorState:
    """How a person's second factor stands."""
    row = session.get(SecondFactor, staff_id)
    if row is None or row.confirmed_at is None:
        return FactorState()
    left = session.scalar(
        select(func.count()).where(
            RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
        )
    )
    return FactorState(row.confirmed_at, left or 0)


def is_on(session: Session, staff_id: int) -> bool:
    """Whether a person is asked for a code."""
    return _who_are_on(session, [staff_id]) == {staff_id}


def everybody_on(session: Session) -> set[int]:
    """The ids of all who are asked for a code."""
    return _who_are_on(session, None)


def _who_are_on(session: Session, ids: Sequence[int] | None) -> set[int]:
    query = select(SecondFactor.staff_id).where(SecondFactor.confirmed_at.is_not(None))
    return set(
        session.scalars(query if ids is None else query.where(SecondFactor.staff_id.in_(ids)))
    )


def begin(session: Session, person: Staff, *, key: str) -> str:
    """Make a secret for the app, shown once; it counts when a code of it comes back.

    RefusedError where there is a second factor already.
    """
    row = session.get(SecondFactor, person.id)
    if row is None:
        row = SecondFactor(staff_id=person.id, last_step=0, wrong_tries=0)
        session.add(row)
    elif row.confirmed_at is not None:
        raise RefusedError("there is a second factor already; turn it off first")
    secret = pyotp.random_base32()
    row.secret = _sealed(secret, key)
    session.flush()
    return secret


def pending(session: Session, person: Staff, *, key: str) -> str | None:
    """The secret that waits for its first code; None where there is none."""
    row = session.get(SecondFactor, person.id)
    return None if row is None or row.confirmed_at is not None else _opened(row.secret, key)


def address(secret: str, username: str) -> str:
    """What the picture for the app says: the Key URI that authenticator apps read."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER))


def confirm(session: Session, person: Staff, code: str, *, key: str, now: datetime) -> list[str]:
    """The first code came back: from now on one is asked for. Returns the recovery codes.

    RefusedError for a wrong code.
    """
    row = session.get(SecondFactor, person.id, with_for_update=True, populate_existing=True)
    secret = None if row is None or row.confirmed_at is not None else _opened(row.secret, key)
    if row is None or secret is None:
        raise RefusedError("begin again: the picture for the app is out of date")
    step = _matching_step(secret, code, after=0, now=now)
    if step is None:
        raise RefusedError("the code does not fit; check that the telephone's clock is right")
    row.confirmed_at, row.last_step = now, step
    audit.record(
        session, who=person.username, what="second_factor_on", record=person.username, now=now
    )
    return _new_codes(session, person)


def new_recovery_codes(session: Session, person: Staff, *, who: str, now: datetime) -> list[str]:
    """Ten new ones; the old ones open nothing any more. RefusedError without a second factor."""
    if not is_on(session, person.id):
        raise RefusedError("there is no second factor")
    audit.record(session, who=who, what="recovery_codes_made", record=person.username, now=now)
    return _new_codes(session, person)


def turn_off(session: Session, person: Staff, *, who: str, now: datetime) -> bool:
    """From now on the password alone signs in; False where there was no second factor."""
    row = session.get(SecondFactor, person.id)
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))
    if row is None:
        return False
    was_on = row.confirmed_at is not None
    session.delete(row)
    session.flush()
    if was_on:
        audit.record(session, who=who, what="second_factor_off", record=person.username, now=now)
    return was_on


def judge(database: Database, staff_id: int, code: str, *, key: str, now: datetime) -> CodeVerdict:
    """Judge a code of the app, or a recovery code; each is taken once. One transaction.

    A try is counted before it is judged, as with passwords.
    """
    with database.begin() as session:
        row = session.get(SecondFactor, staff_id, with_for_update=True, populate_existing=True)
        if row is None or row.confirmed_at is None:
            return CodeVerdict(False)
        if row.locked_until is not None and row.locked_until > now:
            return CodeVerdict(False, locked_until=row.locked_until)
        if row.locked_until is not None:
            row.wrong_tries, row.locked_until = 0, None
        secret = _opened(row.secret, key)
        step = secret and _matching_step(secret, code, after=row.last_step, now=now)
        recovered = not step and _take_recovery_code(session, staff_id, code, now)
        if step or recovered:
            row.last_step = int(step or row.last_step)
            row.wrong_tries = 0
            return CodeVerdict(True, recovered=recovered)
        row.wrong_tries += 1
        if row.wrong_tries >= TRIES:
            row.locked_until = now + LOCK
        return CodeVerdict(False)


def _matching_step(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    """The time step a code belongs to, if it is near and later than `after`."""
    given = "".join(unicodedata.normalize("NFKC", code).split())
    app = pyotp.TOTP(secret, interval=STEP_S)
    here = int(now.timestamp()) // STEP_S
    for step in range(here - STEPS_EACH_SIDE, here + STEPS_EACH_SIDE + 1):
        fits = hmac.compare_digest(
            app.generate_otp(step).encode(), given.encode("utf-8", "replace")
        )
        if fits and step > after:
            return step
    return None


def _take_recovery_code(session: Session, staff_id: int, code: str, now: datetime) -> bool:
    row = session.get(RecoveryCode, _code_hash(code), with_for_update=True)
    if row is None or row.staff_id != staff_id or row.used_at is not None:
        return False
    row.used_at = now
    return True


def _new_codes(session: Session, person: Staff) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=_code_hash(code), staff_id=person.id) for code in codes)
    session.flush()
    return codes


def _new_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, _CODE_LETTERS, 4))


def _code_hash(code: str) -> str:
    """Small letters, blanks and dashes do not matter, nor O for 0."""
    plain = unicodedata.normalize("NFKC", code).upper().translate(_LOOK_ALIKE)
    kept = "".join(letter for letter in plain if letter in _LETTERS)
    return hashlib.sha256(kept.encode()).hexdigest()


def _box(key: str) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"minsheng second factor")
    return Fernet(base64.urlsafe_b64encode(derive.derive(key.encode())))


def _sealed(secret: str, key: str) -> str:
    return _box(key).encrypt(secret.encode()).decode()


def _opened(sealed: str, key: str) -> str | None:
    """The secret; None where it was sealed under another key (a database moved without it)."""
    try:
        return _box(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None
