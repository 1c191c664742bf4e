"""Recording by telephone, step by step: what each lookup of the studio answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from ivr.records.tables import AuditEntry, PromptRecording, RecordingSource, Role, Staff
from ivr.services import (
    lookups,
    prompt_numbers,
    prompt_recordings,
    prompt_variants,
    studio,
    studio_codes,
)
from ivr.services.studio import Examined, Visit, Words

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CATALOGUE = {
    "greeting": Words({"zh-CN": "您好，这里是民声热线。", "en": "Welcome."}),
    "bill_found": Words({"zh-CN": "应缴{amount:money}。", "en": "{amount:money}."}, has_slots=True),
    "only_here": Words({"zh-CN": "只有中文。"}),
}
GOOD = Examined(path="prompts/greeting.zh-CN.abc.wav", sha256="ab" * 32, seconds=2.5)


class Clerk:
    """Somebody on the telephone to the studio."""

    def __init__(self, database: Any, catalogue: dict[str, Words] | None = None) -> None:
        self.database = database
        self.catalogue = dict(catalogue or CATALOGUE)
        self.visit = Visit("01088880001", lambda: self.catalogue)
        with database.begin() as session:
            session.add(
                Staff(username="li.na", password_hash="-", role=Role.EDITOR, created_at=NOW)
            )
        with database.begin() as session:
            self.code = studio_codes.make(session, "li.na", who="li.na", now=NOW)
            prompt_numbers.assign(session, CATALOGUE)
        self.values: dict[str, Any] = {}

    def ask(self, service: str, language: str = "zh-CN", **arguments: str) -> str:
        with self.database.begin() as session:
            found = lookups.run(
                session, service, {**arguments, "language": language}, NOW, visit=self.visit
            )
        self.values = dict(found.values)
        return found.name

    def signed_in(self) -> "Clerk":
        assert self.ask("studio.enter", code=self.code) == "accepted"
        return self

    def at(self, number: str, tongue: str = "zh-CN") -> "Clerk":
        assert self.ask("studio.find", number=number) == "found"
        assert self.ask("studio.choose", tongue=tongue) == "ready"
        return self

    def spoke(self, examined: Examined = GOOD) -> "Clerk":
        self.visit.examined = examined
        return self

    @property
    def kept(self) -> list[PromptRecording]:
        with self.database.read() as session:
            return list(session.scalars(select(PromptRecording)))


@pytest.fixture
def clerk(database):
    return Clerk(database)


def test_a_kept_take_is_published_with_who_when_how_and_why(clerk):
    clerk.signed_in().at("101").spoke()
    assert clerk.ask("studio.check", take="one") == "good"
    assert clerk.values == {"sound": studio.TAKE}
    assert clerk.ask("studio.keep") == "kept"
    (row,) = clerk.kept
    assert (row.prompt, row.language, row.variant, row.revision) == ("greeting", "zh-CN", "", 1)
    assert (row.author, row.created_at, row.reason) == ("li.na", NOW, "电话录音")
    assert row.source is RecordingSource.TELEPHONE
    assert (row.path, row.sha256, row.seconds) == (GOOD.path, GOOD.sha256, GOOD.seconds)
    assert row.text == CATALOGUE["greeting"].texts["zh-CN"]
    with clerk.database.read() as session:
        heard = prompt_recordings.heard(session, lambda prompt, lang: CATALOGUE[prompt].texts[lang])
        (note,) = session.scalars(select(AuditEntry).where(AuditEntry.what.like("prompt_rec%")))
    assert heard.keys() == {("greeting", "zh-CN", "")}
    assert (note.who, note.what, note.record) == (
        "li.na",
        "prompt_recorded_by_telephone",
        "greeting zh-CN",
    )
    assert note.detail == {"revision": "1"}


def test_a_take_asked_twice_to_be_kept_is_kept_once(clerk):
    clerk.signed_in().at("101").spoke()
    assert [clerk.ask("studio.keep"), clerk.ask("studio.keep")] == ["kept", "kept"]
    assert len(clerk.kept) == 1


def test_nothing_is_done_for_who_is_not_signed_in(clerk):
    clerk.spoke()
    asked = {"studio.find": {"number": "101"}, "studio.choose": {"tongue": "en"}}
    asked |= {"studio.check": {"take": "one"}, "studio.keep": {}}
    assert {clerk.ask(name, **given) for name, given in asked.items()} == {"signed_out"}
    assert clerk.kept == []


def test_a_wrong_code_after_a_right_one_signs_out(clerk):
    clerk.signed_in()
    assert clerk.ask("studio.enter", code="0000000000") == "wrong_code"
    assert clerk.values == {"tries_left": 2}
    assert clerk.ask("studio.find", number="101") == "signed_out"


def test_the_third_wrong_code_locks_and_says_for_how_long(clerk):
    answers = [clerk.ask("studio.enter", code=clerk.code[:4] + "x") for _ in range(3)]
    assert answers == ["wrong_code", "wrong_code", "locked"]
    assert clerk.values == {"minutes": 30}


def test_an_ended_code_ends_the_call_that_uses_it_at_its_next_step(clerk):
    clerk.signed_in().at("101").spoke()
    with clerk.database.begin() as session:
        studio_codes.end(session, "li.na", who="admin", now=NOW)
    assert clerk.ask("studio.keep") == "signed_out"
    assert clerk.kept == []


@pytest.mark.parametrize("number", ["100", "999999", "", "0"])
def test_a_number_that_no_prompt_has_is_not_found(clerk, number):
    assert clerk.signed_in().ask("studio.find", number=number) == "not_found"


def test_a_prompt_with_slots_is_refused_because_its_recording_would_not_be_heard(clerk):
    assert clerk.signed_in().ask("studio.find", number="102") == "has_slots"
    assert clerk.ask("studio.choose", tongue="zh-CN") == "no_text"


def test_a_prompt_that_nobody_has_listed_yet_gets_its_number_at_once(clerk):
    clerk.catalogue["new_one"] = Words({"zh-CN": "新的。"})
    assert clerk.signed_in().ask("studio.find", number="104") == "found"
    assert clerk.visit.prompt == "new_one"


def test_a_deleted_prompt_is_not_found(clerk):
    del clerk.catalogue["greeting"]
    assert clerk.signed_in().ask("studio.find", number="101") == "not_found"


def test_a_language_without_text_cannot_be_recorded(clerk):
    clerk.signed_in().ask("studio.find", number="103")
    assert clerk.ask("studio.choose", tongue="en") == "no_text"
    assert clerk.ask("studio.choose", tongue="nobody") == "no_text"
    assert clerk.ask("studio.choose", tongue="zh-CN") == "ready"


def test_variants_are_offered_by_name_and_kept_beside_their_language(clerk):
    with clerk.database.begin() as session:
        prompt_variants.add(
            session,
            "north",
            language="zh-CN",
            name_zh="北乡话",
            name_en="Northern",
            who="a",
            now=NOW,
        )
    clerk.signed_in()
    assert clerk.ask("studio.find", "en", number="101") == "found"
    assert clerk.values == {"variants": [{"code": "north", "name": "Northern"}], "count": 1}
    assert clerk.ask("studio.choose", tongue="north") == "ready"
    clerk.spoke()
    assert clerk.ask("studio.keep", "en") == "kept"
    (row,) = clerk.kept
    assert (row.language, row.variant, row.reason) == ("zh-CN", "north", "recorded by telephone")


@pytest.mark.parametrize("fault", studio.FAULTS)
def test_a_take_that_cannot_be_a_prompt_is_named_and_not_kept(clerk, fault):
    clerk.signed_in().at("101").spoke(Examined(fault))
    assert clerk.ask("studio.check", take="one") == fault
    assert clerk.ask("studio.keep") == "nothing"
    assert clerk.kept == []


def test_a_fault_without_a_name_of_ours_is_said_as_unusable(clerk):
    clerk.signed_in().at("101").spoke(Examined("from another release"))
    assert clerk.ask("studio.check", take="one") == "unusable"


def test_words_published_while_others_were_spoken_refuse_the_take(clerk):
    clerk.signed_in().at("101").spoke()
    clerk.catalogue["greeting"] = Words({"zh-CN": "您好，民声热线。"})
    assert clerk.ask("studio.keep") == "changed"
    assert clerk.kept == []


def test_a_variant_removed_meanwhile_refuses_the_take(clerk):
    with clerk.database.begin() as session:
        names = {"name_zh": "北乡话", "name_en": "Northern"}
        prompt_variants.add(session, "north", language="zh-CN", **names, who="a", now=NOW)
    clerk.signed_in().at("101", "north").spoke()
    with clerk.database.begin() as session:
        prompt_variants.remove(session, "north")
    assert clerk.ask("studio.keep") == "changed"


def test_a_dropped_take_cannot_be_kept(clerk):
    clerk.signed_in().at("101").spoke()
    assert clerk.ask("studio.drop") == "dropped"
    assert clerk.ask("studio.keep") == "nothing"


def test_another_prompt_forgets_the_take_of_the_one_before(clerk):
    clerk.signed_in().at("101").spoke().at("103")
    assert clerk.ask("studio.keep") == "nothing"


def test_a_simulated_call_without_a_visit_is_nobody(database):
    with database.begin() as session:
        found = lookups.run(session, "studio.find", {"number": "101"}, NOW)
    assert found.name == "signed_out"
