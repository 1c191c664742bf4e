"""The torture messages of RFC 4475 through the user agent, judged by the expectations there."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from ivr.sip.events import InviteReceived
from tests.ivr.sip.peers import ANSWER, Line, request


def corpus() -> Path | None:
    """Where the messages are, None where they are not."""
    given = os.environ.get("IVR_TESTDATA")
    folders = [Path(given)] if given else []
    folders += [parent / "shared" / "testdata" for parent in Path(__file__).resolve().parents]
    found = (folder / "rfc4475" for folder in folders)
    return next((folder for folder in found if (folder / "expect.tsv").exists()), None)


FOLDER = corpus()
pytestmark = pytest.mark.skipif(FOLDER is None, reason="shared/testdata/rfc4475 is not there")


def cases() -> list[dict[str, str]]:
    if FOLDER is None:
        return []
    with (FOLDER / "expect.tsv").open() as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def final_answers(name: str) -> list[int]:
    """What the line says to one message, taking every call it is offered."""
    assert FOLDER is not None
    line = Line()
    line.agent.receive((FOLDER / f"{name}.dat").read_bytes(), line.flow, line.now)
    said = statuses(line)
    for event in line.events():
        if isinstance(event, InviteReceived):
            line.agent.answer(event.call, ANSWER, line.now)
            said += statuses(line)
    assert line.statuses(request("OPTIONS", call_id="alive")) == [200]
    return [status for status in said if status >= 200]


def statuses(line: Line) -> list[int]:
    """From the bytes: an answer to a malformed request copies what is malformed in it."""
    return [int(data.split(b" ", 2)[1]) for _, data in line.agent.to_send()]


def verdict(case: dict[str, str]) -> str:
    acceptable = case["acceptable"].split(",")
    answers = final_answers(case["name"])
    if any(str(status) in acceptable for status in answers) and len(answers) == 1:
        return "exact"
    if not answers:
        return "exact" if "none" in acceptable else "silent"
    return f"{answers} for {acceptable}"


@pytest.mark.rfc("4475 §3")
@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_a_torture_message_gets_an_acceptable_answer_or_none(case: dict[str, str]) -> None:
    assert verdict(case) in ("exact", "silent")


def test_at_least_40_of_the_49_are_answered_exactly() -> None:
    verdicts = [verdict(case) for case in cases()]
    assert len(verdicts) == 49
    assert verdicts.count("exact") >= 40


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_no_success_where_none_may_be(case: dict[str, str]) -> None:
    if not any(status.startswith("2") for status in case["acceptable"].split(",")):
        assert not any(200 <= status < 300 for status in final_answers(case["name"]))


def test_answers_to_malformed_requests_are_framed_as_the_rest() -> None:
    assert FOLDER is not None
    for case in cases():
        line = Line()
        line.agent.receive((FOLDER / f"{case['name']}.dat").read_bytes(), line.flow, line.now)
        for _, data in line.agent.to_send():
            head, blank, body = data.partition(b"\r\n\r\n")
            assert blank
            assert not body
            assert head.count(b"\r\nContent-Length: 0") == 1
            assert head.count(b"\n") == head.count(b"\r\n")
