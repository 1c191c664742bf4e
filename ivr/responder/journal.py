"""What one call writes: its record, its path, its recordings, what it leaves behind.

The record goes through the ledger, a few times a second for all calls. What a
citizen said and what is promised for it is committed at once, and after what
the ledger holds, so that the call it refers to is there.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred

from call_flows.instructions import (
    CreateCallBack,
    FileComplaint,
    Lookup,
    LookupResult,
    Record,
    Step,
)
from ivr.media import RecordingEnded
from ivr.records.tables import EndedBy
from ivr.responder.database import Records
from ivr.responder.ledger import Ledger
from ivr.services import call_backs, calls, complaints, lookups, recordings

Result = TypeVar("Result")


def utc_now() -> datetime:
    """Return the wall clock, as records keep it."""
    return datetime.now(UTC)


class Journal:
    """The written side of one call. `state_dir` is what recordings' paths are relative to."""

    def __init__(
        self,
        records: Records,
        ledger: Ledger,
        state_dir: Path,
        zone: tzinfo,
        call: calls.NewCall,
    ) -> None:
        self.id = call.id
        self._records = records
        self._ledger = ledger
        self._state_dir = state_dir
        self._zone = zone
        self._caller = call.caller
        self._steps = 0
        ledger.opened(call)

    def answered(self, codec: str, language: str, *, encrypted: bool) -> None:
        """The caller is connected; `encrypted`: nobody on the way can hear the sound."""
        answer = calls.Answer(utc_now(), codec, language=language, sound_encrypted=encrypted)
        self._ledger.answered(self.id, answer)

    def steps(self, steps: Sequence[Step]) -> None:
        """Note where the caller has been."""
        now = utc_now()
        for step in steps:
            self._steps += 1
            self._ledger.step(
                self.id,
                calls.StepTaken(
                    self._steps, now, step.flow, step.node, step.kind, step.given, step.outcome
                ),
            )

    def close(
        self,
        ended_by: EndedBy,
        reason: str,
        *,
        language: str,
        self_served: bool | None,
        person_at: datetime | None = None,
        encrypted: bool | None = None,
        quality: calls.Quality | None,
    ) -> None:
        """Complete the record."""
        self._ledger.closed(
            self.id,
            calls.CallEnd(
                utc_now(),
                ended_by,
                reason,
                language=language,
                self_served=self_served,
                person_at=person_at,
                sound_encrypted=encrypted,
                quality=quality,
            ),
        )

    # --- services
    def look_up(self, lookup: Lookup, language: str) -> "Deferred[LookupResult]":
        """Ask a service in a thread, in a transaction of its own."""
        arguments = {**lookup.arguments, "language": language}

        def ask(session: Session) -> LookupResult:
            outcome = lookups.run(session, lookup.service, arguments, utc_now(), zone=self._zone)
            return LookupResult(outcome.name, outcome.values)

        return self._records.look_up(ask)

    def begin_recording(self, record: Record, patience_s: float) -> "Deferred[tuple[str, Path]]":
        """Commit a recording's row; fires with its id and the file to write."""
        recording = uuid.uuid4().hex
        now = utc_now()
        relative = f"recordings/{now.astimezone(self._zone):%Y/%m/%d}/{recording}.wav"
        path = self._state_dir / relative

        def begin(session: Session) -> tuple[str, Path]:
            path.parent.mkdir(parents=True, exist_ok=True)
            recordings.begin(
                session,
                recording,
                call_id=self.id,
                kind=record.kind,
                path=relative,
                now=now,
                category=record.category or None,
            )
            return recording, path

        return self._commit(begin, patience_s)

    def end_recording(self, recording: str, ended: RecordingEnded) -> "Deferred[None]":
        """Enter what became of a recording."""

        def end(session: Session) -> None:
            if ended.cause == "failed":
                recordings.fail(session, recording, ended.seconds)
            else:
                recordings.finish(session, recording, ended.seconds)

        return self._records.write(end)

    def recording_path(self, recording: str) -> "Deferred[Path]":
        """Find the file of a recording."""
        return self._records.read(
            lambda session: self._state_dir / recordings.get(session, recording).path
        )

    def file_complaint(
        self, filing: FileComplaint, language: str, patience_s: float
    ) -> "Deferred[str]":
        """File a complaint; fires with its ticket once it is committed."""

        def file(session: Session) -> str:
            return complaints.file(
                session,
                category=filing.category,
                call_id=self.id,
                recording_id=filing.recording or None,
                caller=self._caller,
                callback_number=filing.callback_number,
                finished=filing.finished,
                now=utc_now(),
                language=language,
                zone=self._zone,
            ).ticket

        return self._commit(file, patience_s)

    def create_call_back(self, task: CreateCallBack, patience_s: float) -> "Deferred[str]":
        """Enter a call-back task; fires with an empty text once it is committed."""

        def create(session: Session) -> str:
            call_backs.create(
                session,
                call_id=self.id,
                number=task.number or self._caller,
                reason=task.reason,
                now=utc_now(),
                recording_id=task.recording or None,
            )
            return ""

        return self._commit(create, patience_s)

    def _commit(self, job: Callable[[Session], Result], patience_s: float) -> "Deferred[Result]":
        self._ledger.flush()
        return self._records.write(job, patience_s=patience_s)
