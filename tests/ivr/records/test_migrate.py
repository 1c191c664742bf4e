import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from ivr.records import Database, DatabaseUnavailable, MigrationFailed, migrate
from ivr.records.base import Base
from ivr.records.tables import ComplaintState, ComplaintTransition


def test_an_empty_database_gets_every_table_as_declared(empty_url):
    assert migrate(empty_url) == migrate(empty_url)  # the second time there is nothing to do
    database = Database(empty_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_two_that_migrate_at_once_migrate_once(empty_url):
    start = threading.Barrier(2)
    reached, failures = [], []

    def run() -> None:
        start.wait()
        try:
            reached.append(migrate(empty_url))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(reached)) == 1


def test_a_database_of_a_newer_release_is_refused_and_left_alone(url, database):
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationFailed, match="newer release"):
        migrate(url)
    with database.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_migration_that_fails_halfway_changes_nothing(empty_url):
    database = Database(empty_url)
    with database.engine.begin() as connection:  # in the way of the last tables
        connection.execute(text("CREATE TABLE call_steps (x INTEGER)"))
    with pytest.raises((MigrationFailed, DatabaseUnavailable), match="call_steps"):
        migrate(empty_url)
    assert set(inspect(database.engine).get_table_names()) <= {"call_steps", "alembic_version"}
    database.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    path = tmp_path / "line.db"
    path.write_bytes(b"this is not a database, it is a text file of some length" * 20)
    with pytest.raises((MigrationFailed, DatabaseUnavailable), match="restore a backup"):
        migrate(f"sqlite:///{path}")


def test_every_complaint_state_can_be_reached_and_left_by_the_table(database):
    with database.read() as session:
        moves = session.scalars(select(ComplaintTransition)).all()
    reached = {ComplaintState.RECEIVED}
    while more := {m.to_state for m in moves if m.from_state in reached} - reached:
        reached |= more
    assert reached == set(ComplaintState)
    assert {m.from_state for m in moves} == set(ComplaintState)
