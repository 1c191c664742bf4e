"""An emergency announcement comes first, and then the call goes on, or has only a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from call_flows import CallFacts, Session, default_texts, load
from call_flows.announced import ANNOUNCEMENT, Announced, announced
from call_flows.instructions import (
    CallerHungUp,
    Collect,
    Digits,
    HangUp,
    Instruction,
    NoInput,
    Play,
    Say,
    Transfer,
    TransferEnded,
)
from call_flows.scenario import prompts_of

LINE = load(default_texts())
BOTH = ("en", "zh-CN")
FLOOD = Announced([("announcement.7", BOTH)])
FLOOD_ONLY = replace(FLOOD, person_only=True)


def call(first: Announced, dialled: str = "main") -> tuple[Session, list[Instruction]]:
    flows, start = announced(LINE, dialled, first)
    session = Session(flows, start)
    return session, session.start(CallFacts("13800138000"))


def heard(out: list[Instruction]) -> list[tuple[str, str]]:
    return [
        (one.content.prompt, one.content.language)
        for one in out
        if isinstance(one, Play) and isinstance(one.content, Say)
    ]


def test_it_is_said_before_the_greeting_in_the_languages_of_the_line() -> None:
    session, out = call(FLOOD)
    ordinary = Session(LINE).start(CallFacts("13800138000"))
    assert heard(out)[:2] == [("announcement.7", "zh-CN"), ("announcement.7", "en")]
    assert out[2:] == ordinary
    assert not any(one.barge_in for one in out[:2] if isinstance(one, Play))
    assert session.place == ("main", "greeting")


def test_a_language_it_has_no_words_in_is_passed_over() -> None:
    _session, out = call(Announced([("announcement.7", ("en",))]))
    assert heard(out)[0] == ("announcement.7", "en")


def test_a_call_of_another_number_goes_on_in_its_own_flow() -> None:
    session, _out = call(FLOOD, "bills")
    assert session.place == ("bills", LINE.flows["bills"].start)
    session, _out = call(FLOOD, "no_such_flow")
    assert session.place[0] == "main"


def test_repeating_the_greeting_does_not_say_the_announcement_again() -> None:
    session, _out = call(FLOOD)
    session.resume(Digits("1"))
    assert prompts_of(session.resume(Digits("9"))) == ["main_menu"]


def test_only_a_person_or_the_end_is_offered() -> None:
    session, out = call(FLOOD_ONLY)
    assert prompts_of(out) == ["announcement.7"] * 2 + ["announcement_offer"] * 2
    again = session.resume(Digits("9"))
    assert prompts_of(again) == ["announcement.7"] * 2 + ["announcement_offer"] * 2
    assert isinstance(session.resume(Digits("0"))[-1], Transfer)


def test_no_key_leads_from_there_to_the_rest_of_the_line() -> None:
    """Every key at every place for four keys: the main menu is never said."""
    flows, start = announced(LINE, "main", FLOOD_ONLY)
    keys = "0123456789*#"

    def walk(pressed: str) -> None:
        session = Session(flows, start)
        out = session.start(CallFacts("13800138000"))
        for key in pressed:
            given = Digits(key) if isinstance(out[-1], Collect) else TransferEnded("no_answer")
            out = session.resume(given) or out
        assert not {"main_menu", "bill_ask_account", "greeting"} & set(prompts_of(out)), pressed
        assert session.place[0] in (ANNOUNCEMENT, "person", "help"), pressed
        if len(pressed) < 3 and not isinstance(out[-1], HangUp):
            for key in keys:
                walk(pressed + key)

    walk("")


def test_a_silent_caller_is_not_kept() -> None:
    session, out = call(FLOOD_ONLY)
    for _ in range(4):
        if isinstance(out[-1], HangUp):
            break
        out = session.resume(NoInput())
    assert isinstance(out[-1], HangUp)
    assert session.resume(CallerHungUp()) == []


@pytest.mark.parametrize("person_only", [True, False])
def test_without_its_flow_it_is_said_all_the_same(person_only: bool) -> None:
    texts = {name: text for name, text in default_texts().items() if name != ANNOUNCEMENT}
    flows, start = announced(load(texts), "main", replace(FLOOD, person_only=person_only))
    out = Session(flows, start).start(CallFacts())
    assert heard(out)[0] == ("announcement.7", "zh-CN")
    assert isinstance(out[-1], HangUp if person_only else Collect)
