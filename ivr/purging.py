"""`ivr purge`: what is kept no longer goes, and the audit log is checked. Every night, or by hand.

A process of its own, started by the desk at `IVR_PURGE_AT`: its work takes nothing from pages or
calls but the database's shortest transactions, and leaves no memory behind. What it did is said on
the page of retention, in the audit log and on standard error; so is the head of the audit log,
which tells later whether the log was cut or made anew.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ivr.records import Database
from ivr.services import audit_check, retention
from ivr.services.audit_check import AuditCheck
from ivr.services.retention import Periods
from ivr.settings import Settings
from ivr.traces import older

BACK, FORWARD = timedelta(hours=-25), timedelta(days=20)
"""What may lie between two runs of a line that runs every night, or was off for a holiday."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purged:
    """What went, or would go, by kind; files that could not be removed; the log's check."""

    removed: Mapping[str, int]
    faults: tuple[str, ...] = ()
    audit: AuditCheck | None = None


def periods(settings: Settings) -> Periods:
    """How long each kind is kept."""
    return Periods(
        calls=settings.keep_calls,
        recordings=settings.keep_recordings,
        transcripts=settings.keep_transcripts,
        complaints=settings.keep_complaints,
        audit=settings.keep_audit,
    )


def would_purge(settings: Settings, database: Database, now: datetime) -> Purged:
    """What a run would remove now; nothing is touched."""
    with database.read() as session:
        found = retention.due(session, periods(settings), now)
    files = {
        "clauses": sum(1 for _ in idle_clauses(settings, now)),
        "traces": sum(1 for _ in old_traces(settings, now)),
    }
    return Purged(_some(found) | _some(files))


def purge(settings: Settings, database: Database, now: datetime) -> Purged:
    """Remove what is due, check the audit log, and say both.

    Where the clock is not to be believed nothing is removed until a run a day later agrees with it.
    """
    if _clock_is_doubtful(database, now):
        retention.keep_outcome(database, {}, [], now)
        return Purged({}, (), audit_check.check_and_keep(database, now))
    rest = _Rest()
    done = retention.purge(
        database, periods(settings), now, state_dir=settings.state_dir, rest=rest.take
    )
    files = _some(
        {
            "clauses": _unlinked(idle_clauses(settings, now)),
            "traces": _unlinked(old_traces(settings, now)),
        }
    )
    removed = {**done.removed, **files}
    if files:
        retention.keep_outcome(database, removed, done.faults, now)
    checked = audit_check.check_and_keep(database, now)
    said = ", ".join(f"{number} {kind}" for kind, number in removed.items()) or "nothing"
    log.info("purge: removed %s", said)
    if checked.fault is None:
        log.info("audit log: %s entries are sound; head %s", checked.entries, checked.head)
    else:
        log.error("audit log: %s; head %s", checked.fault, checked.head)
    return Purged(removed, tuple(done.faults), checked)


def _clock_is_doubtful(database: Database, now: datetime) -> bool:
    """Whether the clock, or a long rest, put far more time than a night behind the last run.

    A clock that is years ahead would make everything due, and what is removed is gone.
    """
    with database.read() as session:
        last = retention.last(session)
    if last is None or BACK < now - last.at < FORWARD:
        return False
    log.error(
        "purge: the last run was at %s and now is %s; is the clock right? "
        "Nothing is removed; the next run, not before tomorrow, believes it",
        last.at.isoformat(timespec="seconds"),
        now.isoformat(timespec="seconds"),
    )
    return True


def _some(numbers: Mapping[str, int]) -> dict[str, int]:
    return {kind: number for kind, number in numbers.items() if number}


def _unlinked(paths: Iterator[Path]) -> int:
    removed = 0
    for path in paths:
        path.unlink(missing_ok=True)
        removed += 1
    return removed


class _Rest:
    """After each batch as long a rest as it took, so that writers have half of the time."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._never = threading.Event()

    def take(self) -> bool:
        """Wait for its time; always go on."""
        self._never.wait(min(1.0, time.monotonic() - self._since))
        self._since = time.monotonic()
        return True


def old_traces(settings: Settings, now: datetime) -> Iterator[Path]:
    """Files of SIP traces that nothing was written to since their time."""
    if settings.keep_traces:
        yield from older(settings.traces_dir, now - timedelta(days=settings.keep_traces))


def idle_clauses(settings: Settings, now: datetime) -> Iterator[Path]:
    """Rendered clauses nobody read for their time and that no published prompt needs.

    The time of the last reading is the file's, to the day on most systems (relatime); where it is
    not kept at all, that of its making counts, and a clause still needed is rendered again.
    """
    if not settings.keep_clauses or not settings.clauses_dir.is_dir():
        return
    before = (now - timedelta(days=settings.keep_clauses)).timestamp()
    needed = _needed(settings)
    for folder in os.scandir(settings.clauses_dir):
        if not folder.is_dir():
            continue
        for file in os.scandir(folder.path):
            path = Path(file.path)
            if path.suffix == ".ulaw" and path.stem not in needed:
                facts = file.stat()
                if max(facts.st_atime, facts.st_mtime) < before:
                    yield path


def _needed(settings: Settings) -> set[str]:
    """The keys of all clauses that can be known ahead."""
    from ivr.speaking import published
    from prompts.render_all import foreseeable

    return {
        clause.key(settings.voice_of(clause.language))
        for clause in foreseeable(published(settings).catalogue)
    }
