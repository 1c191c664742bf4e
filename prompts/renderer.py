"""From a clause to its sound in the store, whatever happens to a voice.

The voices of a language are tried in order. One that fails is counted and passed over;
one that hangs (two seconds without work, while a caller waits) is left behind in its
thread (no thread can be ended from outside) and rests until it comes back; one that
failed, for a minute. What a stand-in voice says is kept
under the stand-in's name, so that the right voice is heard again once it works.
"""

from __future__ import annotations

import ctypes
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.clause import USUAL_TEMPO, Clause, stretched_key
from prompts.engines import DEFAULT_ORDER, Engine, Order, engines, remedy, voice_name
from prompts.engines.engine import UnspeakableError
from prompts.engines.recorded import load
from prompts.errors import Message, Messages, PromptError, VoiceError
from prompts.mastering import master
from prompts.p56 import Samples
from prompts.store import ClauseStore
from prompts.tempo import stretch


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a voice is waited for, in seconds.

    `first_s`: for its first clause, with which it loads its model. After that: `stalled_s`
    without a sign of work (its thread has used no processor time); `work_s` and
    `per_character_s` of processor time, so that a busy machine is not taken for a broken
    voice; and `longest_s` of the clock, whatever it does.
    """

    first_s: float
    stalled_s: float
    work_s: float
    longest_s: float
    per_character_s: float = 0.05


# A caller waits: a voice that hangs is passed over within two seconds.
LIVE = Patience(first_s=10.0, stalled_s=1.5, work_s=1.5, longest_s=9.0)
# Nobody waits: imports alone take seconds on a busy disk.
AHEAD = Patience(first_s=30.0, stalled_s=5.0, work_s=5.0, longest_s=60.0)
_LOOK_EVERY_S = 0.25
REST_S = 60.0
FAILS_AGAIN = 2
"""So many failures in a row are no accident: the desk sounds the alarm."""
_M_ARENA_MAX = -8  # malloc.h


class Renderer:
    """Renders clauses into a store. CPU-heavy: never in the responder. One thread at a time."""

    def __init__(
        self,
        store: ClauseStore,
        engines: Mapping[str, Sequence[Engine]],
        mastering: Callable[[Samples, int], bytes] = master,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience: Patience = LIVE,
    ) -> None:
        self.store = store
        self.failures: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self.recipe: Callable[[], Renderer] | None = None
        self._engines = {language: list(voices) for language, voices in engines.items()}
        self._mastering = mastering
        self._clock = clock
        self.patience = patience
        self._loaded: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._hung: dict[str, threading.Thread] = {}

    def render(self, clause: Clause, patience: Patience | None = None) -> bytes:
        """The clause as 8 kHz µ-law; VoiceError or AudioError where no voice can say it."""
        key = self.render_key(clause, patience)
        audio = self.store.read(key)
        if audio is None:
            raise VoiceError(
                "%(text)r was rendered and has gone from %(folder)s",
                text=clause.text,
                folder=self.store.folder,
            )
        return audio

    def render_key(self, clause: Clause, patience: Patience | None = None) -> str:
        """Have the clause in the store and give its key there.

        `patience` where it is another than for callers.
        """
        if clause.tempo != USUAL_TEMPO:
            return self._stretched(clause, patience)
        if clause.recorded is not None:
            key = clause.key("")
            if key not in self.store:
                self.store.put(key, self._mastering(*load(clause.recorded)))
            return key
        faults: list[Message] = []
        for engine in self._engines.get(clause.language, ()):
            key = clause.key(voice_name(engine))
            if key in self.store:
                return key
            if self._resting(engine):
                faults.append(Message("%(voice)s is resting after a failure", voice=engine.name))
                continue
            try:
                audio = self._mastering(
                    *self._synthesise(engine, clause, patience or self.patience)
                )
            except PromptError as error:
                faults.append(error.message)
                continue
            self.store.put(key, audio)
            return key
        if not faults:
            faults = [Message("no voice speaks it; %(remedy)s", remedy=remedy(clause.language))]
        raise VoiceError(
            "%(language)s %(text)r: %(reasons)s",
            language=clause.language,
            text=clause.text,
            reasons=Messages(faults),
        )

    def _stretched(self, clause: Clause, patience: Patience | None) -> str:
        """The clause as it is usually heard, whoever says it, made slower."""
        usual = clause.at(USUAL_TEMPO)
        key = stretched_key(self.render_key(usual, patience), clause.tempo)
        if key not in self.store:
            self.store.put(key, stretch(self.render(usual, patience), clause.tempo))
        return key

    def expected_key(self, clause: Clause) -> str | None:
        """The key the clause has when the first voice of its language speaks; None without one."""
        if clause.recorded is not None:
            return clause.key("")
        voices = self._engines.get(clause.language)
        return clause.key(voice_name(voices[0])) if voices else None

    def failing(self) -> list[str]:
        """The voices that hang now, or have failed again and again since they last spoke."""
        hanging = {name for name, thread in list(self._hung.items()) if thread.is_alive()}
        again = {name for name, times in list(self._in_a_row.items()) if times >= FAILS_AGAIN}
        return sorted(hanging | again)

    def _failed(self, engine: Engine) -> None:
        self.failures[engine.name] += 1
        self._in_a_row[engine.name] += 1

    def warm(self) -> None:
        """Load the first voice of each language, so that no caller waits for it."""
        # English first: what reading its dictionaries leaves behind serves the other's models.
        for language, text in (("en", "Hello."), ("zh-CN", "您好")):
            give_back_memory()
            voices = self._engines.get(language, [])
            if voices and voices[0].name not in self._loaded:
                try:
                    self._synthesise(voices[0], Clause(text, language), self.patience)
                except PromptError:
                    continue  # counted; a stand-in speaks

    def _resting(self, engine: Engine) -> bool:
        hung = self._hung.get(engine.name)
        if hung is not None:
            if hung.is_alive():
                return True
            del self._hung[engine.name]
            self._rests_until.pop(engine.name, None)
        return self._clock() < self._rests_until.get(engine.name, float("-inf"))

    def _synthesise(
        self, engine: Engine, clause: Clause, patience: Patience
    ) -> tuple[Samples, int]:
        answer: queue.SimpleQueue[tuple[Samples, int] | Exception] = queue.SimpleQueue()
        clock_ids: list[int] = []

        def speak() -> None:
            if hasattr(time, "pthread_getcpuclockid"):
                clock_ids.append(time.pthread_getcpuclockid(threading.get_ident()))
            try:
                answer.put(engine.synthesise(clause.text, clause.language, clause.words))
            # A voice is third-party code and may fail in any way; it is reported below.
            except Exception as error:  # noqa: BLE001
                answer.put(error)

        thread = threading.Thread(target=speak, name=engine.name, daemon=True)
        thread.start()
        loading = engine.name not in self._loaded
        waited = _wait(answer, clock_ids, patience, len(clause.text), loading=loading)
        if isinstance(waited, float):
            self._hung[engine.name] = thread
            self._failed(engine)
            raise VoiceError(
                "%(voice)s gave nothing within %(seconds)s s",
                voice=engine.name,
                seconds=f"{waited:.1f}",
            )
        spoken = waited
        if isinstance(spoken, Exception):
            # A text that cannot be said is not the voice's fault: it need not rest.
            if not isinstance(spoken, UnspeakableError):
                self._failed(engine)
                self._rests_until[engine.name] = self._clock() + REST_S
            raise VoiceError(
                "%(voice)s: %(reason)s",
                voice=engine.name,
                reason=getattr(spoken, "message", spoken),
            ) from spoken
        self._loaded.add(engine.name)
        self._in_a_row.pop(engine.name, None)
        return spoken


def _wait(
    answer: queue.SimpleQueue[tuple[Samples, int] | Exception],
    clock_ids: list[int],
    patience: Patience,
    characters: int,
    *,
    loading: bool,
) -> tuple[Samples, int] | Exception | float:
    """What the voice gave, or after how many seconds it was given up."""
    started = stirred = time.monotonic()
    # Loading waits for disks and other processes: only its whole time says anything.
    longest_s = patience.first_s if loading else patience.longest_s
    stalled_s = longest_s if loading else patience.stalled_s
    work_s = longest_s if loading else patience.work_s + patience.per_character_s * characters
    used = -1.0
    while True:
        now = time.monotonic()
        left = min(longest_s - (now - started), stalled_s - (now - stirred))
        worked = used if used >= 0 else now - started
        if left <= 0 or worked >= work_s:
            return now - started
        try:
            return answer.get(timeout=min(left, _LOOK_EVERY_S))
        except queue.Empty:
            before, used = used, _processor_time(clock_ids)
            if used > before or used < 0:
                stirred = time.monotonic()


def _processor_time(clock_ids: list[int]) -> float:
    """What the thread has used, in seconds; -1 where it cannot be known or the thread is gone."""
    try:
        return time.clock_gettime(clock_ids[0])
    except (IndexError, OSError, AttributeError):
        return -1.0


def keep_memory_in_one_arena() -> None:
    """Have all threads allocate from one pool: each clause is rendered in a new thread.

    With glibc's default of eight pools a core, what one thread freed is not found by the
    next, and the process grows by 200 MB. Elsewhere than under glibc, nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Return freed pages to the system: loading a voice leaves 30 MB of them with glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class _Recipe:
    """How to make the same renderer in another process."""

    def __init__(self, folder: Path, order: Order) -> None:
        self.folder = folder
        self.order = {language: tuple(names) for language, names in order.items()}

    def __call__(self) -> Renderer:
        return default_renderer(ClauseStore(self.folder), self.order)


def default_renderer(store: ClauseStore, order: Order = DEFAULT_ORDER) -> Renderer:
    """A renderer with the usable voices in this order; VoiceError for an unknown voice."""
    renderer = Renderer(store, engines(order))
    renderer.recipe = _Recipe(store.folder, order)
    return renderer
