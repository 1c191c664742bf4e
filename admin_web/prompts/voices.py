"""The voices as the list of prompts shows them: which speaks, its licence, its limits."""

from __future__ import annotations

from dataclasses import dataclass

from admin_web.desk import desk
from admin_web.prompts.published import LANGUAGES
from prompts.engines import EngineStatus, available


@dataclass(frozen=True, slots=True)
class VoiceFact:
    """A voice; ``speaks`` says that it is the one callers hear in its language."""

    status: EngineStatus
    speaks: bool


def voice_facts() -> list[VoiceFact]:
    """Return every voice the line knows."""
    speaking = {lang: desk().settings.voice_of(lang).partition(".")[0] for lang in LANGUAGES}
    return [
        VoiceFact(status, speaking.get(status.language) == status.voice) for status in available()
    ]
