"""What the scribe does, turn by turn: when to start a listener, what to ask, when to stand still.

No thread and no waiting: `turn` does what can be done now and says when it wants to be
called again at the latest; `work` is the loop around it. The scribe itself has an ordinary
priority, unlike its listener: it holds the database's write lock for a moment at a time,
and one that is starved of the processor meanwhile would let the line's own writes wait.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.records import Database, DatabaseUnavailable
from ivr.records.tables import Heartbeat, TranscriptFault
from ivr.services import heartbeats, transcript_queue
from ivr.services.transcript_queue import Job, Written
from ivr.transcripts.child import Ended, Failed, Listener, Ready, Refused

PROCESS = "transcripts"
RESPONDER = "responder"
TURN_S = 3.0
BEAT_S = 10.0
IDLE_S = 120.0
"""How long the model stays in memory with nothing to write."""
AGAIN_AFTER_S = 300.0
"""When a listener that cannot start is tried again."""
OVERLAP = timedelta(days=1)
"""How long before its filing a recording's place in the queue may still be made."""
STUCK_AFTER = timedelta(minutes=30)
# What is held still, or gets no processor, is not hanging: generous, and for a real hang only.
LEAST_LIMIT_S = 900.0
LIMIT_PER_SECOND = 60.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Writing:
    """What is being written: since when (monotonic), and how long it stood still."""

    job: Job
    since: float
    held_since: float | None = None
    held_s: float = 0.0

    def worked_s(self, moment: float) -> float:
        held = self.held_s + (moment - self.held_since if self.held_since is not None else 0.0)
        return moment - self.since - held


