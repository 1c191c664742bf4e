"""`ivr check` and `ivr simulate`: the line without a telephone.

A simulated call looks things up in the sample town, made anew for it, or with
`live` in the line's own database; whatever it changes there (tries of a query
code) is rolled back. In the recording room (`studio`) a simulated take has no sound:
it is taken for good, and kept nowhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from call_flows import CallFacts, FlowSet, Issue, PromptFact, check, load_folder
from call_flows.simulator import simulate
from ivr.records import Database, migrate
from ivr.records.tables import Role, Staff, StudioCode
from ivr.responder.studio import words_of
from ivr.services import lookups, query_codes, sample_town, schedules
from ivr.services.studio import TAKE, Visit
from ivr.services.studio_codes import SELECTOR_DIGITS
from ivr.settings import Settings
from ivr.speaking import published
from prompts.catalogue import Catalogue, Problem
from prompts.compose import compose


@dataclass(frozen=True, slots=True)
class Findings:
    """What `ivr check` reports: issues of flows, errors first, and problems of prompts."""

    issues: tuple[Issue, ...]
    problems: tuple[Problem, ...]
    flows: int
    prompts: int

    @property
    def failed(self) -> bool:
        """Whether a caller would run into something."""
        return any(issue.severity == "error" for issue in self.issues)


def check_line(settings: Settings, folder: Path | None) -> Findings:
    """Check the published flows, or those of `folder`; FlowError where they cannot be loaded."""
    snapshot = published(settings)
    flows = load_folder(folder) if folder is not None else snapshot.flows
    catalogue = snapshot.catalogue
    facts = prompt_facts(settings, catalogue)
    return Findings(
        tuple(
            check(
                flows,
                facts,
                variants=snapshot.variants,
                # None: no database yet, so nobody knows which there are.
                schedules=snapshot.timetable.schedules or None,
            )
        ),
        tuple(catalogue.problems()),
        len(flows.flows),
        len(catalogue),
    )


def prompt_facts(settings: Settings, catalogue: Catalogue) -> dict[str, PromptFact]:
    """What the checks of flows need to know of each prompt."""
    spoken = {language for language in catalogue.languages if settings.voice_of(language)}
    return {
        prompt.id: PromptFact(
            languages=frozenset(prompt.texts) | frozenset(prompt.recordings),
            slots={name: str(kind.value) for name, kind in prompt.slots.items()},
            audio=frozenset(prompt.recordings) | (frozenset(prompt.texts) & spoken),
        )
        for prompt in catalogue
    }


def simulate_call(
    settings: Settings,
    *,
    keys: str | None,
    folder: Path | None,
    flow: str,
    caller: str,
    live: bool,
    out: Callable[[str], None],
    at: datetime | None = None,
) -> None:
    """Hold one call in the terminal, at a time of day (now); `keys` None asks for them."""
    moment = at or datetime.now(UTC)
    snapshot = published(settings)
    flows: FlowSet = load_folder(folder) if folder is not None else snapshot.flows

    def say(prompt: str, slots: Mapping[str, Any], language: str) -> str:
        return spoken_text(snapshot.catalogue, prompt, slots, language)

    with _line_database(settings) if live else _town(settings) as transaction:
        visit = Visit(caller, lambda: words_of(snapshot.catalogue))
        if flow == STUDIO and not live:
            with transaction() as session:
                _give_code(session)
            out(f"    # recording code 录音码: {SIMULATED_CODE}")

        with transaction() as session:
            timetable = schedules.timetable(session, settings.timezone)

        def ask(service: str, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
            if service in _PRETENDED and visit.code is not None:
                return _PRETENDED[service]
            with transaction() as session:
                found = lookups.run(session, service, dict(arguments), moment, visit=visit)
                return found.name, found.values

        simulate(
            flows,
            say=say,
            lookups=ask,
            keys=keys,
            out=out,
            flow=flow,
            call=CallFacts(caller, "line"),
            hours=lambda schedule: timetable.standing(schedule, moment),
        )


STUDIO = "studio"
_PRETENDED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "studio.check": ("good", {"sound": TAKE}),
    "studio.keep": ("kept", {}),
}


SIMULATED_CODE = "1234567890"
"""Opens the recording room of the simulated town, which is gone with the call."""


def _give_code(session: Session) -> None:
    now = datetime.now(UTC)
    clerk = Staff(username="clerk", password_hash="", role=Role.EDITOR, created_at=now)
    session.add(clerk)
    session.flush()
    selector, secret = SIMULATED_CODE[:SELECTOR_DIGITS], SIMULATED_CODE[SELECTOR_DIGITS:]
    hashed = query_codes.hash_code(secret)
    session.add(
        StudioCode(staff_id=clerk.id, selector=selector, secret_hash=hashed, created_at=now)
    )


def spoken_text(catalogue: Catalogue, prompt: str, slots: Mapping[str, Any], language: str) -> str:
    """What would be said, as text, numbers in words."""
    joint = "" if language == "zh-CN" else " "
    return joint.join(clause.text for clause in compose(catalogue, prompt, language, slots))


_Transaction = Callable[[], Any]


@contextmanager
def _town(settings: Settings) -> Iterator[_Transaction]:
    with tempfile.TemporaryDirectory(prefix="ivr-simulate-") as folder:
        url = f"sqlite:///{folder}/town.db"
        migrate(url)
        database = Database(url)
        with database.begin() as session:
            sample_town.load(session, datetime.now(UTC), zone=settings.timezone)
        try:
            yield database.begin
        finally:
            database.close()


class _RolledBack(Exception):  # noqa: N818 - never leaves this module
    """Ends a transaction without keeping it."""


@contextmanager
def _line_database(settings: Settings) -> Iterator[_Transaction]:
    database = Database(settings.database_url)

    @contextmanager
    def transaction() -> Iterator[Session]:
        try:
            with database.begin() as session:
                yield session
                raise _RolledBack
        except _RolledBack:
            pass

    try:
        yield transaction
    finally:
        database.close()
