"""The two threads that write every call's recording, so that no tick waits for a disk.

Ticks put jobs into a queue; the first thread appends what has come and brings the headers up to
date, all recordings together, at least every half second while there is anything to write. From
then on the death of this process costs nothing of it: half a second gathered in the tick, and no
more. The second thread calls fsync, which is for the power to fail: on a disk that is busy with
something else fsync was seen to take seconds, and the words of all other callers must not wait
behind it. A recording's end is told once it is synced. A disk that fails ends the recordings it
fails, and no other.
"""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

import numpy as np

from ivr.media import wav
from ivr.media.events import RecordingCause
from ivr.rtp.g711 import ulaw_to_linear_table

_sync_every_s: Final = 0.5
_linear = np.array(ulaw_to_linear_table, dtype="<i2")


@dataclass(slots=True, eq=False)
class RecordingFile:
    """One recording on its way to the disk; the threads alone touch all but `path`."""

    path: Path
    descriptor: int = -1
    data_bytes: int = 0
    header_bytes: int = 0  # of data, as the header on the disk says
    over: bool = False
    """No more is written; the syncing thread closes it."""
    sync_asked: bool = False
    new: bool = True
    """Its name in its folder is not synced yet."""
    resume: bool = False


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A recording that is complete on the disk, or as complete as the disk allowed."""

    file: RecordingFile
    seconds: float
    cause: RecordingCause


@dataclass(frozen=True, slots=True)
class _Append:
    file: RecordingFile
    ulaw: bytes


@dataclass(frozen=True, slots=True)
class _Finish:
    file: RecordingFile
    cause: RecordingCause


@dataclass(slots=True)
class _Dirty:
    files: set[RecordingFile] = field(default_factory=set)
    since: float | None = None


@dataclass(frozen=True, slots=True)
class _Failed:
    """The syncing thread could not sync it."""

    file: RecordingFile


class RecordingWriter:
    """Starts its threads with the first recording; `close` writes all that is left."""

    def __init__(self) -> None:
        self.finished: SimpleQueue[FinishedFile] = SimpleQueue()
        self._jobs: SimpleQueue[RecordingFile | _Append | _Finish | _Failed | None] = SimpleQueue()
        self._syncs: SimpleQueue[RecordingFile | _Finish | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._syncer: threading.Thread | None = None

    def open(self, path: Path, *, resume: bool = False) -> RecordingFile:
        """Begin a file; an error shows as a FinishedFile with cause "failed".

        With `resume` the file was cut off: it is mended, and what comes is added to its end.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
            self._syncer = threading.Thread(
                target=self._sync_forever, name="recordings sync", daemon=True
            )
            self._thread.start()
            self._syncer.start()
        file = RecordingFile(path, resume=resume)
        self._jobs.put(file)
        return file

    def append(self, file: RecordingFile, ulaw: bytes) -> None:
        """Add µ-law samples."""
        self._jobs.put(_Append(file, ulaw))

    def finish(self, file: RecordingFile, cause: RecordingCause) -> None:
        """Complete a file; exactly one FinishedFile comes for each that was opened."""
        self._jobs.put(_Finish(file, cause))

    def close(self) -> None:
        """Write what has been given and end the threads."""
        if self._thread is not None and self._syncer is not None:
            self._jobs.put(None)
            self._thread.join()
            self._syncs.put(None)
            self._syncer.join()
            self._thread = self._syncer = None

    # -- the writing thread

    def _run(self) -> None:
        dirty = _Dirty()
        while True:
            try:
                wait = None if dirty.since is None else dirty.since + _sync_every_s - monotonic()
                if wait is not None and wait <= 0:
                    raise Empty
                job = self._jobs.get(timeout=wait)
            except Empty:
                self._bring_up_to_date(dirty)
                continue
            if job is None:
                self._bring_up_to_date(dirty)
                return
            self._do(job, dirty)

    def _do(self, job: RecordingFile | _Append | _Finish | _Failed, dirty: _Dirty) -> None:
        file = job if isinstance(job, RecordingFile) else job.file
        if file.over:
            return
        try:
            if isinstance(job, RecordingFile):
                if file.resume and file.path.exists():
                    _reopen(file)
                else:
                    _create(file)
                self._ask_to_sync(file)
            elif isinstance(job, _Append):
                samples = _linear[np.frombuffer(job.ulaw, np.uint8)].tobytes()
                _write_all(file.descriptor, samples, wav.header_bytes + file.data_bytes)
                file.data_bytes += len(samples)
                dirty.files.add(file)
                dirty.since = dirty.since if dirty.since is not None else monotonic()
            elif isinstance(job, _Finish):
                dirty.files.discard(file)
                _write_header(file)
                self._end(file, job.cause)
            else:
                dirty.files.discard(file)
                self._fail(file)
        except OSError:
            dirty.files.discard(file)
            self._fail(file)

    def _bring_up_to_date(self, dirty: _Dirty) -> None:
        for file in dirty.files:
            try:
                _write_header(file)
            except OSError:
                self._fail(file)
            else:
                self._ask_to_sync(file)
        dirty.files.clear()
        dirty.since = None

    def _ask_to_sync(self, file: RecordingFile) -> None:
        if not file.sync_asked:  # one that waits already covers this too
            file.sync_asked = True
            self._syncs.put(file)

    def _fail(self, file: RecordingFile) -> None:
        """Keep what reached the disk, and say so."""
        try:
            if file.descriptor >= 0:
                os.pwrite(file.descriptor, wav.header(file.data_bytes), 0)
                os.ftruncate(file.descriptor, wav.header_bytes + file.data_bytes)
        except OSError:
            # The header on the disk still tells of what came before; repair_wav counts the rest.
            pass
        self._end(file, "failed")

    def _end(self, file: RecordingFile, cause: RecordingCause) -> None:
        file.over = True
        self._syncs.put(_Finish(file, cause))

    # -- the syncing thread

    def _sync_forever(self) -> None:
        while (job := self._syncs.get()) is not None:
            if isinstance(job, RecordingFile):
                job.sync_asked = False
                try:
                    _sync(job)
                except OSError:
                    self._jobs.put(_Failed(job))
            else:
                self._close(job.file, job.cause)

    def _close(self, file: RecordingFile, cause: RecordingCause) -> None:
        if file.descriptor >= 0:
            try:
                _sync(file)
            except OSError:
                cause = "failed"
            try:
                os.close(file.descriptor)
            except OSError:
                cause = "failed"
            file.descriptor = -1
        self.finished.put(FinishedFile(file, wav.seconds(file.data_bytes), cause))


def _create(file: RecordingFile) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    file.descriptor = os.open(file.path, flags, 0o640)
    _write_all(file.descriptor, wav.header(0), 0)


def _reopen(file: RecordingFile) -> None:
    """Go on with a file whose writer died."""
    try:
        wav.repair_wav(file.path)
    except ValueError as error:
        raise OSError(str(error)) from error
    file.descriptor = os.open(file.path, os.O_WRONLY | os.O_CLOEXEC)
    file.data_bytes = os.fstat(file.descriptor).st_size - wav.header_bytes


def _write_all(descriptor: int, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, position)
        view = view[written:]
        position += written


def _write_header(file: RecordingFile) -> None:
    _write_all(file.descriptor, wav.header(file.data_bytes), 0)
    file.header_bytes = file.data_bytes


def _sync(file: RecordingFile) -> None:
    if file.descriptor < 0:
        return  # it has ended, synced
    os.fsync(file.descriptor)
    if file.new:
        # The name too must survive a crash of the machine.
        file.new = False
        folder = os.open(file.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
