"""The session under anything a caller, a service or a bug can do."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from call_flows import CallFacts, FlowSet, Session, default_texts, load
from call_flows.instructions import (
    CallerHungUp,
    Collect,
    CreateCallBack,
    Digits,
    FileComplaint,
    Filed,
    FilingFailed,
    HangUp,
    Input,
    Instruction,
    Lookup,
    LookupFailed,
    LookupResult,
    NoInput,
    NoMatch,
    Play,
    PlaybackFinished,
    Record,
    Recorded,
    RecordingFailed,
    Say,
    SetDelivery,
    SetLanguage,
    Transfer,
    TransferEnded,
)
from call_flows.session import MASK

LINE = load(default_texts())
WAITING = (Collect, Record, Lookup, FileComplaint, CreateCallBack, Transfer)


def line(nodes: str, *, shared: str = "", **others: str) -> FlowSet:
    """A line of one flow with these nodes, `start` being the first."""
    text = f"spec_version: 1\nstart: start\nnodes:\n{nodes}"
    on_error = 'on_error: {say: sorry, then: hang_up}\nkeys: {"0": hang_up}\n'
    return load({"main": text, "line": f"spec_version: 1\n{on_error}{shared}", **others})


MENU = """
  start:
    kind: menu
    say: hello
    choices: {"1": %s}
    on: {no_input: hang_up, no_match: hang_up, hang_up: nothing}
