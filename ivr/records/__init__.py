"""What the line remembers: tables, migrations, and the way to reach them.

`Database(url)` gives transactions; `migrate(url)` brings the tables to this
release's shape. What can be asked and done with the rows is in `ivr.services`.
"""

from sqlalchemy import URL

from ivr.records.database import Database
from ivr.records.errors import DatabaseUnavailable, MigrationFailed, RecordsError

__all__ = ["Database", "DatabaseUnavailable", "MigrationFailed", "RecordsError", "migrate"]


def migrate(url: str | URL, *, back_to: str | None = None) -> str:
    """Run what is missing up to the newest migration; the revision reached is returned.

    With `back_to` the database is taken back to an older release's revision; what that release
    has no place for is lost.

    Raises MigrationFailed, or DatabaseUnavailable where it cannot be reached at all.
    """
    # Alembic takes a fifth of a second to import, and of the line's processes one migrates.
    from ivr.records.migrating import migrate as run

    return run(url, back_to=back_to)
