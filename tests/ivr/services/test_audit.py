"""The audit log: chained whatever happens at once, kept by the database, and checked."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ivr.records import Database, DatabaseUnavailable
from ivr.records.tables import AuditChain, AuditEntry, Setting
from ivr.services import audit, audit_check, facts
from ivr.services.audit_check import Head
from ivr.services.errors import RefusedError
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
GUARDS = ("audit_log_unchanged", "audit_log_kept", "audit_log_in_order", "audit_chain_onwards")


def write(database, count=5, **given):
    for number in range(count):
        with database.begin() as session:
            entry = {"who": "li.na", "what": "complaint_opened", "record": f"r{number}", **given}
            audit.record(session, **entry, now=NOW + timedelta(seconds=number))


def unguarded(database, statement, **values):
    """What somebody does who may do everything in the database."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in GUARDS:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
            connection.execute(text("ALTER TABLE audit_chain DISABLE TRIGGER USER"))
        connection.execute(text(statement), values)


def newest_id(database):
    with database.read() as session:
        return session.query(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1).scalar()


def test_what_is_noted_is_chained_and_found_sound(database):
    write(database)
    found = audit_check.check(database)
    assert (found.sound, found.entries) == (True, 5)
    with database.read() as session:
        newest = audit.newest(session)[0]
        assert audit_check.head(session) == Head(newest.id, newest.hash) == found.head
    assert Head.parse(str(found.head)) == found.head
    with pytest.raises(RefusedError, match="NUMBER:SEAL"):
        Head.parse("5:abc")


def test_an_empty_log_is_sound(database):
    assert audit_check.check(database).sound


def test_whatever_can_be_noted_is_read_back_as_it_was_sealed(database):
    write(
        database, 1, who="x" * 99 + "\x00", record="\ud800\x07中文", detail={"a": (1, "\ud800\x00")}
    )
    write(database, 1, detail={"number": 0.1, "nested": {"b": [None, True, 10**20]}})
    found = audit_check.check(database)
    assert (found.sound, found.entries) == (True, 2)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_log SET who = 'nobody'", "never changed"),
        ("DELETE FROM audit_log", "only by the purge"),
        ("DELETE FROM audit_chain", "never removed"),
        ("UPDATE audit_chain SET last_id = 1", "only moves on"),
        (
            "INSERT INTO audit_log (id, at, who, what, record, former_hash, hash) "
            "VALUES (1, '2026-01-01', 'x', 'x', '', 'x', 'x')",
            "added at the end",
        ),
    ],
)
def test_the_database_itself_keeps_the_log(database, statement, said):
    write(database)
    with pytest.raises(SQLAlchemyError, match=said), database.engine.begin() as connection:
        connection.execute(text(statement))
    assert audit_check.check(database).sound


def test_neither_replacing_nor_emptying_gets_round_that(database):
    write(database)
    sqlite = database.engine.dialect.name == "sqlite"
    statement = (
        "INSERT OR REPLACE INTO audit_log SELECT 3, at, 'x', what, record, detail, former_hash, "
        "hash FROM audit_log WHERE id = 3"
        if sqlite
        else "TRUNCATE audit_log"
    )
    said = r"at the end|never emptied"
    with pytest.raises(SQLAlchemyError, match=said), database.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "entry", "said"),
    [
        ("UPDATE audit_log SET who = 'nobody' WHERE id = 3", 3, "was changed"),
        ("UPDATE audit_log SET at = '2026-01-01 00:00:00' WHERE id = 2", 2, "was changed"),
        ("DELETE FROM audit_log WHERE id = 2", 3, "does not follow entry 1"),
        ("DELETE FROM audit_log WHERE id = 1", 2, "does not follow entry 0"),
        ("DELETE FROM audit_log WHERE id > 3", 5, "ends with entry 3"),
        ("DELETE FROM audit_log", 5, "ends with entry 0"),
        ("UPDATE audit_log SET id = 9 WHERE id = 3", 4, "does not follow entry 2"),
    ],
)
def test_the_first_entry_that_is_broken_is_named(database, statement, entry, said):
    write(database)
    unguarded(database, statement)
    found = audit_check.check(database)
    assert found.broken == entry
    assert said in found.fault


def test_a_cut_that_made_the_head_anew_is_shown_by_a_head_noted_elsewhere(database):
    write(database)
    noted = audit_check.check(database).head
    unguarded(database, "DELETE FROM audit_log WHERE id > 3")
    unguarded(
        database,
        "UPDATE audit_chain SET last_id = 3, last_hash = (SELECT hash FROM audit_log WHERE id = 3)",
    )
    assert audit_check.check(database).sound  # it cannot know
    found = audit_check.check(database, [noted])
    assert (found.broken, "noted elsewhere" in found.fault) == (5, True)
    write(database, 3)  # the line writes on: another entry 5
    assert audit_check.check(database).sound
    assert "made anew" in audit_check.check(database, [noted]).fault


