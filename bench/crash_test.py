"""Kill the line's processes under calls, a few hundred times, and look what was lost.

    nice python -m bench.crash_test --kills 100 --seed 1 --kind sqlite --state var/crash-1

A line of its own runs in the folder given, with callers who file complaints, leave messages, ask
for bills and hang up in the middle. A process is chosen and killed (SIGKILL) at a moment that is
random, most often just after a caller has done something; or it is stopped for some seconds
(SIGSTOP), or the database is held, or PostgreSQL itself is killed. Nobody helps the line, except
that a supervisor that was
killed is started again, as systemd does. After every few kills callers finish, and every promise
is checked from outside (`tests/line/promises.py`). The run can be stopped and gone on with: what
was done is in `crash.json` there. The status is 1 where a promise was broken.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.crash_callers import NUMBERS, Citizen, Moments
from prompts.errors import PromptError
from prompts.voice_client import VoiceClient
from tests import postgresql
from tests.line.harness import RunningLine
from tests.line.jobs import Town
from tests.line.promises import Told, kept_promises, reading
from tests.line.responder import options

AT_ONCE = 4
KILLS_A_ROUND = 10
RECOVERY_LIMIT_S = 240.0
START_LIMIT_S = 300.0
QUIET_LIMIT_S = 240.0
HELD_S = (2.0, 6.0)
WEIGHTS = {
    "responder": 40,
    "media": 20,
    "desk": 12,
    "voice": 12,
    "transcripts": 6,
    "supervisor": 12,
    "stopped responder": 4,
    "stopped voice": 4,
    "stopped desk": 3,
    "database": 8,
}
ENDS_CALLS = ("responder", "supervisor")
"""Calls go on when the sound's process dies: another takes them over."""
SOUND = b"ivr.media.process"


