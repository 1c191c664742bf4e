"""The desk has what is kept no longer removed, once a night, whenever the machine is on."""

import sys
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.nightly import LOOK_AT_RUN_S, LOOK_EVERY_S, Nightly, last_due, next_due
from ivr.records import Database
from ivr.services import retention
from tests.databases import new_url

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = time(3, 30)
EVENING = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # 20:00 in Shanghai


class Clock:
    def __init__(self, at=EVENING):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture
def database(tmp_path):
    database = Database(new_url("sqlite", tmp_path))
    yield database
    database.close()


def nightly(database, clock, script="", **given):
    command = (sys.executable, "-c", script)
    return Nightly(database, AT, SHANGHAI, now=clock, command=command, **given)


def ran(database, at):
    retention.keep_outcome(database, {}, [], at)


def finished(night):
    """Wait for the process that is running."""
    night._process.wait(20)


@given(
    st.integers(1_577_836_800, 2_208_988_800).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from([SHANGHAI, ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")]),
)
def test_between_two_nights_there_is_about_a_day(now, at, zone):
    before, after = last_due(now, at, zone), next_due(now, at, zone)
    assert before <= now < after
    assert timedelta(hours=22) <= after - before <= timedelta(hours=26)


def test_it_runs_when_the_night_has_come_and_once(database):
    clock = Clock()
    ran(database, EVENING)
    night = nightly(database, clock)
    assert 0 < night.tend() <= LOOK_EVERY_S
    assert night._process is None
    clock.at = next_due(EVENING, AT, SHANGHAI)
    assert night.tend() == LOOK_AT_RUN_S
    finished(night)
    ran(database, clock.at)
    assert night.tend() <= LOOK_EVERY_S
    clock.at += timedelta(hours=2)
    night.tend()
    assert night._process is None


def test_a_machine_that_is_off_at_night_makes_up_for_it_when_it_is_on(database):
    ran(database, EVENING - timedelta(days=3))
    clock = Clock()
    night = nightly(database, clock)
    night.tend()
    assert night._process is None  # the line is just starting
    clock.at += timedelta(minutes=10)
    assert night.tend() == LOOK_AT_RUN_S
    finished(night)


def test_a_run_that_failed_is_said_and_tried_again_after_an_hour(database, caplog):
    clock = Clock()
    night = nightly(database, clock, "raise SystemExit(3)", quiet_start=timedelta(0))
    night.tend()
    finished(night)
    night.tend()
    assert "status 3" in caplog.text
    clock.at += timedelta(minutes=59)
    night.tend()
    assert night._process is None
    clock.at += timedelta(minutes=1)
    night.tend()
    assert night._process is not None
    finished(night)


def test_closing_ends_a_run(database):
    script = "import sys, threading; print('up', flush=True); threading.Event().wait()"
    night = nightly(database, Clock(), script, quiet_start=timedelta(0))
    night.tend()
    process = night._process
    night.close()
    assert process.poll() is not None
    night.close()
