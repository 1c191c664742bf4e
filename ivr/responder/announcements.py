"""Emergency announcements as new calls hear them: looked for twice a second, kept in memory.

Looking takes one small question to the database, apart from what is published: an announcement
must not wait behind a flow that is being read. While the database is away, what was seen last
goes on to its end by the clock. Sound comes first: the desk had it made when the words were
heard there; what is missing is made at once, before whatever is made ahead, and a language of an
announcement is said from the moment all of it is there. So a voice that fails costs callers the
announcement and not their call; it is tried again until the announcement ends.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from call_flows.announced import Announced, announced
from ivr.records.tables import Announcement, Manner
from ivr.responder.content import Snapshot
from ivr.responder.database import Records
from ivr.responder.speech import Speech
from ivr.responder.ticker import Deadlines
from ivr.services import announcements
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose
from prompts.errors import PromptError

LOOK_EVERY_S = 0.5
AGAIN_S = 5.0
"""A voice could not say it: asked for again after this time."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """One announcement, out of the database. `words` are by language; or `prompt` is said."""

    id: int
    revision: int
    words: Mapping[str, str]
    prompt: str
    flow: str
    person_only: bool
    ends_at: datetime

    @classmethod
    def of(cls, row: Announcement) -> "Heard":
        """The row, as memory keeps it."""
        words = {"zh-CN": row.words_zh, "en": row.words_en}
        return cls(
            row.id,
            row.revision,
            {language: text for language, text in words.items() if text},
            row.prompt,
            row.flow,
            row.manner is Manner.PERSON_ONLY,
            row.ends_at,
        )

    @property
    def said(self) -> str:
        """The prompt that is said: the one that was chosen, or one of its own."""
        return self.prompt or f"announcement.{self.id}"

    def in_catalogue(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with the words of this announcement."""
        texts = {(self.said, language): text for language, text in self.words.items()}
        return catalogue.with_overrides(texts) if texts else catalogue

    def clauses(self, catalogue: Catalogue) -> dict[str, tuple[Clause, ...]]:
        """Its clauses in each language it can be said in."""
        whole = self.in_catalogue(catalogue)
        if self.said not in whole:
            return {}
        prompt = whole.prompt(self.said)
        languages = dict.fromkeys((*prompt.texts, *prompt.recordings))
        return {language: tuple(compose(whole, self.said, language, {})) for language in languages}


def read(session: Session, now: datetime) -> list[Heard]:
    """What is in force, as the responder keeps it."""
    return [Heard.of(row) for row in announcements.in_force(session, now)]


class Announcements:
    """What new calls hear before anything else. `changed` is told of every change."""

    def __init__(
        self,
        records: Records,
        deadlines: Deadlines,
        speech: Speech,
        newest: Callable[[], Snapshot],
        clock: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._records = records
        self._deadlines = deadlines
        self._speech = speech
        self._newest = newest
        self._clock = clock
        self._changed = changed
        self._known: Sequence[Heard] = ()
        self._ready: dict[int, set[str]] = {}
        self._making: set[tuple[int, str]] = set()

    # --- life
    def begin_with(self, found: Sequence[Heard]) -> None:
        """What was in force when the line was started: read by whoever may wait for the disk."""
        for one in found:
            missing = self._missing(one)
            self._ready[one.id] = {language for language, gone in missing.items() if not gone}
        self._known = found

    def start(self) -> None:
        """Begin to look; what could not be said at the start is asked for."""
        for one in self._known:
            self._complete(one, self._clauses(one))
        self._look()

    # --- what calls ask
    def before(self, snapshot: Snapshot, flow: str) -> tuple[Snapshot, str]:
        """What a call is to have for its contents, and the flow it begins in.

        Whatever goes wrong here, the call goes on as if nothing were announced.
        """
        now = self._clock()
        heard = [
            (one, self._ready.get(one.id, set()))
            for one in self._known
            if one.flow in ("", flow) and now < one.ends_at
        ]
        heard = [(one, ready) for one, ready in heard if ready]
        if not heard:
            return snapshot, flow
        try:
            catalogue = snapshot.catalogue
            for one, _ready in heard:
                catalogue = one.in_catalogue(catalogue)
            first = Announced(
                [(one.said, tuple(ready)) for one, ready in heard],
                any(one.person_only for one, _ready in heard),
            )
            flows, begin_in = announced(snapshot.flows, flow, first)
            return replace(snapshot, flows=flows, catalogue=catalogue), begin_in
        except Exception:  # noqa: BLE001 - an announcement must not cost anybody their call
            log.error("An announcement cannot be said: %s", Failure().getTraceback())
            return snapshot, flow

    def said(self) -> dict[str, list[str]]:
        """The announcements that new calls hear now, each with the languages it is said in."""
        now = self._clock()
        return {
            str(one.id): sorted(self._ready[one.id])
            for one in self._known
            if now < one.ends_at and self._ready.get(one.id)
        }

    # --- looking
    def _look(self) -> None:
        looking: Deferred[Any] = self._records.read(self._newer)
        looking.addCallbacks(self._take, self._failed)
        looking.addBoth(self._look_again)

    def _look_again(self, _result: Any) -> None:
        self._deadlines.at(self._deadlines.now + LOOK_EVERY_S, self._look)

    def _newer(self, session: Session) -> "list[tuple[Heard, dict[str, list[Clause]]]] | None":
        """Off the reactor thread: what is in force now, and what of it is not in memory yet."""
        found = read(session, self._clock())
        if [(one.id, one.revision) for one in found] == [
            (one.id, one.revision) for one in self._known
        ]:
            return None
        return [(one, self._missing(one)) for one in found]

    def _missing(self, one: Heard) -> dict[str, list[Clause]]:
        """What of each language is not in memory; what the store has is read into it."""
        return {
            language: self._speech.read(clauses) for language, clauses in self._clauses(one).items()
        }

    def _clauses(self, one: Heard) -> dict[str, tuple[Clause, ...]]:
        try:
            return one.clauses(self._newest().catalogue)
        except PromptError as error:
            log.error("An announcement cannot be said: %s", error)
            return {}

    def _take(self, found: "list[tuple[Heard, dict[str, list[Clause]]]] | None") -> None:
        if found is None:
            return
        self._known = [one for one, _missing in found]
        log.info("Announcements in force: %s", [one.id for one in self._known] or "none")
        self._ready = {
            one.id: {language for language, gone in missing.items() if not gone}
            for one, missing in found
        }
        for one, missing in found:
            self._complete(one, missing)
        self._changed()

    def _failed(self, failure: Failure) -> None:
        log.warning("No look for announcements: %s", failure.getErrorMessage())

    # --- sound
    def _complete(self, one: Heard, wanted: Mapping[str, Sequence[Clause]]) -> None:
        """Have what is missing made now."""
        for language, clauses in wanted.items():
            if clauses and language not in self._ready.get(one.id, ()):
                self._make(one, language, clauses)

    def _make(self, one: Heard, language: str, clauses: Sequence[Clause]) -> None:
        making = (one.id, language)
        if making in self._making:
            return
        self._making.add(making)

        def made(complete: bool) -> None:
            self._making.discard(making)
            if not any(known.id == one.id for known in self._known):
                return
            if complete:
                self._ready.setdefault(one.id, set()).add(language)
                self._changed()
            elif self._clock() < one.ends_at:
                log.error("The announcement %s cannot be said in %s yet", one.id, language)
                again = self._deadlines.now + AGAIN_S
                self._deadlines.at(again, lambda: self._make(one, language, clauses))

        self._speech.have_now(clauses).addCallback(made)
