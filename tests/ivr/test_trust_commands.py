"""`ivr audit`, `ivr purge` and `ivr staff`, as an operator runs them."""

import os
import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from ivr.cli import main
from ivr.records import Database
from ivr.records.tables import Call, EndedBy
from ivr.services import audit, calls, second_factor, staff
from ivr.services.calls import CallEnd, NewCall
from tests.databases import migrated_sqlite

NOW = datetime.now(UTC)


@pytest.fixture
def line(tmp_path):
    """A state folder with a database that holds an entry of the log and a call of long ago."""
    database = Database(migrated_sqlite(tmp_path / "ivr.db"))
    long_ago = NOW - timedelta(days=800)
    with database.begin() as session:
        for number in range(3):
            audit.record(session, who="li.na", what="x", record=str(number), now=NOW)
        facts = {"caller": "138", "called": "12345", "flow": "main"}
        calls.open_call(session, NewCall(id="old", started_at=long_ago, **facts))
        calls.close_call(session, "old", CallEnd(long_ago, EndedBy.CALLER))
    yield database
    database.close()


@pytest.fixture
def ivr(tmp_path, monkeypatch):
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.chdir(tmp_path)
    assert "IVR_DATABASE_URL" not in os.environ

    def run(*words):
        return CliRunner(mix_stderr=False).invoke(main, list(words))

    return run


def test_a_sound_log_is_status_0_and_its_head_can_be_asked_for_later(line, ivr):
    head = ivr("audit", "head").stdout.strip()
    assert re.fullmatch(r"3:[0-9a-f]{64}", head)
    found = ivr("audit", "check", "--head", head)
    assert (found.exit_code, "3 entries are sound" in found.stdout) == (0, True)


def test_a_changed_entry_is_named_and_status_1(line, ivr, monkeypatch):
    with line.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_log_unchanged"))
        connection.execute(text("UPDATE audit_log SET who = 'nobody' WHERE id = 2"))
    found = ivr("audit", "check")
    assert found.exit_code == 1
    assert "entry 2 was changed" in found.stderr
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "第 2 条" in ivr("audit", "check").stderr


def test_a_head_that_is_not_one_is_said_and_status_2(line, ivr):
    found = ivr("audit", "check", "--head", "yesterday's")
    assert (found.exit_code, "NUMBER:SEAL" in found.stderr) == (2, True)


def test_a_dry_run_says_what_would_go_and_touches_nothing(line, ivr):
    for _ in range(2):
        found = ivr("purge", "--dry-run")
        assert (found.exit_code, found.stdout) == (0, "1 calls\n")
    found = ivr("purge")
    assert (found.exit_code, found.stdout) == (0, "1 calls\n")
    with line.read() as session:
        assert session.get(Call, "old") is None
    assert ivr("purge", "--dry-run").stdout == "nothing is old enough\n"


def test_rendered_clauses_nobody_needed_go_and_those_of_prompts_stay(line, ivr, tmp_path):
    from ivr.settings import load
    from ivr.speaking import published
    from prompts.render_all import foreseeable
    from prompts.store import ClauseStore

    settings = load()
    store = ClauseStore(settings.clauses_dir)
    clause = foreseeable(published(settings).catalogue)[0]
    needed = clause.key(settings.voice_of(clause.language))
    idle, fresh = "a" * 40, "b" * 40
    for key in (needed, idle, fresh):
        store.put(key, b"\xff" * 160)
    long_ago = (NOW - timedelta(days=91)).timestamp()
    for key in (needed, idle):
        os.utime(store.path(key), (long_ago, long_ago))
    assert "1 clauses" in ivr("purge", "--dry-run").stdout
    assert "1 clauses" in ivr("purge").stdout
    assert [key in store for key in (needed, idle, fresh)] == [True, False, True]


def test_who_is_locked_out_is_given_a_password_and_loses_the_second_factor(line, ivr):
    with line.begin() as session:
        given = {"password_hash": "x", "role": "administrator", "who": "x", "now": NOW}
        person = staff.create(session, username="boss", **given)
        secret = second_factor.begin(session, person, key="k")
        import pyotp

        code = pyotp.TOTP(secret).at(NOW)
        second_factor.confirm(session, person, code, key="k", now=NOW)
    found = ivr("staff", "reset", "boss", "--second-factor")
    password = re.search(r"password is now (\S+)", found.stdout)[1]
    signed_in = staff.authenticate(line, "boss", password, NOW)
    assert signed_in.result is staff.SignInResult.OK
    assert signed_in.staff.must_change_password
    assert ivr("staff", "reset", "nobody").exit_code == 2
