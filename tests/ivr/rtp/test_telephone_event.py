"""Each press once, whatever the path does to its packets."""

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.rtp import packet as rtp_packet
from ivr.rtp.errors import RtpError
from ivr.rtp.telephone_event import KeyReceiver, TelephoneEvent, keys, parse, press, serialize

Arrival = tuple[int, int, bool, bytes]  # sequence, timestamp, marker, payload


def data_folder(folder: str) -> Path:
    named = os.environ.get("IVR_TESTDATA")
    roots = (
        [Path(named)]
        if named
        else [parent / "shared" / "testdata" for parent in Path(__file__).resolve().parents]
    )
    for root in roots:
        if (root / folder).is_dir():
            return root / folder
    pytest.skip(f"no {folder} test data: set IVR_TESTDATA or put shared/ beside the repository")


def rtp_of(pcap: Path) -> list[bytes]:
    """The UDP payloads of a classic pcap file of Ethernet frames."""
    data = pcap.read_bytes()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    payloads = []
    position = 24
    while position < len(data):
        (length,) = struct.unpack_from(f"{order}I", data, position + 8)
        frame = data[position + 16 : position + 16 + length]
        ip_bytes = (frame[14] & 15) * 4
        payloads.append(frame[14 + ip_bytes + 8 :])
        position += 16 + length
    return payloads


@pytest.mark.rfc("4733 §2.5")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_original_5", "5"),
        ("b_lost_all_ends", "5"),
        ("e_two_of_three_ends_lost", "5"),
        ("h_every_packet_twice", "5"),
        ("k_55_two_presses", "55"),
        ("n_5_then_6_no_gap_ends_lost", "56"),
    ],
)
def test_captured_presses_are_read_right(name: str, expected: str):
    receiver = KeyReceiver()
    heard = ""
    for data in rtp_of(data_folder("rfc4733") / f"{name}.pcap"):
        packet = rtp_packet.parse(data)
        assert packet.payload_type == 101
        heard += (
            receiver.receive(
                packet.ssrc, packet.sequence, packet.timestamp, packet.marker, packet.payload
            )
            or ""
        )
    assert heard == expected


def presses(text: str, gap: int = 800, sequence: int = 65_530, timestamp: int = 2**32 - 900):
    """The packets of several presses, over the wrap of both counters."""
    result: list[list[Arrival]] = []
    for key in text:
        packets = []
        for marker, payload in press(key, duration_ms=80):
            packets.append((sequence & 0xFFFF, timestamp & 0xFFFFFFFF, marker, payload))
            sequence += 1
        result.append(packets)
        timestamp += 640 + gap
    return result


def heard(arrivals: list[Arrival], ssrc: int = 1) -> str:
    receiver = KeyReceiver()
    return "".join(receiver.receive(ssrc, *arrival) or "" for arrival in arrivals)


def flat(groups: list[list[Arrival]]) -> list[Arrival]:
    return [arrival for group in groups for arrival in group]


def test_every_key_is_read():
    assert heard(flat(presses(keys))) == keys


@pytest.mark.rfc("4733 §2.5.2.2")
def test_the_key_is_known_from_its_first_packet():
    assert heard(flat(presses("7"))[:1]) == "7"


@pytest.mark.rfc("4733 §2.5.2.2")
def test_no_gap_and_lost_ends_still_make_two_presses_of_one_key():
    first, second = presses("55", gap=0)
    assert heard(first[:-3] + second[2:]) == "55"


@given(
    st.text(alphabet=keys, min_size=1, max_size=6),
    st.data(),
)
def test_any_losses_that_leave_one_packet_of_each_press_leave_each_press(
    text: str, data: st.DataObject
):
    arrivals: list[Arrival] = []
    for group in presses(text):
        kept = data.draw(st.sets(st.integers(0, len(group) - 1), min_size=1))
        arrivals += [group[number] for number in sorted(kept)]
    assert heard(arrivals) == text


@given(st.text(alphabet=keys, min_size=1, max_size=5), st.data())
def test_duplicates_and_disorder_make_no_press_twice(text: str, data: st.DataObject):
    arrivals = flat(presses(text))
    doubled = arrivals + data.draw(st.lists(st.sampled_from(arrivals), max_size=10))
    shuffled = data.draw(st.permutations(doubled))
    assert sorted(heard(shuffled)) == sorted(text)


def test_a_straggler_of_the_press_before_is_no_press():
    first, second = presses("12")
    assert heard(first[:-1] + second[:2] + first[-1:] + second[2:]) == "12"


def test_a_new_source_may_use_the_same_timestamp():
    receiver = KeyReceiver()
    assert receiver.receive(1, 1, 5, True, serialize(TelephoneEvent(1, False, 10, 160))) == "1"
    assert receiver.receive(2, 1, 5, True, serialize(TelephoneEvent(1, False, 10, 160))) == "1"


@pytest.mark.rfc("4733 §2.5.2.3")
def test_a_press_longer_than_its_field_is_one_press():
    receiver = KeyReceiver()
    full = serialize(TelephoneEvent(9, False, 10, 0xFFFF))
    assert receiver.receive(1, 1, 1000, True, full) == "9"
    next_segment = serialize(TelephoneEvent(9, False, 10, 160))
    assert receiver.receive(1, 2, 1000 + 0xFFFF, False, next_segment) is None


def test_a_gateway_whose_timestamps_run_on_within_a_press_makes_one_press():
    arrivals = [
        (number, 160 * number, number == 1, serialize(TelephoneEvent(3, False, 10, 160 * number)))
        for number in range(1, 8)
    ]
    assert heard(arrivals) == "3"


def test_events_that_are_no_keys_press_nothing():
    assert heard([(1, 1, True, serialize(TelephoneEvent(16, False, 10, 160)))]) == ""


def test_a_cut_payload_is_an_rtp_error():
    with pytest.raises(RtpError, match="4 bytes"):
        KeyReceiver().receive(1, 1, 1, True, b"\5\n\0")


@given(st.integers(0, 255), st.booleans(), st.integers(0, 63), st.integers(0, 0xFFFF))
def test_any_event_survives_being_written_and_read(code: int, end: bool, volume: int, took: int):
    event = TelephoneEvent(code, end, volume, took)
    assert parse(serialize(event)) == event


@pytest.mark.rfc("4733 §2.5.1.4")
def test_a_press_is_sent_with_growing_durations_and_three_ends():
    sent = [(marker, parse(payload)) for marker, payload in press("#", duration_ms=100)]
    assert [marker for marker, _ in sent] == [True] + [False] * 6
    assert [event.duration for _, event in sent] == [160, 320, 480, 640, 800, 800, 800]
    assert [event.end for _, event in sent] == [False] * 4 + [True] * 3
    assert {event.key for _, event in sent} == {"#"}


def test_a_press_of_one_packet_time_still_begins_and_ends():
    sent = [(marker, parse(payload).end) for marker, payload in press("1", duration_ms=20)]
    assert sent == [(True, True), (False, True), (False, True)]
