"""The family of what staff and flows may be told, in words that can be translated.

A text is a `Message`: English as it stands, and the template and values it was made
from, by which a page says the same in another language. `call_flows` and `prompts` have
a class of the same shape: the rooms do not import each other.
"""

from __future__ import annotations

from collections.abc import Mapping


class Message(str):
    """An English sentence that remembers its template and the values filled in."""

    __slots__ = ("params", "template")
    template: str
    params: Mapping[str, object]

    def __new__(cls, template: str, /, **params: object) -> Message:
        message = super().__new__(cls, template % params if params else template)
        message.template, message.params = template, params
        return message


class ServiceError(Exception):
    """The family."""

    def __init__(self, template: str, /, **params: object) -> None:
        if not isinstance(template, Message) or params:
            template = Message(template, **params)
        self.message: Message = template
        super().__init__(self.message)


class NotFoundError(ServiceError):
    """There is no such record."""


class RefusedError(ServiceError):
    """The request is understood, and not allowed or not complete."""
