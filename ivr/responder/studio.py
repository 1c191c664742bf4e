"""The studio of one call: its take's files, from the first sample to the prompt in use.

A take is no record: it lies in a folder of its own call, no row and no page tells of it, and
the folder goes when the call ends, however it ends. The voice process looks at it and makes
what callers would hear; only what is kept moves to the prompts' folder, and only then a row
names it. What another process does may take seconds, so it is waited for in threads in which
no caller's sound stands behind it.
"""

import logging
import shutil
import uuid
import wave
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred, gatherResults, succeed

from call_flows.instructions import Lookup, LookupResult, Say
from ivr.responder.content import Snapshot
from ivr.responder.database import Records
from ivr.responder.playback import Audio
from ivr.responder.replay import read_wav
from ivr.responder.speech import Speech
from ivr.services import lookups, studio
from ivr.services.studio import Examined, Visit, Words
from ivr.settings import Settings
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.errors import AudioError
from prompts.store import ClauseStore
from prompts.voice_client import VoiceClient

FOLDER = "studio"
"""Within the state folder: a folder for each call that records a prompt."""
RAW = "studio:raw"
"""What a flow replays to hear the take as it came."""
PATIENCE_S = 28.0
"""For the voice process: shorter than the flow's, so that the answer is still heard. A take of
three minutes is 2 s of work, and took 12 s where four times more was to do than could be done."""
TONE_S = 0.25
"""How much of a take may be the tone of the key that ended it, where keys come as sound."""
SERVICES = "studio."
REFERENCES = "studio:"

log = logging.getLogger(__name__)


class House(Protocol):
    """What a studio needs of the line."""

    settings: Settings
    records: Records
    speech: Speech

    @property
    def newest(self) -> Snapshot:
        """What new callers get."""

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        """Run something that blocks for a moment, off the reactor thread."""

    def at_leisure(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        """Run something that may take seconds, off the reactor thread."""


class Studio:
    """What one call records. `now` is the wall clock."""

    def __init__(self, house: House, caller: str, now: Callable[[], datetime]) -> None:
        self._house = house
        self._now = now
        self._folder = house.settings.state_dir / FOLDER / uuid.uuid4().hex
        self._raw: Path | None = None
        # Moved to the prompts, with its language, while no answer told whether it is kept.
        self._placed: list[tuple[Examined, str]] = []
        self._under_way = 0
        self._closed = False
        self.ended_by_tone = False
        """Whether the key that ended the take came as a tone, which is then part of it."""
        self.visit = Visit(caller, lambda: words_of(house.newest.catalogue))

    # --- the take
    def begin(self) -> "Deferred[tuple[str, Path]]":
        """A file for a new take; fires with what the flow calls it, and where to write."""
        path = self._folder / f"take-{uuid.uuid4().hex}.wav"
        self._raw, self.ended_by_tone = path, False
        made = self._house.at_leisure(self._make_room, path)
        return self._until_done(made).addCallback(lambda _done: (RAW, path))

    def audio(
        self, reference: str, language: str, *, slow: bool
    ) -> "list[Audio | Deferred[Audio]]":
        """The sound of a reference: the prompt as it is heard now, or the take."""
        if reference == studio.HEARD_NOW:
            say = Say(self.visit.prompt, {}, self.visit.language, self.visit.variant)
            return self._house.speech.say(self._house.newest.catalogue, say, language, slow=slow)
        if reference == RAW and self._raw is not None:
            return [self._house.in_thread(read_wav, self._raw).addErrback(_unheard)]
        examined = self.visit.examined
        if reference == studio.TAKE and examined is not None and not examined.fault:
            key = _key(self.visit.language, Path(examined.path))
            reading = self._house.in_thread(self._store.read, key)
            return [reading.addCallback(_as_audio).addErrback(_unheard)]
        log.error("The studio has no sound for %s", reference)
        return []

    # --- services
    def look_up(self, lookup: Lookup, language: str) -> "Deferred[LookupResult]":
        """Answer a lookup of the studio.

        Who gives up waiting for work on files does not stop it: it must not be left half done.
        """

        def ask(_done: object = None) -> "Deferred[LookupResult]":
            return self._house.records.look_up(lambda session: self._run(session, lookup, language))

        work = _WORK.get(lookup.service)
        if work is None:
            return ask()
        asked = self._house.at_leisure(work, self).addCallback(ask)
        if lookup.service == "studio.keep":
            asked.addCallback(self._settle)
        answer: Deferred[LookupResult] = Deferred()
        self._until_done(asked).chainDeferred(answer)
        return answer

    def close(self) -> None:
        """The call is over: what was not kept is removed, now or when what is under way is done."""
        self._closed = True
        if self._under_way or self._raw is None:
            return
        self._raw = None
        self._house.at_leisure(self._clear).addErrback(_not_removed)
        for examined, language in self._placed:
            # Kept or not, the database did not say: then it is asked again.
            published = self._house.records.look_up(partial(_is_published, examined.path))
            published.addCallback(self._take_back, examined, language).addErrback(_not_removed)

    def _run(self, session: Session, lookup: Lookup, language: str) -> LookupResult:
        given = {**lookup.arguments, "language": language}
        outcome = lookups.run(session, lookup.service, given, self._now(), visit=self.visit)
        return LookupResult(outcome.name, outcome.values)

    def _settle(self, result: LookupResult) -> "LookupResult | Deferred[LookupResult]":
        """Keeping was answered: the file stays, or goes."""
        placed, self._placed = self._placed, []
        if result.outcome == "kept":
            return result
        self.visit.examined = None
        removed = [self._take_back(False, examined, language) for examined, language in placed]
        return gatherResults(removed).addCallback(lambda _done: result)

    def _take_back(self, published: bool, examined: Examined, language: str) -> "Deferred[None]":
        if published:
            return succeed(None)
        path = self._house.settings.state_dir / examined.path
        return self._house.at_leisure(_remove, path, language, self._store)

    def _until_done(self, work: "Deferred[Any]") -> "Deferred[Any]":
        """The same; a call that ends meanwhile is cleared up after it."""
        self._under_way += 1

        def done(result: Any) -> Any:
            self._under_way -= 1
            if self._closed:
                self.close()
            return result

        return work.addBoth(done)

    # --- in threads
    @property
    def _store(self) -> ClauseStore:
        return ClauseStore(self._house.settings.clauses_dir)

    def _make_room(self, path: Path) -> None:
        self._clear()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _examine(self) -> None:
        """Have the voice process look at the take; VoiceError where it cannot be asked."""
        visit, raw = self.visit, self._raw
        if raw is None or not visit.language or not raw.exists():
            return
        if self.ended_by_tone:
            _cut_tone(raw)
        settings = self._house.settings
        where = self._folder / visit.language
        try:
            with VoiceClient(settings.voice_socket, PATIENCE_S) as voice:
                take = voice.take(
                    raw, where, prompt=visit.prompt, language=visit.language, variant=visit.variant
                )
        except AudioError as error:
            log.info("A take for a prompt is refused: %s", error)
            visit.examined = Examined(error.fault)
        else:
            kept = settings.prompts_dir.relative_to(settings.state_dir) / take.path.name
            visit.examined = Examined("", kept.as_posix(), take.sha256, take.seconds)
        finally:
            raw.unlink(missing_ok=True)

    def _put_in_place(self) -> None:
        """Move the take to where its row will say that it is; it is taken back if no row comes."""
        examined = self.visit.examined
        if examined is None or examined.fault:
            return
        target = self._house.settings.state_dir / examined.path
        source = self._folder / self.visit.language / target.name
        if source.exists():
            self._placed.append((examined, self.visit.language))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)

    def _clear(self) -> None:
        """Remove the takes that were not moved to the prompts."""
        self.visit.examined = None
        remove_takes(self._folder, self._store)