class Scribe:
    """Keeps the queue moving while at most `most_calls` calls are up."""

    def __init__(
        self,
        database: Database,
        state_dir: Path,
        start: Callable[[], Listener],
        *,
        most_calls: int,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._database, self._state_dir, self._start = database, state_dir, start
        self._most_calls, self._now, self._monotonic = most_calls, now, monotonic
        self.listener: Listener | None = None
        self._writing: _Writing | None = None
        self._unsaved: Callable[[Session], None] | None = None
        self._enqueued_until: datetime | None = None
        self._idle_since = self._beaten_at = self._start_again_at = float("-inf")
        self._trouble = ""
        self._paused = False
        self._moved_at = now()

    def recover(self) -> None:
        """Take up what a crash left; once, before the first turn. DatabaseUnavailable."""
        with self._database.begin() as session:
            left = transcript_queue.recover(session, self._now())
        for recording_id in left:
            log.warning("Transcript of %s was interrupted and is begun again", recording_id)

    def turn(self) -> float:
        """Do what can be done; the seconds after which to call again at the latest."""
        try:
            self._save()
            self._paused = self._calls() > self._most_calls
            if self._writing is not None:
                self._watch(self._writing)
            if self._writing is None and not self._paused:
                self._next()
            self._beat()
        except DatabaseUnavailable as error:
            log.error("%s", error)
        except IntegrityError:
            # Somebody at the desk wrote a transcript as its place in the queue was made.
            log.info("the queue changed meanwhile; again in a moment")
        return TURN_S

    def stop(self) -> None:
        """End the listener at once; what it was at waits for the next start."""
        self._close()
        writing, self._writing = self._writing, None
        try:
            self._save()
            if writing is not None:
                with self._database.begin() as session:
                    transcript_queue.give_back(session, writing.job.recording_id)
        except DatabaseUnavailable as error:
            log.warning("%s: the transcript is begun again at the next start", error)

    def _calls(self) -> int:
        """How many calls are up; none where the line is silent."""
        with self._database.read() as session:
            if not heartbeats.is_alive(session, RESPONDER, self._now()):
                return 0
            calls = session.get_one(Heartbeat, RESPONDER).detail.get("calls")
        return calls if isinstance(calls, int) else 0

    def _next(self) -> None:
        now, moment = self._now(), self._monotonic()
        if moment < self._start_again_at:
            return
        job, since = None, self._enqueued_until
        with self._database.read() as session:
            found = transcript_queue.anything_to_do(session, now, since=since)
        if found:
            with self._database.begin() as session:
                came = transcript_queue.enqueue(session, now, since=since)
                job = transcript_queue.claim(session, now)
        if not (found and came):
            self._enqueued_until = now - OVERLAP
        if job is None:
            if self.listener is not None and moment - self._idle_since > IDLE_S:
                log.info("Nothing to transcribe: the recogniser gives its memory back")
                self._close()
            return
        self._writing = _Writing(job, moment)
        try:
            if self.listener is None:
                self.listener = self._start()
        except OSError as error:
            self._cannot_start(str(error))
            return
        self.listener.ask(self._state_dir / job.path, job.language)

    def _watch(self, writing: _Writing) -> None:
        """Take what the listener said; hold it, let it go on, or end one that hangs."""
        moment = self._monotonic()
        while self._writing is not None and self.listener is not None:
            match self.listener.poll():
                case None:
                    break
                case Ready():
                    self._trouble = ""
                case Refused(why):
                    self._cannot_start(why)
                    return
                case Written() as written:
                    self._written(writing, written, moment)
                    return
                case Failed(fault, detail):
                    self._failed(writing, fault, detail)
                    return
                case Ended(status):
                    self._close()
                    self._failed(writing, TranscriptFault.RECOGNISER_ENDED, f"status {status}")
                    return
        self._hold_or_go_on(writing, moment)
        limit_s = LEAST_LIMIT_S + LIMIT_PER_SECOND * (writing.job.seconds or 0.0)
        if writing.worked_s(moment) > limit_s:
            self._close()
            self._failed(writing, TranscriptFault.TOOK_TOO_LONG, f"{limit_s:.0f} s")

    def _hold_or_go_on(self, writing: _Writing, moment: float) -> None:
        if self.listener is None:
            return
        if self._paused and writing.held_since is None:
            self.listener.hold()
            writing.held_since = moment
        elif not self._paused and writing.held_since is not None:
            self.listener.go_on()
            writing.held_s += moment - writing.held_since
            writing.held_since = None

    def _written(self, writing: _Writing, written: Written, moment: float) -> None:
        job, self._moved_at = writing.job, self._now()
        self._settle(
            lambda session: transcript_queue.finish(session, job.recording_id, written, self._now())
        )
        seconds = f"{job.seconds or 0:.1f} s of sound in {writing.worked_s(moment):.1f} s"
        log.info("Transcribed %s: %s", job.recording_id, seconds)

    def _failed(self, writing: _Writing, fault: TranscriptFault, detail: str) -> None:
        self._moved_at = self._now()
        log.warning("Transcript of %s: %s %s", writing.job.recording_id, fault.value, detail)
        self._settle(
            lambda session: transcript_queue.fail(
                session, writing.job.recording_id, fault, self._now(), detail
            )
        )

    def _cannot_start(self, why: str) -> None:
        """No recording's fault: it waits, and the health page says so."""
        log.error("The recogniser cannot start: %s", why)
        self._trouble = why[:200]
        self._close()
        self._start_again_at = self._monotonic() + AGAIN_AFTER_S
        writing = self._writing
        if writing is not None:
            job = writing.job.recording_id
            self._settle(lambda session: transcript_queue.give_back(session, job))

    def _settle(self, save: Callable[[Session], None]) -> None:
        """Nothing is being written any more; `save` is kept until the database takes it."""
        self._writing = None
        self._unsaved = save
        self._idle_since = self._monotonic()
        self._save()

    def _save(self) -> None:
        if self._unsaved is None:
            return
        with self._database.begin() as session:
            self._unsaved(session)
        self._unsaved = None

    def _close(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.close()

    def _beat(self) -> None:
        moment, now = self._monotonic(), self._now()
        if moment - self._beaten_at < BEAT_S:
            return
        self._beaten_at = moment
        with self._database.begin() as session:
            queue = transcript_queue.state(session, now)
            held_up = queue.oldest_due is not None and now - queue.oldest_due > STUCK_AFTER
            still = now - self._moved_at > STUCK_AFTER
            detail: dict[str, Any] = {
                "transcripts_waiting": queue.waiting,
                "transcripts_failed": queue.failed,
                "writing": self._writing is not None,
                "paused": self._paused,
                "stuck": held_up and still and not self._paused,
                "trouble": self._trouble,
            }
            heartbeats.beat(session, PROCESS, detail, now)
