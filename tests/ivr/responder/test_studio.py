"""The studio of one call: which files are there when, and what becomes of them."""

import wave
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred

from call_flows.instructions import Lookup, LookupResult
from ivr.records import Database, migrate
from ivr.records.tables import PromptRecording, Role, Staff
from ivr.responder import studio as studio_module
from ivr.responder.studio import RAW, Studio, sweep
from ivr.services import prompt_numbers, studio_codes
from ivr.services.studio import HEARD_NOW, TAKE, Examined
from ivr.settings import Settings, load
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.errors import AudioError, Fault, VoiceError
from prompts.store import ClauseStore
from prompts.voice_client import KeptTake

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TEXTS = {"zh-CN": "greeting: 您好，这里是民声热线。\n", "en": "greeting: Welcome.\n"}


class Voice:
    """A voice process that keeps what it is given, unless told otherwise."""

    fault: Fault | None = None
    away = False

    def __init__(self, store: ClauseStore) -> None:
        self.store = store
        self.lengths_s: list[float] = []

    def client(self, _socket: Path, _patience_s: float) -> "Voice":
        return self

    def __enter__(self) -> "Voice":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def take(
        self, file: Path, folder: Path, *, prompt: str, language: str, variant: str
    ) -> KeptTake:
        if self.away:
            raise VoiceError("not there")
        if self.fault is not None:
            raise AudioError("no prompt", fault=self.fault)
        with wave.open(str(file)) as sound:
            self.lengths_s.append(sound.getnframes() / sound.getframerate())
        folder.mkdir(parents=True)
        kept = folder / f"{prompt}.{language}.{len(self.lengths_s)}.wav"
        kept.write_bytes(file.read_bytes())
        self.store.put(Clause("", language, 0, kept).key(""), b"mastered")
        return KeptTake(kept, "ab" * 32, 2.0)


