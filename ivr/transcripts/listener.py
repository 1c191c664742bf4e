"""The child with the model in memory: `python -m ivr.transcripts.listener FOLDER`.

One JSON object a line. `{"path": ..., "language": ...}` on standard input is answered by
`{"text": ..., "language": ..., "confidence": ..., "engine": ...}` or `{"fault": ...,
"detail": ...}` on standard output; the first line, once the model is loaded, is
`{"engine": ...}`, or `{"missing": ...}` where it cannot be. It ends when its standard
input does, in the middle of a sentence too: so it outlives neither scribe nor line.

It runs under SCHED_IDLE (sched(7)): any other thread of the machine that wants the
processor has it, and its disk reads take the idle class (the block layer goes by the
policy). Where memory runs out, it is the first to be taken.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from ivr.records.tables import TranscriptFault
from ivr.transcripts.installed import RecogniserMissingError
from ivr.transcripts.recogniser import CannotListenError, Recogniser, Whisper

LOWEST_PRIORITY = 19
# Of -1000 to 1000 (proc(5), oom_score_adj): before anything that answers callers.
OOM_SCORE = "800"

log = logging.getLogger(__name__)


def main() -> None:
    """Answer what is asked on standard input; ends with it."""
    step_back()
    # The line's SIGTERM goes to the whole group: the scribe decides what becomes of this one.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # Libraries that print must not speak into the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threads = 1
    os.environ["OMP_NUM_THREADS"] = str(threads)
    asked: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, asked), daemon=True).start()
    serve(lambda: Whisper(Path(sys.argv[1]), threads=threads), _until_none(asked), answers)


def step_back() -> None:
    """Let everything else on this machine go first; what the system refuses is left."""
    os.nice(LOWEST_PRIORITY)
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")
    except (OSError, AttributeError):  # AttributeError: not Linux
        log.info("runs at the lowest nice value only")


def serve(load: Callable[[], Recogniser], asked: Iterator[str], answers: TextIO) -> None:
    """Load the recogniser, say so, and answer each line of `asked`."""

    def answer(**values: object) -> None:
        answers.write(json.dumps(values, ensure_ascii=False) + "\n")
        answers.flush()

    try:
        recogniser = load()
    except (RecogniserMissingError, OSError, RuntimeError) as error:
        answer(missing=" ".join(str(error).split())[:300])
        return
    answer(engine=recogniser.name)
    for line in asked:
        request = json.loads(line)
        try:
            heard = recogniser.hear(Path(request["path"]), request["language"])
        except CannotListenError as error:
            answer(fault=error.fault, detail=error.detail)
        # Whatever one recording does to the recogniser, the next is listened to.
        except Exception as error:
            log.exception("the recogniser failed")
            answer(fault=TranscriptFault.RECOGNISER_ENDED, detail=type(error).__name__)
        else:
            answer(
                text=heard.believed.text,
                confidence=heard.believed.confidence,
                language=heard.language,
                engine=recogniser.name,
            )


def _read(source: TextIO, asked: queue.SimpleQueue[str | None]) -> None:
    for line in source:
        asked.put(line)
    # Nobody waits for what is being heard: end in the middle of it.
    os._exit(0)


def _until_none(asked: queue.SimpleQueue[str | None]) -> Iterator[str]:
    while (line := asked.get()) is not None:
        yield line


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    main()