def test_writers_at_once_make_one_chain(database):
    start = threading.Barrier(6)

    def run(name):
        start.wait()
        write(database, 10, who=name)

    threads = [threading.Thread(target=run, args=(f"writer {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = audit_check.check(database)
    assert (found.fault, found.entries) == (None, 60)
    assert newest_id(database) == 60


def test_two_that_note_first_and_write_the_same_row_later_do_not_block_each_other(database):
    """Were the head locked when the entry is noted, PostgreSQL would end one as a deadlock."""
    with database.begin() as session:
        facts.write(session, "shared", 0)
    both_are_in = threading.Barrier(2)
    failures = []

    def note_then_write():
        with database.begin() as session:
            audit.record(session, who="a", what="x", now=NOW)
            session.flush()
            both_are_in.wait(5) if waiting else None
            session.get(Setting, "shared", with_for_update=True).value = 1

    def write_then_note():
        with database.begin() as session:
            session.get(Setting, "shared", with_for_update=True).value = 2
            both_are_in.wait(5) if waiting else None
            audit.record(session, who="b", what="x", now=NOW)

    # SQLite lets one in at a time: there is no meeting.
    waiting = database.engine.dialect.name != "sqlite"

    def run(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(w,)) for w in (note_then_write, write_then_note)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert audit_check.check(database).entries == 2


def test_what_is_rolled_back_was_not_done(database):
    write(database, 1)
    with pytest.raises(DatabaseUnavailable), database.begin() as session:  # noqa: PT012 - in order
        audit.record(session, who="x", what="x", now=NOW)
        session.execute(text("SELECT nothing FROM nowhere"))
    with database.begin() as session:
        audit.record(session, who="outer", what="x", now=NOW)
        savepoint = session.begin_nested()
        audit.record(session, who="undone", what="x", now=NOW)
        savepoint.rollback()
        with session.begin_nested():
            audit.record(session, who="kept", what="x", now=NOW)
    with database.read() as session:
        assert [entry.who for entry in audit.newest(session)] == ["kept", "outer", "li.na"]
    assert audit_check.check(database).sound


def test_what_is_looked_at_again_soon_is_noted_once(database):
    def look(now, who="li.na"):
        with database.begin() as session:
            audit.record_once(session, who=who, what="complaint_opened", record="r", now=now)

    look(NOW)
    look(NOW + timedelta(minutes=9))
    look(NOW + timedelta(minutes=9), "wang.fang")
    look(NOW + timedelta(minutes=11))
    with database.read() as session:
        assert len(audit.newest(session)) == 3


def test_a_log_without_its_head_is_not_written_to(database):
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_chain_kept"))
        else:
            connection.execute(text("ALTER TABLE audit_chain DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM audit_chain"))
    with pytest.raises(RuntimeError, match="lost its head"):
        write(database, 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    database = Database(new_url("sqlite", tmp_path_factory.mktemp("audit")))
    write(database, 12)
    with database.engine.begin() as connection:
        for name in GUARDS:
            connection.execute(text(f"DROP TRIGGER {name}"))
    yield database
    database.close()


columns = st.sampled_from(["who", "what", "record", "detail", "former_hash", "hash", "at"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(
        st.tuples(st.integers(1, 12), columns | st.just("gone"), st.integers(0, 9)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_changed_the_check_names_the_first_entry_concerned(written, changes):
    with written.engine.connect() as connection:
        transaction = connection.begin()
        for entry, column, value in changes:
            if column == "gone":
                connection.execute(text("DELETE FROM audit_log WHERE id = :id"), {"id": entry})
                continue
            new = {
                "at": f"2020-01-0{value + 1 if value < 9 else 1} 00:00:00.000000",
                "detail": f'{{"x": {value}}}',
            }.get(column, f"changed {value}")
            connection.execute(
                text(f"UPDATE audit_log SET {column} = :new WHERE id = :id"),
                {"new": new, "id": entry},
            )
        found = audit_check.check(_Within(connection))
        transaction.rollback()
    gone = {entry for entry, column, _ in changes if column == "gone"}
    touched = {entry for entry, _, _ in changes}
    first = min(touched)
    # Of an entry that is gone, the next that is there shows it; of the last ones, the head.
    named = next((n for n in range(first, 13) if n not in gone), 12)
    assert found.broken == named


class _Within:
    """A database as seen inside one transaction that is not committed."""

    def __init__(self, connection):
        self.connection = connection

    def read(self):
        from sqlalchemy.orm import Session

        return Session(bind=self.connection, join_transaction_mode="create_savepoint")


def test_the_head_is_one_row(database):
    with pytest.raises(SQLAlchemyError, match="one head"), database.begin() as session:
        session.add(AuditChain(id=2, last_id=0, last_hash="0"))