"""


def said(out: list[Instruction]) -> list[str]:
    return [
        one.content.prompt for one in out if isinstance(one, Play) and isinstance(one.content, Say)
    ]


def well_formed(out: list[Instruction]) -> bool:
    """One instruction that waits, or HangUp, and it is the last."""
    if not out or not isinstance(out[-1], (*WAITING, HangUp)):
        return False
    return all(isinstance(one, Play | SetLanguage | SetDelivery) for one in out[:-1])


scalars = st.one_of(
    st.text(max_size=12), st.integers(), st.decimals(allow_nan=True), st.none(), st.dates()
)
items = st.lists(
    st.dictionaries(st.sampled_from(["kind", "area", "starts", "ends", "text"]), scalars),
    max_size=3,
)
values = st.dictionaries(
    st.sampled_from(["kind", "amount", "due", "state", "count", "items", "tries_left", "reply"]),
    st.one_of(scalars, items),
)
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Digits, st.text("0123456789*#", max_size=21), st.sampled_from(["", "#", "*"])),
    st.builds(Digits, st.sampled_from(["0", "1", "2", "3", "4", "5", "6", "9", "*"])),
    st.builds(Digits, st.sampled_from(["880123", "202611220001", "1234", "13800138000"])),
    st.builds(Digits, st.text(max_size=4)),
    st.just(NoInput()),
    st.just(NoMatch()),
    st.just(PlaybackFinished()),
    st.builds(
        Recorded,
        st.sampled_from(["", "a", "b"]),
        st.floats(0, 100),
        st.sampled_from(["terminator", "silence", "limit", "hang_up"]),
    ),
    st.builds(RecordingFailed, st.just("disk")),
    st.builds(
        LookupResult,
        st.sampled_from(
            ["found", "none", "code_needed", "wrong_code", "locked", "not_found", "surprise"]
        ),
        values,
    ),
    st.builds(LookupFailed, st.sampled_from(["timeout", "error"])),
    st.builds(Filed, st.sampled_from(["", "202611220001"])),
    st.builds(FilingFailed, st.just("database")),
    st.builds(TransferEnded, st.sampled_from(["answered", "busy", "no_answer", "failed"])),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(LINE.flows)),
    st.text(max_size=20),
    st.lists(inputs, max_size=40),
    st.booleans(),
)
def test_no_input_raises_and_every_list_waits_for_one_thing_or_hangs_up(
    flow: str, caller: str, given_: list[Input], hangs_up: bool
) -> None:
    session = Session(LINE, flow)
    out = session.start(CallFacts(caller, "12345"))
    assert well_formed(out)
    for one in given_:
        if session.finished:
            break
        waiting = out[-1]
        next_out = session.resume(one)
        if next_out:
            out = next_out
            hung_up_now = isinstance(one, Recorded) and one.ended_by == "hang_up"
            assert well_formed(out) or hung_up_now
        else:
            # Not an answer to what waits: it goes on waiting. Or the caller is gone.
            assert waiting is out[-1]
    if hangs_up and not session.finished:
        left = session.resume(CallerHungUp())
        assert all(isinstance(one, FileComplaint | CreateCallBack) for one in left)
        assert len(left) <= 1
        for _ in range(5):
            left = session.resume(Filed("1"))
        assert left == []
        assert session.finished
    for step in session.take_steps():
        assert step.flow in LINE.flows


@settings(max_examples=100, deadline=None)
@given(st.lists(inputs, max_size=25))
def test_session_is_a_function_of_its_inputs(given_: list[Input]) -> None:
    runs = []
    for _ in range(2):
        session = Session(LINE)
        run = [repr(session.start(CallFacts("13800138000", "1")))]
        run += [repr(session.resume(one)) for one in given_]
        runs.append((run, session.take_steps()))
    assert runs[0] == runs[1]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["main", "complaint", "person"]), st.lists(inputs, max_size=40))
def test_what_was_spoken_last_is_filed_and_nothing_twice(flow: str, given_: list[Input]) -> None:
    """Whatever the caller presses and however it ends; only speaking again replaces a recording."""
    session = Session(LINE, flow)
    filed: list[str] = []
    spoken: dict[str, str] = {}

    def go(out: list[Instruction]) -> None:
        while out and not session.finished:
            last = out[-1]
            if isinstance(last, Record):
                spoken[last.kind] = f"r{len(filed)}-{last.kind}-{len(given_)}-{id(last)}"
                out = session.resume(Recorded(spoken[last.kind], 5.0, "terminator"))
            elif isinstance(last, FileComplaint | CreateCallBack):
                filed.append(last.recording)
                out = session.resume(Filed("202611220001"))
            else:
                return

    go(session.start(CallFacts("13800138000", "1")))
    for one in given_:
        if not isinstance(one, Recorded | RecordingFailed | FilingFailed):
            go(session.resume(one))
    go(session.resume(CallerHungUp()))
    assert session.finished
    assert set(spoken.values()) <= set(filed)
    assert len(filed) == len(set(filed))


def test_a_loop_without_input_takes_the_exit_instead_of_running_for_ever() -> None:
    flow_set = line("  start: {kind: goto, to: other}\n  other: {kind: goto, to: start}\n")
    session = Session(flow_set, step_limit=50)
    out = session.start(CallFacts())
    assert said(out) == ["sorry"]
    assert out[-1] == HangUp("finished")
    assert "50 nodes" in str(session.failures[0])


def test_a_missing_value_takes_the_exit_to_a_person() -> None:
    session = Session(LINE)
    session.start(CallFacts())
    session.resume(NoInput())
    session.resume(Digits("1"))
    session.resume(Digits("880123", "#"))
    out = session.resume(LookupResult("found", {"kind": "water"}))
    assert said(out) == ["internal_error", "person_connecting"]
    assert isinstance(out[-1], Transfer)
    assert "bill.amount" in str(session.failures[0])


def test_when_the_exit_fails_too_a_person_is_called_without_any_flow() -> None:
    flow_set = line(
        "  start: {kind: goto, to: start}\n",
        shared="",
        trouble="spec_version: 1\nstart: round\nnodes:\n  round: {kind: goto, to: round}\n",
    )
    broken = load(
        {
            "main": "spec_version: 1\nstart: start\nnodes:\n  start: {kind: goto, to: start}\n",
            "line": "spec_version: 1\non_error: {say: sorry, goto: main}\n",
        }
    )
    assert flow_set.flows.keys() == {"main", "trouble"}
    session = Session(broken)
    out = session.start(CallFacts())
    assert said(out) == ["sorry"]
    assert out[-1] == Transfer("person", 30.0)
    assert session.resume(TransferEnded("no_answer")) == [HangUp("failure")]
    assert session.finished


def test_flows_that_call_each_other_without_end_take_the_exit() -> None:
    flow_set = line("  start: {kind: goto, to: {call: main}}\n")
    session = Session(flow_set)
    assert session.start(CallFacts())[-1] == HangUp("finished")
    assert "calls within each other" in str(session.failures[0])


def test_an_outcome_nobody_wrote_down_is_an_error_of_the_service() -> None:
    session = Session(LINE, "outages")
    session.start(CallFacts())
    session.resume(Digits("1"))
    out = session.resume(LookupResult("strike", {}))
    assert said(out) == ["service_down", "person_connecting"]


def test_a_late_or_foreign_answer_changes_nothing() -> None:
    session = Session(LINE)
    session.start(CallFacts())
    for stray in (PlaybackFinished(), LookupResult("found", {}), Filed("1"), Recorded("r", 5.0)):
        assert session.resume(stray) == []
    assert session.resume(Digits("2"))[0] == SetLanguage("en")


def test_what_could_not_be_carried_out_takes_the_exit() -> None:
    session = Session(LINE)
    session.start(CallFacts())
    out = session.resume(LookupFailed("error"))
    assert said(out) == ["internal_error", "person_connecting"]


def test_sensitive_digits_reach_no_step() -> None:
    session = Session(LINE, "bills")
    session.start(CallFacts())
    session.resume(Digits("880456", "#"))
    session.resume(LookupResult("code_needed", {}))
    out = session.resume(Digits("43", "#"))
    out = session.resume(Digits("4321", "#"))
    lookup = out[-1]
    assert isinstance(lookup, Lookup)
    assert lookup.sensitive == {"code"}
    steps = session.take_steps()
    assert [step.given for step in steps if step.node == "ask_code"] == [MASK, MASK]
    assert "4321" not in repr(steps)
    assert [step.given for step in steps if step.node == "ask_account"] == ["880456"]


@pytest.mark.parametrize(
    "given_",
    [Digits("880123", "#"), Digits("880123#"), Digits("880123")],
    ids=["terminator apart", "terminator left in", "after a pause"],
)
def test_an_entry_ends_by_terminator_or_pause(given_: Digits) -> None:
    session = Session(LINE, "bills")
    session.start(CallFacts())
    lookup = session.resume(given_)[-1]
    assert isinstance(lookup, Lookup)
    assert lookup.arguments == {"account": "880123", "language": "zh-CN"}


def test_digits_of_other_scripts_are_no_digits() -> None:
    session = Session(LINE, "bills")
    session.start(CallFacts())
    assert said(session.resume(Digits("٨٨٠١٢٣")))[0] == "wrong_entry_first"


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        ("13800138000", "13800138000"),
        ("+8613800138000", "13800138000"),
        ("008675512345678", "75512345678"),
        ("+4930123456", "+4930123456"),
        ("0755-8888 8888", "075588888888"),
        ("1001", ""),
        ("anonymous", ""),
        ("", ""),
        ("１３８００１３８０００", ""),
    ],
)
def test_caller_is_a_number_to_call_back_only_if_it_looks_like_one(
    caller: str, number: str
) -> None:
    flow_set = line(
        MENU % "{set: {n: {from: caller.number}}, then: ask}"
        + """
  ask:
    kind: call_back
    recording: r
    number: n
    reason: test
    on: {filed: hang_up, failed: hang_up}
