"""Journeys of callers, all at once: what takes time on a telephone is waiting."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def all_at_once(
    journeys: Sequence[Callable[..., None]], *arguments: Any
) -> Iterator[dict[str, "Future[None]"]]:
    """Start every journey in a thread of its own; yields what will come of each, by its name."""
    with ThreadPoolExecutor(len(journeys)) as pool:
        yield {journey.__name__: pool.submit(journey, *arguments) for journey in journeys}
