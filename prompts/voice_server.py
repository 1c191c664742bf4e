"""The voice process: renders clauses for the responder and the desk over a Unix socket.

One JSON object a line. `{"id": 1, "text": "...", "language": "zh-CN", "recorded": null}`
is answered by `{"id": 1, "key": "..."}` once the clause is in the store, or by
`{"id": 1, "error": "..."}`. `"priority": "bulk"` lets everything else go first; callers
are the default. `{"id": 1, "status": true}` is answered at once with the voices, their
failures and the length of the queue.

`{"id": 1, "take": "/file.wav", "folder": "...", "prompt": "...", "language": "...",
"variant": ""}` has a recording checked and kept as `takes.keep` does, and rendered as
callers will hear it: `{"id": 1, "key": "...", "path": "...", "sha256": "...", "seconds":
3.2, "heard_s": 2.9}`, or an error with its `"fault"`, a word of `errors.Fault`.

One thread renders, in order; the socket's loop never waits for it. The queue is bounded:
beyond it the answer is an error, and a caller hears the flow's own "please wait" rather
than a promise that cannot be kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from prompts import g711, takes
from prompts.clause import USUAL_TEMPO, Clause, Words
from prompts.engines import available
from prompts.errors import AudioError, Message, PromptError, VoiceError
from prompts.lexicon import syllables
from prompts.renderer import Renderer, give_back_memory, keep_memory_in_one_arena
from prompts.store import ClauseStore
from prompts.tempo import SLOWEST

LONGEST_LINE = 64 << 10
LONGEST_TEXT = 4000
LONGEST_QUEUE = 512
_Result = TypeVar("_Result")
_Work = Callable[[Renderer], dict[str, Any]]
_PRIORITIES = {"live": 0, "bulk": 2}
GRACE_S = 2.0  # what a clause being rendered gets at the end
_WARMING = 1  # after callers who wait, before bulk


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    number: int
    work: _Work | None = field(compare=False)  # None: load the voices
    request_id: Any = field(compare=False, default=None)
    writer: asyncio.StreamWriter | None = field(compare=False, default=None)


def serve(
    socket_path: Path,
    store: ClauseStore,
    renderer: Renderer,
    *,
    warm: bool = True,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT; `serving` is called in the loop once it listens.

    VoiceError where the socket cannot be had.
    """
    keep_memory_in_one_arena()
    _make_way(socket_path)
    store.sweep()
    server = _VoiceServer(socket_path, renderer, warm=warm, serving=serving)
    asyncio.run(server.run())
    if server.still_rendering:
        # A model's thread inside the interpreter's own ending brings the process down by
        # a signal. All is said and written: the store never sees half a clause.
        os._exit(0)


class _VoiceServer:
    def __init__(
        self, socket_path: Path, renderer: Renderer, *, warm: bool, serving: Callable[[], None]
    ) -> None:
        self._path = socket_path
        self._renderer = renderer
        self._warm = warm
        self._serving = serving
        self._jobs: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue(LONGEST_QUEUE)
        self._numbers = itertools.count()
        self._rendered = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def still_rendering(self) -> bool:
        """Whether a clause was being rendered when the time to end had passed."""
        return not self._idle.is_set()

    async def run(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
        before = os.umask(0o077)  # the socket is for the line's own user
        try:
            server = await asyncio.start_unix_server(self._serve, self._path, limit=LONGEST_LINE)
        except OSError as error:
            raise VoiceError(
                "cannot listen on %(path)s: %(reason)s", path=self._path, reason=error.strerror
            ) from None
        finally:
            os.umask(before)
        self._serving()
        if self._warm:
            self._jobs.put_nowait(_Job(_WARMING, next(self._numbers), None))
        worker = asyncio.create_task(self._work())
        try:
            await stopping.wait()
        finally:
            server.close()
            worker.cancel()
            for writer in self._writers:
                writer.close()
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(asyncio.CancelledError):
                await worker
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), GRACE_S)

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            if job.work is None:
                await self._aside(self._renderer.warm)
            elif job.writer is not None and not job.writer.is_closing():
                self._reply(job, await self._aside(partial(self._do, job.work)))
                if self._jobs.empty():
                    await self._aside(give_back_memory)

    async def _aside(self, work: Callable[[], _Result]) -> _Result:
        """Do `work` in a thread. Not an executor: Python would wait for its thread at exit."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_Result] = loop.create_future()

        def tell(result: _Result) -> None:
            self._idle.set()
            if not done.done():
                done.set_result(result)

        def run() -> None:
            result = work()
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
                loop.call_soon_threadsafe(tell, result)

        self._idle.clear()
        threading.Thread(target=run, name="voice", daemon=True).start()
        return await done

    def _do(self, work: _Work) -> dict[str, Any]:
        try:
            return work(self._renderer)
        except PromptError as error:
            return _refusal(error)
        # The line depends on this process: whatever one clause does, the next is served.
        except Exception as error:  # noqa: BLE001
            return {"error": f"{type(error).__name__}: {error}"}

    def _reply(self, job: _Job, answer: dict[str, Any]) -> None:
        self._rendered += "key" in answer
        if job.writer is not None:
            _write(job.writer, {"id": job.request_id, **answer})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                self._take(line, writer)
                await writer.drain()
        except ValueError:
            _write(writer, {"id": None, "error": f"a line is at most {LONGEST_LINE} bytes"})
        except ConnectionError:
            pass  # the client has gone; its jobs are skipped when their turn comes
        finally:
            self._writers.discard(writer)
            writer.close()

    def _take(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        request_id: Any = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise VoiceError("a request is a JSON object")
            if not _writable(request):
                raise VoiceError("a request holds whole characters only")
            request_id = request.get("id")
            if request.get("status"):
                _write(writer, {"id": request_id, **self._status()})
                return
            priority, work = _parse(request)
            self._jobs.put_nowait(_Job(priority, next(self._numbers), work, request_id, writer))
        except asyncio.QueueFull:
            message = Message("%(number)s clauses are waiting", number=LONGEST_QUEUE)
            _write(writer, {"id": request_id, "error": str(message), "message": message.parts()})
        except (ValueError, RecursionError) as error:
            _write(writer, {"id": request_id, "error": f"not JSON: {error}"})
        except VoiceError as error:
            _write(writer, {"id": request_id, **_refusal(error)})

    def _status(self) -> dict[str, Any]:
        return {
            "voices": [asdict(status) for status in available()],
            "failures": dict(self._renderer.failures),
            "failing": self._renderer.failing(),
            "rendered": self._rendered,
            "waiting": self._jobs.qsize(),
        }


def _writable(request: dict[str, Any]) -> bool:
    """Whether all of it can be written again: JSON's escapes can make half characters."""
    try:
        json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(request: dict[str, Any]) -> tuple[int, _Work]:
    priority = request.get("priority", "live")
    if not isinstance(priority, str) or priority not in _PRIORITIES:
        raise VoiceError('"priority" is one of %(known)s', known=", ".join(_PRIORITIES))
    work = _take(request) if "take" in request else _clause(request)
    return _PRIORITIES[priority], work


