"""What can go wrong between the line and its database; the text names the remedy in one line."""

from __future__ import annotations


class RecordsError(Exception):
    """The family: catch this where a database failure must be heard or shown as such."""


class DatabaseUnavailable(RecordsError):  # noqa: N818 - named for the state
    """The database cannot be reached, opened or written just now; what was asked did not happen."""


class MigrationFailed(RecordsError):  # noqa: N818
    """The tables could not be brought to this release's shape; nothing was changed."""
