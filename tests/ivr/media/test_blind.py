"""What is sent before the peer was heard, and who is taken for the peer."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ivr.media import LegPlan, PlaybackFinished
from ivr.rtp import rtcp
from tests.ivr.media.test_engine import Line, Peer, host, sound

elsewhere = f"127.79.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def test_a_peer_never_heard_is_sent_its_ration_and_no_more(line: Line) -> None:
    leg, peer = line.leg(blind_packets=10)
    leg.loop(b"a" * 160)
    line.tick(1000)
    assert len(peer.received()) == 10


def test_what_plays_goes_on_where_it_stopped_once_the_peer_is_heard(line: Line) -> None:
    leg, peer = line.leg(blind_packets=3)
    frames = [bytes([number]) * 160 for number in range(1, 9)]
    leg.play(frames, "all")
    line.tick(50)
    assert sound(peer.received()) == b"".join(frames[:3])
    assert line.told == []
    peer.send()
    line.tick(20)
    # The frame that was due as the ration ended is lost, and no other.
    assert sound(peer.received()) == b"".join(frames[4:])
    assert line.told == [PlaybackFinished("all")]


def test_who_is_heard_in_time_notices_nothing(line: Line) -> None:
    leg, peer = line.leg(blind_packets=10)
    leg.loop(b"a" * 160)
    line.tick(5)
    peer.send()
    line.tick(95)
    assert len(peer.received()) == 100


def test_a_new_address_brings_no_new_ration(line: Line) -> None:
    leg, peer = line.leg(blind_packets=10)
    plan = LegPlan(peer.address, blind_packets=10)
    victim = Peer()
    line.peers.append(victim)
    leg.loop(b"a" * 160)
    for _ in range(20):
        leg.configure(replace(plan, remote=victim.address))
        line.tick(30)
        leg.configure(plan)
        line.tick(30)
    assert len(victim.received()) + len(peer.received()) == 10


def test_a_caller_who_was_heard_cannot_aim_the_sound_at_another(line: Line) -> None:
    leg, peer = line.leg(blind_packets=250)
    leg.loop(b"a" * 160)
    peer.send()
    line.tick(5)
    victim = Peer()
    line.peers.append(victim)
    leg.configure(LegPlan(victim.address, blind_packets=10))
    line.tick(500)
    assert len(victim.received()) == 10


def test_a_peer_that_only_reports_is_there(line: Line) -> None:
    leg, peer = line.leg(blind_packets=2)
    leg.loop(b"a" * 160)
    line.tick(10)
    peer.received()
    report = rtcp.serialize([rtcp.ReceiverReport(5)])
    peer.rtcp.sendto(report, (host, leg.rtcp_port))
    line.tick(10)
    assert len(peer.received()) >= 9


def test_nobody_is_sent_reports_who_was_not_heard(line: Line) -> None:
    _leg, peer = line.leg(blind_packets=2)
    line.tick(1000)
    peer.rtcp.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.rtcp.recv(2048)


def test_one_packet_from_a_host_that_signalling_did_not_name_does_not_take_the_call(
    line: Line,
) -> None:
    leg, peer = line.leg()
    intruder = Peer(elsewhere)
    line.peers.append(intruder)
    intruder.remote = peer.remote
    leg.loop(b"a" * 160)
    for _ in range(3):
        intruder.send()
        intruder.sequence += 1  # a gap: not in a row
        line.tick()
    peer.send()
    line.tick(5)
    assert intruder.received() == []
    assert len(peer.received()) == 8


def test_a_peer_behind_a_nat_is_known_after_some_packets_in_a_row(line: Line) -> None:
    leg, peer = line.leg()
    outside = Peer(elsewhere)
    line.peers.append(outside)
    outside.remote = peer.remote
    leg.loop(b"a" * 160)
    for _ in range(4):
        outside.send()
        line.tick()
    line.tick(10)
    assert len(outside.received()) >= 10
