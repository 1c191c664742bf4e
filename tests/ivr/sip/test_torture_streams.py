"""RFC 4475 over TCP: byte by byte, cut anywhere, and many messages in one segment."""

from __future__ import annotations

import random

import pytest

from ivr.sip.errors import SipParseError
from ivr.sip.events import InviteReceived
from ivr.sip.framing import StreamFramer
from tests.ivr.sip.peers import ANSWER, Line, request
from tests.ivr.sip.test_torture import CASES, message_of

pytestmark = pytest.mark.skipif(
    not CASES, reason="no RFC 4475 messages: set IVR_TESTDATA to the folder of test data"
)

# What a stream cannot tell from a message that is still on its way: one promises more than it
# brings, the other lacks the empty line behind its header. Whoever sends no more is closed on.
STILL_ON_ITS_WAY = {"clerr", "baddn"}
# §3.4.1 has a body and no Content-Length, which RFC 2543 allowed in a datagram; on a stream it is
# what ends a message (RFC 3261 §18.3).
WITHOUT_A_LENGTH = {"inv2543": ["400"]}


class Stream:
    """One connection to a line, as `ivr.responder.transport` reads it."""

    def __init__(self) -> None:
        self.line = Line(transport="tcp")
        self.framer = StreamFramer()
        self.answers: list[bytes] = []

    def feed(self, data: bytes) -> None:
        if self.framer.failed is not None:
            return  # closed
        try:
            messages = self.framer.feed(data)
        except SipParseError:
            messages = []
        if self.framer.failed is not None:
            messages = [*messages, self.framer.rejected]
        for message in messages:
            self.line.agent.receive(message, self.line.flow, self.line.now)
            self._take_calls()

    def _take_calls(self) -> None:
        self.answers += [data for _, data in self.line.agent.to_send()]
        for event in self.line.events():
            if isinstance(event, InviteReceived):
                self.line.agent.answer(event.call, ANSWER, self.line.now)
        self.answers += [data for _, data in self.line.agent.to_send()]

    @property
    def finals(self) -> list[int]:
        statuses = [int(data.split(b" ", 2)[1]) for data in self.answers]
        return [status for status in statuses if status >= 200]


def fed(*pieces: bytes) -> Stream:
    stream = Stream()
    for piece in pieces:
        stream.feed(piece)
    return stream


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """Pieces of 1 to 200 bytes."""
    pieces = []
    while data:
        size = chance.randint(1, 200)
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@pytest.mark.rfc("4475 §3", "3261 §18.3")
@pytest.mark.parametrize("name", list(CASES))
def test_over_tcp_a_torture_message_gets_an_acceptable_answer(name: str) -> None:
    acceptable = WITHOUT_A_LENGTH.get(name) or CASES[name]["acceptable"].split(",")
    stream = fed(message_of(name))
    if name in STILL_ON_ITS_WAY:
        assert stream.finals == []
        assert stream.framer.failed is None
    elif stream.finals:
        assert {str(status) for status in stream.finals} & set(acceptable)
    else:
        assert "none" in acceptable


@pytest.mark.rfc("4475 §3", "3261 §18.3")
@pytest.mark.parametrize("name", list(CASES))
def test_cut_anywhere_a_torture_message_gets_the_same_answers(name: str) -> None:
    data = message_of(name)
    whole = fed(data)
    single = fed(*(data[place : place + 1] for place in range(len(data))))
    anywhere = fed(*cut(data, random.Random(name)))
    assert single.answers == anywhere.answers == whole.answers
    assert bool(single.framer.failed) == bool(anywhere.framer.failed) == bool(whole.framer.failed)


def framed() -> list[str]:
    """Those that a stream can go on after."""
    names = []
    for name in CASES:
        framer = StreamFramer()
        try:
            messages = framer.feed(message_of(name))
        except SipParseError:
            continue
        if messages and b"".join(messages) == message_of(name).lstrip(b"\r\n"):
            names.append(name)
    return names


@pytest.mark.rfc("3261 §18.3")
@pytest.mark.parametrize("way", ["one segment", "byte by byte", "cut anywhere"])
def test_all_that_can_stand_in_one_stream_is_answered_in_its_order(way: str) -> None:
    names = framed()
    assert len(names) >= 25
    # A call of the same Call-ID would be another copy of the first (482).
    apart = [fed(message_of(name)).finals for name in names]
    everything = b"\r\n\r\n".join(message_of(name) for name in names)
    pieces = {
        "one segment": [everything],
        "byte by byte": [everything[at : at + 1] for at in range(len(everything))],
        "cut anywhere": cut(everything, random.Random(7)),
    }[way]
    stream = fed(*pieces)
    assert stream.finals == [status for finals in apart for status in finals]
    assert stream.framer.failed is None


@pytest.mark.rfc("3261 §18.3")
@pytest.mark.parametrize("name", list(CASES))
def test_what_comes_before_a_fault_is_answered_before_the_stream_is_closed(name: str) -> None:
    asked = [request("OPTIONS", call_id=f"before-{number}", transport="TCP") for number in range(3)]
    alone = fed(message_of(name))
    together = fed(b"".join(asked) + message_of(name))
    assert together.finals == [200, 200, 200, *alone.finals]
    assert bool(together.framer.failed) == bool(alone.framer.failed)
