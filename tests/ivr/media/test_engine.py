"""The engine on loopback against a plain UDP peer, its clock turned by hand."""

import itertools
import os
import select
import socket
import struct
import wave
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.media import (
    DigitPressed,
    LegPlan,
    MediaEngine,
    MediaEvent,
    MediaSilent,
    PlaybackFinished,
    PortsExhausted,
    RecordingEnded,
    beep,
    silence,
    tone,
)
from ivr.media.loudness import louder_table, louder_to_alaw_table
from ivr.rtp import packet as rtp_packet
from ivr.rtp import rtcp, telephone_event
from ivr.rtp.g711 import ulaw_to_alaw, ulaw_to_linear
from ivr.rtp.packet import Packet

# A loopback address of this process's own, so that no other test has its ports.
host = f"127.78.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
arrival_s = 2.0


class Peer:
    """A telephone's end: plain sockets, packets made by hand."""

    def __init__(self, address: str = host) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.rtp = socket.socket(family, socket.SOCK_DGRAM)
        self.rtcp = socket.socket(family, socket.SOCK_DGRAM)
        for udp in (self.rtp, self.rtcp):
            udp.bind((address, 0))
            udp.setblocking(False)
        self.remote: tuple[str, int] = ("", 0)
        self.rtcp_port = 0
        self.ssrc = 0xABCD
        self.sequence = 100
        self.timestamp = 5000

    @property
    def address(self) -> tuple[str, int]:
        return self.rtp.getsockname()[:2]

    def send(self, payload: bytes = b"\xff" * 160, kind: int = 0, **fields: int) -> None:
        packet = Packet(kind, self.sequence, self.timestamp, self.ssrc, payload)
        self.rtp.sendto(rtp_packet.serialize(packet), self.remote)
        self.sequence = self.sequence + 1 & 0xFFFF
        self.timestamp = self.timestamp + len(payload) & 0xFFFFFFFF

    def press(self, key: str) -> None:
        for marker, payload in telephone_event.press(key):
            packet = Packet(101, self.sequence, self.timestamp, self.ssrc, payload, marker)
            self.rtp.sendto(rtp_packet.serialize(packet), self.remote)
            self.sequence += 1
        self.timestamp += 800

    def received(self) -> list[Packet]:
        return [rtp_packet.parse(data) for data in drain(self.rtp)]

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def drain(udp: socket.socket) -> list[bytes]:
    """What has come: loopback delivers within sendto, so what was sent is here."""
    found = []
    while select.select([udp], [], [], 0)[0]:
        found.append(udp.recv(2048))
    return found


class Line:
    """An engine, a clock and what its legs have told."""

    def __init__(self, **options: float) -> None:
        self.wall_s = 1_700_000_000.0
        self.engine = MediaEngine(
            range(20_000, 21_000), wall_clock=lambda: self.wall_s, entropy=os.urandom, **options
        )
        self.now = 50.0
        self.told: list[MediaEvent] = []
        self.peers: list[Peer] = []

    def leg(self, address: str = host, **plan: object):
        peer = Peer(address)
        self.peers.append(peer)
        leg = self.engine.open(address)
        leg.listener = self.told.append
        peer.remote = leg.address
        peer.rtcp_port = leg.rtcp_port
        fields = {"remote": peer.address, "remote_rtcp": peer.rtcp.getsockname()[:2], **plan}
        leg.configure(LegPlan(**fields))
        return leg, peer

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.engine.tick(self.now)
            self.now += 0.02
            self.wall_s += 0.02

    def tick_until_told(self, kind: type) -> MediaEvent:
        """Tick while the writer works; the count is bounded by its own answer."""
        for _ in range(500):
            self.tick()
            for event in self.told:
                if isinstance(event, kind):
                    return event
            select.select([], [], [], 0.004)
        pytest.fail(f"no {kind.__name__} told")

    def close(self) -> None:
        self.engine.close()
        for peer in self.peers:
            peer.close()


@pytest.fixture
def line():
    made = Line()
    yield made
    made.close()


def sound(packets: list[Packet]) -> bytes:
    return b"".join(packet.payload for packet in packets)