class Run:
    """One line and what has been done to it."""

    def __init__(
        self, state: Path, kind: str, seed: int, clauses: Path | None, rtp_low: int
    ) -> None:
        self.kind, self.seed = kind, seed
        self.random = random.Random(seed)
        self.report_file = state / "crash.json"
        rendered = state / "clauses"
        if clauses is not None and not rendered.exists():
            shutil.copytree(clauses, rendered)
        rendered.mkdir(parents=True, exist_ok=True)
        folder = state / f"line-{len(list(state.glob('line-*'))) + 1}"
        variables = {"IVR_MEDIA_SILENCE": "6", "IVR_TRANSCRIPTS": "0", "IVR_LOG_LEVEL": "info"}
        if kind == "postgresql":
            variables["IVR_DATABASE_URL"] = postgresql.new_database()
        self.line = RunningLine(folder, rendered, rtp_low, **variables)
        self.moments = Moments()
        self.citizens: list[Citizen] = []
        self.told: list[Told] = []
        self.kills: Counter[str] = Counter()
        self.moments_hit: Counter[str] = Counter()
        self.again_s: defaultdict[str, list[float]] = defaultdict(list)
        self.broken: list[str] = []
        self.faults: list[str] = []
        self.figures: Counter[str] = Counter()
        self.calls = 0
        self._go_on()

    def _go_on(self) -> None:
        """Take over what a former run found; its moments are not repeated."""
        if not self.report_file.exists():
            return
        found = json.loads(self.report_file.read_text(encoding="utf-8"))
        self.kills.update(found["kills"])
        self.moments_hit.update(found["moments"])
        self.figures.update(found["figures"])
        self.broken, self.faults = found["broken"], found["in vain"]
        self.again_s.update({name: list(all_) for name, all_ in found["seconds"].items()})
        self.calls = found["figures"].get("calls", 0) + 1000
        self.random.seed(self.seed * 1000 + sum(self.kills.values()))

    # --- callers
    def keep_callers(self) -> None:
        """See that so many callers are up."""
        done = [citizen for citizen in self.citizens if not citizen.thread.is_alive()]
        for citizen in done:
            self.citizens.remove(citizen)
            self.told.append(citizen.told)
        while sum(citizen.live for citizen in self.citizens) < AT_ONCE:
            self.calls += 1
            citizen = Citizen(self.line, self.town, self.seed * 100_000 + self.calls, self.moments)
            citizen.start()
            self.citizens.append(citizen)

    def let_finish(self) -> None:
        """Wait until every caller has gone and the line has noticed."""
        for citizen in self.citizens:
            citizen.thread.join(QUIET_LIMIT_S)
            self.told.append(citizen.told)
        self.citizens = []
        limit = time.monotonic() + QUIET_LIMIT_S
        while not self._is_quiet():
            if time.monotonic() > limit:
                self.broken.append(f"the line was not quiet within {QUIET_LIMIT_S:.0f} s")
                return
            time.sleep(0.2)

    def _is_quiet(self) -> bool:
        with suppress(Exception), reading(self.line) as connection:
            running = connection.execute(
                text("SELECT count(*) FROM calls WHERE ended_at IS NULL OR outcome IS NULL")
            ).scalar()
            return running == 0
        return False

    # --- kills
    def kill_one(self) -> None:
        """At a moment of some caller's, or at any time."""
        known = self._victims()
        victim = self.random.choices(list(known), list(known.values()))[0]
        moment = ""
        if self.random.random() < 0.7:
            moment = self.moments.wait(10.0)
        time.sleep(self.random.uniform(0.0, 0.5 if moment else 4.0))
        self.kills[victim] += 1
        self.moments_hit[moment or "any time"] += 1
        began = time.monotonic()
        if victim == "supervisor":
            self._kill_supervisor()
        elif victim == "database":
            self._take_database_away()
        elif victim.startswith("stopped "):
            self._stop_for_a_while(victim.removeprefix("stopped "))
            began = time.monotonic()
        else:
            if victim in ENDS_CALLS:
                self._freeze_all()
            with suppress(ProcessLookupError):
                os.kill(self._process(victim), signal.SIGKILL)
        self._until_all_serve()
        self.again_s[victim].append(time.monotonic() - began)

    def _victims(self) -> dict[str, int]:
        found = {}
        for name, weight in WEIGHTS.items():
            if name in ("supervisor", "database"):
                found[name] = weight
                continue
            with suppress(AssertionError):
                self._process(name.removeprefix("stopped "))
                found[name] = weight
        return found

    def _process(self, part: str) -> int:
        """The id of a part's process; AssertionError where there is none."""
        if part != "media":
            return self.line.child(part)
        for children in Path(f"/proc/{self.line.child('responder')}/task").glob("*/children"):
            for pid in children.read_text().split():
                if SOUND in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return int(pid)
        raise AssertionError("the responder has no process for the sound")

    def _freeze_all(self) -> None:
        for citizen in self.citizens:
            if citizen.live:
                citizen.freeze()

    def _kill_supervisor(self) -> None:
        process = self.line.process
        assert process is not None
        self._freeze_all()
        process.kill()
        process.wait()
        limit = time.monotonic() + RECOVERY_LIMIT_S
        while True:
            try:
                self.line.start(START_LIMIT_S)
                return
            except AssertionError:
                if time.monotonic() > limit:
                    raise
                self.figures["starts refused after the supervisor's end"] += 1
                time.sleep(0.5)  # as systemd's RestartSec

    def _stop_for_a_while(self, part: str) -> None:
        pid = self._process(part)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(self.random.uniform(*HELD_S))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _take_database_away(self) -> None:
        held_s = self.random.uniform(*HELD_S)
        if self.kind == "sqlite":
            with closing(sqlite3.connect(self.line.state_dir / "ivr.db", timeout=60.0)) as other:
                other.isolation_level = None
                other.execute("BEGIN EXCLUSIVE")
                time.sleep(held_s)
                other.execute("ROLLBACK")
        else:
            postgresql.stop(immediately=True)
            time.sleep(held_s)
            postgresql.start()

    def _until_all_serve(self) -> None:
        limit = time.monotonic() + RECOVERY_LIMIT_S
        for what, serves in (
            ("the line answers", self._answers),
            # Callers dial again from here on.
            ("the desk says so", self._healthy),
            ("the voice speaks", self._speaks),
        ):
            while not serves():
                if time.monotonic() > limit:
                    raise RuntimeError(f"not again: {what}\n{self.line.tail()}")
                if what != "the line answers":
                    self.keep_callers()
                time.sleep(0.05)

    def _answers(self) -> bool:
        return options("127.0.0.1", self.line.sip_port) == 200

    def _healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.line.web_port}/healthz"
            with urllib.request.urlopen(url, timeout=10.0) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _speaks(self) -> bool:
        try:
            with VoiceClient(self.line.settings.voice_socket, 10.0) as voice:
                return bool(voice.status())
        except PromptError:
            return False

    # --- the whole
    def run(self, kills: int) -> None:
        """Rounds of kills, each followed by a check of everything."""
        if (rendered := self.line.command("render")).returncode:
            raise RuntimeError(rendered.stderr)
        try:
            self.line.start(START_LIMIT_S)
            self.town = Town(self.line.settings)
            for language in ("zh-CN", "en"):
                for number in NUMBERS:
                    self.town.clips("complaint_check_number", language, {"phone": number})
                    self.town.clips("message_check_number", language, {"phone": number})
            while (done := sum(self.kills.values())) < kills:
                for _ in range(min(KILLS_A_ROUND, kills - done)):
                    self.keep_callers()
                    self.kill_one()
                self.check()
                self.write()
        finally:
            self.line.stop()

    def check(self) -> None:
        """Let all finish, then hold the line to its word."""
        self.let_finish()
        broken, figures = kept_promises(self.line, self.told)
        self.broken += broken
        longest = max(figures.pop("longest loss, ms", 0), self.figures.get("longest loss, ms", 0))
        self.figures += figures
        self.figures["longest loss, ms"] = longest
        self.figures["calls"] += len(self.told)
        self.figures["calls cut"] += sum(told.cut for told in self.told)
        self.faults += [fault for told in self.told for fault in told.faults]
        self.told = []
        for sentence in broken:
            print(f"BROKEN {sentence}", flush=True)

    def report(self) -> dict[str, Any]:
        """What was done and found."""
        every = sorted(seconds for found in self.again_s.values() for seconds in found)
        return {
            "kind": self.kind,
            "seed": self.seed,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "kills": dict(self.kills),
            "kills in all": sum(self.kills.values()),
            "moments": dict(self.moments_hit),
            "broken": self.broken,
            "figures": dict(self.figures),
            "again_s": {
                name: {
                    "median": round(statistics.median(found), 2),
                    "p95": round(sorted(found)[int(0.95 * (len(found) - 1))], 2),
                }
                for name, found in [*self.again_s.items(), ("all", every)]
                if found
            },
            "seconds": {name: [round(s, 2) for s in found] for name, found in self.again_s.items()},
            "in vain": self.faults,
        }

    def write(self) -> None:
        """Keep the report beside the state."""
        written = json.dumps(self.report(), indent=1, ensure_ascii=False)
        self.report_file.write_text(written, encoding="utf-8")
        print(written, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.crash_test", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--state", type=Path, required=True, help="a folder of its own")
    parser.add_argument("--clauses", type=Path, help="rendered clauses to begin with")
    parser.add_argument("--rtp-low", type=int, default=40000)
    given = parser.parse_args()
    run = Run(given.state.absolute(), given.kind, given.seed, given.clauses, given.rtp_low)
    run.run(given.kills)
    sys.exit(1 if run.broken else 0)


if __name__ == "__main__":
    main()
