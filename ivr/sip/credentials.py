"""Meeting a digest challenge (RFC 3261 §22, RFC 8760): the request again, with the answer in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.sip.message import Request, Response


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str = field(repr=False)


def authorized(
    request: Request,
    response: Response,
    credentials: Credentials | None,
    new_id: Callable[[], str],
) -> Request | None:
    """The request with credentials for the challenge in a 401 or 407; None where none fit."""
    return None