@pytest.mark.rfc("3550 §5.1")
def test_a_clip_is_sent_as_one_frame_a_tick_with_marker_sequence_and_time(line: Line):
    leg, peer = line.leg()
    leg.play([b"a" * 200, b"b" * 120], "done")
    line.tick()
    assert len(peer.received()) == 1
    line.tick(2)
    (second,) = peer.received()
    assert second.payload == b"a" * 40 + b"b" * 120
    assert line.told == [PlaybackFinished("done")]


@pytest.mark.rfc("3551 §4.1")
def test_the_stream_is_continuous_and_marked_after_a_pause_only(line: Line):
    leg, peer = line.leg()
    leg.play([b"a" * 320])
    line.tick(10)
    leg.play([b"b" * 320])
    line.tick(3)
    packets = peer.received()
    assert [p.marker for p in packets] == [True, False, True, False]
    steps = [b.sequence - a.sequence & 0xFFFF for a, b in itertools.pairwise(packets)]
    assert steps == [1, 1, 1]
    times = [p.timestamp - packets[0].timestamp & 0xFFFFFFFF for p in packets]
    assert times == [0, 160, 1600, 1760]
    assert len({p.ssrc for p in packets}) == 1


def test_missed_ticks_are_made_up(line: Line):
    leg, peer = line.leg()
    leg.loop(b"a" * 160)
    line.tick()
    line.now += 0.08
    line.tick()
    packets = peer.received()
    assert len(packets) == 6
    assert packets[-1].timestamp - packets[0].timestamp & 0xFFFFFFFF == 800


def test_a_long_stall_becomes_a_gap_and_not_a_burst(line: Line):
    leg, peer = line.leg()
    leg.loop(b"a" * 160)
    line.tick()
    line.now += 5.0
    line.tick()
    packets = peer.received()
    assert len(packets) <= 12
    assert packets[1].marker
    assert packets[-1].timestamp - packets[0].timestamp & 0xFFFFFFFF == 251 * 160


def test_what_a_listener_plays_on_a_finish_follows_without_a_gap(line: Line):
    leg, peer = line.leg()

    def listener(event: MediaEvent) -> None:
        if event == PlaybackFinished(1):
            leg.play([b"b" * 160], 2)

    leg.listener = listener
    leg.play([b"a" * 160], 1)
    line.tick(3)
    assert sound(peer.received()) == b"a" * 160 + b"b" * 160


@pytest.mark.rfc("8866 §6.4")
@pytest.mark.parametrize("ptime", [10, 20, 30, 40, 60])
def test_the_peers_packet_time_is_honoured(line: Line, ptime: int):
    leg, peer = line.leg(ptime_ms=ptime)
    leg.loop(b"a" * 160)
    line.tick(30)
    packets = peer.received()
    assert {len(p.payload) for p in packets} == {ptime * 8}
    assert len(packets) == 600 // ptime


def test_an_alaw_peer_hears_alaw(line: Line):
    leg, peer = line.leg(codec="PCMA", payload_type=8)
    clip = bytes(range(160))
    leg.play([clip])
    line.tick()
    (packet,) = peer.received()
    assert (packet.payload_type, packet.payload) == (8, ulaw_to_alaw(clip))


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_who_wants_it_louder_hears_all_that_plays_louder_beeps_too(
    line: Line, tmp_path: Path, codec: str
):
    alaw = codec == "PCMA"
    leg, peer = line.leg(codec=codec, payload_type=8 if alaw else 0)
    clip = bytes((0x30,)) * 320
    leg.play((clip,))
    line.tick()
    leg.louder(True)
    line.tick()
    leg.record(tmp_path / "a.wav", max_s=5, silence_s=None, beep=True)
    line.tick()
    leg.louder(False)
    line.tick()
    usual, louder, beeping, again = (packet.payload for packet in peer.received())
    wanted = louder_to_alaw_table if alaw else louder_table
    assert usual == (ulaw_to_alaw(clip[:160]) if alaw else clip[:160])
    assert louder == clip[:160].translate(wanted)
    assert beeping == beep()[:160].translate(wanted)
    assert again == (ulaw_to_alaw(beep()[160:320]) if alaw else beep()[160:320])


