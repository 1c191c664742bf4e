"""The family of what staff and flows may be told; the text can be shown as it is."""

from __future__ import annotations


class ServiceError(Exception):
    """The family."""


class NotFoundError(ServiceError):
    """There is no such record."""


class RefusedError(ServiceError):
    """The request is understood, and not allowed or not complete."""
