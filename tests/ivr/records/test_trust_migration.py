"""A log of before is chained as it is, and a token of before goes on as it was."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import JSON, Connection, bindparam, text

from ivr.records import Database, migrate
from ivr.records.base import UtcDateTime
from ivr.records.migrating import _config
from ivr.services import audit, audit_check, tokens

AT = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
DETAILS = (None, {"to": "已派单", "n": 1.5, "list": [1, None]}, {})


def run(database: Database, direction: str, revision: str) -> None:
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)


def add_old(connection: Connection, number: int) -> None:
    connection.execute(
        text(
            "INSERT INTO audit_log (id, at, who, what, record, detail) "
            "VALUES (:id, :at, 'li.na', 'flow_published', :record, :detail)"
        ).bindparams(bindparam("at", type_=UtcDateTime()), bindparam("detail", type_=JSON())),
        {
            # With gaps, as a sequence leaves them.
            "id": 3 * number + 1,
            "at": AT + timedelta(seconds=number),
            "record": f"main {number}",
            "detail": DETAILS[number % len(DETAILS)],
        },
    )


@pytest.fixture
def before(empty_url):
    database = Database(empty_url)
    run(database, "upgrade", "0005")
    yield database
    database.close()


def test_what_was_logged_before_is_chained_and_written_on(before, empty_url):
    with before.engine.begin() as connection:
        for number in range(1500):  # more than one piece
            add_old(connection, number)
    migrate(empty_url)
    found = audit_check.check(before)
    assert (found.fault, found.entries, found.head.entry) == (None, 1500, 3 * 1499 + 1)
    with before.begin() as session:
        audit.record(session, who="li.na", what="x", now=AT)
    assert audit_check.check(before).entries == 1501
    with before.read() as session:
        newest = audit.search(session, audit.AuditFilter(what="flow_published"))
        assert newest.entries[0].record == "main 1499"
        assert newest.entries[0].detail == DETAILS[1499 % 3]


def test_tokens_in_use_go_on_seeing_whole_numbers_and_new_ones_do_not(before, empty_url):
    with before.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_tokens (name, token_hash, created_by, created_at) "
                "VALUES ('old', 'x', 'admin', '2026-01-01 00:00:00')"
            )
        )
    migrate(empty_url)
    with before.begin() as session:
        tokens.create(session, "new", who="admin", now=AT)
        assert {row.name: row.whole_numbers for row in tokens.all_tokens(session)} == {
            "old": True,
            "new": False,
        }


def test_the_way_back_keeps_the_log_and_lets_the_old_release_write(before):
    with before.engine.begin() as connection:
        add_old(connection, 0)
    run(before, "upgrade", "0006")
    run(before, "downgrade", "0005")
    with before.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_log (at, who, what, record) "
                "VALUES ('2026-02-01 00:00:00', 'li.na', 'x', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO staff (username, display_name, password_hash, role, language, active, "
                "must_change_password, wrong_tries, session_version, created_at) VALUES ('a', '', "
                "'x', 'editor', 'en', TRUE, FALSE, 0, 1, '2026-02-01 00:00:00')"
            )
        )
    run(before, "upgrade", "0006")
    assert audit_check.check(before).entries == 2
