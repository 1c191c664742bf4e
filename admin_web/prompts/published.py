"""The prompts as callers hear them now: those that came with the line, and what staff published."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.manner import manner
from ivr.services import prompt_recordings, revisions
from prompts.catalogue import PHRASE, Catalogue, Prompt
from prompts.slots import SlotType, Value

LANGUAGES = ("zh-CN", "en")


@lru_cache(maxsize=4)
def _delivered(folder: Path) -> Catalogue:
    return Catalogue.load_folder(folder)


def delivered() -> Catalogue:
    """Return the prompts that came with the line."""
    return _delivered(desk().settings.texts_dir or Path(str(files("prompts") / "text")))


def worded(session: Session) -> Catalogue:
    """Return the prompts with their present texts, all said by the voice."""
    texts = {key: row.text for key, row in revisions.newest_prompts(session).items()}
    return delivered().with_overrides(texts).with_manner(manner(session))


def published(session: Session) -> Catalogue:
    """Return the prompts as callers hear them now."""
    catalogue = worded(session)
    takes = prompt_recordings.heard(session, catalogue.text)
    return catalogue.with_recordings(
        {
            key: desk().settings.state_dir / row.path
            for key, row in takes.items()
            if key[0] in catalogue
        }
    )


# What is filled in when staff listen to a prompt with slots.
_EXAMPLES: dict[SlotType, Value] = {
    SlotType.MONEY: Decimal("128.50"),
    SlotType.DATE: date(2026, 12, 5),
    SlotType.TIME: time(18, 30),
    SlotType.DATETIME: datetime(2026, 12, 5, 18, 30),  # noqa: DTZ001 - spoken, never compared
    SlotType.WEEKDAY: date(2026, 12, 5),
    SlotType.DURATION: "2h30m",
    SlotType.DIGITS: "202611220001",
    SlotType.PHONE: "13800138000",
    SlotType.COUNT: 2,
    SlotType.NUMBER: Decimal(12),
    SlotType.PERCENT: Decimal("12.5"),
    SlotType.ORDINAL: 1,
    SlotType.LETTERS: "A12",
}
_EXAMPLE_TEXT = {"zh-CN": "这里是示例", "en": "an example"}
_PHRASES = {"kind": "electricity", "state": "unpaid"}


def example_values(prompt: Prompt, catalogue: Catalogue, language: str) -> dict[str, Value]:
    """Return a value for every slot of ``prompt``, as a call might fill it."""
    values: dict[str, Value] = {}
    for name, kind in prompt.slots.items():
        if kind is SlotType.PHRASE:
            values[name] = _phrase(name, catalogue)
        else:
            values[name] = _EXAMPLES.get(kind, _EXAMPLE_TEXT[language])
    return values


def _phrase(slot: str, catalogue: Catalogue) -> str:
    usual = _PHRASES.get(slot, slot)
    if PHRASE + usual in catalogue:
        return usual
    phrases = (prompt.id.removeprefix(PHRASE) for prompt in catalogue)
    return next((name for name in phrases if PHRASE + name in catalogue), usual)
