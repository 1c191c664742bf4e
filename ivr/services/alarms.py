"""What is wrong with the line right now, in words, for every page, monitors and mail.

`found` is a pure function of what was seen (`Seen`): a table of checks, each of which says what
callers or staff notice and what to do about it. The `Board` keeps since when each has been so. It
lives in the desk's memory and not in the database, because the database is one of the things that
may be gone. What only a counter tells (a call refused for want of ports) stays up for `HELD`
after the last time, so that somebody sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from ivr.services.errors import Message

HELD = timedelta(minutes=10)
"""What happened once is shown for so long after the last time."""
SILENT = timedelta(seconds=20)
LITTLE_MB, LITTLE_SHARE = 500, 0.05
"""A disk with less is an alarm: an hour of recordings of 30 calls is about 1.7 GB."""
NOTHING_MB = 50
MB = 1 << 20
LATE_MS = 60.0
"""Ticks later than three packets are gaps a caller hears."""
WRITES_WAITING = 2000
BACKUP_AGE = timedelta(days=2)
CERTIFICATE_LEFT = timedelta(days=14)
CLOCK_JUMP = timedelta(seconds=30)
OPERATOR = Message("Tell your operator.")


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the line; what could not be looked at is None.

    `detail` is what the responder's last sign of life says. `rose` names counters of it that
    have risen, and when they last did. `jumped` is how far the wall clock was set, and when.
    """

    now: datetime
    database_fault: str | None = None
    write_fault: str | None = None
    beat_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    rose: Mapping[str, datetime] = field(default_factory=dict)
    disks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Folder: free and all bytes."""
    voice_up: bool | None = None
    voice_failing: Sequence[str] = ()
    backups: bool = False
    """Whether backups are made by the line itself."""
    backup_at: datetime | None = None
    backup_failed: bool = False
    running_since: datetime | None = None
    certificates: Mapping[str, datetime] = field(default_factory=dict)
    """File: when it ends."""
    certificate_faults: Mapping[str, str] = field(default_factory=dict)
    """File: why what was put there last cannot be used."""
    jumped: tuple[timedelta, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `grave` where callers suffer or something may be lost."""

    name: str
    grave: bool
    what: Message
    advice: Message = OPERATOR


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding, and since when it has been there."""

    finding: Finding
    since: datetime


def found(seen: Seen) -> list[Finding]:
    """What is wrong, the gravest first."""
    all_found = [finding for check in CHECKS for finding in check(seen)]
    return sorted(all_found, key=lambda finding: not finding.grave)


def _database(seen: Seen) -> list[Finding]:
    if seen.database_fault is not None:
        return [
            Finding(
                "database",
                True,
                Message(
                    "The database cannot be reached: callers hear that their request does not "
                    "work now, and are offered a person. %(fault)s",
                    fault=seen.database_fault,
                ),
            )
        ]
    if seen.write_fault is not None:
        return [
            Finding(
                "database",
                True,
                Message(
                    "The database cannot be written to: complaints cannot be given a number. "
                    "%(fault)s",
                    fault=seen.write_fault,
                ),
            )
        ]
    waiting = seen.detail.get("writes_waiting", 0)
    if waiting > WRITES_WAITING:
        return [
            Finding(
                "database",
                False,
                Message("%(count)s records wait to be written to the database.", count=waiting),
            )
        ]
    return []


def _line(seen: Seen) -> list[Finding]:
    if seen.database_fault is not None or seen.write_fault is not None or seen.beat_at is None:
        return []  # without a database no sign of life is written: the other alarm says so
    if seen.now - seen.beat_at <= SILENT:
        return []
    return [
        Finding(
            "line",
            True,
            Message("The line gives no sign of life: calls may not be answered."),
            Message(
                "It is started again by itself. If this stays for a minute, tell your operator."
            ),
        )
    ]


def _disk(seen: Seen) -> list[Finding]:
    findings = []
    for folder, (free, whole) in seen.disks.items():
        free_mb = free // MB
        if free_mb < NOTHING_MB:
            what = Message(
                "The disk of %(folder)s is full (%(free)s MB free): recordings and complaints "
                "cannot be kept.",
                folder=folder,
                free=free_mb,
            )
            findings.append(Finding("disk", True, what, _FREE))
        elif free_mb < LITTLE_MB or (free < LITTLE_SHARE * whole and free_mb < 20 * LITTLE_MB):
            what = Message(
                "The disk of %(folder)s is nearly full: %(free)s MB free.",
                folder=folder,
                free=free_mb,
            )
            findings.append(Finding("disk", False, what, _FREE))
    return findings


_FREE = Message("Tell your operator to free space or to give the line a larger disk.")


def _ports(seen: Seen) -> list[Finding]:
    if not _lately(seen, "calls_without_ports"):
        return []
    return [
        Finding(
            "ports",
            True,
            Message("Calls were refused, because all ports for sound were in use."),
            Message("Tell your operator to widen IVR_RTP_PORTS."),
        )
    ]


def _recordings(seen: Seen) -> list[Finding]:
    if not _lately(seen, "recordings_failed"):
        return []
    return [
        Finding(
            "recordings",
            True,
            Message("What callers said could not be recorded: its folder cannot be written to."),
        )
    ]


def _voice(seen: Seen) -> list[Finding]:
    if seen.voice_up is False:
        return [
            Finding(
                "voice",
                True,
                Message(
                    "The voice does not answer: numbers and names that were never said before are "
                    "left out."
                ),
                Message(
                    "It is started again by itself. If this stays for a minute, tell your operator."
                ),
            )
        ]
    if seen.voice_failing:
        names = ", ".join(seen.voice_failing)
        return [
            Finding(
                "voice",
                False,
                Message("A voice fails, and another takes its place: %(names)s.", names=names),
            )
        ]
    return []


def _pace(seen: Seen) -> list[Finding]:
    late = seen.detail.get("tick_late_ms_p99", 0.0)
    if not isinstance(late, int | float) or late < LATE_MS:
        return []
    return [
        Finding(
            "pace",
            True,
            Message("The machine is too slow for its calls: callers hear gaps."),
            Message("Tell your operator: less beside the line, or a faster machine."),
        )
    ]


def _admission(seen: Seen) -> list[Finding]:
    """Callers who are told that all lines are busy: now, or within the last minutes."""
    why = seen.detail.get("refusing")
    if why == "late":
        what = Message(
            "The machine is too slow for one more call: new callers are told that all lines are "
            "busy, so that those who are connected hear no gaps."
        )
        return [Finding("busy", True, what, _SLOW)]
    if why == "full":
        what = Message("All lines are busy: new callers are turned away.")
        return [Finding("busy", True, what, _FULL)]
    if _lately(seen, "calls_turned_away"):
        what = Message("In the last minutes callers were turned away: all lines were busy.")
        return [Finding("busy", False, what, _FULL)]
    return []


def _crowd(seen: Seen) -> list[Finding]:
    """Most likely the town's own exchange, which nobody has made known to the line."""
    if not _lately(seen, "calls_over_source"):
        return []
    what = Message(
        "Calls from %(source)s were refused: one address that the line does not know may hold few "
        "calls at once (IVR_SOURCE_CALLS).",
        source=str(seen.detail.get("crowded_source", "")),
    )
    advice = Message(
        "If this is your exchange or provider, have your operator name it under [[trunks]], or in "
        "IVR_TRUSTED_NETWORKS."
    )
    return [Finding("crowd", False, what, advice)]


