"""Alembic's entry: run the migrations on the connection that `ivr.records.migrate` opened."""

from alembic import context

from ivr.records import tables  # noqa: F401 - makes the metadata know every table
from ivr.records.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
