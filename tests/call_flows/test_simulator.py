"""A call in the terminal, with scripted and with typed keys."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from call_flows import CallFacts, default_texts, load, simulate
from call_flows.instructions import CreateCallBack, FileComplaint
from call_flows.session import MASK

LINE = load(default_texts())


def say(prompt: str, slots: Mapping[str, Any], language: str) -> str:
    return f"[{language}] {prompt} {dict(slots) or ''}".rstrip()


def lookups(service: str, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if arguments.get("account") == "880000":
        raise TimeoutError
    if arguments.get("account") == "881111":
        raise RuntimeError("no database")
    if arguments.get("account") == "880456" and "code" not in arguments:
        return "code_needed", {}
    return "found", {
        "kind": "electricity",
        "amount": Decimal("128.50"),
        "due": date(2026, 12, 1),
        "state": "unpaid",
    }


def call(keys: str, **options: Any) -> tuple[list[str], str]:
    """The nodes passed and everything that was written."""
    written: list[str] = []
    path = simulate(LINE, say=say, lookups=lookups, keys=keys, out=written.append, **options)
    return [f"{step.flow}.{step.node}" for step in path], "\n".join(written)


def test_scripted_keys_hold_a_whole_call() -> None:
    path, written = call("2 1 880123# *")
    assert path == [
        "main.greeting",
        "main.english",
        "main.menu",
        "bills.ask_account",
        "bills.look_up",
        "bills.tell",
        "bills.after",
        "main.menu",
    ]
    assert "[zh-CN] greeting" in written
    assert "[en] bill_found {'kind': 'electricity', 'amount': Decimal('128.50')" in written
    assert "bills.look_up (lookup) found" in written


def test_silence_is_a_dash_and_the_end_of_the_script_hangs_up() -> None:
    path, _written = call("- - 5")
    assert path == ["main.greeting", "main.mandarin", "main.menu", "main.menu", "guides.menu"]


def test_secrets_are_not_written() -> None:
    _path, written = call("1 1 880456# 4321#")
    assert "4321" not in written
    assert MASK in written
    assert "880456" in written


def test_services_that_are_slow_or_fail_are_heard_as_such() -> None:
    _path, written = call("1 1 880000# n")
    assert "[zh-CN] service_slow" in written
    _path, written = call("1 1 881111# a")
    assert "[zh-CN] service_down" in written
    assert "no database" in written
    assert "── finished" in written


def test_a_complaint_is_filed_through_the_callback() -> None:
    filed: list[FileComplaint | CreateCallBack] = []

    def file(filing: FileComplaint | CreateCallBack) -> str:
        filed.append(filing)
        return "202611220009"

    path, written = call("1 3 2 speak 2 1 1 *", file=file, call=CallFacts("13800138000"))
    assert filed == [FileComplaint("roads", "recording 1", "13800138000", True)]
    assert "▶ [recording 1]" in written
    assert "202611220009" in written
    assert path[-2:] == ["complaint.after", "main.menu"]


def test_hanging_up_while_speaking_files_what_was_said() -> None:
    filed: list[FileComplaint | CreateCallBack] = []
    call("1 3 2 h", file=lambda filing: filed.append(filing) or "1")
    assert [type(one) for one in filed] == [FileComplaint]


def test_a_filing_that_fails_is_heard_as_such() -> None:
    def file(_filing: FileComplaint | CreateCallBack) -> str:
        raise RuntimeError("disk full")

    _path, written = call("1 3 2 speak 1 1 a", file=file)
    assert "complaint_filing_failed" in written


def test_recording_that_fails_and_nothing_said() -> None:
    path, _written = call("1 3 2 x 1 - speak h")
    assert path.count("complaint.speak") == 3


def test_keys_are_read_from_the_terminal_until_it_ends() -> None:
    typed = iter(["2", "", "5", "1"])
    asked: list[str] = []

    def read(question: str) -> str:
        asked.append(question)
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    written: list[str] = []
    path = simulate(LINE, say=say, lookups=lookups, out=written.append, read=read)
    assert [step.node for step in path][-2:] == ["menu", "id_card"]
    assert path[-1].outcome == "hang_up"
    assert len(asked) == 5
    assert any("no_input_first" in line for line in written)
