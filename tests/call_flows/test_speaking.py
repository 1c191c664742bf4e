"""Slower and louder: chosen with a key, said again at once, and kept for the whole call."""

from datetime import date
from decimal import Decimal

import pytest

from call_flows import CallFacts, FlowError, Session, default_texts, load
from call_flows.checks import check
from call_flows.instructions import (
    Collect,
    Delivery,
    Digits,
    Instruction,
    LookupFailed,
    LookupResult,
    NoInput,
    Play,
    Record,
    Recorded,
    Say,
    SetDelivery,
    TransferEnded,
)
from call_flows.scenario import prompts_of
from call_flows.simulator import simulate
from tests.call_flows.test_default_line import catalogue_facts

TEXTS = default_texts()
LINE = load(TEXTS)
SLOW, LOUD = Digits("7"), Digits("8")
BILL = LookupResult(
    "found",
    {
        "kind": "electricity",
        "amount": Decimal("128.50"),
        "due": date(2026, 12, 1),
        "state": "unpaid",
        "account": "880123",
        "count": 1,
    },
)


def on_the_way(*given: object, flow: str = "main") -> tuple[Session, list[Instruction]]:
    """A session after these inputs, and what the last of them was answered with."""
    session = Session(LINE, flow)
    out = session.start(CallFacts("13800138000"))
    for one in given:
        out = session.resume(one)  # type: ignore[arg-type]
    assert session.failures == []
    return session, out


def deliveries(out: list[Instruction]) -> list[Delivery]:
    return [one.delivery for one in out if isinstance(one, SetDelivery)]


def test_seven_says_so_and_says_the_menu_again_slower() -> None:
    session, out = on_the_way(Digits("1"), SLOW)
    assert out[0] == SetDelivery(Delivery(slow=True))
    assert prompts_of(out) == ["speaking_slower", "main_menu"]
    assert isinstance(out[-1], Collect)
    assert session.delivery == Delivery(slow=True)


def test_pressed_again_it_is_taken_back_and_said_so() -> None:
    session, out = on_the_way(Digits("1"), SLOW, SLOW)
    assert deliveries(out) == [Delivery()]
    assert prompts_of(out) == ["speaking_usual_speed", "main_menu"]
    assert session.delivery == Delivery()


def test_slower_and_louder_are_two_choices() -> None:
    session, out = on_the_way(Digits("1"), SLOW, LOUD)
    assert prompts_of(out) == ["speaking_louder", "main_menu"]
    assert session.delivery == Delivery(slow=True, loud=True)
    session, _out = on_the_way(Digits("1"), SLOW, LOUD, SLOW)
    assert session.delivery == Delivery(loud=True)


def test_the_amount_is_said_again_and_not_only_the_menu_after_it() -> None:
    _session, out = on_the_way(Digits("880123", "#"), BILL, SLOW, flow="bills")
    assert prompts_of(out) == ["speaking_slower", "bill_found", "bill_menu"]
    amounts = [
        one.content.slots["amount"]
        for one in out
        if isinstance(one, Play) and isinstance(one.content, Say) and one.content.slots
    ]
    assert amounts == [Decimal("128.50")]


def test_the_choice_outlives_other_flows_and_a_change_of_language() -> None:
    session, _out = on_the_way(SLOW, Digits("2"), Digits("1"), Digits("880123", "#"), BILL)
    assert session.language == "en"
    assert session.delivery == Delivery(slow=True)


def test_a_remark_about_a_mistake_is_not_said_again() -> None:
    _session, out = on_the_way(Digits("1"), NoInput(), SLOW)
    assert prompts_of(out) == ["speaking_slower", "main_menu"]


def test_pound_in_a_menu_tells_of_the_keys_and_comes_back_to_what_was_said() -> None:
    session, out = on_the_way(Digits("880123", "#"), BILL, Digits("#"), flow="bills")
    assert prompts_of(out) == ["help_menu"]
    out = session.resume(SLOW)
    assert prompts_of(out) == ["speaking_slower", "bill_found", "bill_menu"]
    assert prompts_of(session.resume(Digits("1"))) == ["bill_found", "bill_menu"]


def test_pound_alone_where_a_number_is_asked_for_is_help_and_seven_too_short_is_slower() -> None:
    session, out = on_the_way(Digits("", "#"), flow="bills")
    assert prompts_of(out) == ["help_menu"]
    assert prompts_of(session.resume(LOUD)) == ["speaking_louder", "bill_ask_account"]
    assert prompts_of(session.resume(SLOW)) == ["speaking_slower", "bill_ask_account"]
    # With the digits an account has, it is an account.
    assert session.resume(Digits("7777", "#"))[-1].arguments["account"] == "7777"  # type: ignore[union-attr]


def test_silence_in_the_help_menu_goes_back() -> None:
    _session, out = on_the_way(Digits("1"), Digits("#"), NoInput())
    assert prompts_of(out) == ["main_menu"]


