"""The flows that load tests dial: `listen`, `ivr` and `cps`, only with IVR_BENCH_FLOWS=1.

Their prompts are tones of the very lengths that `bench/` expects, so that a
run costs what real prompts of that length cost and needs no voice.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ivr
from call_flows import read_folder
from ivr.media.tones import silence, tone
from ivr.responder.content import Source
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose

FOLDER = Path(ivr.__file__).parent.parent / "bench"
SECONDS = {"bench_8s": 8, "bench_6s": 6, "bench_4s": 4, "bench_2s": 2}
SILENCE_MS = 20


def with_bench_flows(source: Source) -> Source:
    """Add the flows, their prompts and their numbers. Raises FlowError, CatalogueError."""
    flows = read_folder(FOLDER / "flows")
    texts = {
        (prompt.id, language): text
        for prompt in Catalogue.load_folder(FOLDER / "text")
        for language, text in prompt.texts.items()
    }
    return replace(
        source,
        flows={**source.flows, **flows},
        catalogue=source.catalogue.with_overrides(texts),
        numbers={name: name for name in flows},
    )


def sounds(catalogue: Catalogue) -> Iterator[tuple[Clause, bytes]]:
    """The sound of each prompt of the load tests, of its very length."""
    for language in catalogue.languages:
        for prompt, seconds in SECONDS.items():
            (clause,) = compose(catalogue, prompt, language, {})
            yield clause, tone(440.0, 660.0, ms=1000 * seconds - clause.pause_after_ms, dbov=-26.0)
        (clause,) = compose(catalogue, "bench_silence", language, {})
        yield clause, silence(SILENCE_MS)
