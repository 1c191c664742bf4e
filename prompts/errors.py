"""The one family of errors of this room; each message names the place and the remedy."""

from __future__ import annotations


class PromptError(Exception):
    """A prompt cannot be loaded, composed or rendered as asked."""


class CatalogueError(PromptError):
    """A prompt file cannot be read: file, line and prompt id are in the message."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class VoiceError(PromptError):
    """A clause could not be turned into sound."""


class AudioError(PromptError):
    """A sound file is not usable: too long, too quiet, no speech or not audio."""
