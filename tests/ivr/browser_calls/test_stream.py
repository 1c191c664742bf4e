"""What a browser's call sends: an even stream, keys between it, whatever the network does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ivr.browser_calls.queue import HELD_BACK, LONGEST, SILENCE, FrameQueue
from ivr.browser_calls.stream import GAP_FRAMES, KEYS_AHEAD, OutgoingStream
from ivr.rtp import packet as rtp
from ivr.rtp.telephone_event import KeyReceiver


def frame(number: int) -> bytes:
    return bytes([number % 250]) * 160


def stream(event_type: int | None = 101) -> OutgoingStream:
    return OutgoingStream(0, event_type, lambda n: b"\xff" * n)


def test_a_little_is_held_back_before_the_first_frame_and_after_running_dry() -> None:
    queue = FrameQueue()
    for round_ in range(2):
        for number in range(HELD_BACK - 1):
            queue.put(frame(number))
            assert queue.next() == SILENCE, round_
        queue.put(frame(HELD_BACK - 1))
        assert [queue.next() for _ in range(HELD_BACK)] == [frame(n) for n in range(HELD_BACK)]
        assert queue.next() == SILENCE


def test_what_piles_up_is_dropped_and_the_newest_is_said() -> None:
    queue = FrameQueue()
    for number in range(LONGEST + 1):
        queue.put(frame(number))
    said = [queue.next() for _ in range(HELD_BACK + 1)]
    assert said == [frame(LONGEST - 2), frame(LONGEST - 1), frame(LONGEST), SILENCE]
    assert queue.dropped == LONGEST + 1 - HELD_BACK


@given(st.lists(st.booleans(), max_size=300))
def test_whatever_comes_when_frames_leave_in_order_and_at_most_once(puts: list[bool]) -> None:
    queue, sent, left = FrameQueue(), 0, []
    for put in puts:
        if put:
            queue.put(frame(sent))
            sent += 1
        else:
            left.append(queue.next())
    numbers = [one[0] for one in left if one != SILENCE]
    assert len(numbers) + queue.dropped <= sent
    assert all(later > earlier or later < earlier - 200 for earlier, later in pairwise(numbers))


def test_packets_follow_each_other_by_number_and_time_beyond_the_end_of_their_range() -> None:
    out = stream()
    packets = [rtp.parse(out.tick()) for _ in range(4)]
    assert [one.sequence for one in packets] == [65535, 0, 1, 2]
    assert [one.timestamp for one in packets] == [0xFFFFFFFF, 159, 319, 479]
    assert [one.marker for one in packets] == [True, False, False, False]
    assert {(one.payload_type, one.payload) for one in packets} == {(0, SILENCE)}


def test_each_key_is_one_press_for_who_receives_it() -> None:
    out, receiver = stream(), KeyReceiver()
    for key in "12#22*0":
        out.press(key)
    heard, gap = "", []
    for _ in range(200):
        packet = rtp.parse(out.tick())
        if packet.payload_type == 101:
            key = receiver.receive(
                packet.ssrc, packet.sequence, packet.timestamp, packet.marker, packet.payload
            )
            heard += key or ""
            if key and len(heard) > 1:
                gap.append(packet.sequence)
    assert heard == "12#22*0"
    assert len(gap) == 6
    assert min(later - earlier for earlier, later in pairwise(gap)) > GAP_FRAMES


def test_what_is_no_key_is_not_pressed_and_keys_have_a_limit() -> None:
    out = stream()
    for key in ["x", "", "１", *"1" * 100]:
        out.press(key)
    kinds = [rtp.parse(out.tick()) for _ in range(20 * KEYS_AHEAD)]
    presses = {one.timestamp for one in kinds if one.payload_type == 101}
    assert len(presses) == KEYS_AHEAD


def test_without_events_agreed_on_keys_are_not_sent_and_sound_goes_on() -> None:
    out = stream(None)
    out.press("1")
    assert {rtp.parse(out.tick()).payload_type for _ in range(20)} == {0}
