"""What operators read in a terminal, in Chinese and in English.

Callers hear prompts and staff read pages; operators read lines in a terminal.
Each such line is a `Wording` with both languages side by side, so that neither
can be forgotten. Which one is shown follows POSIX: LC_ALL, LC_MESSAGES, LANG.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh-CN", "en"]


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The text in `language`; English for languages we do not write."""
        return self.zh if language == "zh-CN" else self.en

    def filled(self, **values: object) -> Wording:
        """The same wording with `{names}` filled in."""
        return Wording(en=self.en.format(**values), zh=self.zh.format(**values))


class OperatorError(Exception):
    """Something the operator can mend: what is wrong and how to mend it, in one line.

    The command line prints it without a traceback and ends with status 2.
    """

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.en)
        self.wording = wording


def operator_language(environ: Mapping[str, str]) -> Language:
    """The language of the terminal (POSIX order of locale variables)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(name, "")
        if value:
            return "zh-CN" if value.lower().startswith("zh") else "en"
    return "en"
