"""How the line says things now: the setting, and the pronunciations in force."""

from __future__ import annotations

from sqlalchemy.orm import Session

from admin_web.desk import desk
from ivr.services import pronunciations
from prompts.lexicon import Pronunciations
from prompts.manner import Manner


def manner(session: Session) -> Manner:
    """Return how the line says things to the next caller."""
    return manner_with(session)


def manner_with(session: Session, *more: tuple[str, str, str]) -> Manner:
    """Return the same with a language, word and how it is said that nobody has published yet."""
    rows = {(language, word): said for language, word, said in pronunciations.in_force(session)}
    rows |= {(language, word): said for language, word, said in more}
    words = Pronunciations.of((*key, said) for key, said in rows.items())
    return Manner(yao=desk().settings.say_yao, words=words)