def test_the_choice_of_louder_outlives_a_re_invite_with_another_codec(line: Line):
    leg, peer = line.leg()
    leg.louder(True)
    leg.configure(LegPlan(remote=peer.address, remote_rtcp=None, codec="PCMA", payload_type=8))
    leg.play((bytes((0x30,)) * 160,))
    line.tick()
    (packet,) = peer.received()
    assert packet.payload == (bytes((0x30,)) * 160).translate(louder_to_alaw_table)


def test_barge_in_stops_at_once_and_tells_nothing(line: Line):
    leg, peer = line.leg()
    leg.play([b"a" * 1600], 1)
    leg.play([b"b" * 1600], 2)
    line.tick(2)
    leg.stop_playing()
    line.tick(30)
    assert len(peer.received()) == 2
    assert line.told == []


@pytest.mark.rfc("3264 §8.4")
def test_a_held_leg_pauses_and_goes_on_where_it_was(line: Line):
    leg, peer = line.leg()
    clip = bytes(range(1, 161)) + bytes(range(50, 210))
    leg.play([clip], 1)
    line.tick()
    leg.configure(LegPlan(peer.address, send=False))
    line.tick(100)
    assert sound(peer.received()) == clip[:160]
    leg.configure(LegPlan(peer.address))
    line.tick(2)
    assert sound(peer.received()) == clip[160:]
    assert line.told == [PlaybackFinished(1)]


@pytest.mark.rfc("6263 §4.6")
def test_an_idle_leg_keeps_its_path_open_with_a_silent_packet_now_and_then(line: Line):
    _, peer = line.leg()
    line.tick(50 * 21)
    packets = peer.received()
    assert 2 <= len(packets) <= 3
    assert {p.payload for p in packets} == {silence(20)}
    assert all(p.marker for p in packets)


@pytest.mark.rfc("4733 §2.5")
def test_keys_by_telephone_event_are_told_once(line: Line):
    _, peer = line.leg()
    peer.press("4")
    peer.press("4")
    peer.press("#")
    line.tick()
    assert line.told == [DigitPressed(key, "rfc4733") for key in "44#"]


def test_an_answer_played_to_a_key_leaves_in_the_same_tick(line: Line):
    leg, peer = line.leg()
    leg.listener = lambda event: leg.play([b"x" * 160])
    line.tick()
    peer.press("1")
    line.tick()
    assert [p.payload for p in peer.received()] == [b"x" * 160]


def test_keys_by_info_join_the_stream_and_other_texts_do_not(line: Line):
    leg, _ = line.leg()
    leg.press("7")
    leg.press("flash")
    leg.press("")
    line.tick()
    assert line.told == [DigitPressed("7", "info")]


def test_one_press_told_by_event_and_by_info_is_one(line: Line):
    leg, peer = line.leg()
    peer.press("7")
    line.tick()
    leg.press("7")
    line.tick()
    assert line.told == [DigitPressed("7", "rfc4733")]
    line.tick(60)
    leg.press("7")
    line.tick()
    assert line.told[1:] == [DigitPressed("7", "info")]


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_keys_are_heard_as_tones_where_no_event_was_agreed(line: Line, codec: str):
    kind = 8 if codec == "PCMA" else 0
    _, peer = line.leg(telephone_event=None, codec=codec, payload_type=kind)
    clip = tone(852.0, 1336.0, ms=100) + silence(100)
    for offset in range(0, len(clip), 160):
        part = clip[offset : offset + 160]
        peer.send(ulaw_to_alaw(part) if codec == "PCMA" else part, kind)
        line.tick()
    assert line.told == [DigitPressed("8", "inband")]


def test_the_same_tone_after_suppressed_silence_is_another_press(line: Line):
    _, peer = line.leg(telephone_event=None)
    clip = tone(852.0, 1336.0, ms=100)
    for _ in range(2):
        for offset in range(0, len(clip), 160):
            peer.send(clip[offset : offset + 160])
            line.tick()
        peer.timestamp += 1600
    peer.send()
    peer.send()
    line.tick()
    assert line.told == [DigitPressed("8", "inband")] * 2


@pytest.mark.rfc("4961 §3")
def test_sound_goes_to_where_the_peer_really_sends_from(line: Line):
    leg, peer = line.leg(remote=("192.0.2.1", 9))
    leg.loop(b"a" * 160)
    line.tick()
    for _ in range(4):  # a host that signalling did not name shows that it is no stray packet
        peer.send()
    line.tick()  # what was due is sent before what has come is read
    line.tick()
    assert len(peer.received()) == 1


