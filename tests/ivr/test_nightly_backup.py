"""A backup every night: made, read back, and only then an older one let go."""

import os
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

import pytest

from ivr import nightly_backup
from ivr.nightly_backup import NightlyBackup, kept, make
from ivr.settings import load
from ivr.wording import OperatorError
from tests.ivr.test_backup import lived_in

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def settings(tmp_path):
    lived_in(tmp_path / "var")
    told = {
        "IVR_STATE_DIR": str(tmp_path / "var"),
        "IVR_BACKUP_DIR": str(tmp_path / "kept"),
        "IVR_KEEP_BACKUPS": "3",
    }
    return load(told, tmp_path)


def test_the_newest_few_are_kept(settings):
    for night in range(5):
        make(settings, NOW + timedelta(days=night))
    assert [at for at, _path in kept(settings.backup_dir)] == [
        NOW + timedelta(days=night) for night in (2, 3, 4)
    ]


def test_what_is_not_ours_stays(settings):
    settings.backup_dir.mkdir()
    other = settings.backup_dir / "minsheng-line-of-last-year.tar.gz"
    other.write_bytes(b"precious")
    for night in range(5):
        make(settings, NOW + timedelta(days=night))
    assert other.read_bytes() == b"precious"


def test_a_clock_set_wrong_for_a_night_costs_one_backup_and_no_more(settings):
    make(settings, NOW - timedelta(days=1))
    make(settings, NOW)
    make(settings, NOW + timedelta(days=4000))  # a dead battery, or a careless hand
    make(settings, NOW + timedelta(days=1))
    found = [at for at, _path in kept(settings.backup_dir)]
    assert NOW in found
    assert NOW + timedelta(days=1) in found


def test_a_backup_that_cannot_be_read_back_lets_no_older_one_go(settings, monkeypatch):
    for night in range(3):
        make(settings, NOW + timedelta(days=night))

    def damaged(_file):
        raise OperatorError(nightly_backup.Wording("damaged", "损坏"))

    monkeypatch.setattr(nightly_backup.room, "check", damaged)
    with pytest.raises(OperatorError, match="damaged"):
        make(settings, NOW + timedelta(days=3))
    assert NOW in [at for at, _path in kept(settings.backup_dir)]


def test_what_a_killed_backup_left_goes_after_a_day(settings):
    settings.backup_dir.mkdir()
    old, new = settings.backup_dir / "ivr-backup-old", settings.backup_dir / "ivr-backup-new"
    for folder in (old, new):
        folder.mkdir()
    day_ago = time.time() - nightly_backup.SCRATCH_AGE_S - 60
    os.utime(old, (day_ago, day_ago))
    make(settings, NOW)
    assert not old.exists()
    assert new.exists()


def test_without_a_folder_it_says_which_setting_is_missing(tmp_path):
    with pytest.raises(OperatorError, match="IVR_BACKUP_DIR"):
        make(load({"IVR_STATE_DIR": str(tmp_path)}, tmp_path), NOW)


def test_it_is_due_once_a_night(settings):
    at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    clock = [at]
    night = NightlyBackup(
        settings.backup_dir,
        time_of_day(2, 30),
        SHANGHAI,
        now=lambda: clock[0],
        quiet_start=timedelta(0),
    )
    assert night.is_due(clock[0])
    make(settings, clock[0])
    assert not night.is_due(clock[0])
    clock[0] += timedelta(hours=10)  # 03:00 in Shanghai
    assert night.is_due(clock[0])
    make(settings, clock[0])
    clock[0] -= timedelta(days=1)  # the clock was a day ahead
    assert not night.is_due(clock[0])
