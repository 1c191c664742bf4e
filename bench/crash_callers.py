"""Callers of the crash test: they do what citizens do, and remember what they were told.

Each is a thread with a telephone of its own that waits for what it hears. When the line dies
under a caller, the caller is `cut` and gives up; what was promised until then is in `told`.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.line.harness import RunningLine
from tests.line.heard import RATE_HZ, Samples
from tests.line.jobs import Town, speech_like
from tests.line.listener import TONE_HZ, Listener
from tests.line.promises import FRAME, Told

NUMBERS = tuple(f"1380013800{digit}" for digit in range(4))
"""Few, so that reading them back needs no new clause for each call."""
LONGEST_WORDS_S = 60.0


class Moments:
    """Where callers are: the killer waits for one of them to be there."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._last = ""

    def reached(self, moment: str) -> None:
        with self._changed:
            self._count += 1
            self._last = moment
            self._changed.notify_all()

    def wait(self, limit_s: float) -> str:
        """The next moment that somebody reaches; empty where nobody does in time."""
        with self._changed:
            before = self._count
            came = self._changed.wait_for(lambda: self._count > before, limit_s)
            return self._last if came else ""


@dataclass(eq=False)
class Citizen:
    """One call from beginning to end."""

    line: RunningLine
    town: Town
    seed: int
    moments: Moments
    told: Told = field(init=False)
    phone: Listener = field(init=False)
    thread: threading.Thread = field(init=False)
    cut: threading.Event = field(default_factory=threading.Event)
    _spoken: int = 0  # frames queued to be spoken

    def start(self) -> None:
        self._random = random.Random(self.seed)
        number = self._random.choice(NUMBERS)
        journey = self._random.choice(JOURNEYS)
        self.phone = Listener(self.line, self.town, number)
        self.phone.language = "en" if self._random.random() < 0.25 else "zh-CN"
        self.told = Told(self.phone.call_id, number, _PURPOSE.get(journey, ""))
        self.thread = threading.Thread(target=self._run, args=(journey,), daemon=True)
        self.thread.start()

    @property
    def live(self) -> bool:
        return self.thread.is_alive() and not self.cut.is_set()

    def freeze(self) -> None:
        """The line dies now: what was spoken so far is what must be kept, and no more."""
        self._note_sent()
        self.told.cut = True
        self.cut.set()

    def _note_sent(self) -> None:
        sound = self.phone.sound
        if sound is not None and self._spoken and not self.cut.is_set():
            left = sum(
                1 for frame in list(sound._queue) if len(frame) == 2 and frame[1] is not None
            )
            self.told.sent_s = max(0, self._spoken - left) * FRAME / RATE_HZ

    def _run(self, journey: "Callable[[Citizen], None]") -> None:
        try:
            self.phone.call()
            self.moment("up")
            journey(self)
            self.moment("hanging up")
            self._note_sent()
            self.phone.hang_up()
        except AssertionError as error:
            self._note_sent()
            if not self.cut.is_set():
                self.told.faults.append(f"{journey.__name__}: {error}")
        except OSError as error:
            self.told.faults.append(f"{journey.__name__}: {error}")
        finally:
            self.phone.close()

    # --- what journeys are made of
    def moment(self, name: str) -> None:
        if self.cut.is_set():
            raise AssertionError("cut")
        self.moments.reached(name)

    def hear(self, prompt: str, **values: object) -> None:
        self.phone.hear(prompt, **values)
        self.moment(prompt)

    def press(self, keys: str) -> None:
        self.phone.press(keys)

    def choose(self, *keys: str) -> None:
        """Language, then the main menu's key and those of the menus behind it."""
        self.phone.language, chosen = "zh-CN", self.phone.language
        self.hear("greeting")
        self.phone.language = chosen
        self.press("1" if chosen == "zh-CN" else "2")
        self.hear("main_menu")
        for key in keys:
            self.press(key)

    def speak(self, seconds: float) -> None:
        """Speak after the tone, and wait until it is said."""
        assert self.phone.sound is not None
        self.phone.sound.until_tone(TONE_HZ, 30.0)
        self.moment("speaking")
        speech = speech_like(seconds, self.seed)
        self.told.speech = speech
        self._spoken = -(-len(speech) // FRAME)
        self.phone.sound.speak(speech)
        self.phone.sound.until(self._said, "all is said", LONGEST_WORDS_S)
        self._note_sent()

    def _said(self) -> bool:
        assert self.phone.sound is not None
        return not self.phone.sound._queue or self.cut.is_set()

    def promised(self) -> None:
        """From here on the line has given its word."""
        self.told.promised = not self.cut.is_set()
        self.moment("promised")

    def listen_on(self, seconds: float) -> Samples:
        """Hear so much more; shorter where the call ends."""
        assert self.phone.sound is not None
        sound = self.phone.sound
        until = sound.packets + int(50 * seconds)
        sound.until(
            lambda: sound.packets >= until or self.phone.ended or self.cut.is_set(),
            "sound goes on",
            seconds + 10.0,
        )
        return np.asarray(sound.samples(last_s=seconds + 2.0))


def complaint(citizen: Citizen) -> None:
    """To the ticket number."""
    _confirmed(citizen)
    citizen.press("1")
    citizen.hear("complaint_check_number", phone=citizen.phone.number)
    citizen.press("1")
    citizen.moment("submitted")
    citizen.hear("complaint_accepted")
    citizen.promised()
    citizen.told.after = citizen.listen_on(12.0)


def complaint_left(citizen: Citizen) -> None:
    """Hangs up while speaking, or just after."""
    citizen.choose("3", "2")
    citizen.hear("complaint_notice")
    citizen.speak(citizen._random.uniform(3.0, 9.0))
    if citizen._random.random() < 0.5:
        citizen.press("#")
        citizen.hear("complaint_confirm")


def _confirmed(citizen: Citizen) -> None:
    citizen.choose("3", "2")
    citizen.hear("complaint_notice")
    citizen.speak(citizen._random.uniform(3.0, 7.0))
    citizen.press("#")
    citizen.hear("complaint_confirm")


def message(citizen: Citizen) -> None:
    """For a person, who is not there."""
    citizen.choose("0")
    offers = [
        citizen.town.clips(prompt, citizen.phone.language, {})[0]
        for prompt in ("message_offer", "message_offer_closed")
    ]
    assert citizen.phone.sound is not None
    citizen.phone.sound.until_any_heard(offers, 40.0)
    citizen.press("1")
    citizen.hear("message_notice")
    citizen.speak(citizen._random.uniform(3.0, 7.0))
    citizen.press("#")
    citizen.hear("message_check_number", phone=citizen.phone.number)
    if citizen._random.random() < 0.3:
        return  # hangs up: called back all the same
    citizen.press("1")
    citizen.moment("submitted")
    citizen.hear("message_taken")
    citizen.promised()


def bill(citizen: Citizen) -> None:
    """Looks up a bill."""
    citizen.choose("1")
    citizen.hear("bill_ask_account")
    citizen.press("880123#")
    citizen.listen_on(4.0)


def left_early(citizen: Citizen) -> None:
    """Hangs up anywhere."""
    citizen.choose(citizen._random.choice("12345"))
    citizen.listen_on(citizen._random.uniform(0.0, 3.0))


JOURNEYS = (
    complaint,
    complaint,
    complaint,
    complaint_left,
    complaint_left,
    message,
    bill,
    left_early,
)
_PURPOSE = {complaint: "complaint", complaint_left: "complaint", message: "message"}
