"""The short part of the fuzzing: what was kept, and mutations that are the same in every run.

`python -m tests.fuzz TARGET` does it for longer; see there.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from tests.fuzz import reach
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import CORPUS, MODULES, Target, corpus, find
from tests.fuzz.watch import Hang, Watch

MOST_CORPUS_BYTES = 1 << 20
# One target holds the test run up no longer than this, however slow the machine.
MOST_S = 1.5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_nothing_but_our_own_refusals_comes_of_any_input(name: str) -> None:
    # Beside other tests on a full machine everything takes longer; `make fuzz` judges time.
    target = replace(find(name), slow_ms=500.0)
    kept, seeds = corpus(name), list(target.seeds())
    mutator = Mutator(20261122, target.words, [*seeds, *kept])
    watch = Watch(target)
    began = time.thread_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in kept:
            watch.run(data)
        mutated = (
            mutator.mutate(mutator.random.choice(mutator.others), target.max_bytes)
            for _ in range(target.tried_in_tests)
        )
        for data in chain(seeds, mutated):
            if time.thread_time() - began > MOST_S:
                break
            watch.run(data)
    assert watch.found == {}
    assert watch.runs > watch.refused, "no input at all is taken: the seeds are no good"


def test_the_corpus_is_small() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_CORPUS_BYTES
    assert {path.parent.name for path in files} <= set(MODULES)


def parser(data: bytes) -> None:
    """A parser with every fault that is looked for."""
    if data == b"raise":
        raise KeyError(data)
    if data == b"refuse":
        raise ValueError(data)
    if data == b"hang":
        raise Hang
    if data == b"slow":
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
    if data == b"grow":
        GROWN.append([object() for _ in range(1000)])


GROWN: list[list[object]] = []
TOY = Target("toy", parser, (ValueError,), lambda: [b"x"], slow_ms=5)


@pytest.mark.parametrize(
    ("data", "found"), [(b"raise", "KeyError"), (b"hang", "hang"), (b"slow", "slow")]
)
def test_a_fault_is_found_and_its_input_kept(data: bytes, found: str, tmp_path: Path) -> None:
    watch = Watch(TOY, tmp_path)
    for one in (b"x", data, b"refuse"):
        watch.run(one)
    assert [what.split("-")[0] for what in watch.found] == [found]
    assert (watch.runs, watch.refused) == (3, 1)
    (kept,) = (path for path in tmp_path.iterdir() if path.suffix != ".txt")
    assert kept.read_bytes() == data


def test_memory_that_grows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.watch.WARM_RUNS", 5)
    watch = Watch(TOY)
    for _ in range(100):
        watch.run(b"grow")
    watch.check_memory()
    GROWN.clear()
    assert list(watch.found) == ["memory"]


def test_mutations_are_the_same_for_the_same_seed_and_never_too_long() -> None:
    one, two, other = Mutator(7, (b"w",)), Mutator(7, (b"w",)), Mutator(8, (b"w",))
    first = [one.mutate(b"a line\r\n1 2 3\r\n" * 5, 300) for _ in range(300)]
    assert first == [two.mutate(b"a line\r\n1 2 3\r\n" * 5, 300) for _ in range(300)]
    assert first != [other.mutate(b"a line\r\n1 2 3\r\n" * 5, 300) for _ in range(300)]
    assert max(map(len, first)) <= 300
    assert len(set(first)) > 250


def test_the_smallest_set_reaches_what_all_inputs_reach() -> None:
    target = find("telephone_event")
    seeds = list(target.seeds())
    chosen = reach.smallest(target, [*seeds, *seeds, seeds[0] + b"\0"], 10_000)
    assert len(chosen) < 2 * len(seeds)
    every = frozenset().union(*(reach.reached(target, one) for one in seeds))
    assert every <= frozenset().union(*(reach.reached(target, one) for one in chosen))
