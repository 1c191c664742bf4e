"""From what a flow says to the sound of it, out of memory wherever possible.

What never changes is read into memory as soon as the line answers; what varies is
read from the store by a thread, and rendered by the voice process where the
store has not got it. The reactor thread touches neither disk nor synthesiser.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from call_flows.instructions import Say
from ivr.media.tones import silence
from ivr.responder.playback import Audio
from ivr.responder.voice import VoiceClient
from prompts.catalogue import Catalogue
from prompts.clause import SLOW_TEMPO, USUAL_TEMPO, Clause
from prompts.compose import compose
from prompts.errors import PromptError, without_words
from prompts.store import ClauseStore

MEMORY_BYTES = 64 << 20
"""Varying clauses kept in memory: about two and a quarter hours of speech."""
AHEAD_AGAIN_S = 30.0
"""The voice process was away or busy: what is made ahead is asked for again after this time."""
AHEAD_TRIES = 3
"""After so many the clause waits for a caller: no voice can say it, and others come first."""

log = logging.getLogger(__name__)

# One object for each length of pause, not one for each clause of each call.
_silence = lru_cache(maxsize=64)(silence)


class Speech:
    """The sound of clauses. `voices` names the voice of each language, as the store's keys do."""

    def __init__(
        self,
        store: ClauseStore,
        voice: VoiceClient,
        voices: Mapping[str, str],
        in_thread: Callable[..., "Deferred[Any]"],
        call_later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        self._store = store
        self._voice = voice
        self._voices = voices
        self._in_thread = in_thread
        self._call_later = call_later
        self._ahead: deque[tuple[Clause, int]] = deque()  # and how often it was tried
        self._making = False
        self._fixed: dict[str, bytes] = {}
        self._varying: OrderedDict[str, bytes] = OrderedDict()
        self._varying_bytes = 0
        self._coming: dict[str, list[Deferred[bytes]]] = {}
        self.rendered = 0
        self.missing = 0
        """Clauses that no voice could say: the caller heard a gap there, or a number's digits."""

    def preload(self, clauses: Iterable[Clause]) -> list[Clause]:
        """Read what is in the store into memory, slower forms too; to be called in a thread.

        Returns what is not there yet, for `have_ahead`: the usual forms first.
        """
        wanted = list(clauses)
        return self.read(wanted + [clause.at(SLOW_TEMPO) for clause in wanted])

    def read(self, clauses: Iterable[Clause]) -> list[Clause]:
        """Read what is in the store into memory, as it is; in a thread. Returns what is not."""
        return [clause for clause in clauses if not self._read(clause)]

    def have_now(self, clauses: Sequence[Clause]) -> "Deferred[bool]":
        """Have these made at once and kept; fires with whether all of them are there."""
        left = len(clauses)
        complete = True
        done: Deferred[bool] = Deferred()

        def came(sound: bytes, clause: Clause) -> None:
            nonlocal left, complete
            if sound:
                self._fixed[self._key(clause)] = sound
            complete = complete and bool(sound)
            left -= 1
            if not left:
                done.callback(complete)

        for clause in clauses:
            key = self._key(clause)
            known = self._fixed.get(key)
            waiting = succeed(known) if known is not None else self._fetch(key, clause)
            waiting.addCallback(came, clause)
        if not clauses:
            done.callback(complete)
        return done

    def _read(self, clause: Clause) -> bool:
        key = self._key(clause)
        if key not in self._fixed:
            sound = self._store.read(key)
            if sound is None:
                return False
            self._fixed[key] = sound
        return True

    def have_ahead(self, clauses: Iterable[Clause]) -> None:
        """Have these made, one at a time and behind everybody who waits.

        So what was just published, or a word that is now said in another way, is heard at once,
        and slower too.
        """
        self._ahead = deque((clause, 1) for clause in clauses)
        if not self._making:
            self._make_next()

    def _make_next(self) -> None:
        self._making = bool(self._ahead)
        if not self._ahead:
            return
        asked_for = self._ahead[0]
        clause, tries = asked_for

        def settle() -> bool:
            """Whether it is still wanted; it is no longer the next."""
            wanted = bool(self._ahead) and self._ahead[0] is asked_for
            if wanted:
                self._ahead.popleft()
            return wanted

        def done(sound: bytes | None) -> None:
            if sound is not None:
                self._fixed[self._key(clause)] = sound
            settle()
            self._make_next()

        def failed(failure: Failure) -> None:
            log.info("A clause is made later: %s", failure.getErrorMessage())
            if settle() and tries < AHEAD_TRIES:
                self._ahead.append((clause, tries + 1))
            self._call_later(AHEAD_AGAIN_S, self._make_next)

        asked: Deferred[Any] = self._voice.render(clause, bulk=True)
        asked.addCallback(lambda made: self._in_thread(self._store.read, made))
        asked.addCallbacks(done, failed)

    def keep(self, clause: Clause, sound: bytes) -> None:
        """Give a clause a sound that no voice made."""
        self._fixed[self._key(clause)] = sound

    def say(
        self, catalogue: Catalogue, say: Say, language: str, *, slow: bool = False
    ) -> "list[Audio | Deferred[Audio]]":
        """Return the sound of each clause of a prompt, in order.

        A prompt that cannot be composed (a missing slot, an unknown id) is logged and passed
        over: the flow's checks report it before it is published.
        """
        try:
            clauses = compose(
                catalogue, say.prompt, say.language or language, say.slots, say.variant
            )
        except PromptError as error:
            self.missing += 1
            log.error("A prompt cannot be said: %s", without_words(error.message))
            return []
        if slow:
            return [self._slow_sound(clause) for clause in clauses]
        return [self._sound(clause) for clause in clauses]

    def _slow_sound(self, clause: Clause) -> "Audio | Deferred[Audio]":
        """Slower, or where that cannot be had as usual, or slower digit by digit."""
        slow = clause.at(SLOW_TEMPO)
        sound = self._sound(replace(slow, instead=()))
        if isinstance(sound, Deferred):
            usual = replace(clause, instead=slow.instead)
            return sound.addCallback(lambda got: got or self._sound(usual))
        return sound

    def _sound(self, clause: Clause) -> "Audio | Deferred[Audio]":
        key = self._key(clause)
        sound = self._fixed.get(key) or self._recall(key)
        pause = _silence(clause.pause_after_ms)
        if sound is not None:
            return (sound, pause)
        return self._fetch(key, clause).addCallback(
            lambda got: (got, pause) if got else self._instead(clause)
        )

    def _instead(self, clause: Clause) -> Audio:
        """What is in memory for a clause that no voice could say; all of it or nothing."""
        audio: list[bytes] = []
        for other in clause.instead:
            sound = self._held(other) or self._held(other.at(USUAL_TEMPO))
            if sound is None:
                return ()
            audio += (sound, _silence(other.pause_after_ms))
        if audio:
            audio[-1] = _silence(clause.pause_after_ms)
        return tuple(audio)

    def _held(self, clause: Clause) -> bytes | None:
        return self._fixed.get(self._key(clause))

    def _key(self, clause: Clause) -> str:
        return clause.key(self._voices.get(clause.language, ""))

    def _recall(self, key: str) -> bytes | None:
        sound = self._varying.get(key)
        if sound is not None:
            self._varying.move_to_end(key)
        return sound

    def _remember(self, key: str, sound: bytes) -> None:
        self._varying[key] = sound
        self._varying_bytes += len(sound)
        while self._varying_bytes > MEMORY_BYTES:
            _key, oldest = self._varying.popitem(last=False)
            self._varying_bytes -= len(oldest)

    def _fetch(self, key: str, clause: Clause) -> "Deferred[bytes]":
        """Read or render a clause once, however many callers wait for it."""
        waiting: Deferred[bytes] = Deferred()
        if key in self._coming:
            self._coming[key].append(waiting)
            return waiting
        self._coming[key] = [waiting]

        def render(sound: bytes | None) -> "bytes | Deferred[bytes | None]":
            if sound is not None:
                return sound
            self.rendered += 1
            asked = self._voice.render(clause)
            return asked.addCallback(lambda made: self._in_thread(self._store.read, made))

        def arrived(sound: bytes | None) -> None:
            if sound is not None and key not in self._varying:
                self._remember(key, sound)
            if sound is None:
                self.missing += 1
            for one in self._coming.pop(key):
                one.callback(sound or b"")

        def failed(failure: Failure) -> None:
            tempo = "" if clause.tempo == USUAL_TEMPO else f" at {clause.tempo} % of its speed"
            # Not what it says: an account, an amount or a ticket may stand in it.
            log.error("No voice could say clause %s%s: %s", key, tempo, failure.getErrorMessage())
            arrived(None)

        reading: Deferred[Any] = self._in_thread(self._store.read, key)
        reading.addCallback(render).addCallbacks(arrived, failed)
        return waiting