""",
        shared='home_prefixes: ["+86", "0086"]',
    )
    session = Session(flow_set)
    session.start(CallFacts(caller))
    assert session.resume(Digits("1")) == [CreateCallBack("", number, "test")]


def test_hanging_up_while_a_complaint_is_being_filed_does_not_file_it_again() -> None:
    session = Session(LINE, "complaint")
    session.start(CallFacts("13800138000"))
    for one in (Digits("1"), Recorded("r", 5.0, "terminator"), Digits("1"), Digits("1")):
        out = session.resume(one)
    assert isinstance(out[-1], FileComplaint)
    assert session.resume(CallerHungUp()) == []
    assert session.resume(Filed("202611220001")) == []
    assert session.finished


def test_a_complaint_and_a_message_of_one_call_are_both_kept() -> None:
    session = Session(LINE, "complaint")
    session.start(CallFacts("13800138000"))
    session.resume(Digits("1"))
    session.resume(Recorded("complaint", 5.0, "terminator"))
    session.resume(Digits("0"))
    session.resume(TransferEnded("no_answer"))
    session.resume(Digits("1"))
    session.resume(Recorded("message", 5.0, "terminator"))
    left = session.resume(CallerHungUp())
    assert left == [FileComplaint("utilities", "complaint", "13800138000", False)]
    left = session.resume(Filed("202611220001"))
    assert left == [CreateCallBack("message", "13800138000", "message")]
    assert session.resume(Filed("")) == []


def test_pressing_again_and_hanging_up_before_speaking_files_what_was_spoken_first() -> None:
    session = Session(LINE, "complaint")
    session.start(CallFacts("13800138000"))
    session.resume(Digits("1"))
    session.resume(Recorded("first", 5.0, "terminator"))
    session.resume(Digits("3"))
    left = session.resume(CallerHungUp(Recorded("second", 0.2, "hang_up")))
    assert left == [FileComplaint("utilities", "first", "13800138000", False)]


def test_nothing_happens_after_the_end() -> None:
    session = Session(LINE)
    session.start(CallFacts())
    assert session.resume(CallerHungUp()) == []
    assert session.finished
    assert session.resume(Digits("1")) == []
    assert session.resume(CallerHungUp()) == []


def test_an_amount_is_handed_on_as_it_is() -> None:
    session = Session(LINE, "bills")
    session.start(CallFacts())
    session.resume(Digits("880123", "#"))
    amount = Decimal("128.50")
    from datetime import date

    due = date(2026, 12, 1)
    values_ = {"kind": "electricity", "amount": amount, "due": due, "state": "unpaid"}
    out = session.resume(LookupResult("found", values_))
    assert out[0] == Play(Say("bill_found", values_, "zh-CN"))


def test_a_recordings_id_is_not_written_down_as_keys() -> None:
    session = Session(LINE, "complaint")
    session.start(CallFacts("13800138000"))
    session.resume(Digits("1"))
    session.resume(Recorded("recording-id", 5.0, "terminator"))
    assert [step.given for step in session.take_steps() if step.kind == "record"] == [""]


def variants(flow_set: FlowSet, keys: str) -> list[tuple[str, str]]:
    """What is said from the start, and in which variant, with these keys pressed in turn."""
    session = Session(flow_set)
    out = session.start(CallFacts())
    for key in keys:
        out += session.resume(Digits(key))
    plays = [one.content for one in out if isinstance(one, Play)]
    return [(say.prompt, say.variant) for say in plays if isinstance(say, Say)]


DIALECTS = """
  start:
    kind: menu
    say: hello
    choices: {"1": mandarin, "2": dialect, "3": kept, "4": {goto: village}}
    on: {no_input: hang_up, no_match: hang_up, hang_up: nothing}
  mandarin: {kind: language, language: zh-CN, variant: none, then: start}
  dialect: {kind: language, language: zh-CN, variant: north, then: start}
  kept: {kind: language, language: en, then: start}
