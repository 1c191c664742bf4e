"""Each check fires on what it is for, and is silent on the default line (test_default_line)."""

import re

import pytest

from call_flows import Issue, PromptFact, Severity, check, default_texts, load
from call_flows.checks import PromptFacts
from call_flows.graph import all_said

TEXTS = default_texts()
BOTH = frozenset({"zh-CN", "en"})


def facts(**changed: PromptFact | None) -> PromptFacts:
    """Every prompt the default line says, with the slots it gives."""
    types = {
        "amount": "money",
        "due": "date",
        "deadline": "date",
        "starts": "datetime",
        "ends": "datetime",
        "until": "datetime",
        "kind": "phrase",
        "state": "phrase",
        "count": "count",
        "tries_left": "count",
        "minutes": "count",
        "phone": "phone",
        "ticket": "digits",
        "day": "date",
        "weekday": "weekday",
        "time": "time",
    }
    found = {
        one.prompt: PromptFact(BOTH, {slot: types.get(slot, "text") for slot in one.slots})
        for one, _place in all_said(load(TEXTS))
        if one.prompt
    }
    for name, fact in changed.items():
        if fact is None:
            del found[name]
        else:
            found[name] = fact
    return found


def issues(
    flow: str = "main", old: str = "", new: str = "", prompts: PromptFacts | None = None
) -> list[Issue]:
    """The issues of the default line with one text in one flow replaced."""
    assert old in TEXTS[flow]
    changed = {**TEXTS, flow: TEXTS[flow].replace(old, new, 1)}
    return check(load(changed), prompts or facts())


def codes(found: list[Issue]) -> set[str]:
    return {issue.code for issue in found}


def test_default_line_raises_nothing_with_these_prompts() -> None:
    assert issues() == []


@pytest.mark.parametrize(
    ("flow", "old", "new", "code", "place"),
    [
        (
            "bills",
            "  wrong_code:\n",
            "  nobody: {kind: say, say: goodbye, then: ask_code}\n\n  wrong_code:\n",
            "unreachable",
            "flows.bills.nodes.nobody",
        ),
        ("main", '"5": {goto: guides}', '"5": {goto: bills}', "unreachable_flow", "flows.guides"),
        (
            "guides",
            "back: {goto: main.menu}",
            "back: repeat",
            "dead_end",
            "flows.guides.nodes.menu",
        ),
        (
            "bills",
            "found: tell\n",
            "found: tell\n      error: look_up\n",
            "loop",
            "flows.bills.nodes.look_up",
        ),
        (
            "person",
            "no_input: {then: goodbye}",
            "no_input: {then: connect}",
            "loop",
            "flows.person.nodes.connect",
        ),
        (
            "outages",
            "    say: outages_menu\n",
            '    say: outages_menu\n    keys: {"0": none}\n',
            "no_person",
            "flows.outages.nodes.menu",
        ),
        (
            "outages",
            "    say: outages_menu\n",
            '    say: outages_menu\n    keys: {"0": ask_area}\n',
            "no_person",
            "flows.outages.nodes.menu",
        ),
        (
            "bills",
            "      locked: locked\n",
            "      not_locked: locked\n",
            "outcome_unhandled",
            "flows.bills.nodes.look_up",
        ),
        (
            "bills",
            "      locked: locked\n",
            "      lokced: locked\n",
            "outcome_unknown",
            "flows.bills.nodes.look_up",
        ),
        (
            "bills",
            "service: bills.find",
            "service: bills.fnd",
            "unknown_service",
            "flows.bills.nodes.look_up",
        ),
        (
            "progress",
            "with: [ticket, last4]",
            "with: [ticket]",
            "argument_missing",
            "flows.progress.nodes.look_up",
        ),
        (
            "progress",
            "with: [ticket, last4]",
            "with: {ticket: ticket, last4: last4, year: ticket}",
            "argument_unknown",
            "flows.progress.nodes.look_up",
        ),
        (
            "bills",
            "with: [account, code]",
            "with: {account: acount, code: code}",
            "unset_variable",
            "flows.bills.nodes.look_up",
        ),
        (
            "bills",
            "with: [bill.tries_left]",
            "with: {tries_left: bill.tries}",
            "unset_variable",
            "flows.bills.nodes.wrong_code",
        ),
        (
            "bills",
            "with: [bill.tries_left]",
            "with: [bill.tries_left, bill.kind]",
            "unknown_slot",
            "flows.bills.nodes.wrong_code",
        ),
        (
            "bills",
            "with: [bill.tries_left]",
            "with: []",
            "slot_not_filled",
            "flows.bills.nodes.wrong_code",
        ),
        (
            "bills",
            "with: [bill.tries_left]",
            "with: {tries_left: bill.amount}",
            "slot_type",
            "flows.bills.nodes.wrong_code",
        ),
        ("main", "say: main_menu", "say: main_meny", "unknown_prompt", "flows.main.nodes.menu"),
    ],
)
def test_check_fires_at_the_place(flow: str, old: str, new: str, code: str, place: str) -> None:
    found = [issue for issue in issues(flow, old, new) if issue.code == code]
    assert place in [issue.place for issue in found]
    # The line is one of the file it speaks of.
    number = max(issue.line for issue in found)
    assert 1 <= number <= TEXTS[flow].count("\n") + 4 or code == "unreachable_flow"


