"""The short number of a prompt, by which it is called on a telephone.

Given once, in the order of the catalogue, and kept for good: a list of numbers that
somebody has pinned to the wall stays right, whatever is added or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.records.tables import PromptNumber
from ivr.services.errors import NotFoundError

FIRST = 101
"""Three digits for the first 899 prompts."""


def numbers(session: Session) -> dict[str, int]:
    """The number of each prompt that has one."""
    return {row.prompt: row.number for row in session.scalars(select(PromptNumber))}


def assign(session: Session, prompts: Iterable[str]) -> dict[str, int]:
    """Give a number to every prompt that has none yet; all numbers. Needs a writing transaction."""
    known = numbers(session)
    for prompt in prompts:
        if prompt not in known:
            known[prompt] = _assign(session, prompt)
    return known


def _assign(session: Session, prompt: str) -> int:
    while True:
        last = session.scalar(select(func.max(PromptNumber.number)))
        row = PromptNumber(number=FIRST if last is None else last + 1, prompt=prompt)
        try:
            with session.begin_nested():
                session.add(row)
            return row.number
        except IntegrityError:  # another process was faster; with this prompt, or this number
            given = session.scalar(select(PromptNumber.number).where(PromptNumber.prompt == prompt))
            if given is not None:
                return given


def prompt_of(session: Session, number: int) -> str:
    """The prompt that has a number; NotFoundError."""
    row = session.get(PromptNumber, number)
    if row is None:
        raise NotFoundError("no prompt has the number %(number)s", number=number)
    return row.prompt