def test_a_name_for_an_address_is_never_looked_up_but_waited_for(line: Line):
    leg, peer = line.leg(remote=("phone.example", 4000))
    leg.play([b"a" * 160], 1)
    line.tick(3)
    assert line.told == []
    for _ in range(4):
        peer.send()
    line.tick(2)
    assert sound(peer.received()) == b"a" * 160


@pytest.mark.rfc("3550 §8.2")
def test_once_latched_no_other_source_is_heard_or_sent_to(line: Line):
    leg, peer = line.leg()
    peer.send()
    line.tick()
    intruder = Peer()
    line.peers.append(intruder)
    intruder.remote = peer.remote
    intruder.press("9")
    leg.play([b"a" * 160])
    line.tick(2)
    assert line.told == [PlaybackFinished(None)]
    assert intruder.received() == []
    assert sound(peer.received()) == b"a" * 160


def test_what_is_no_rtp_of_the_call_does_not_latch(line: Line):
    leg, peer = line.leg()
    intruder = Peer()
    line.peers.append(intruder)
    intruder.remote = peer.remote
    intruder.send(kind=77)
    intruder.rtp.sendto(b"\x80", peer.remote)
    line.tick()
    leg.play([b"a" * 160])
    line.tick()
    assert intruder.received() == []
    assert len(peer.received()) == 1


@pytest.mark.rfc("3264 §8.3.1")
def test_a_re_invite_lets_the_peer_move(line: Line):
    leg, peer = line.leg()
    peer.send()
    line.tick()
    moved = Peer()
    line.peers.append(moved)
    moved.remote = peer.remote
    leg.configure(LegPlan(moved.address))
    peer.send()  # still under way from the old place
    leg.loop(b"a" * 160)
    line.tick()
    assert len(moved.received()) == 1
    moved.send()
    line.tick()
    moved.press("3")
    line.tick()
    assert line.told == [DigitPressed("3", "rfc4733")]
    assert peer.received() == []


@pytest.mark.rfc("3550 §8")
def test_a_new_ssrc_from_the_same_source_is_the_same_caller(line: Line):
    leg, peer = line.leg()
    for _ in range(5):
        peer.send()
    line.tick()
    peer.ssrc, peer.sequence = 77, 40_000
    for _ in range(5):
        peer.send()
    peer.press("2")
    line.tick()
    assert line.told == [DigitPressed("2", "rfc4733")]
    assert leg.statistics().packets_received == 17
    assert leg.statistics().lost == 0


@pytest.mark.rfc("3550 §8.2")
def test_a_peer_that_has_our_ssrc_makes_us_take_another_once(line: Line):
    leg, peer = line.leg()
    leg.play([b"\x55" * 8000], "speech")
    peer.send()
    line.tick()
    ours = peer.received()[0].ssrc
    drain(peer.rtcp)
    peer.ssrc, peer.sequence = ours, 700
    for _ in range(3):
        peer.send()
    line.tick()
    line.tick()
    goodbyes = [
        report
        for data in drain(peer.rtcp)
        for report in rtcp.parse(data)
        if isinstance(report, rtcp.Goodbye)
    ]
    assert [goodbye.sources for goodbye in goodbyes] == [(ours,)]
    sent = peer.received()
    another = sent[-1].ssrc
    assert another != ours
    # A mirror sends the new number back, too: that is no reason to change again.
    peer.ssrc = another
    for _ in range(3):
        peer.send()
    line.tick()
    line.tick()
    assert {packet.ssrc for packet in peer.received()} == {another}
    peer.press("4")
    line.tick()
    assert line.told == [DigitPressed("4", "rfc4733")]


def test_a_closed_port_at_the_peer_harms_nothing(line: Line):
    leg, peer = line.leg()
    peer.send()
    line.tick()
    peer.close()
    leg.play([b"a" * 1600], 1)
    line.tick(15)
    assert line.told == [PlaybackFinished(1)]


