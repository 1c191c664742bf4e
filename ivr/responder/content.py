"""What is published: flows, prompts and numbers, as one snapshot that a call keeps.

The desk publishes revisions into the database; once a second it is asked
whether there are newer ones, and if so a new snapshot is made, off the reactor
thread. A call takes the newest snapshot and keeps it to its end.
"""

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from call_flows import FlowError, FlowSet, load
from ivr.responder.database import Records
from ivr.responder.ticker import Deadlines
from ivr.services import (
    numbers,
    prompt_recordings,
    prompt_variants,
    pronunciations,
    revisions,
    schedules,
)
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.opening import Timetable
from prompts.catalogue import Catalogue
from prompts.errors import CatalogueError, PromptError
from prompts.lexicon import Pronunciations

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything published at one moment; `version` changes with any of it."""

    version: Hashable
    flows: FlowSet
    catalogue: Catalogue
    numbers: Mapping[str, str]
    revisions: Mapping[str, int]
    variants: Mapping[str, str] = field(default_factory=dict)
    """Each variant's language."""
    timetable: Timetable = field(default_factory=Timetable)
    """The town's schedules."""

    def flow_for(self, called: str) -> str:
        """Return the flow that a called number starts; numbers nobody entered get the main one."""
        flow = self.numbers.get(called, self.flows.main)
        return flow if flow in self.flows.flows else self.flows.main


@dataclass(frozen=True, slots=True)
class Source:
    """What comes with the program, over which revisions are laid."""

    flows: Mapping[str, str]
    catalogue: Catalogue
    numbers: Mapping[str, str]
    state_dir: Path
    zone: tzinfo = DEFAULT_ZONE

    def version(self, session: Session) -> Hashable:
        """Return a value that changes when anything is published; cheap to ask."""
        listed = tuple((row.called, row.flow) for row in numbers.all_numbers(session))
        return (
            revisions.stamp(session),
            pronunciations.stamp(session),
            schedules.stamp(session),
            listed,
        )

    def read(self, session: Session) -> Snapshot:
        """Make a snapshot. Raises FlowError, CatalogueError or PromptError."""
        version = self.version(session)
        newest = revisions.newest_flows(session)
        texts = {**self.flows, **{name: row.text for name, row in newest.items()}}
        flows = load(texts)
        catalogue = self.catalogue.with_overrides(
            {key: row.text for key, row in revisions.newest_prompts(session).items()}
        )
        words = Pronunciations.of(pronunciations.in_force(session))
        catalogue = catalogue.with_manner(replace(catalogue.manner, words=words))
        takes = prompt_recordings.heard(session, catalogue.text)
        catalogue = catalogue.with_recordings(
            {key: self.state_dir / row.path for key, row in takes.items() if key[0] in catalogue}
        )
        listed = {row.called: row.flow for row in numbers.all_numbers(session)}
        return Snapshot(
            version,
            flows,
            catalogue,
            {**flows.numbers, **listed, **self.numbers},
            {name: row.revision for name, row in newest.items()},
            {row.code: row.language for row in prompt_variants.all_variants(session)},
            schedules.timetable(session, self.zone),
        )


class Content:
    """Holds the newest snapshot and looks for a newer one, once a second."""

    def __init__(
        self,
        source: Source,
        snapshot: Snapshot,
        records: Records,
        deadlines: Deadlines,
        prepare: Callable[[Snapshot], None],
    ) -> None:
        self.newest = snapshot
        self._source = source
        self._records = records
        self._deadlines = deadlines
        self._prepare = prepare
        self._refused: Hashable = None

    def start(self) -> None:
        """Begin to look."""
        self._look()

    def _look(self) -> None:
        looking: Deferred[Any] = self._records.read(self._newer)
        looking.addCallbacks(self._take, self._failed)
        looking.addBoth(self._look_again)

    def _look_again(self, _result: Any) -> None:
        self._deadlines.at(self._deadlines.now + LOOK_EVERY_S, self._look)

    def _newer(self, session: Session) -> Snapshot | None:
        version = self._source.version(session)
        if version in (self.newest.version, self._refused):
            return None
        try:
            snapshot = self._source.read(session)
        except (FlowError, CatalogueError, PromptError) as error:
            self._refused = version
            log.error("What was published cannot be used; calls keep the former: %s", error)
            return None
        self._prepare(snapshot)
        return snapshot

    def _take(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            log.info("New content is published; new calls take it")
            self.newest = snapshot

    def _failed(self, failure: Failure) -> None:
        log.warning("No look for new content: %s", failure.getErrorMessage())
