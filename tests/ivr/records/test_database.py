import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from ivr.records import Database, DatabaseUnavailable
from ivr.records.database import database_url
from ivr.records.tables import Account, Bill, BillState, Heartbeat, TicketCounter, UtilityKind
from tests.databases import environment

NOW = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)


def test_a_time_comes_back_as_utc_with_microseconds_whatever_zone_it_was_in(database):
    in_china = NOW.astimezone(timezone(timedelta(hours=8)))
    with database.begin() as session:
        session.add(Heartbeat(process="responder", at=in_china, detail={"calls": 3}))
    with database.read() as session:
        row = session.get(Heartbeat, "responder")
        assert row.at == NOW
        assert row.at.tzinfo is UTC
        assert row.detail == {"calls": 3}


def test_a_time_without_a_zone_is_refused(database):
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="without a zone"), database.begin() as session:
        session.add(Heartbeat(process="responder", at=naive, detail={}))


def test_amounts_and_their_sums_are_exact(database):
    amounts = [Decimal("0.10")] * 3 + [Decimal("9999999999.99")]
    with database.begin() as session:
        session.add(Account(number="880123", kind=UtilityKind.GAS))
        session.flush()
        for month, amount in enumerate(amounts, start=1):
            session.add(
                Bill(
                    account="880123",
                    period=f"2026-{month:02d}",
                    amount=amount,
                    due_on=NOW.date(),
                    state=BillState.UNPAID,
                )
            )
    with database.read() as session:
        assert session.scalar(select(func.sum(Bill.amount))) == Decimal("10000000000.29")
        assert session.scalars(select(Bill.amount).order_by(Bill.period)).all() == amounts


def test_an_exception_rolls_everything_back(database):
    def fail_after_writing() -> None:
        with database.begin() as session:
            session.add(TicketCounter(day=NOW.date(), last=1))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(TicketCounter)) == 0


def test_nothing_can_be_written_in_a_reading_transaction(database):
    with (
        pytest.raises((DatabaseUnavailable, DBAPIError), match=r"read-?only"),
        database.read() as session,
    ):
        session.execute(insert(TicketCounter).values(day=NOW.date(), last=1))
    with database.begin() as session:  # and the connection serves writers afterwards
        session.add(TicketCounter(day=NOW.date(), last=1))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(TicketCounter)) == 1


def test_a_reader_does_not_wait_for_a_writer(database):
    with database.begin() as writing:
        writing.add(TicketCounter(day=NOW.date(), last=1))
        writing.flush()
        with database.read() as reading:
            assert reading.scalar(select(func.count()).select_from(TicketCounter)) == 0


def test_two_writers_that_read_first_take_turns_instead_of_failing(database):
    with database.begin() as session:
        session.add(TicketCounter(day=NOW.date(), last=0))
    start = threading.Barrier(4)
    failures = []

    def count_up() -> None:
        start.wait()
        try:
            for _ in range(10):
                with database.begin() as session:
                    row = session.scalar(select(TicketCounter).with_for_update())
                    row.last += 1
        except DatabaseUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        assert session.scalar(select(TicketCounter.last)) == 40


def test_foreign_keys_are_enforced(database):
    with pytest.raises(IntegrityError), database.begin() as session:
        session.add(
            Bill(
                account="nobody",
                period="2026-11",
                amount=Decimal(1),
                due_on=NOW.date(),
                state=BillState.PAID,
            )
        )


def test_sqlite_is_set_up_for_durability_beside_readers(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'line.db'}")
    with database.begin() as session:
        settings = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_what_stands_in_the_log_is_brought_into_the_file_on_request(database, tmp_path: Path):
    with database.begin() as session:
        session.add(Heartbeat(process="responder", at=NOW, detail={}))
    database.checkpoint()
    if database.url.get_backend_name() == "sqlite":
        alone = tmp_path / "without_log.db"
        alone.write_bytes(Path(database.url.database).read_bytes())
        with closing(sqlite3.connect(alone)) as file:
            assert file.execute("SELECT process FROM heartbeats").fetchall() == [("responder",)]


def test_postgresql_compiles_no_statement(database):
    if database.url.get_backend_name() != "postgresql":
        pytest.skip("SQLite has no such thing")
    with database.read() as session:
        assert session.scalar(text("SHOW jit")) == "off"


def test_a_new_file_that_another_switches_to_write_ahead_is_waited_for(tmp_path: Path):
    """SQLite itself does not wait there: it says "database is locked" at once."""
    path = tmp_path / "line.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE half_way (x INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.3, other.execute, ["COMMIT"])
    ends.start()
    database = Database(f"sqlite:///{path}")
    database.check()
    database.close()
    ends.join()
    other.close()


COMMIT_AND_DIE = """
import os, sys
from datetime import UTC, datetime
from ivr.records import Database
from ivr.records.tables import TicketCounter
with Database(sys.argv[1]).begin() as session:
    session.add(TicketCounter(day=datetime.now(UTC).date(), last=7))
os.kill(os.getpid(), 9)
"""


def test_what_was_committed_outlives_a_process_that_is_killed(url, database):
    died = subprocess.run(
        [sys.executable, "-c", COMMIT_AND_DIE, url], env=environment(), check=False
    )
    assert died.returncode == -9
    with database.read() as session:
        assert session.scalar(select(TicketCounter.last)) == 7


def test_a_missing_folder_is_named_with_the_remedy(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'line.db'}")
    with pytest.raises(DatabaseUnavailable) as error:
        database.check()
    assert "nowhere" in str(error.value)
    assert "must exist and be writable" in str(error.value)
    assert "\n" not in str(error.value)


def test_tables_that_are_missing_are_named_with_the_remedy(empty_url):
    database = Database(empty_url)
    with pytest.raises(DatabaseUnavailable, match="ivr migrate"), database.read() as session:
        session.scalar(select(func.count()).select_from(TicketCounter))
    database.close()


def test_a_server_that_is_away_is_named_without_its_password(tmp_path: Path):
    database = Database(f"postgresql://line:secret@/line?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable) as error:
        database.check()
    assert "check that it runs" in str(error.value)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg"),
        ("sqlite:///x.db", "sqlite"),
    ],
)
def test_a_plain_url_gets_the_driver_we_ship(given, driver):
    assert database_url(given).drivername == driver


@pytest.mark.parametrize("given", ["", "nonsense", "mysql://u@h/d", "oracle://x"])
def test_a_url_that_is_none_of_ours_is_refused_with_what_to_write(given):
    with pytest.raises(DatabaseUnavailable, match="IVR_DATABASE_URL"):
        Database(given)