def test_in_a_list_the_item_is_said_again() -> None:
    items = [
        {"area": name, "kind": "water", "starts": date(2026, 11, 22), "text": "", "ends": ""}
        for name in ("east", "west")
    ]
    found = LookupResult("found", {"items": items, "count": 2})
    _session, out = on_the_way(Digits("1"), found, Digits("1"), SLOW, flow="outages")
    assert prompts_of(out) == ["speaking_slower", "outage_item_open_end", "outages_last"]
    areas = [
        one.content.slots["area"]
        for one in out
        if isinstance(one, Play) and isinstance(one.content, Say) and "area" in one.content.slots
    ]
    assert areas == ["west"]


def test_while_a_notice_plays_a_key_says_it_slower_and_recording_waits() -> None:
    session, out = on_the_way(Digits("1"), flow="complaint")
    asked = out[-1]
    assert isinstance(asked, Record)
    assert set(asked.keys) == set("0*978")  # the pound key ends the recording
    out = session.resume(SLOW)
    assert prompts_of(out) == ["speaking_slower", "complaint_notice"]
    assert out[-1] == asked
    assert session.resume(Digits("5")) == []
    assert session.resume(Recorded("r1", 5.0, "terminator"))


def test_the_call_record_shows_what_was_chosen_and_taken_back() -> None:
    session, _out = on_the_way(Digits("1"), SLOW, LOUD, SLOW, LOUD)
    seen = [(step.given, step.outcome) for step in session.take_steps() if step.node == "menu"]
    assert seen == [
        ("7", "slower"),
        ("8", "louder"),
        ("7", "usual_speed"),
        ("8", "usual_volume"),
    ]


def test_a_failure_keeps_the_callers_choice() -> None:
    session, _out = on_the_way(Digits("1"), SLOW)
    session.resume(LookupFailed("error"))
    assert session.delivery == Delivery(slow=True)
    assert session.resume(TransferEnded("no_answer"))


def test_a_replayed_recording_is_among_what_is_said_again() -> None:
    given = (Digits("1"), Recorded("r1", 5.0, "terminator"), Digits("2"), LOUD)
    _session, out = on_the_way(*given, flow="complaint")
    assert prompts_of(out) == [
        "speaking_louder",
        "complaint_your_recording",
        "replay:r1",
        "complaint_confirm",
    ]


def test_a_flow_may_choose_for_its_callers() -> None:
    text = TEXTS["main"].replace(
        '"5": {goto: guides}', '"5": {speak: slower, say: goodbye, goto: guides}'
    )
    session = Session(load({**TEXTS, "main": text}))
    session.start(CallFacts())
    session.resume(Digits("1"))
    out = session.resume(Digits("5"))
    assert deliveries(out) == [Delivery(slow=True)]
    assert prompts_of(out) == ["speaking_slower", "goodbye", "guides_menu"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("then: menu}", "then: slower}", "stand at a key"),
        ('"5": {goto: guides}', '"5": {speak: slow, goto: guides}', "slower, louder is wanted"),
        ("  menu:\n", "  louder:\n", "rename it"),
    ],
)
def test_mistakes_are_told_with_their_place(old: str, new: str, told: str) -> None:
    with pytest.raises(FlowError) as caught:
        load({**TEXTS, "main": TEXTS["main"].replace(old, new, 1)})
    assert any(told in str(problem) for problem in caught.value.problems)


def test_an_announcement_without_a_prompt_is_found() -> None:
    line = TEXTS["line"].replace("chosen: speaking_slower", "chosen: speaking_sloer")
    found = check(load({**TEXTS, "line": line}), catalogue_facts())
    assert [(issue.code, issue.place) for issue in found] == [
        ("unknown_prompt", "line.speaking.slower")
    ]


def test_a_line_without_these_keys_or_words_works_as_before() -> None:
    line = "\n".join(
        row for row in TEXTS["line"].splitlines() if not row.lstrip().startswith(('"7"', '"8"'))
    )
    line = (
        line.replace("speaking:\n", "").replace("  slower: {", "# {").replace("  louder: {", "# {")
    )
    session = Session(load({**TEXTS, "line": line}))
    session.start(CallFacts())
    session.resume(Digits("1"))
    assert prompts_of(session.resume(SLOW)) == ["no_match_first", "main_menu"]


def test_the_simulator_shows_how_the_line_speaks() -> None:
    written: list[str] = []

    def say(prompt: str, slots: object, language: str) -> str:
        return prompt

    path = simulate(
        LINE,
        say=say,
        lookups=lambda service, arguments: ("none", {}),
        keys="1 7 8 7 3 1 7 speak h",
        out=written.append,
    )
    told = [line.strip() for line in written if line.strip().startswith("~")]
    assert told == [
        "~ slower 慢一点",
        "~ slower 慢一点, louder 大声一点",
        "~ louder 大声一点",
        "~ slower 慢一点, louder 大声一点",
    ]
    assert [step.outcome for step in path if step.kind == "record"] == ["slower", "match"]