_SLOW = Message("Tell your operator: less beside the line, or a faster machine.")
_FULL = Message(
    "If this happens often, ask your operator for more calls at once (IVR_MAX_CALLS) or a faster "
    "machine."
)


def _backup(seen: Seen) -> list[Finding]:
    if not seen.backups:
        return []
    if seen.backup_failed:
        what = Message("The last backup failed; the log of the line says why.")
        return [Finding("backup", False, what)]
    since = seen.backup_at or seen.running_since
    if since is None or seen.now - since <= BACKUP_AGE:
        return []
    return [Finding("backup", False, Message("The last backup is older than two days."))]


def _certificate(seen: Seen) -> list[Finding]:
    findings = []
    for name, ends in seen.certificates.items():
        left = ends - seen.now
        if left <= timedelta(0):
            what = Message("The certificate of %(name)s is no longer valid.", name=name)
            findings.append(Finding("certificate", True, what, _RENEW))
        elif left <= CERTIFICATE_LEFT:
            what = Message(
                "The certificate of %(name)s ends in %(days)s days.", name=name, days=left.days
            )
            findings.append(Finding("certificate", False, what, _RENEW))
    return findings


_RENEW = Message("Tell your operator to renew it.")


def _certificate_faults(seen: Seen) -> list[Finding]:
    return [
        Finding(
            "new_certificate",
            False,
            Message(
                "The new certificate cannot be used; the one before stays in use. %(fault)s",
                fault=fault,
            ),
            _RENEW,
        )
        for fault in seen.certificate_faults.values()
    ]


def _clock(seen: Seen) -> list[Finding]:
    if seen.jumped is None or not timedelta(0) <= seen.now - seen.jumped[1] <= HELD:
        return []
    seconds = round(seen.jumped[0].total_seconds())
    return [
        Finding(
            "clock",
            False,
            Message("The machine's clock was set by %(seconds)s seconds.", seconds=f"{seconds:+d}"),
            Message("Times in records of these minutes may be wrong. Tell your operator."),
        )
    ]


def _lately(seen: Seen, counter: str) -> bool:
    at = seen.rose.get(counter)
    return at is not None and seen.now - at <= HELD


CHECKS: tuple[Callable[[Seen], list[Finding]], ...] = (
    _database,
    _line,
    _disk,
    _ports,
    _recordings,
    _voice,
    _pace,
    _admission,
    _crowd,
    _backup,
    _certificate,
    _certificate_faults,
    _clock,
)


class Board:
    """What is up now. Told by one thread, read by all."""

    def __init__(self) -> None:
        self._alarms: tuple[Alarm, ...] = ()
        self._lock = Lock()

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms that are up, the gravest first."""
        return self._alarms

    def tell(self, findings: Sequence[Finding], now: datetime) -> tuple[list[Alarm], list[Alarm]]:
        """Put up what was found; returns what is new and what is over.

        Another figure in the same words is the same alarm.
        """
        with self._lock:
            before = {_identity(alarm.finding): alarm for alarm in self._alarms}
            after = {}
            for finding in findings:
                known = before.get(_identity(finding))
                since = known.since if known is not None and known.since <= now else now
                after[_identity(finding)] = Alarm(finding, since)
            self._alarms = tuple(after.values())
        raised = [alarm for key, alarm in after.items() if key not in before]
        over = [alarm for key, alarm in before.items() if key not in after]
        return raised, over


def _identity(finding: Finding) -> tuple[str, str, object]:
    what = finding.what
    return finding.name, what.template, what.params.get("folder") or what.params.get("name")
