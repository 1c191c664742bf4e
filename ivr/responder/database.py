"""The database as the responder sees it: never on the reactor thread.

Lookups run in a small pool of threads, each in a transaction of its own.
Everything a call writes goes through one queue to one thread that commits
what has gathered in one transaction (group commit): with `synchronous=FULL`
a commit costs a disk flush, and fifty calls a second share it. What is
written is in order, and a result reaches the caller only once it is on disk.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from ivr.records import Database
from ivr.records.errors import DatabaseUnavailable

LOOKUP_THREADS = 4
BATCH = 200
"""Writes committed together at the most."""
QUEUE_LIMIT = 100_000
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Waits between tries while the database is locked or away; the last one repeats."""
WRITER_BUSY_MS = 1_000
"""How long one try of the writer waits for SQLite's lock; it tries again by itself, and looks
between tries at whose patience has ended."""
GATHER_S = 0.02
"""How long the writer lets writes gather before it commits them."""

Result = TypeVar("Result")
Job = Callable[[Session], Any]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Write:
    job: Job
    done: "Deferred[Any]"
    give_up_at: float
    result: Any = field(default=None)


class _AbandonedError(Exception):
    """Nobody waits for the answer any more: what the lookup wrote is rolled back."""


class Records:
    """Reads and writes of the responder, each answered by a Deferred.

    `writing` is the writer's own way to the database where its time-outs are other ones.
    """

    def __init__(
        self, reactor: IReactorThreads, database: Database, writing: Database | None = None
    ) -> None:
        self._reactor = reactor
        self._database = database
        self._writing = writing or database
        self._pool = ThreadPool(1, LOOKUP_THREADS, "lookups")
        self._writes: queue.Queue[_Write | None] = queue.Queue(QUEUE_LIMIT)
        self._writer = threading.Thread(target=self._write_forever, name="records", daemon=True)

    def start(self) -> None:
        """Start the threads."""
        self._pool.start()
        self._writer.start()

    def stop(self) -> None:
        """Finish what is queued, then stop; blocks until the last write is committed."""
        self._writes.put(None)
        self._writer.join()
        self._pool.stop()

    @property
    def waiting(self) -> int:
        """Writes not yet committed."""
        return self._writes.qsize()

    def read(self, job: Callable[[Session], Result]) -> "Deferred[Result]":
        """Run `job`, which writes nothing, off the reactor thread."""
        return deferToThreadPool(self._reactor, self._pool, self._read_alone, job)

    def look_up(self, job: Callable[[Session], Result]) -> "Deferred[Result]":
        """Run `job` in a transaction of its own, off the reactor thread.

        Cancelled (a caller's patience has ended), it leaves nothing behind: a query code tried
        again must not count twice. A thread cannot be stopped, so the job itself runs on.
        """
        abandoned = threading.Event()
        asked: Deferred[Result] = Deferred(lambda _asked: abandoned.set())
        deferToThreadPool(self._reactor, self._pool, self._run_alone, job, abandoned).addCallbacks(
            asked.callback, asked.errback
        )
        return asked

    def write(
        self, job: Callable[[Session], Result], *, patience_s: float = 3600.0
    ) -> "Deferred[Result]":
        """Run `job` in the writer's next transaction; fires after the commit.

        Fails with DatabaseUnavailable when the database was away for `patience_s`, with
        `queue.Full` when too much waits, with the job's own error where it raised one.
        """
        done: Deferred[Result] = Deferred()
        try:
            self._writes.put_nowait(_Write(job, done, time.monotonic() + patience_s))
        except queue.Full:
            done.errback(Failure())
        return done

    def _read_alone(self, job: Callable[[Session], Result]) -> Result:
        with self._database.read() as session:
            return job(session)

    def _run_alone(self, job: Callable[[Session], Result], abandoned: threading.Event) -> Result:
        if abandoned.is_set():  # while it waited for a thread
            raise _AbandonedError
        with self._database.begin() as session:
            result = job(session)
            if abandoned.is_set():
                raise _AbandonedError
            return result

    def _write_forever(self) -> None:
        more = True
        while more:
            first = self._writes.get()
            if first is None:
                return
            batch = [first]
            gathered_until = time.monotonic() + GATHER_S
            while len(batch) < BATCH:
                try:
                    wait = gathered_until - time.monotonic()
                    write = (
                        self._writes.get(timeout=wait) if wait > 0 else self._writes.get_nowait()
                    )
                except queue.Empty:
                    break
                if write is None:
                    more = False
                    break
                batch.append(write)
            self._commit(batch)

    def _commit(self, batch: list[_Write]) -> None:
        """Commit a batch; while the database is away, try again until patience ends.

        Where one job of a batch fails, each is run again in a transaction of its own.
        """
        tries = 0
        while batch:
            try:
                with self._writing.begin() as session:
                    for write in batch:
                        write.result = write.job(session)
            except DatabaseUnavailable as error:
                log.warning("Trying again: %s", error)
                self._take_what_waits(batch)  # whose patience may be shorter than the first one's
                now = time.monotonic()
                for write in [w for w in batch if w.give_up_at <= now]:
                    batch.remove(write)
                    self._fire(write, Failure(error))
                if batch:
                    hasty = min(write.give_up_at for write in batch) - now
                    time.sleep(min(RETRY_S[min(tries, len(RETRY_S) - 1)], max(hasty, 0.0)))
                tries += 1
            except Exception:  # noqa: BLE001 - whatever it is, it is the asker's to hear
                if len(batch) == 1:
                    self._fire(batch[0], Failure())
                else:
                    for write in batch:
                        self._commit([write])
                return
            else:
                for write in batch:
                    self._fire(write, write.result)
                return

    def _take_what_waits(self, batch: list[_Write]) -> None:
        while True:
            try:
                write = self._writes.get_nowait()
            except queue.Empty:
                return
            if write is None:
                self._writes.put(None)  # the end, for `_write_forever` to see
                return
            batch.append(write)

    def _fire(self, write: _Write, result: Any) -> None:
        outcome = write.done.errback if isinstance(result, Failure) else write.done.callback
        self._reactor.callFromThread(outcome, result)
