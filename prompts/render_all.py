"""Render the whole catalogue ahead of the first call.

All clauses that do not depend on a value, and those that depend on a small count or on
phrases that the catalogue names as a slot's values (`您的电力账单`). What is in the store
is skipped, so an interrupted run goes on where it stopped; several processes share the
work.
"""

from __future__ import annotations

import multiprocessing
import signal
import time as timer
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from prompts.catalogue import PHRASE, Catalogue, Prompt
from prompts.clause import Clause
from prompts.compose import compose
from prompts.digit_by_digit import digits_ahead
from prompts.errors import PromptError
from prompts.renderer import AHEAD, Renderer
from prompts.slots import SlotType, Value
from prompts.store import ClauseStore

Progress = Callable[[int, int, str], None]

_CHINA = timezone(timedelta(hours=8))
# Two values of each type that share no word: what is said the same for both is fixed.
_SAMPLES: dict[SlotType, tuple[Value, Value]] = {
    SlotType.MONEY: (Decimal("128.50"), Decimal("36.07")),
    SlotType.DATE: (date(2026, 12, 1), date(2031, 7, 24)),
    SlotType.TIME: (time(18, 30), time(9, 5)),
    SlotType.DATETIME: (
        datetime(2026, 12, 1, 18, 30, tzinfo=_CHINA),
        datetime(2031, 7, 24, 9, 5, tzinfo=_CHINA),
    ),
    SlotType.WEEKDAY: (date(2026, 12, 1), date(2031, 7, 24)),
    SlotType.DURATION: ("2h30m", "45m"),
    SlotType.DIGITS: ("3456", "7890"),
    SlotType.PHONE: ("3456", "7890"),
    SlotType.COUNT: (11, 24),
    SlotType.NUMBER: (11, 24),
    SlotType.PERCENT: (11, 24),
    SlotType.ORDINAL: (11, 24),
    SlotType.LETTERS: ("AB", "XY"),
    SlotType.TEXT: ("甲", "乙"),
}
_COUNTS = range(7)


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a run did; `faults` has one line for each clause that no voice could say."""

    total: int
    rendered: int
    skipped: int
    faults: tuple[str, ...]
    seconds: float


def render_all(
    catalogue: Catalogue,
    store: ClauseStore,
    renderer: Renderer,
    progress: Progress = lambda done, total, text: None,
    *,
    workers: int = 1,
) -> RenderReport:
    """Have every foreseeable clause in the store; `progress(done, total, text)` after each.

    With `workers` above 1 and a renderer made by `default_renderer`, that many processes
    render. KeyboardInterrupt goes through, once the workers have been told to stop.
    """
    started = timer.monotonic()
    store.sweep()
    clauses = foreseeable(catalogue)
    missing = [clause for clause in clauses if not _there(renderer, clause)]
    done = len(clauses) - len(missing)
    progress(done, len(clauses), "")
    faults: list[str] = []
    for clause, fault in _rendered(missing, renderer, workers):
        done += 1
        if fault:
            faults.append(fault)
        progress(done, len(clauses), clause.text)
    return RenderReport(
        len(clauses),
        len(missing) - len(faults),
        len(clauses) - len(missing),
        tuple(faults),
        timer.monotonic() - started,
    )


def foreseeable(catalogue: Catalogue) -> list[Clause]:
    """The clauses that can be known ahead, each once, grouped by language."""
    found: dict[tuple[str, str, str], Clause] = {}
    # First: without them, and without a voice, nobody would hear the number of a ticket.
    for clause in _digits(catalogue):
        found[clause.language, clause.text, ""] = clause
    for prompt in catalogue:
        ways = [(language, "") for language in {**prompt.texts, **prompt.recordings}]
        for language, variant in (*ways, *prompt.variants):
            for clause in clauses_of(catalogue, prompt, language, variant):
                found.setdefault((clause.language, clause.text, str(clause.recorded)), clause)
    return sorted(found.values(), key=lambda clause: clause.language, reverse=True)


def _digits(catalogue: Catalogue) -> Iterator[Clause]:
    """The digits of each language in which a number is read out."""
    kinds = (SlotType.DIGITS, SlotType.PHONE)
    for language in catalogue.languages:
        if any(
            language in prompt.texts and kind in kinds
            for prompt in catalogue
            for kind in prompt.slots.values()
        ):
            yield from digits_ahead(language, catalogue.manner)


def clauses_of(
    catalogue: Catalogue, prompt: Prompt, language: str, variant: str
) -> Iterator[Clause]:
    """Yield the clauses of one prompt that can be known ahead; of a phrase, none."""
    if prompt.id.startswith(PHRASE):
        return
    if not prompt.slots:
        yield from compose(catalogue, prompt.id, language, {}, variant)
        return
    for known in _known(catalogue, prompt):
        first, second = (
            compose(catalogue, prompt.id, language, {**_samples(catalogue, prompt, at), **known})
            for at in (0, 1)
        )
        spoken = {clause.text for clause in second}
        yield from (clause for clause in first if clause.text in spoken)


def _samples(catalogue: Catalogue, prompt: Prompt, at: int) -> dict[str, Value]:
    phrases = [other.id for other in catalogue if other.id.startswith(PHRASE)]
    return {
        name: phrases[-at].removeprefix(PHRASE) if kind is SlotType.PHRASE else _SAMPLES[kind][at]
        for name, kind in prompt.slots.items()
    }


def _known(catalogue: Catalogue, prompt: Prompt) -> Iterator[dict[str, Value]]:
    """The values that can be foreseen: small counts of one slot, and the phrases named.

    One slot at a time goes through its phrases, because no clause of the line holds two;
    the others keep their samples.
    """
    counts = [name for name, kind in prompt.slots.items() if kind is SlotType.COUNT]
    yield {}
    if len(counts) == 1:
        for count in _COUNTS:
            yield {counts[0]: count}
    for name, values in prompt.phrases.items():
        if prompt.slots.get(name) is SlotType.PHRASE:
            for value in values:
                if PHRASE + value in catalogue:
                    yield {name: value}


def _there(renderer: Renderer, clause: Clause) -> bool:
    key = renderer.expected_key(clause)
    return key is not None and key in renderer.store


def _rendered(
    clauses: list[Clause], renderer: Renderer, workers: int
) -> Iterator[tuple[Clause, str]]:
    if workers <= 1 or renderer.recipe is None or len(clauses) < 4 * workers:
        for clause in clauses:
            yield clause, _render(renderer, clause)
        return
    # Spawned, not forked: the models' thread pools do not survive a fork.
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (renderer.recipe,)
    )
    try:
        pending = {pool.submit(_render_in_worker, clause): clause for clause in clauses}
        for future in as_completed(pending):
            yield pending[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _render(renderer: Renderer, clause: Clause) -> str:
    try:
        renderer.render_key(clause, AHEAD)
    except PromptError as error:
        return str(error)
    return ""


_worker: Renderer | None = None


def _start_worker(recipe: Callable[[], Renderer]) -> None:
    global _worker
    # Ctrl-C reaches the whole group; the parent decides, the clause at hand is finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = recipe()


def _render_in_worker(clause: Clause) -> str:
    assert _worker is not None, "the pool starts each worker with its renderer"  # noqa: S101
    return _render(_worker, clause)
