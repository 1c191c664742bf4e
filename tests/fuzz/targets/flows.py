"""Call flows and scenarios as YAML: what a clerk uploads or types, and what is done with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from call_flows import check, default_texts
from call_flows.checks import PromptFact
from call_flows.editing import EditError, contents, leads, nodes_of, rename_node, replace
from call_flows.errors import FlowError
from call_flows.loader import attempt, load
from call_flows.picture import picture
from call_flows.scenario import ScenarioError, play, read_scenario
from call_flows.source import decode
from tests.fuzz.target import HERE, Target

LINE = """spec_version: 1
on_error: {say: sorry, then: hang_up}
keys: {"0": hang_up, "9": repeat, "7": slower}
speaking: {slower: {chosen: slower, taken_back: usual}}
defaults:
  input: {on: {no_input: {say: [one, two], attempts: 3, then: hang_up}, no_match: hang_up}}
  lookup: {timeout: 5s, retries: 1, waiting: please_wait, on: {timeout: hang_up, error: hang_up}}
"""
SHORT = """spec_version: 1
title: {zh-CN: 账单, en: Bills}
start: start
nodes:
  start:
    kind: menu
    say: hello
    choices: {"1": ask, "2": {goto: main.start}, "3": speak}
    on: {hang_up: nothing}
  ask:
    kind: ask
    say: ask_account
    into: account
    min_digits: 3
    max_digits: 20
    then: look
    on: {hang_up: nothing}
  look:
    kind: lookup
    service: bills.find
    with: [account]
    as: bill
    on: {found: tell, nothing_owed: start, code_needed: ask, wrong_code: ask, locked: start,
         not_found: {say: not_found, then: start}}
  tell:
    kind: say
    say: {prompt: found, with: [bill.kind, bill.amount, bill.due]}
    then: start
  speak:
    kind: record
    purpose: complaint
    say: notice
    category: kind
    into: spoken
    max: 60s
    silence: 3s
    then: {set: {kind: noise, number: {from: caller.number}}, then: file}
    on: {hang_up: file, failed: {say: failed, then: start}}
  file:
    kind: file_complaint
    category: kind
    recording: spoken
    number: number
    as: ticket
    on: {filed: start, failed: start}
""".encode()
LAUGHS = (
    b"a: &a [l,l,l,l,l,l,l,l,l]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 106)
    )
    + b"title: *j\n"
)
WORDS = tuple(
    word.encode()
    for word in (
        *("spec_version: 1", "start: ", "nodes:\n", "kind: ", "menu", "ask", "say", "lookup"),
        *("record", "file_complaint", "call_back", "transfer", "choose", "set", "list", "hours"),
        *("hang_up", "language", "confirm", "goto", "call", "then", "again", "slower", "louder"),
        *("on: {", "no_input", "no_match", "timeout", "error", "match", "choices: {", "keys: {"),
        *("with: [", "prompt: ", "as: ", "into: ", "when: {of: ", "is_not: ", "max_digits: ", "5s"),
        *("300ms", "sensitive: true", "barge_in: false", "defaults: {", "picture: {", "back: "),
        *("title: {", "zh-CN", "en", "&a", "*a", "!!python/object:os.system", "!!binary", "<<: "),
        *("---\n", "...\n", "%YAML 1.1\n", "? ", "|+\n", ">-\n", "- ", "[[[[", "{a: ", "\n  "),
        *("expect: [", "press: ", "record: {", "lookup: {", "outcome: ", "values: {", "steps:\n"),
        *("call: {caller: ", "hang_up: ", "filed: ", "silence: ", "2026-11-22", ".inf", "12:30:00"),
    )
)


class Facts(dict[str, PromptFact]):
    """Every prompt is there."""

    def __missing__(self, name: str) -> PromptFact:
        return PromptFact(frozenset({"zh-CN", "en"}))


def flow(data: bytes) -> None:
    """Read what can be read; what has no faults can be checked and drawn; edits keep it whole."""
    text = decode(data, "flows.main")
    flow_set, problems = attempt({"main": text, "line": LINE})
    for one in flow_set.flows.values():
        picture(one)
    for problem in problems:
        assert str(problem)
    if not problems:
        for issue in check(flow_set, Facts()):
            assert str(issue.text)
    _edit(text)
    if problems:
        raise FlowError(problems)


def _edit(text: str) -> None:
    try:
        leads(text)
        nodes = nodes_of(text)
    except FlowError:
        return
    for name in list(nodes)[:1]:
        try:
            changed = rename_node(text, name, "renamed_by_a_test")
            assert "renamed_by_a_test" in nodes_of(changed)
            replace(text, contents(text))
        except EditError:
            continue


_DEFAULT = load(default_texts())


def scenario(data: bytes) -> None:
    play(read_scenario(data.decode("utf-8", "replace")), _DEFAULT)


def _scenarios() -> Iterable[bytes]:
    folder = HERE.parents[0] / "call_flows" / "scenarios"
    yield from (path.read_bytes() for path in sorted(Path(folder).glob("*.yaml")))
    nested = b", ".join(b"&%c [%s]" % (n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 106))
    yield b"title: [&a [l,l], " + nested + b"]\nsteps: []\n"
    yield b"title: x\nsteps: *a\n"
    yield b"steps: []\nexpect: 5\npath: 7\ncall: {caller: 2026-11-22}\nhours: {a: closed}\n"


def _flows() -> Iterable[bytes]:
    yield SHORT
    texts = default_texts()
    yield from (texts[name].encode() for name in ("bills", "complaint", "outages", "help", "line"))
    yield LAUGHS


# Pure Python reads YAML: some ten milliseconds a kilobyte, in the desk and not on the reactor.
TARGETS = (
    Target(
        *("flow_yaml", flow, (FlowError,), _flows, WORDS, 3000),
        slow_ms_per_kb=60,
        tried_in_tests=25,
    ),
    Target(
        *("scenario_yaml", scenario, (ScenarioError, FlowError), _scenarios, WORDS, 3000),
        slow_ms_per_kb=40,
        tried_in_tests=40,
    ),
)
