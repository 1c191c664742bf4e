"""The watch: looks at the line every few seconds and tells the board what is wrong.

A chore of the desk's process. Every look bounds its own time: a database that hangs, a voice that
does not answer and a disk that is gone are what it is there to see. What is raised and what is over
goes into the log and, where a mail server is set, to who gets the daily summary.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ivr.nightly_backup import kept
from ivr.records import Database, DatabaseUnavailable
from ivr.services import alarms, heartbeats
from ivr.services.alarms import Alarm, Board, Seen
from ivr.settings import Settings
from ivr.web_server import HttpsCertificate
from prompts.errors import PromptError
from prompts.voice_client import VoiceClient

LOOK_EVERY_S = 5.0
VOICE_TIMEOUT_S = 2.0
LOCK_TIMEOUT_MS = 2000
RESPONDER = "responder"
COUNTERS = ("calls_without_ports", "calls_turned_away", "calls_over_source", "recordings_failed")
QUIET_START_S = 30.0
"""The parts of a line that has just been started take so long to be there."""
TWICE = 2
"""A part that is just being started again is no alarm yet: seen so often in a row."""

log = logging.getLogger(__name__)


class Watch:
    """`look` is a chore; `told` is called with what was raised and what is over."""

    def __init__(
        self,
        settings: Settings,
        board: Board,
        *,
        told: Callable[[Sequence[Alarm], Sequence[Alarm]], None] = lambda _raised, _over: None,
        backup_failed: Callable[[], bool] = lambda: False,
        https: HttpsCertificate | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        quiet_start_s: float = QUIET_START_S,
    ) -> None:
        self._settings, self._board, self._told = settings, board, told
        self._backup_failed = backup_failed
        self._https = https
        self._now, self._monotonic = now, monotonic
        self._quiet_until = monotonic() + quiet_start_s
        # A pool of its own: where all other connections are busy, this one tells so.
        self._database = Database(
            settings.database_url, pool_size=1, busy_timeout_ms=LOCK_TIMEOUT_MS
        )
        self._since = now()
        self._counted: dict[str, int] = {}
        self._rose: dict[str, datetime] = {}
        self._clock = (now(), monotonic())
        self._jumped: tuple[timedelta, datetime] | None = None
        self._voice_away = 0

    def look(self) -> float:
        """Look once; the seconds to the next look."""
        seen = self.seen()
        findings = alarms.found(seen)
        raised, over = self._board.tell(findings, seen.now)
        for alarm in raised:
            log.error("alarm: %s", alarm.finding.what)
        for alarm in over:
            log.warning("alarm over: %s", alarm.finding.what)
        if raised or over:
            self._told(raised, over)
        return LOOK_EVERY_S

    def seen(self) -> Seen:
        """Everything there is to see now."""
        now = self._now()
        self._look_at_the_clock(now)
        fault, write_fault, beat_at, detail = self._look_at_the_database()
        for counter in COUNTERS:
            self._count(counter, detail.get(counter), now)
        failing: tuple[str, ...]
        voice_up: bool | None
        voice_up, failing = self._look_at_the_voice()
        if self._monotonic() < self._quiet_until:
            voice_up, beat_at = voice_up or None, None
        backups = self._settings.backup_dir
        return Seen(
            now=now,
            database_fault=fault,
            write_fault=write_fault,
            beat_at=beat_at,
            detail=detail,
            rose=dict(self._rose),
            disks=self._disks(),
            voice_up=voice_up,
            voice_failing=failing,
            backups=backups is not None,
            backup_at=_newest_backup(backups) if backups is not None else None,
            backup_failed=self._backup_failed(),
            running_since=self._since,
            **self._look_at_certificates(detail),
            jumped=self._jumped,
        )

    def close(self) -> None:
        """Give the connection up."""
        self._database.close()

    def _look_at_the_clock(self, now: datetime) -> None:
        before, then = self._clock
        self._clock = (now, self._monotonic())
        jump = (now - before) - timedelta(seconds=self._clock[1] - then)
        if abs(jump) > alarms.CLOCK_JUMP:
            self._jumped = (jump, now)
            # What was noted by the old clock is noted by the new one.
            self._rose = {name: at + jump for name, at in self._rose.items()}
            self._since += jump

    def _look_at_the_database(
        self,
    ) -> tuple[str | None, str | None, datetime | None, Mapping[str, Any]]:
        try:
            with self._database.read() as session:
                beats = {beat.process: beat for beat in heartbeats.all_beats(session)}
        except DatabaseUnavailable as error:
            return str(error), None, None, {}
        beat = beats.get(RESPONDER)
        at, detail = (beat.at, beat.detail) if beat is not None else (None, {})
        try:
            with self._database.begin() as session:
                # Takes the write lock, which is what is asked, and changes nothing.
                session.execute(text("DELETE FROM settings WHERE name IS NULL"))
        except DatabaseUnavailable as error:
            return None, str(error), at, detail
        return None, None, at, detail

    def _look_at_certificates(self, detail: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """The responder's, as its last sign of life has it, and our own."""
        ends: dict[str, datetime] = {}
        faults: dict[str, str] = {}
        told = detail.get("certificate")
        if told:
            ends[told["file"]] = datetime.fromisoformat(told["ends"])
            if told["trouble"]:
                faults[told["file"]] = told["trouble"]["en"]
        ours = None if self._https is None else self._https.certificate
        if self._https is not None and ours is not None:
            ends[str(ours.file)] = ours.ends
            if self._https.trouble is not None:
                faults[str(ours.file)] = self._https.trouble.en
        return {"certificates": ends, "certificate_faults": faults}

    def _count(self, name: str, number: object, now: datetime) -> None:
        if not isinstance(number, int):
            return
        if number > self._counted.get(name, 0):
            self._rose[name] = now
        self._counted[name] = number

    def _look_at_the_voice(self) -> tuple[bool, tuple[str, ...]]:
        try:
            with VoiceClient(self._settings.voice_socket, VOICE_TIMEOUT_S) as voice:
                status = voice.status()
        except PromptError:
            self._voice_away += 1
            return self._voice_away < TWICE, ()
        self._voice_away = 0
        return True, tuple(sorted(map(str, status.get("failing", ()))))

    def _disks(self) -> dict[str, tuple[int, int]]:
        """The disks the line writes to, each once, by the folder it is known for."""
        found: dict[int, tuple[str, tuple[int, int]]] = {}
        folders = [self._settings.state_dir, self._settings.backup_dir]
        for folder in folders:
            if folder is None:
                continue
            try:
                usage, device = shutil.disk_usage(folder), os.stat(folder).st_dev
            except OSError:
                continue
            found.setdefault(device, (str(folder), (usage.free, usage.total)))
        return dict(found.values())


def _newest_backup(folder: Path) -> datetime | None:
    backups = kept(folder)
    return backups[-1][0] if backups else None
