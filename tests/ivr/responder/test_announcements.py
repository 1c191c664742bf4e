"""Announcements in the responder's memory: seen, made, said, ended by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from call_flows import CallFacts, Session, default_texts, load
from call_flows.instructions import Play, Say
from ivr.records import Database
from ivr.records.errors import DatabaseUnavailable
from ivr.records.tables import Manner
from ivr.responder import announcements as responder
from ivr.responder.announcements import AGAIN_S, LOOK_EVERY_S, Announcements
from ivr.responder.content import Snapshot
from ivr.responder.speech import Speech
from ivr.responder.ticker import Deadlines
from ivr.services import announcements as service
from ivr.services.announcements import Notice
from prompts.catalogue import Catalogue
from prompts.compose import compose_text
from prompts.store import ClauseStore
from tests.databases import migrated_sqlite
from tests.ivr.responder.test_speech import VOICE, FakeVoice

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ZH, EN = "请绕行第2号路，{注意}安全。", "Avoid {road} 1."


class Records:
    """Reads at once, or not at all while the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False

    def read(self, job: Callable[[Any], Any]) -> Deferred[Any]:
        if self.away:
            return fail(DatabaseUnavailable("away"))
        with self._database.read() as session:
            return succeed(job(session))


class Scene:
    def __init__(self, folder: Path) -> None:
        self.database = Database(migrated_sqlite(folder / "ivr.db"))
        self.records = Records(self.database)
        self.store = ClauseStore(folder / "clauses")
        self.voice = FakeVoice(self.store)
        self.now = NOW
        self.told = 0
        catalogue = Catalogue.load_folder(Path(__file__).parents[3] / "prompts" / "text")
        flows = load(default_texts())
        self.snapshot = Snapshot((), flows, catalogue, flows.numbers, {})
        self.restart()

    def restart(self) -> None:
        """A responder that begins now."""
        self.deadlines = Deadlines()
        speech = Speech(
            self.store,
            self.voice,  # type: ignore[arg-type]
            {"en": VOICE, "zh-CN": VOICE},
            lambda function, *arguments: succeed(function(*arguments)),
            lambda _seconds, _action: None,
        )
        self.announcements = Announcements(
            self.records,  # type: ignore[arg-type]
            self.deadlines,
            speech,
            lambda: self.snapshot,
            lambda: self.now,
            self._changed,
        )
        with self.database.read() as session:
            self.announcements.begin_with(responder.read(session, self.now))
        self.announcements.start()

    def _changed(self) -> None:
        self.told += 1

    def have_sound(self, *texts: tuple[str, str]) -> None:
        """The desk has had it spoken."""
        for text, language in texts:
            words = service.plain(text)
            for clause in compose_text(words, language, self.snapshot.catalogue.manner):
                self.store.put(clause.key(VOICE), clause.text.encode())

    def put_out(self, **given: Any) -> int:
        notice = Notice(**{"words_zh": ZH, "words_en": EN, "ends_at": NOW + HOUR, **given})
        with self.database.begin() as session:
            return service.begin(session, notice, who="clerk", now=self.now).id

    def look(self, after_s: float = LOOK_EVERY_S) -> None:
        self.deadlines.tick(self.deadlines.now + after_s + 0.01)

    def heard(self, flow: str = "main") -> list[tuple[str, str]]:
        """What a call that begins now says first: prompts and languages."""
        snapshot, begin_in = self.announcements.before(self.snapshot, flow)
        self.catalogue = snapshot.catalogue
        out = Session(snapshot.flows, begin_in).start(CallFacts("13800138000", "line"))
        return [
            (one.content.prompt, one.content.language)
            for one in out
            if isinstance(one, Play) and isinstance(one.content, Say)
        ]


