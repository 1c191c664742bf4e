"""The English voice's dictionaries, packed: 184,000 words and the weights of its tagger.

hibari reads them from JSON into dictionaries of Python, 90 MB for the voice process. A
child reads them (`aside`), and the voice looks them up in blocks of bytes, 12 MB. Its
grammar (`hibari.g2p`) is used as it is: only where its parts look words up changes. The
attributes set here are those of the pinned version; a test compares what it reads with
what hibari reads by itself.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

from prompts.engines.aside import made_aside, read_blocks, write_blocks
from prompts.engines.packed_words import PackedWords, pack


def grammar() -> Any:
    """A `hibari.g2p.G2P` of American English over packed dictionaries."""
    g2p: Any = importlib.import_module("hibari.g2p")
    gold, silver, tags, weights, rest = read_blocks(made_aside(__name__))
    small = json.loads(rest)
    tagger = g2p.Tagger({"tagdict": {}, "tags": small["tags"], "weights": {}})
    tagger.vocab = frozenset(small["vocab"])
    tagger.tagdict = PackedWords(tags)
    tagger.weights = PackedWords(weights, json.loads)
    made = g2p.G2P.__new__(g2p.G2P)
    made.lexicon = g2p.Lexicon(PackedWords(gold, _sounds), PackedWords(silver, _sounds))
    made.tokenizer = g2p.Tokenizer(small["tokenizer"])
    made.tagger = tagger
    made._oov = None  # loaded at the first unknown word, as by itself
    made.unk = ""
    made.british = False
    return made


def _sounds(value: str) -> Any:
    """One reading, or several by part of speech."""
    return json.loads(value) if value.startswith("{") else value


def main() -> None:
    """Read hibari's dictionaries and write them packed; it is not imported, which takes longer."""
    spec = importlib.util.find_spec("hibari")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("hibari")
    folder = Path(spec.submodule_search_locations[0]) / "assets"

    def read(name: str) -> Any:
        raw = (folder / name).read_bytes()
        return json.loads(gzip.decompress(raw) if name.endswith(".gz") else raw)

    tagger = read("tagger.json.gz")
    blocks = [
        pack(
            {word: _written(sounds) for word, sounds in read(f"lexicon_us_{part}.json.gz").items()}
        )
        for part in ("gold", "silver")
    ]
    small = {
        "tags": tagger["tags"],
        "vocab": tagger["vocab"],
        "tokenizer": read("tokenizer_exceptions.json"),
    }
    weights = {feature: _written(scores) for feature, scores in tagger["weights"].items()}
    write_blocks([*blocks, pack(tagger["tagdict"]), pack(weights), json.dumps(small).encode()])


def _written(value: Any) -> str:
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value if isinstance(value, str) and not value.startswith("{") else packed