def test_missing_translation_is_told_by_language() -> None:
    found = check(load(TEXTS), facts(bill_menu=PromptFact(frozenset({"zh-CN"}))))
    assert codes(found) == {"missing_translation"}
    assert "no text in en" in found[0].text


def test_a_prompt_said_in_one_language_needs_only_that_one() -> None:
    text = TEXTS["guides"].replace(
        "say: guides_menu", "say: [guides_menu, {prompt: only_english, language: en}]"
    )
    prompts = {**facts(), "only_english": PromptFact(frozenset({"en"}))}
    assert check(load({**TEXTS, "guides": text}), prompts) == []


def test_missing_prompt_suggests_the_nearest() -> None:
    found = issues("main", "say: main_menu", "say: main_menus")
    assert "did you mean 'main_menu'?" in found[0].text


def test_missing_sound_is_a_warning_only_where_it_was_looked_at() -> None:
    found = check(load(TEXTS), facts(goodbye=PromptFact(BOTH, audio=frozenset({"en"}))))
    assert codes(found) == {"missing_audio"}
    assert {issue.severity for issue in found} == {Severity.WARNING}


def test_a_word_set_by_a_flow_and_said_as_a_phrase_must_be_in_the_catalogue() -> None:
    text = TEXTS["complaint"].replace(
        "say: {prompt: complaint_notice, barge_in: false}",
        "say: {prompt: complaint_notice, with: [category], barge_in: false}",
    )
    prompts = facts(complaint_notice=PromptFact(BOTH, {"category": "phrase"}))
    found = check(load({**TEXTS, "complaint": text}), prompts)
    assert {re.findall(r"phrase\.\w+", issue.text)[0] for issue in found} == {
        f"phrase.{name}"
        for name in ("utilities", "roads", "environment", "prices", "offices", "other")
    }
    known = {issue.text.split("'")[-2]: PromptFact(BOTH) for issue in found}
    assert check(load({**TEXTS, "complaint": text}), {**prompts, **known}) == []


def test_errors_come_before_warnings_and_each_once() -> None:
    changed = {
        **TEXTS,
        "main": TEXTS["main"].replace('"5": {goto: guides}', '"5": {goto: bills}'),
        "bills": TEXTS["bills"].replace("say: bill_menu", "say: bil_menu"),
    }
    found = check(load(changed), facts())
    severities = [issue.severity for issue in found]
    assert severities == sorted(severities)
    assert len(found) == len(set(found))
    assert str(found[0]).startswith("error: flows.bills.nodes.after: line ")


def test_a_line_of_one_menu_is_checked_without_a_shared_file() -> None:
    text = """
spec_version: 1
start: menu
nodes:
  menu:
    kind: menu
    say: hello
    choices: {"1": repeat}
    on: {no_input: hang_up, no_match: hang_up, hang_up: nothing}
"""
    found = check(load({"main": text}), {"hello": PromptFact(BOTH)})
    assert codes(found) == {"no_person"}


def test_a_variant_that_is_not_there_or_not_of_the_language_is_an_error() -> None:
    node = "{kind: language, language: zh-CN, then: menu}"
    flows = {
        **TEXTS,
        "main": TEXTS["main"].replace(node, node.replace("zh-CN,", "zh-CN, variant: nort,")),
        "bills": TEXTS["bills"].replace("start:", "variant: slow\nstart:", 1),
        "line": TEXTS["line"] + "\nvariant: gone\n",
    }
    found = check(load(flows), facts(), variants={"north": "zh-CN", "slow": "en"})
    assert {(issue.code, issue.place) for issue in found} == {
        ("unknown_variant", "flows.main.nodes.mandarin"),
        ("unknown_variant", "line.variant"),
    }
    assert any("did you mean 'north'" in issue.text for issue in found)
    found = check(load(flows), facts(), variants={"nort": "en", "slow": "en", "gone": "en"})
    assert [issue.code for issue in found] == ["variant_language"]
    assert check(load(flows), facts()) == []  # where nobody knows the variants, none is judged
