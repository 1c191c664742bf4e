"""The scribe's process: its turns, and what wakes it between them."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import time
from datetime import UTC, datetime
from functools import partial

from ivr.lifeline import announce_ready
from ivr.records import Database
from ivr.settings import Settings
from ivr.transcripts import child
from ivr.transcripts.installed import FOLDER
from ivr.transcripts.scribe import Scribe

# Below responder, voice and desk; not lower (see scribe).
NICENESS = 10

log = logging.getLogger(__name__)


def main(settings: Settings) -> None:
    """Transcribe until SIGTERM; ends at once then, and leaves the rest for the next start."""
    os.nice(NICENESS)
    wakeup_read, wakeup_write = os.pipe()
    os.set_blocking(wakeup_read, False)
    os.set_blocking(wakeup_write, False)
    signal.set_wakeup_fd(wakeup_write)
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopped.append(number))
    database = Database(settings.database_url, pool_size=1)
    scribe = Scribe(
        database,
        settings.state_dir,
        partial(child.start, settings.state_dir / FOLDER),
        most_calls=settings.transcript_calls,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
    )
    scribe.recover()
    announce_ready()
    try:
        while not stopped:
            timeout = scribe.turn()
            with selectors.DefaultSelector() as selector:
                selector.register(wakeup_read, selectors.EVENT_READ)
                if scribe.listener is not None:
                    selector.register(scribe.listener, selectors.EVENT_READ)
                if not stopped:
                    selector.select(timeout)
    finally:
        scribe.stop()
        database.close()
