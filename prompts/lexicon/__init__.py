"""Pronunciations: what ships with the line, `load(language)`, and what staff add to it."""

from prompts.lexicon.lexicon import Lexicon, load
from prompts.lexicon.pronunciations import Pronunciations, Spoken, checked

__all__ = ["Lexicon", "Pronunciations", "Spoken", "checked", "load"]