def _clause(request: dict[str, Any]) -> _Work:
    text, language = request.get("text"), request.get("language")
    recorded = request.get("recorded")
    if not isinstance(text, str) or not isinstance(language, str):
        raise VoiceError('a request needs "text" and "language"')
    if len(text) > LONGEST_TEXT:
        raise VoiceError("a clause is at most %(most)s characters", most=LONGEST_TEXT)
    if recorded is not None and not isinstance(recorded, str):
        raise VoiceError('"recorded" is a path or null')
    tempo = request.get("tempo", USUAL_TEMPO)
    if not isinstance(tempo, int) or not SLOWEST <= tempo <= USUAL_TEMPO:
        raise VoiceError(
            '"tempo" is %(slowest)s to %(usual)s percent', slowest=SLOWEST, usual=USUAL_TEMPO
        )
    words = _words(request.get("words", ()))
    clause = Clause(text, language, 0, Path(recorded) if recorded else None, words=words).at(tempo)
    return lambda renderer: {"key": renderer.render_key(clause)}


def _take(request: dict[str, Any]) -> _Work:
    names = ("take", "folder", "prompt", "language", "variant")
    given = [request.get(name, "") for name in names]
    if not all(isinstance(value, str) for value in given) or not all(given[:4]):
        raise VoiceError("a take needs %(names)s", names=", ".join(names))
    file, folder, prompt, language, variant = given

    def keep(renderer: Renderer) -> dict[str, Any]:
        kept = takes.keep(
            Path(file), Path(folder), prompt=prompt, language=language, variant=variant
        )
        try:
            key = renderer.render_key(Clause("", language, 0, kept.path))
        except PromptError:
            kept.path.unlink(missing_ok=True)
            raise
        heard_s = renderer.store.path(key).stat().st_size / g711.RATE
        return {
            "key": key,
            "path": str(kept.path),
            "sha256": kept.sha256,
            "seconds": kept.seconds,
            "heard_s": heard_s,
        }

    return keep


def _refusal(error: PromptError) -> dict[str, Any]:
    answer: dict[str, Any] = {"error": str(error), "message": error.message.parts()}
    if isinstance(error, AudioError):
        answer["fault"] = error.fault
    return answer


def _words(given: Any) -> Words:
    """Words and their pinyin; VoiceError for anything else, which would end in the voice."""
    try:
        found = tuple((str(word), str(said)) for word, said in given)
        right = all(len(syllables.parse(said)) == len(word) for word, said in found)
    except (TypeError, ValueError, PromptError):
        right = False
    if not right:
        raise VoiceError('"words" is a list of words, each with its pinyin')
    return found


def _write(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")


def _make_way(path: Path) -> None:
    """Remove the socket that a killed process left; VoiceError where one is being served."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise VoiceError("a voice process is already serving %(path)s", path=path)