def test_ipv6_works_alike(line: Line):
    try:
        leg, peer = line.leg("::1")
    except OSError as error:
        pytest.skip(f"no IPv6 on this machine: {error}")
    leg.play([b"a" * 160])
    line.tick()
    peer.press("5")
    line.tick(2)
    assert sound(peer.received()) == b"a" * 160
    assert DigitPressed("5", "rfc4733") in line.told


@pytest.mark.rfc("3550 §A.1")
@given(st.lists(st.binary(max_size=60), max_size=10))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_garbage_on_both_ports_changes_nothing(line: Line, garbage: list[bytes]):
    leg, peer = line.leg()
    peer.send()
    line.tick()
    for data in garbage:
        for prefix in (b"", b"\x80\x00", b"\x80\x65", b"\xbf\x00", b"\x81\xc8\x00\x0c"):
            peer.rtp.sendto(prefix + data, peer.remote)
            peer.rtcp.sendto(prefix + data, (host, peer.rtcp_port))
    line.tick(3)
    leg.play([b"a" * 160], "after")
    line.tick(2)
    assert line.told.pop() == PlaybackFinished("after")
    leg.close()


@pytest.mark.rfc("3550 §6.4")
def test_reports_tell_loss_and_round_trip_both_ways(line: Line):
    leg, peer = line.leg()
    leg.loop(b"a" * 160)
    for number in range(100):
        peer.send()
        if number % 10 == 5:
            peer.sequence += 1  # one of ten is lost on the way
        line.tick()
    for _ in range(64):  # the kernel counts for us: loss is known with the next it lets through
        peer.send()
        line.tick()
    line.tick(300)  # reports come every five seconds, at a phase of the leg's own
    compound = [report for data in drain(peer.rtcp) for report in rtcp.parse(data)]
    sent = next(r for r in compound if isinstance(r, rtcp.SenderReport))
    assert isinstance(compound[1], rtcp.SourceDescription)
    block = max((b for r in compound for b in getattr(r, "blocks", ())), key=lambda b: b.lost)
    assert (block.ssrc, block.lost) == (peer.ssrc, 10)
    answer = rtcp.ReceiverReport(
        peer.ssrc,
        (rtcp.ReportBlock(sent.ssrc, 0, 3, 0, 80, rtcp.compact_ntp(sent.ntp), 0),),
    )
    before = line.wall_s
    peer.rtcp.sendto(rtcp.serialize([answer]), (host, peer.rtcp_port))
    line.tick()
    figures = leg.statistics()
    assert (figures.lost, figures.remote_lost, figures.remote_jitter_ms) == (10, 3, 10.0)
    assert 10 / 174 <= figures.lost_fraction <= 10 / 110  # of 174, the last 64 perhaps not yet
    sent_s = sent.ntp / 2**32 - 2_208_988_800
    assert figures.round_trip_ms == pytest.approx((before - sent_s) * 1000, abs=1)
    assert figures.packets_sent >= 300


@pytest.mark.rfc("3550 §6.6")
def test_a_leg_says_goodbye_when_it_closes(line: Line):
    leg, peer = line.leg()
    leg.close()
    (data,) = drain(peer.rtcp)
    assert isinstance(rtcp.parse(data)[-1], rtcp.Goodbye)


def test_silence_of_the_peer_is_told_once_and_not_while_held():
    line = Line(silent_after_s=3.0)
    leg, peer = line.leg()
    peer.send()
    line.tick(50 * 3)
    assert line.told == []
    line.tick(50 * 10)
    assert line.told == [MediaSilent(3.0)]
    peer.send()
    line.tick(50)
    leg.configure(LegPlan(peer.address, send=False))
    line.tick(50 * 10)
    assert line.told == [MediaSilent(3.0)]
    line.close()


def test_reports_alone_keep_a_call_from_being_silent():
    line = Line(silent_after_s=3.0)
    _, peer = line.leg()
    for _ in range(10):
        peer.rtcp.sendto(rtcp.serialize([rtcp.ReceiverReport(1)]), (host, peer.rtcp_port))
        line.tick(50)
    assert line.told == []
    line.close()