HOUR = timedelta(hours=1)
BOTH = ((ZH, "zh-CN"), (EN, "en"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_what_was_heard_at_the_desk_is_in_force_at_the_next_look(scene: Scene) -> None:
    ordinary = scene.heard()
    scene.have_sound(*BOTH)
    number = scene.put_out()
    assert scene.heard() == ordinary
    scene.look()
    said = f"announcement.{number}"
    assert scene.heard() == [(said, "zh-CN"), (said, "en"), *ordinary]
    assert scene.catalogue.text(said, "zh-CN") == "请绕行第2号路， 注意 安全。"
    assert scene.voice.asked == []
    assert scene.announcements.said() == {str(number): ["en", "zh-CN"]}
    assert scene.told == 1


def test_words_that_were_never_heard_are_made_before_anything_else_and_said_by_language(
    scene: Scene,
) -> None:
    number = scene.put_out()
    scene.look()
    ordinary = scene.heard()
    assert ("announcement." + str(number), "zh-CN") not in ordinary
    assert [bulk for _clause, bulk in scene.voice.asked] == [False] * len(scene.voice.asked)
    languages = [clause.language for clause, _bulk in scene.voice.asked]
    for _ in range(languages.count("zh-CN")):
        scene.voice.speak()
    assert scene.heard()[0] == (f"announcement.{number}", "zh-CN")
    assert (f"announcement.{number}", "en") not in scene.heard()
    for _ in range(languages.count("en")):
        scene.voice.speak()
    assert (f"announcement.{number}", "en") in scene.heard()


def test_a_voice_that_fails_costs_the_announcement_and_no_call_and_is_tried_again(
    scene: Scene,
) -> None:
    ordinary = scene.heard()
    number = scene.put_out(words_en="")
    scene.look()
    asked = len(scene.voice.asked)
    for _ in range(asked):
        scene.voice.refuse()
    assert scene.heard() == ordinary
    scene.look(AGAIN_S)
    assert len(scene.voice.asked) == 2 * asked
    for _ in range(asked):
        scene.voice.speak()
    assert scene.heard()[0] == (f"announcement.{number}", "zh-CN")


def test_it_ends_by_the_clock_even_while_the_database_is_away(scene: Scene) -> None:
    ordinary = scene.heard()
    scene.have_sound(*BOTH)
    scene.put_out(ends_at=NOW + timedelta(minutes=30))
    scene.look()
    scene.records.away = True
    scene.now = NOW + timedelta(minutes=29, seconds=59)
    for _ in range(5):
        scene.look()
    assert scene.heard() != ordinary
    scene.now = NOW + timedelta(minutes=30)
    assert scene.heard() == ordinary
    assert scene.announcements.said() == {}
    scene.records.away = False
    scene.look()
    assert scene.heard() == ordinary


def test_after_a_restart_it_is_in_force_at_once(scene: Scene) -> None:
    scene.have_sound(*BOTH)
    number = scene.put_out()
    scene.restart()
    assert scene.heard()[0] == (f"announcement.{number}", "zh-CN")


def test_after_a_restart_without_its_sound_it_is_made(scene: Scene) -> None:
    number = scene.put_out(words_en="")
    scene.restart()
    for _ in range(len(scene.voice.asked)):
        scene.voice.speak()
    assert scene.heard()[0] == (f"announcement.{number}", "zh-CN")


def test_ended_or_lengthened_it_follows_at_the_next_look(scene: Scene) -> None:
    ordinary = scene.heard()
    scene.have_sound(*BOTH)
    number = scene.put_out(ends_at=NOW + timedelta(minutes=30))
    scene.look()
    with scene.database.begin() as session:
        service.extend(session, number, NOW + timedelta(hours=2), now=NOW)
    scene.look()
    scene.now = NOW + timedelta(minutes=90)
    assert scene.heard() != ordinary
    with scene.database.begin() as session:
        service.end(session, number, who="clerk", now=scene.now)
    scene.look()
    assert scene.heard() == ordinary


def test_one_for_a_flow_is_heard_by_its_callers_after_the_one_for_all(scene: Scene) -> None:
    scene.have_sound(*BOTH, ("账单系统维护。", "zh-CN"))
    every = scene.put_out(words_en="")
    bills = scene.put_out(words_zh="账单系统维护。", words_en="", flow="bills")
    scene.look()
    assert [name for name, _ in scene.heard("bills")][:2] == [
        f"announcement.{every}",
        f"announcement.{bills}",
    ]
    assert f"announcement.{bills}" not in [name for name, _ in scene.heard("main")]


def test_a_chosen_prompt_is_said_in_the_languages_it_has(scene: Scene) -> None:
    catalogue = scene.snapshot.catalogue
    spoken = [(str(catalogue.text("service_down", one)), one) for one in ("zh-CN", "en")]
    scene.have_sound(*spoken)
    scene.put_out(words_zh="", words_en="", prompt="service_down", manner=Manner.PERSON_ONLY)
    scene.look()
    assert scene.heard() == [
        ("service_down", "zh-CN"),
        ("service_down", "en"),
        ("announcement_offer", "zh-CN"),
        ("announcement_offer", "en"),
    ]


def test_a_prompt_that_is_gone_since_costs_no_call(scene: Scene) -> None:
    ordinary = scene.heard()
    scene.put_out(words_zh="", words_en="", prompt="no_such_prompt")
    scene.look()
    assert scene.heard() == ordinary


def test_beginning_a_call_with_the_longest_announcement_takes_the_reactor_no_3_ms(
    scene: Scene,
) -> None:
    words = "请绕行一号路，注意安全。" * 80
    scene.have_sound((words, "zh-CN"))
    scene.put_out(words_zh=words, words_en="")
    scene.look()
    taken = []
    for _ in range(20):
        begun = time.thread_time()
        snapshot, _begin_in = scene.announcements.before(scene.snapshot, "main")
        taken.append(time.thread_time() - begun)
    assert snapshot is not scene.snapshot
    assert min(taken) < 0.003