class House:
    """A line for one studio: what is asked is done at once, or when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = load({"IVR_STATE_DIR": str(folder / "var")}, folder)
        self.settings.state_dir.mkdir()
        migrate(self.settings.database_url)
        self.database = Database(self.settings.database_url)
        texts = folder / "texts"
        texts.mkdir()
        for language, text in TEXTS.items():
            (texts / f"{language}.yaml").write_text(text, "utf-8")
        self.newest: Any = SimpleNamespace(catalogue=Catalogue.load_folder(texts))
        self.speech: Any = SimpleNamespace(
            say=lambda catalogue, say, language, slow: [("said", say.prompt, say.language)]
        )
        self.records: Any = SimpleNamespace(look_up=self._look_up)
        self.store = ClauseStore(self.settings.clauses_dir)
        self.held: list[Callable[[], None]] | None = None
        self.database_away = False

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        return maybeDeferred(function, *arguments)

    def at_leisure(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        if self.held is None:
            return maybeDeferred(function, *arguments)
        done: Deferred[Any] = Deferred()
        self.held.append(lambda: maybeDeferred(function, *arguments).chainDeferred(done))
        return done

    def go_on(self) -> None:
        """Do what was held back."""
        held, self.held = self.held or [], None
        for work in held:
            work()

    def _look_up(self, job: Callable[[Any], Any]) -> "Deferred[Any]":
        def run() -> Any:
            if self.database_away:
                raise OSError("the database is away")
            with self.database.begin() as session:
                return job(session)

        return maybeDeferred(run)

    @property
    def files(self) -> list[str]:
        """What lies in the studio and among the prompts, by name."""
        state = self.settings.state_dir
        found = [*(state / "studio").rglob("*"), *self.settings.prompts_dir.glob("*")]
        return sorted(path.name for path in found if path.is_file())

    @property
    def kept(self) -> list[str]:
        with self.database.read() as session:
            return [row.path for row in session.query(PromptRecording)]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path)
    house.voice = Voice(house.store)  # type: ignore[attr-defined]
    monkeypatch.setattr(studio_module, "VoiceClient", house.voice.client)  # type: ignore[attr-defined]
    return house


@pytest.fixture
def call(house: House) -> Studio:
    """A clerk who is signed in, and about to record the greeting."""
    call = Studio(house, "01088880001", lambda: NOW)
    with house.database.begin() as session:
        session.add(Staff(username="li", password_hash="-", role=Role.EDITOR, created_at=NOW))
    with house.database.begin() as session:
        code = studio_codes.make(session, "li", who="li", now=NOW)
        prompt_numbers.assign(session, ["greeting"])
    assert ask(call, "studio.enter", code=code).outcome == "accepted"
    assert ask(call, "studio.find", number="101").outcome == "found"
    assert ask(call, "studio.choose", tongue="zh-CN").outcome == "ready"
    return call


def got(asked: "Deferred[Any]") -> Any:
    results: list[Any] = []
    asked.addBoth(results.append)
    return results[0]


def asked(call: Studio, service: str, **arguments: str) -> "Deferred[LookupResult]":
    return call.look_up(Lookup(service, arguments, 5.0, 0), "zh-CN")


def ask(call: Studio, service: str, **arguments: str) -> LookupResult:
    return got(asked(call, service, **arguments))


def speak(call: Studio, seconds: float = 2.0) -> Path:
    reference, path = got(call.begin())
    assert reference == RAW
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(np.zeros(int(8000 * seconds), "<i2").tobytes())
    return path


def test_what_callers_hear_now_is_the_newest_even_in_this_call(call, house):
    assert call.audio(HEARD_NOW, "en", slow=False) == [("said", "greeting", "zh-CN")]


def test_a_good_take_is_heard_as_callers_will_and_its_raw_sound_is_gone(call, house):
    raw = speak(call)
    assert ask(call, "studio.check", take=RAW) == LookupResult("good", {"sound": TAKE})
    assert not raw.exists()
    assert got(call.audio(TAKE, "zh-CN", slow=False)[0]) == (b"mastered",)
    assert house.files == ["greeting.zh-CN.1.wav"]


def test_a_kept_take_moves_to_the_prompts_and_stays_when_the_call_ends(call, house):
    speak(call)
    ask(call, "studio.check", take=RAW)
    assert ask(call, "studio.keep").outcome == "kept"
    (path,) = house.kept
    assert path == "prompts/greeting.zh-CN.1.wav"
    call.close()
    file = house.settings.state_dir / path
    assert file.exists()
    assert Clause("您好", "zh-CN", 250, file).key("") in house.store
    assert house.files == ["greeting.zh-CN.1.wav"]
    assert list((house.settings.state_dir / "studio").glob("*")) == []


@pytest.mark.parametrize("end", ["close", "drop", "again"])
def test_a_take_that_is_not_kept_is_removed_with_what_was_rendered(call, house, end):
    speak(call)
    ask(call, "studio.check", take=RAW)
    key = Clause("", "zh-CN", 0, Path("greeting.zh-CN.1.wav")).key("")
    assert key in house.store
    if end == "close":
        call.close()
    elif end == "drop":
        assert ask(call, "studio.drop").outcome == "dropped"
    else:
        got(call.begin())
    assert house.files == []
    assert key not in house.store
    assert house.kept == []


def test_a_recording_cut_short_by_hanging_up_is_removed(call, house):
    speak(call)
    call.close()
    assert house.files == []


def test_a_call_that_ends_while_the_take_is_looked_at_is_cleared_up_after_it(call, house):
    speak(call)
    house.held = []
    asked(call, "studio.check", take=RAW)
    call.close()
    house.go_on()
    assert house.files == []
    assert house.kept == []


def test_who_hangs_up_after_asking_to_keep_has_kept(call, house):
    speak(call)
    ask(call, "studio.check", take=RAW)
    house.held = []
    asked(call, "studio.keep")
    call.close()
    house.go_on()
    assert house.kept == ["prompts/greeting.zh-CN.1.wav"]
    assert house.files == ["greeting.zh-CN.1.wav"]


def test_a_lookup_given_up_does_not_stop_the_work(call, house):
    speak(call)
    ask(call, "studio.check", take=RAW)
    house.held = []
    keeping = asked(call, "studio.keep")
    keeping.addErrback(lambda failure: failure.trap(CancelledError))
    keeping.cancel()
    house.go_on()
    assert house.kept == ["prompts/greeting.zh-CN.1.wav"]
    assert ask(call, "studio.keep").outcome == "kept"  # the flow asks once more


@pytest.mark.parametrize("fault", ["too_short", "too_quiet", "overdriven"])
def test_a_refused_take_is_gone_and_its_fault_is_the_outcome(call, house, fault):
    house.voice.fault = fault
    raw = speak(call)
    assert ask(call, "studio.check", take=RAW).outcome == fault
    assert not raw.exists()
    assert ask(call, "studio.keep").outcome == "nothing"


def test_without_the_voice_process_the_lookup_fails_and_the_take_is_gone(call, house):
    house.voice.away = True
    raw = speak(call)
    assert ask(call, "studio.check", take=RAW).check(VoiceError)
    assert not raw.exists()


def test_words_changed_meanwhile_take_the_file_back(call, house):
    speak(call)
    ask(call, "studio.check", take=RAW)
    catalogue = house.newest.catalogue
    house.newest.catalogue = catalogue.with_overrides({("greeting", "zh-CN"): "您好。"})
    assert ask(call, "studio.keep").outcome == "changed"
    assert house.files == []


@pytest.mark.parametrize("committed", [False, True])
def test_a_database_that_did_not_answer_is_asked_again_at_the_end(call, house, committed):
    speak(call)
    ask(call, "studio.check", take=RAW)
    house.database_away = True
    assert ask(call, "studio.keep").check(OSError)
    assert house.files == ["greeting.zh-CN.1.wav"]
    house.database_away = False
    if committed:  # the answer was lost, not the commit
        with house.database.begin() as session:
            row = {"prompt": "greeting", "language": "zh-CN", "revision": 1, "text": "x"}
            path = "prompts/greeting.zh-CN.1.wav"
            session.add(PromptRecording(**row, path=path, sha256="", author="li", created_at=NOW))
    call.close()
    assert house.files == (["greeting.zh-CN.1.wav"] if committed else [])


def test_the_tone_that_ended_a_take_is_cut_off_where_keys_come_as_sound(call, house):
    speak(call, 2.0)
    call.ended_by_tone = True
    ask(call, "studio.check", take=RAW)
    speak(call, 2.0)  # a new take: the key before it is no part of it
    ask(call, "studio.check", take=RAW)
    assert house.voice.lengths_s == [1.75, 2.0]


def test_a_reference_of_nothing_is_no_sound(call, house):
    assert call.audio(TAKE, "en", slow=False) == []
    call.visit.examined = Examined("too_short")
    assert call.audio(TAKE, "en", slow=False) == []
    assert call.audio("studio:something", "en", slow=False) == []


def test_the_take_can_be_replayed_as_it_came_until_it_is_looked_at(call, house):
    speak(call, 0.5)
    (sound,) = got(call.audio(RAW, "en", slow=False)[0])
    assert len(sound) == 4000
    ask(call, "studio.check", take=RAW)
    assert got(call.audio(RAW, "en", slow=False)[0]) == ()


def test_what_a_crash_left_is_swept_before_the_next_call(call, house):
    speak(call)
    ask(call, "studio.check", take=RAW)
    key = Clause("", "zh-CN", 0, Path("greeting.zh-CN.1.wav")).key("")
    sweep(replace(house.settings))
    assert house.files == []
    assert key not in house.store


def test_a_call_that_recorded_nothing_leaves_no_trace(house):
    Studio(house, "", lambda: NOW).close()
    assert not (house.settings.state_dir / "studio").exists()