def recorded(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


def test_what_the_caller_says_is_recorded_with_gaps_filled(line: Line, tmp_path: Path):
    leg, peer = line.leg()
    line.tick()
    leg.record(tmp_path / "a.wav", max_s=60, silence_s=None, beep=False)
    for number in range(20):
        if number == 7:
            peer.sequence += 1
            peer.timestamp += 160
        else:
            peer.send(bytes((number + 1,)) * 160)
        line.tick()
    leg.stop_recording()
    ended = line.tick_until_told(RecordingEnded)
    expected = [bytes((n + 1,)) * 160 if n != 7 else silence(20) for n in range(20)]
    heard = recorded(tmp_path / "a.wav")
    assert heard.endswith(ulaw_to_linear(b"".join(expected)))
    assert len(heard) - 2 * 3200 in (0, 320)
    assert ended == RecordingEnded(tmp_path / "a.wav", len(heard) / 16_000, "stopped")


def test_the_recording_begins_after_what_plays_and_the_beep(line: Line, tmp_path: Path):
    leg, peer = line.leg()
    leg.play([b"p" * 320], "prompt")
    leg.record(tmp_path / "a.wav", max_s=60, silence_s=None, beep=True)
    for number in range(22):
        peer.send(bytes((number + 1,)) * 160)
        line.tick()
    leg.stop_recording()
    line.tick_until_told(RecordingEnded)
    assert sound(peer.received())[320 : 320 + 1600] == beep()
    heard = recorded(tmp_path / "a.wav")
    assert ulaw_to_linear(b"\x05" * 160) not in heard
    assert heard.endswith(ulaw_to_linear(b"\x15" * 160 + b"\x16" * 160))
    assert [e for e in line.told if isinstance(e, PlaybackFinished)] == [PlaybackFinished("prompt")]


def test_barge_in_during_the_beep_begins_the_recording(line: Line, tmp_path: Path):
    leg, peer = line.leg()
    leg.record(tmp_path / "a.wav", max_s=60, silence_s=None, beep=True)
    line.tick()
    leg.stop_playing()
    peer.send(b"\x01" * 160)
    line.tick()
    leg.stop_recording()
    line.tick_until_told(RecordingEnded)
    assert recorded(tmp_path / "a.wav").endswith(ulaw_to_linear(b"\x01" * 160))


@pytest.mark.parametrize(
    ("max_s", "silence_s", "cause"), [(0.5, None, "limit"), (60, 1, "silence")]
)
def test_limit_and_silence_end_a_recording(
    line: Line, tmp_path: Path, max_s: float, silence_s: float | None, cause: str
):
    leg, peer = line.leg()
    leg.record(tmp_path / "a.wav", max_s=max_s, silence_s=silence_s, beep=False)
    for _ in range(70):
        peer.send()
        line.tick()
    ended = line.tick_until_told(RecordingEnded)
    assert isinstance(ended, RecordingEnded)
    assert ended.cause == cause
    assert ended.seconds == pytest.approx(0.5 if cause == "limit" else 1.0, abs=0.06)


def test_closing_a_leg_completes_its_recording_and_still_tells(line: Line, tmp_path: Path):
    leg, peer = line.leg()
    leg.record(tmp_path / "a.wav", max_s=60, silence_s=None, beep=False)
    peer.send(b"\x01" * 160)
    line.tick()
    leg.play([b"a" * 160], "never")
    leg.close()
    ended = line.tick_until_told(RecordingEnded)
    assert isinstance(ended, RecordingEnded)
    assert ended.cause == "closed"
    assert line.told == [ended]


def test_a_recording_that_cannot_be_written_fails_and_the_call_goes_on(line: Line, tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    leg, peer = line.leg()
    leg.record(tmp_path / "file" / "a.wav", max_s=60, silence_s=None, beep=False)
    ended = line.tick_until_told(RecordingEnded)
    assert isinstance(ended, RecordingEnded)
    assert (ended.cause, ended.seconds) == ("failed", 0.0)
    leg.stop_recording()
    leg.record(tmp_path / "b.wav", max_s=60, silence_s=None, beep=False)
    peer.send(b"\x01" * 160)
    line.tick()
    line.told.clear()
    leg.stop_recording()
    again = line.tick_until_told(RecordingEnded)
    assert isinstance(again, RecordingEnded)
    assert again.cause == "stopped"


def test_closing_the_engine_completes_and_tells_every_recording(tmp_path: Path):
    line = Line()
    for number in range(3):
        leg, _ = line.leg()
        leg.record(tmp_path / f"{number}.wav", max_s=60, silence_s=None, beep=False)
    line.tick()
    line.close()
    assert sorted(e.path.name for e in line.told if isinstance(e, RecordingEnded)) == [
        "0.wav",
        "1.wav",
        "2.wav",
    ]


def test_bridged_legs_hear_each_other_in_their_own_codec_and_stream(line: Line):
    one, first = line.leg()
    two, second = line.leg(codec="PCMA", payload_type=8)
    first.send()
    second.send(kind=8)
    line.tick()
    one.bridge(two)
    for number in range(3):
        first.send(bytes((number,)) * 160)
    second.send(ulaw_to_alaw(b"\x30" * 160), 8)
    line.tick()
    packets = second.received()
    assert [p.payload for p in packets] == [ulaw_to_alaw(bytes((n,)) * 160) for n in range(3)]
    assert {p.payload_type for p in packets} == {8}
    assert [b.timestamp - a.timestamp for a, b in itertools.pairwise(packets)] == [160, 160]
    assert [p.marker for p in packets] == [True, False, False]
    assert packets[0].ssrc != first.ssrc
    assert sound(first.received()) == b"\x30" * 160
    one.unbridge()
    first.send()
    line.tick()
    assert second.received() == []


def test_keys_cross_a_bridge_where_both_take_events(line: Line):
    one, first = line.leg()
    two, second = line.leg(telephone_event=96)
    three, third = line.leg(telephone_event=None)
    one.bridge(two)
    first.press("6")
    line.tick()
    keys = telephone_event.KeyReceiver()
    heard = [
        keys.receive(p.ssrc, p.sequence, p.timestamp, p.marker, p.payload)
        for p in second.received()
        if p.payload_type == 96
    ]
    assert [key for key in heard if key] == ["6"]
    one.press("5")
    line.tick(10)
    assert {p.payload[0] for p in second.received()} == {5}
    two.unbridge()
    one.bridge(three)
    first.press("6")
    line.tick()
    assert {p.payload for p in third.received()} <= {silence(20)}


def test_closing_one_leg_parts_the_bridge(line: Line):
    one, first = line.leg()
    two, _ = line.leg()
    one.bridge(two)
    two.close()
    first.send()
    line.tick()
    one.play([b"a" * 160])
    line.tick()
    assert len(first.received()) == 1


def test_no_port_pair_left_is_an_error_until_a_leg_closes():
    ports = range(22_000, 22_004)
    engine = MediaEngine(ports, wall_clock=lambda: 0.0, entropy=os.urandom)
    one = engine.open(host)
    engine.open(host)
    with pytest.raises(PortsExhausted):
        engine.open(host)
    one.close()
    assert engine.open(host).address[1] in ports
    assert engine.legs == 2
    engine.close()


def test_what_a_listener_raises_costs_the_others_nothing(line: Line):
    one, first = line.leg()
    _, second = line.leg()

    def broken(event: MediaEvent) -> None:
        raise RuntimeError("a flow went wrong")

    one.listener = broken
    first.press("1")
    second.press("2")
    with pytest.raises(RuntimeError):
        line.tick()
    line.tick()
    assert line.told == [DigitPressed("2", "rfc4733")]


def test_a_closed_leg_takes_every_command_and_does_nothing(line: Line, tmp_path: Path):
    leg, peer = line.leg()
    leg.close()
    leg.close()
    leg.play([b"a"])
    leg.loop(b"a")
    leg.stop_playing()
    leg.record(tmp_path / "a.wav", max_s=1, silence_s=None, beep=True)
    leg.stop_recording()
    leg.press("1")
    leg.unbridge()
    leg.configure(LegPlan(peer.address))
    line.tick(60)
    assert line.told == []
    assert peer.received() == []
    assert not (tmp_path / "a.wav").exists()


def test_jitter_is_measured_by_the_kernels_clock(line: Line):
    leg, peer = line.leg()
    header = struct.Struct("!BBHII")
    # Two seconds of ticks, packets sent back to back: their spacing is nothing like 20 ms.
    for number in range(100):
        peer.rtp.sendto(header.pack(0x80, 0, number, number * 160, 9) + b"\xff" * 160, peer.remote)
        line.tick()
    assert leg.statistics().jitter_ms > 1
