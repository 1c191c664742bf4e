"""The one family of errors of this room; each message names the place and the remedy.

A text is a `Message`: English as it stands, and the template and values it was made
from, by which a page says the same in another language. What the voice process says
crosses its socket as such parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

_LONGEST_NEST = 8


class Message(str):
    """An English sentence that remembers its template and the values filled in."""

    __slots__ = ("params", "template")
    template: str
    params: Mapping[str, object]

    def __new__(cls, template: str, /, **params: object) -> Message:
        message = super().__new__(cls, template % params if params else template)
        message.template, message.params = template, params
        return message

    def parts(self) -> dict[str, Any]:
        """What `from_parts` makes the same message of, for JSON."""
        params = {name: _part(value) for name, value in self.params.items()}
        return {"template": self.template, "params": params}


class Messages(tuple[Message, ...]):
    """Several reasons, shown with semicolons between them."""

    __slots__ = ()

    def __str__(self) -> str:
        return "; ".join(self)


SAID = frozenset({"text", "value"})
"""Names of the values that are what is said to somebody: a ticket, an amount, an account."""


def without_words(message: Message) -> Message:
    """The same message for a log, which holds nothing of what is said to a caller."""
    return Message(message.template, **{n: _hidden(n, v) for n, v in message.params.items()})


def _hidden(name: str, value: object) -> object:
    if name in SAID:
        return "…"
    if isinstance(value, PromptError):
        value = value.message
    if isinstance(value, Message):
        return without_words(value)
    if isinstance(value, Messages):
        return Messages(map(without_words, value))
    return value


def from_parts(given: object, depth: int = 0) -> Message:
    """The message of `Message.parts`; ValueError where it is none."""
    if not isinstance(given, dict) or depth > _LONGEST_NEST:
        raise ValueError("not a message")
    template, params = given.get("template"), given.get("params")
    if not isinstance(template, str) or not isinstance(params, dict):
        raise ValueError("not a message")
    try:
        return Message(template, **{name: _whole(part, depth) for name, part in params.items()})
    except (KeyError, TypeError) as error:
        raise ValueError("not a message") from error


def _part(value: object) -> object:
    if isinstance(value, PromptError):
        value = value.message
    if isinstance(value, Message):
        return value.parts()
    if isinstance(value, Messages):
        return [message.parts() for message in value]
    return value if isinstance(value, int | float) else str(value)


def _whole(part: object, depth: int) -> object:
    if isinstance(part, dict):
        return from_parts(part, depth + 1)
    if isinstance(part, Sequence) and not isinstance(part, str):
        return Messages(from_parts(one, depth + 1) for one in part)
    return part


class PromptError(Exception):
    """A prompt cannot be loaded, composed or rendered as asked."""

    def __init__(self, template: str, /, **params: object) -> None:
        if not isinstance(template, Message) or params:
            template = Message(template, **params)
        self.message: Message = template
        super().__init__(self.message)


class CatalogueError(PromptError):
    """A prompt file cannot be read: file, line and prompt id are in the message."""

    def __init__(self, place: str, template: str, /, **params: object) -> None:
        reason = Message(template, **params)
        super().__init__(Message("%(place)s: %(reason)s", place=place, reason=reason))
        self.place = place


class VoiceError(PromptError):
    """A clause could not be turned into sound."""


Fault = Literal["too_short", "too_long", "too_quiet", "no_speech", "overdriven", "unusable"]
"""What is wrong with a recording, in a word, for a telephone; a page shows the message."""


class AudioError(PromptError):
    """A sound file is not usable: too long, too quiet, no speech or not audio."""

    def __init__(self, template: str, /, *, fault: Fault = "unusable", **params: object) -> None:
        super().__init__(template, **params)
        self.fault: Fault = fault
