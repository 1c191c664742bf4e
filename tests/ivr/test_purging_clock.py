"""A clock that is wrong removes nothing, however wrong it is."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from ivr.purging import purge
from ivr.records import Database
from ivr.records.tables import Call
from ivr.services import retention
from ivr.settings import load
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    url = new_url("sqlite", tmp_path)
    return load({"IVR_STATE_DIR": str(tmp_path), "IVR_DATABASE_URL": url}, tmp_path)


@pytest.fixture
def database(settings):
    with closing(Database(settings.database_url)) as database:
        with database.begin() as session:
            for number, days in enumerate((1, 100, 800)):  # the last is due: 730 days are kept
                at = NOW - timedelta(days=days)
                session.add(Call(id=str(number), started_at=at, ended_at=at))
        retention.keep_outcome(database, {}, [], NOW - timedelta(days=1))
        yield database


def calls(database):
    with database.read() as session:
        return session.query(Call).count()


def test_on_an_ordinary_night_what_is_due_goes(settings, database):
    purge(settings, database, NOW)
    assert calls(database) == 2


@pytest.mark.parametrize("wrong_by", [timedelta(days=4000), timedelta(days=-30)])
def test_a_clock_far_from_the_last_run_removes_nothing(settings, database, wrong_by):
    purged = purge(settings, database, NOW + wrong_by)
    assert calls(database) == 3
    assert purged.removed == {}
    assert purged.audit is not None


def test_a_line_that_really_was_off_for_long_removes_the_night_after(settings, database):
    back_again = NOW + timedelta(days=60)
    purge(settings, database, back_again)
    assert calls(database) == 3
    purge(settings, database, back_again + timedelta(days=1))
    assert calls(database) == 2
