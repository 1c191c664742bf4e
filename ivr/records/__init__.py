"""What the line remembers: tables, migrations, and the way to reach them.

`Database(url)` gives transactions; `migrate(url)` brings the tables to this
release's shape. What can be asked and done with the rows is in `ivr.services`.
"""

from ivr.records.database import Database
from ivr.records.errors import DatabaseUnavailable, MigrationFailed, RecordsError
from ivr.records.migrate import migrate

__all__ = ["Database", "DatabaseUnavailable", "MigrationFailed", "RecordsError", "migrate"]
