"""Fuzz one target: `python -m tests.fuzz sip_message --runs 1000000 --seconds 600`.

By default inputs are led by coverage (atheris, Apache-2.0: `pip install -r
requirements-fuzz.txt`); `--plain` needs nothing, is faster for each input and finds less. The
corpus grows in `var/fuzz/TARGET/corpus`, findings lie in `var/fuzz/TARGET/found`, and a line is
added to `var/fuzz/tally.jsonl` at the end. The status is 1 where something was found.

`--minimise` puts the smallest set of inputs that reach what all reach into `tests/fuzz/corpus`;
`--replay FILE ...` runs inputs without any instrumentation and says what they do;
`--tally` sums up what was run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from tests.fuzz import reach
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import CORPUS, MODULES, Target, corpus, find
from tests.fuzz.watch import Watch

WORK = Path("var/fuzz")
ROOMS = ["ivr", "prompts", "call_flows", "admin_web"]
_SAID_EVERY_S = 30.0
_KEPT_PLAIN = 5000


def main() -> int:
    asked = _arguments()
    if asked.list:
        print("\n".join(MODULES))
        return 0
    if asked.tally:
        return _sum_up()
    if asked.replay:
        return _replay(find(asked.target), asked.replay)
    if asked.minimise:
        return _minimise(find(asked.target), asked.most_bytes)
    if asked.plain:
        return _plain(find(asked.target), asked)
    _led_by_coverage(asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=sorted(MODULES))
    parser.add_argument("--runs", type=int, default=10**12, help="inputs at most")
    parser.add_argument("--seconds", type=float, default=3600.0, help="seconds at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="random mutations, without atheris")
    parser.add_argument("--minimise", action="store_true")
    parser.add_argument("--most-bytes", type=int, default=40_000, help="of a minimised corpus")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--tally", action="store_true")
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.target is None and not (asked.tally or asked.list):
        parser.error("name a target: " + ", ".join(MODULES))
    return asked


class _Session:
    """One run of the fuzzer: until enough has been run, then the tally and the end."""

    def __init__(self, target: Target, asked: argparse.Namespace, engine: str) -> None:
        self.target = target
        self.engine = engine
        self.watch = Watch(target, WORK / target.name / "found")
        self._runs, self._until = asked.runs, time.monotonic() + asked.seconds
        self._began = self._said = time.monotonic()

    def over(self) -> bool:
        """Whether it is; says now and then how far it is."""
        watch = self.watch
        if watch.runs >= self._runs:
            return True
        if watch.runs % 64:
            return False
        now = time.monotonic()
        if now - self._said > _SAID_EVERY_S:
            self._said = now
            print(
                f"{self.target.name}: {watch.runs} inputs, {watch.refused} refused, slowest "
                f"{watch.slowest_ms:.1f} ms, {watch.grown_blocks():+d} blocks",
                flush=True,
            )
        return now >= self._until

    def end(self) -> int:
        """Write the tally; the status to end with."""
        watch = self.watch
        watch.check_memory()
        line = {
            "target": self.target.name,
            "engine": self.engine,
            "runs": watch.runs,
            "refused": watch.refused,
            "seconds": round(time.monotonic() - self._began),
            "slowest_ms": round(watch.slowest_ms, 1),
            "blocks": watch.grown_blocks(),
            "rss_mb": _rss_mb(),
            "found": sorted(watch.found),
        }
        WORK.mkdir(parents=True, exist_ok=True)
        with (WORK / "tally.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        self.target.close()
        return 1 if watch.found else 0


def _seeds(target: Target) -> list[bytes]:
    """All there is to begin with, each once."""
    folder = WORK / target.name / "corpus"
    grown = [path.read_bytes() for path in folder.iterdir()] if folder.is_dir() else []
    return list(dict.fromkeys([*target.seeds(), *corpus(target.name), *grown]))


def _plain(target: Target, asked: argparse.Namespace) -> int:
    session = _Session(target, asked, "plain")
    seeds = _seeds(target)
    mutator = Mutator(asked.seed, target.words, seeds)
    session.watch.look_for_hangs()
    for data in seeds:
        session.watch.run(data[: target.max_bytes])
    while not session.over():
        data = mutator.mutate(mutator.random.choice(seeds), target.max_bytes)
        session.watch.run(data)
        # A walk, not only steps around the seeds.
        if mutator.random.random() < 0.02:
            if len(seeds) < _KEPT_PLAIN:
                seeds.append(data)
            else:
                seeds[mutator.random.randrange(len(seeds))] = data
    return session.end()


def _led_by_coverage(asked: argparse.Namespace) -> NoReturn:
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is missing: pip install -r requirements-fuzz.txt (or use --plain)")
    with atheris.instrument_imports(include=ROOMS):
        target = find(asked.target)
    session = _Session(target, asked, "atheris")
    session.watch.look_for_hangs()
    folder = WORK / target.name / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for data in _seeds(target):
        (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    dictionary = WORK / target.name / "words"
    dictionary.write_text(_dictionary(target.words), encoding="ascii")
    mutator = Mutator(asked.seed, target.words, _seeds(target)[:500])

    def one(data: bytes) -> None:
        session.watch.run(data)
        if session.over():
            # libFuzzer would run on; the corpus is on the disk as it grew.
            status = session.end()
            sys.stdout.flush()
            os._exit(status)

    def change(data: bytes, most: int, seed: int) -> bytes:
        if seed % 3:
            mutator.random.seed(seed)
            return mutator.mutate(data, min(most, target.max_bytes)) or b"\n"
        return bytes(atheris.Mutate(data, most))

    options = [
        sys.argv[0],
        f"-max_len={target.max_bytes}",
        f"-seed={asked.seed}",
        f"-dict={dictionary}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-print_final_stats=0",
        "-verbosity=0",
        str(folder),
    ]
    options: list[Any] = [one_ for one_ in options if not one_.startswith("-dict") or target.words]
    atheris.Setup(options, one, custom_mutator=change)
    atheris.Fuzz()
    sys.exit(session.end())


def _dictionary(words: Iterable[bytes]) -> str:
    """As libFuzzer reads it: one quoted word a line."""
    lines = []
    for word in words:
        quoted = "".join(
            chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\x{c:02x}" for c in word
        )
        lines.append(f'"{quoted}"')
    return "\n".join(lines) + "\n"


def _replay(target: Target, files: list[Path]) -> int:
    watch = Watch(target)
    watch.look_for_hangs()
    for file in files:
        began = time.thread_time()
        before, refused = watch.times_found, watch.refused
        watch.run(file.read_bytes())
        spent = (time.thread_time() - began) * 1000
        said = "refused" if watch.refused > refused else "taken"
        if watch.times_found > before:
            said = "FAULT: " + ", ".join(watch.found)
        print(f"{file}: {said}, {spent:.1f} ms")
    target.close()
    return 1 if watch.found else 0


def _minimise(target: Target, most_bytes: int) -> int:
    chosen = reach.smallest(target, _seeds(target), most_bytes)
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {hashlib.sha1(one, usedforsecurity=False).hexdigest()[:16]: one for one in chosen}
    for path in folder.iterdir():
        # What was found once has a name of its own, and stays.
        if len(path.name) == 16 and path.name not in wanted:
            path.unlink()
    for name, data in wanted.items():
        (folder / name).write_bytes(data)
    print(f"{target.name}: {len(chosen)} inputs, {sum(map(len, chosen))} bytes")
    target.close()
    return 0


def _sum_up() -> int:
    totals: dict[str, dict[str, Any]] = {}
    lines = (WORK / "tally.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        total = totals.setdefault(
            row["target"], {"runs": 0, "atheris": 0, "seconds": 0, "slowest_ms": 0.0, "found": 0}
        )
        total["runs"] += row["runs"]
        total["atheris"] += row["runs"] if row["engine"] == "atheris" else 0
        total["seconds"] += row["seconds"]
        total["slowest_ms"] = max(total["slowest_ms"], row["slowest_ms"])
        total["found"] += len(row["found"])
    print("| target | inputs | led by coverage | slowest (ms) | findings |")
    print("|---|---:|---:|---:|---:|")
    for name, total in sorted(totals.items()):
        print(
            f"| {name} | {total['runs']:,} | {total['atheris']:,} | {total['slowest_ms']:.0f} "
            f"| {total['found']} |"
        )
    print(f"| all | {sum(one['runs'] for one in totals.values()):,} | | | |")
    return 0


def _rss_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


if __name__ == "__main__":
    sys.exit(main())
