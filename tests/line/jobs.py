"""The three jobs of a citizen as scripts, and what each caller should hear.

A script knows both when a step is due after the answer, from the lengths of
what is said, and what it waits for, so that callers that only keep time and
callers that listen can follow the same one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ivr.records import Database
from ivr.services import lookups
from ivr.settings import Settings
from ivr.speaking import published, renderer_of
from prompts.clause import Clause
from prompts.compose import compose
from prompts.renderer import AHEAD
from tests.line.heard import RATE_HZ, Clip, from_ulaw

BARGE_IN_S = 1.5
KEY_S = 0.25
# A person's pause before pressing; well within every no-input time-out of the flows.
THINKING_S = 1.2
# How long the longest way of saying a ticket number takes.
TICKET_S = 14.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the caller does: `keys`, or speaks, or (neither) hangs up."""

    at_s: float
    after_quiet: bool  # wait for the line to have spoken, else `after_s` since the last step
    after_s: float
    keys: str = ""
    speak: bool = False


@dataclass(slots=True)
class Script:
    """A whole call, and what should be heard in it, in order."""

    caller: str
    speech: Path | None = None
    steps: list[Step] = field(default_factory=list)
    expected: list[Clip] = field(default_factory=list)

    @property
    def hang_up_at_s(self) -> float:
        return self.steps[-1].at_s


class Town:
    """What the line will say: its catalogue, its clauses and its data."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalogue = published(settings).catalogue
        self._renderer = renderer_of(settings)
        self._rendering = Lock()  # calls are made in threads; the models of a voice take one

    def clips(self, prompt: str, language: str, values: dict[str, Any]) -> list[Clip]:
        """The clauses of a prompt as they should be heard."""
        wanted = {name: values[name] for name in self.catalogue.prompt(prompt).slots}
        return [self.clip(clause) for clause in compose(self.catalogue, prompt, language, wanted)]

    def clip(self, clause: Clause) -> Clip:
        with self._rendering:
            return Clip(clause.text, from_ulaw(self._renderer.render(clause, AHEAD)))

    def length_s(self, prompt: str, language: str, values: dict[str, Any]) -> float:
        wanted = {name: values[name] for name in self.catalogue.prompt(prompt).slots}
        clauses = compose(self.catalogue, prompt, language, wanted)
        pauses = sum(clause.pause_after_ms for clause in clauses) / 1000
        sound = sum(len(self.clip(clause).samples) for clause in clauses) / RATE_HZ
        return sound + pauses

    def lookup(self, service: str, language: str, **arguments: Any) -> dict[str, Any]:
        """What the database says now, asked as a flow asks it."""
        database = Database(self.settings.database_url)
        try:
            # As the responder does: a bill's account is locked while its code is looked at.
            with database.begin() as session:
                given = {"language": language, **arguments}
                return dict(lookups.run(session, service, given, datetime.now(UTC)).values)
        finally:
            database.close()


class Conversation:
    """Writes a script step by step."""

    def __init__(self, town: Town, language: str, caller: str) -> None:
        self.town, self.language = town, language
        self.script = Script(caller)
        self._now_s = 0.0
        self._last_s = 0.0
        self._heard_whole = False

    def hear_cut(self, prompt: str, language: str | None = None) -> None:
        """The prompt begins and a key will cut it short."""
        first = self.town.clips(prompt, language or self.language, {})[0]
        beginning = first.samples[: int((BARGE_IN_S - 0.3) * RATE_HZ)]
        self.script.expected.append(Clip(first.text, beginning, whole=False))
        self._now_s += BARGE_IN_S
        self._heard_whole = False

    def hear(self, prompt: str, **values: Any) -> None:
        """The prompt is heard to its end."""
        self.script.expected += self.town.clips(prompt, self.language, values)
        self._now_s += self.town.length_s(prompt, self.language, values)
        self._heard_whole = True

    def wait(self, seconds: float) -> None:
        """Time in which something unknown beforehand is said."""
        self._now_s += seconds
        self._heard_whole = False

    def press(self, keys: str) -> None:
        self._step(keys=keys)
        self._now_s += KEY_S * len(keys)

    def speak(self, speech: Path, seconds: float) -> None:
        self.script.speech = speech
        self._step(speak=True)
        self._now_s += seconds
        self._heard_whole = False

    def hang_up(self) -> Script:
        self._step()
        return self.script

    def _step(self, *, keys: str = "", speak: bool = False) -> None:
        quiet = self._heard_whole
        if quiet:
            self._now_s += THINKING_S
        step = Step(self._now_s, quiet, self._now_s - self._last_s, keys, speak)
        self.script.steps.append(step)
        self._last_s = self._now_s
        self._heard_whole = False


def begun(town: Town, language: str, caller: str, choice: str) -> Conversation:
    """Greeting and main menu, both answered while they speak."""
    talk = Conversation(town, language, caller)
    talk.hear_cut("greeting", "zh-CN")
    talk.press("1" if language == "zh-CN" else "2")
    talk.hear_cut("main_menu")
    talk.press(choice)
    return talk


def bill(town: Town, language: str, caller: str) -> Script:
    """Account 880123: amount, due date and state."""
    talk = begun(town, language, caller, "1")
    talk.hear("bill_ask_account")
    talk.press("880123#")
    found = town.lookup("bills.find", language, account="880123")
    talk.hear("bill_found", **found)
    talk.hear("bill_menu")
    return talk.hang_up()


def outages(town: Town, language: str, caller: str) -> Script:
    """All current notices, one after the other."""
    talk = begun(town, language, caller, "2")
    talk.hear("outages_menu")
    talk.press("1")
    found = town.lookup("outages.current", language)
    talk.hear("outages_count", count=found["count"])
    items = found["items"]
    for index, item in enumerate(items):
        talk.hear("outage_item" if item["ends"] else "outage_item_open_end", **item)
        if index + 1 < len(items):
            talk.hear("outages_next")
            talk.press("1")
    talk.hear("outages_last")
    return talk.hang_up()


def complaint(speech: Path, speech_s: float) -> Callable[[Town, str, str], Script]:
    """A complaint about roads; what follows the filing is checked with the ticket known."""

    def script(town: Town, language: str, caller: str) -> Script:
        talk = begun(town, language, caller, "3")
        talk.hear_cut("complaint_menu")
        talk.press("2")
        talk.hear("complaint_notice")
        talk.speak(speech, speech_s + 0.5)
        talk.press("#")
        talk.hear("complaint_confirm")
        talk.press("1")
        talk.hear("complaint_check_number", phone=caller)
        talk.press("1")
        talk.hear("complaint_accepted")
        talk.wait(2 * TICKET_S)
        return talk.hang_up()

    return script


def ticket_clips(town: Town, language: str, ticket: str) -> list[Clip]:
    """The ticket number, said twice."""
    return [
        *town.clips("ticket_number", language, {"ticket": ticket}),
        *town.clips("ticket_number_again", language, {"ticket": ticket}),
    ]


def speech_like(seconds: float, seed: int) -> np.ndarray:
    """A sound with the rhythm and band of speech, different for every seed, no words."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE_HZ)
    time_s = np.arange(count) / RATE_HZ
    noise = np.convolve(rng.standard_normal(count + 40), np.hanning(9), "same")[:count]
    rhythm = 0.55 + 0.45 * np.sin(2 * np.pi * (3.1 + seed % 5 * 0.3) * time_s)
    return (noise / np.abs(noise).max() * rhythm * 12000).astype("<i2")
