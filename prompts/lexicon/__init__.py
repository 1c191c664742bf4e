"""Pronunciations that staff extend, one file a language; `lexicon.load(language)`."""

from prompts.lexicon.lexicon import Lexicon, load

__all__ = ["Lexicon", "load"]
