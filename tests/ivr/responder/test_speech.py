"""The sound of clauses: out of memory, out of the store, from the voice; slower where wanted."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from call_flows.instructions import Say
from ivr.responder.speech import AHEAD_AGAIN_S, Speech
from ivr.responder.voice import VoiceUnavailableError
from prompts.catalogue import Catalogue
from prompts.clause import SLOW_TEMPO, USUAL_TEMPO, Clause, silence
from prompts.digit_by_digit import digits_ahead
from prompts.manner import USUAL
from prompts.store import ClauseStore

VOICE = "voice-1"


class FakeVoice:
    """Notes what it is asked for; answers when told to."""

    def __init__(self, store: ClauseStore) -> None:
        self._store = store
        self.asked: list[tuple[Clause, bool]] = []
        self._waiting: list[tuple[Clause, Deferred[str]]] = []

    def render(self, clause: Clause, *, bulk: bool = False) -> "Deferred[str]":
        self.asked.append((clause, bulk))
        answer: Deferred[str] = Deferred()
        self._waiting.append((clause, answer))
        return answer

    def speak(self) -> None:
        clause, answer = self._waiting.pop(0)
        key = clause.key(VOICE)
        self._store.put(key, f"{clause.text} {clause.tempo}".encode())
        answer.callback(key)

    def refuse(self) -> None:
        _clause, answer = self._waiting.pop(0)
        answer.errback(VoiceUnavailableError("away"))


class Scene:
    def __init__(self, folder: Path) -> None:
        texts = folder / "text"
        texts.mkdir()
        (texts / "en.yaml").write_text("hello: Hello there.\nbye: Goodbye.\n", encoding="utf-8")
        (texts / "zh-CN.yaml").write_text("hello: 您好。\nbye: 再见。\n", encoding="utf-8")
        self.catalogue = Catalogue.load_folder(texts)
        self.store = ClauseStore(folder / "clauses")
        self.voice = FakeVoice(self.store)
        self.later: list[tuple[float, Any]] = []
        self.speech = Speech(
            self.store,
            self.voice,  # type: ignore[arg-type]
            {"en": VOICE, "zh-CN": VOICE},
            self._in_thread,
            lambda seconds, action: self.later.append((seconds, action)),
        )

    def _in_thread(self, function: Any, *arguments: Any) -> "Deferred[Any]":
        try:
            return succeed(function(*arguments))
        except OSError as error:
            return fail(error)

    def say(self, *, slow: bool = False) -> Any:
        (piece,) = self.speech.say(self.catalogue, Say("hello"), "en", slow=slow)
        return piece

    def render(self, clause: Clause) -> None:
        self.store.put(clause.key(VOICE), f"{clause.text} {clause.tempo}".encode())


HELLO = Clause("Hello there.", "en")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def sound(piece: Any) -> bytes:
    heard: list[Any] = []
    if isinstance(piece, Deferred):
        piece.addCallback(heard.append)
    else:
        heard.append(piece)
    return b"".join(heard[0])


def test_what_is_in_memory_is_there_at_once_slower_too(scene: Scene) -> None:
    scene.render(HELLO)
    scene.render(HELLO.at(SLOW_TEMPO))
    assert scene.speech.preload([HELLO]) == []
    assert sound(scene.say()).startswith(b"Hello there. 100")
    assert not isinstance(scene.say(slow=True), Deferred)
    assert sound(scene.say(slow=True)).startswith(b"Hello there. 75")
    assert scene.voice.asked == []


def test_the_pauses_between_clauses_grow_with_them(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    usual = Clause("Hello there.", "en", 300)
    scene.render(usual)
    scene.render(usual.at(SLOW_TEMPO))
    scene.speech.preload([usual])
    assert usual.at(SLOW_TEMPO).pause_after_ms == 400
    assert scene.speech._sound(usual.at(SLOW_TEMPO))[1] == silence(400)  # type: ignore[index]


def test_a_slower_clause_that_is_nowhere_is_asked_for_as_such(scene: Scene) -> None:
    piece = scene.say(slow=True)
    assert isinstance(piece, Deferred)
    ((clause, bulk),) = scene.voice.asked
    assert (clause.text, clause.tempo, bulk) == ("Hello there.", SLOW_TEMPO, False)
    scene.voice.speak()
    assert sound(piece).startswith(b"Hello there. 75")


def test_where_slower_cannot_be_had_the_usual_is_heard_rather_than_nothing(scene: Scene) -> None:
    scene.render(HELLO)
    scene.speech.preload([HELLO])
    piece = scene.say(slow=True)
    scene.voice.refuse()
    assert sound(piece).startswith(b"Hello there. 100")


def test_two_callers_wait_for_one_rendering(scene: Scene) -> None:
    one, other = scene.say(slow=True), scene.say(slow=True)
    assert len(scene.voice.asked) == 1
    scene.voice.speak()
    assert sound(one) == sound(other)


def test_what_is_missing_is_made_ahead_one_at_a_time_behind_callers_usual_forms_first(
    scene: Scene,
) -> None:
    new = Clause("Just published.", "en")
    scene.render(HELLO)
    missing = scene.speech.preload([HELLO, new])
    assert missing == [new, HELLO.at(SLOW_TEMPO), new.at(SLOW_TEMPO)]
    scene.speech.have_ahead(missing)
    for clause in missing:
        assert scene.voice.asked[-1] == (clause, True)
        scene.voice.speak()
    assert not isinstance(scene.say(slow=True), Deferred)
    assert len(scene.voice.asked) == 3


def test_a_clause_no_voice_can_say_lets_the_others_pass_and_is_given_up(scene: Scene) -> None:
    bye = Clause("Goodbye.", "en")
    scene.speech.have_ahead([HELLO, bye])
    scene.voice.refuse()
    scene.later[-1][1]()
    scene.voice.speak()
    for _try in range(2):
        scene.voice.refuse()
        scene.later[-1][1]()
    assert [clause for clause, _bulk in scene.voice.asked] == [HELLO, bye, HELLO, HELLO]


def test_while_the_voice_is_away_slower_forms_wait(scene: Scene) -> None:
    scene.speech.have_ahead([HELLO.at(SLOW_TEMPO)])
    scene.voice.refuse()
    ((seconds, again),) = scene.later
    assert seconds == AHEAD_AGAIN_S
    again()
    scene.voice.speak()
    assert not isinstance(scene.say(slow=True), Deferred)


def test_newly_published_content_replaces_what_was_still_to_be_made(scene: Scene) -> None:
    bye = Clause("Goodbye.", "en").at(SLOW_TEMPO)
    scene.speech.have_ahead([HELLO.at(SLOW_TEMPO), Clause("Old.", "en").at(SLOW_TEMPO)])
    scene.speech.have_ahead([bye])
    scene.voice.speak()
    assert [clause.text for clause, _bulk in scene.voice.asked] == ["Hello there.", "Goodbye."]
    scene.voice.speak()
    assert len(scene.voice.asked) == 2


# --- a number, and no voice


def ticket(scene: Scene, *, slow: bool = False) -> Any:
    """The piece that says the number of ticket 2017."""
    built = scene.catalogue.with_overrides({("ticket", "en"): "Your number: {n:digits}."})
    say = Say("ticket", slots={"n": "2017"})
    (_label, number) = scene.speech.say(built, say, "en", slow=slow)
    return number


def digits(scene: Scene, *, tempo: int = USUAL_TEMPO) -> None:
    clauses = list(digits_ahead("en", USUAL))
    for clause in clauses:
        scene.render(clause.at(tempo))
    scene.speech.preload(clauses)


def test_without_a_voice_a_number_is_heard_digit_by_digit(scene: Scene) -> None:
    digits(scene)
    piece = ticket(scene)
    for _clause in list(scene.voice.asked):
        scene.voice.refuse()
    heard = sound(piece).replace(b"\xff", b"")
    assert heard == b"two 100zero 100one 100seven 100"


def test_with_a_voice_it_is_heard_whole(scene: Scene) -> None:
    digits(scene)
    piece = ticket(scene)
    for _clause in list(scene.voice.asked):
        scene.voice.speak()
    assert sound(piece).startswith(b"two zero one seven 100")


@pytest.mark.parametrize("tempo", [USUAL_TEMPO, SLOW_TEMPO])
def test_slower_digits_where_they_are_there_else_the_usual(scene: Scene, tempo: int) -> None:
    digits(scene, tempo=tempo)
    piece = ticket(scene, slow=True)
    while scene.voice._waiting:  # the slower form, and then the usual one
        scene.voice.refuse()
    assert sound(piece).replace(b"\xff", b"").startswith(f"two {tempo}zero {tempo}".encode())


def test_half_a_number_is_not_said(scene: Scene) -> None:
    scene.render(Clause("two", "en"))
    scene.speech.preload([Clause("two", "en")])
    piece = ticket(scene)
    for _clause in list(scene.voice.asked):
        scene.voice.refuse()
    assert sound(piece) == b""


# --- what a log may hold


def test_a_value_that_cannot_be_said_stands_in_no_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    built = scene.catalogue.with_overrides({("call", "en"): "We call {n:phone}."})
    assert scene.speech.say(built, Say("call", slots={"n": "139 x 8765"}), "en") == []
    assert "8765" not in caplog.text
    assert "slot 'n'" in caplog.text
