"""Lists of messages and descriptors between two ends of a pair."""

import os
import resource
import select
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media import wire as wire_module
from ivr.media.wire import Message, Wire, WireClosed


def pair() -> tuple[Wire, Wire]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return Wire(ours), Wire(theirs)


def carry(sender: Wire, receiver: Wire, count: int) -> list[Message]:
    """Send and receive by turns until so many messages have come."""
    found: list[Message] = []
    while len(found) < count:
        sent = sender.send()
        if not select.select([receiver.fileno()], [], [], 10)[0]:
            raise AssertionError(f"nothing came; sent: {sent}, received: {len(found)}")
        found += receiver.receive()
    return found


words = st.one_of(st.integers(), st.binary(max_size=200), st.text(max_size=20), st.none())


@given(st.lists(st.lists(st.tuples(st.text(max_size=8), words), max_size=4), max_size=6))
def test_what_is_said_arrives_whole_and_in_order(batches: list[list[Message]]) -> None:
    one, other = pair()
    for batch in batches:
        for message in batch:
            one.say(*message)
        one.send()
    wanted = [message for batch in batches for message in batch]
    assert carry(one, other, len(wanted)) == wanted
    one.close()
    other.close()


def test_more_than_the_socket_takes_waits_and_goes_on() -> None:
    one, other = pair()
    sounds = [os.urandom(3 << 20) for _ in range(8)]
    for number, sound in enumerate(sounds):
        one.say("keep_sound", number, sound)
    assert not one.send()
    assert one.pending
    found = carry(one, other, 8)
    assert found == [("keep_sound", number, sound) for number, sound in enumerate(sounds)]
    assert not one.pending
    one.close()
    other.close()


def test_descriptors_are_taken_in_the_order_of_their_words() -> None:
    one, other = pair()
    mine = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(150)]
    for number, udp in enumerate(mine):
        udp.bind(("127.0.0.1", 0))
        one.say("open", number)
        one.give(udp.fileno())
    assert [message[1] for message in carry(one, other, 150)] == list(range(150))
    theirs = [socket.socket(fileno=other.received.popleft()) for _ in range(150)]
    assert [udp.getsockname() for udp in theirs] == [udp.getsockname() for udp in mine]
    for udp in mine + theirs:
        udp.close()
    one.close()
    other.close()


def test_the_end_is_found_after_the_last_word() -> None:
    one, other = pair()
    one.say("bye")
    one.send()
    one.close()
    assert other.receive() == [("bye",)]
    assert other.at_end
    with pytest.raises(WireClosed):
        other.receive()
    other.close()


def test_who_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "_most_waiting", 1 << 20)
    one, other = pair()
    one.say("sound", bytes(16 << 20))
    with pytest.raises(WireClosed, match="does not read"):
        one.send()
    one.close()
    other.close()


def test_descriptors_that_a_process_has_no_room_for_shift_none_that_come_later() -> None:
    one, other = pair()
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    one.say("open", 0)
    one.give(*files)
    one.send()
    room = os.dup(files[0])
    os.close(room)
    resource.setrlimit(resource.RLIMIT_NOFILE, (room + 1, before[1]))
    try:
        assert other.receive() == [("open", 0)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    got = list(other.received)
    assert len(got) == 4
    assert got[-1] == -1, "there was no room for all"
    other.received.clear()
    one.say("open", 1)
    one.give(files[0])
    one.send()
    assert other.receive() == [("open", 1)]
    (last,) = other.received
    assert os.fstat(last).st_rdev == os.stat(os.devnull).st_rdev
    for number in {*files, *got, last} - {-1}:
        os.close(number)
    one.close()
    other.close()