"""
VILLAGE = """
spec_version: 1
start: hello
variant: village
nodes:
  hello: {kind: say, say: notice, then: {goto: main}}
"""


def test_a_caller_chooses_a_variant_which_holds_until_another_is_chosen() -> None:
    flows = line(DIALECTS, village=VILLAGE)
    assert variants(flows, "231") == [
        ("hello", ""),
        ("hello", "north"),
        ("hello", "north"),  # another language keeps it: what it has not recorded falls back
        ("hello", ""),
    ]


def test_a_flow_that_names_a_variant_speaks_it_from_there_on() -> None:
    flows = line(DIALECTS, village=VILLAGE)
    assert variants(flows, "4") == [("hello", ""), ("notice", "village"), ("hello", "village")]
    session = Session(flows, "village")
    session.start(CallFacts())
    assert session.variant == "village"


def test_the_line_may_speak_a_variant_from_the_first_word() -> None:
    flows = line(DIALECTS, shared="variant: south\n", village=VILLAGE)
    assert variants(flows, "2") == [("hello", "south"), ("hello", "north")]


def test_the_words_of_a_wait_are_in_the_variant_too() -> None:
    nodes = """
  start:
    kind: lookup
    service: bills.find
    with: {}
    as: bill
    waiting: please_wait
    on: {found: hang_up, timeout: hang_up, error: hang_up}
"""
    out = Session(line(nodes, shared="variant: north\n")).start(CallFacts())
    assert [say.variant for say in out[-1].waiting] == ["north"]
