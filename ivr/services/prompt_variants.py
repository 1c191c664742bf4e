"""Variants: other sets of recordings beside a language, such as a dialect.

A variant belongs to the language it falls back to: what it has not recorded is heard as
that language says it. Which calls speak it, the flows say (`variant: <code>`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import PromptVariant
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
# What a flow writes for "no variant, the language itself".
NONE = "none"


def add(
    session: Session,
    code: str,
    *,
    language: str,
    name_zh: str,
    name_en: str,
    who: str,
    now: datetime,
) -> PromptVariant:
    """Make a variant of `language`; RefusedError."""
    if not CODE.fullmatch(code) or code == NONE:
        raise RefusedError("a code is lower-case letters, digits and _, such as dialect_north")
    if session.get(PromptVariant, code) is not None:
        raise RefusedError("there is a variant %(code)s already", code=code)
    row = PromptVariant(
        code=code,
        language=language,
        author=storable(who, 64),
        created_at=now,
        **_names(name_zh, name_en),
    )
    session.add(row)
    session.flush()
    return row


def rename(session: Session, code: str, *, name_zh: str, name_en: str) -> PromptVariant:
    """Call a variant something else; its code stays. NotFoundError, RefusedError."""
    row = get(session, code)
    for column, name in _names(name_zh, name_en).items():
        setattr(row, column, name)
    session.flush()
    return row


def _names(name_zh: str, name_en: str) -> dict[str, str]:
    names = {
        "name_zh": storable(name_zh.strip(), 80),
        "name_en": storable(name_en.strip(), 80),
    }
    if not all(names.values()):
        raise RefusedError("a variant has a name in both languages")
    return names


def remove(session: Session, code: str) -> None:
    """Remove a variant; NotFoundError. Its takes stay in the history and are not heard.

    Whether a flow still speaks it, the caller has looked up: services know no flows.
    """
    session.delete(get(session, code))
    session.flush()


def get(session: Session, code: str) -> PromptVariant:
    """One variant; NotFoundError."""
    row = session.get(PromptVariant, code)
    if row is None:
        raise NotFoundError("there is no variant %(code)s", code=code)
    return row


def all_variants(session: Session) -> Sequence[PromptVariant]:
    """Every variant, by language and code."""
    return session.scalars(
        select(PromptVariant).order_by(PromptVariant.language.desc(), PromptVariant.code)
    ).all()