_WORK: Mapping[str, Callable[[Studio], None]] = {
    "studio.check": Studio._examine,
    "studio.keep": Studio._put_in_place,
    "studio.drop": Studio._clear,
}
"""What is done with files before a service answers."""


def _is_published(path: str, session: Session) -> bool:
    return studio.is_published(session, path)


def _remove(path: Path, language: str, store: ClauseStore) -> None:
    path.unlink(missing_ok=True)
    store.remove(_key(language, path))


def words_of(catalogue: Catalogue) -> dict[str, Words]:
    """What the studio needs to know of each prompt."""
    return {prompt.id: Words(prompt.texts, not prompt.recordable) for prompt in catalogue}


def remove_takes(folder: Path, store: ClauseStore) -> None:
    """Remove the takes under a call's folder, and what was rendered of them."""
    for file in folder.glob("*/*.wav"):
        store.remove(_key(file.parent.name, file))
    shutil.rmtree(folder, ignore_errors=True)


def sweep(settings: Settings) -> None:
    """Remove what calls left that a crash ended; the line must not be answering."""
    for folder in (settings.state_dir / FOLDER).glob("*"):
        remove_takes(folder, ClauseStore(settings.clauses_dir))


def _key(language: str, file: Path) -> str:
    """The key under which the voice process renders a take, and the prompt is looked for."""
    return Clause("", language, 0, file).key("")


def _cut_tone(file: Path) -> None:
    """Take the last quarter of a second away."""
    with wave.open(str(file), "rb") as sound:
        form = sound.getparams()
        frames = sound.readframes(max(0, form.nframes - round(TONE_S * form.framerate)))
    with wave.open(str(file), "wb") as sound:
        sound.setparams(form)
        sound.writeframes(frames)


def _as_audio(sound: bytes | None) -> Audio:
    return (sound,) if sound else ()


def _unheard(failure: Any) -> Audio:
    log.error("A take cannot be played back: %s", failure.getErrorMessage())
    return ()


def _not_removed(failure: Any) -> None:
    log.error("A take could not be removed: %s", failure.getErrorMessage())
