"""Sealed and opened packets, and a leg whose peer encrypts (RFC 3711, RFC 4568, RFC 7714)."""

import os
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media import DigitPressed, LegPlan, silence
from ivr.media.srtp import Srtp, renewed
from ivr.rtp import rtcp
from ivr.sdp.crypto import suites
from ivr.sdp.plan import SrtpKeys
from tests.ivr.media.test_engine import Line, Peer, drain, sound

SUITES = sorted(suites)


def keys(suite: str = SUITES[0], **more: int) -> SrtpKeys:
    size = suites[suite].key_bytes
    return SrtpKeys(suite, os.urandom(size), os.urandom(size), **more)


def of_peer(ours: SrtpKeys) -> SrtpKeys:
    return replace(ours, send=ours.receive, receive=ours.send)


def packet(sequence: int, payload: bytes = b"\x55" * 160, ssrc: int = 7) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, sequence * 160, ssrc) + payload


REPORT = rtcp.serialize((rtcp.ReceiverReport(7), rtcp.SourceDescription(((7, ((1, b"a"),)),))))


@pytest.mark.rfc("3711 §3.3.2")
@pytest.mark.parametrize("suite", SUITES)
def test_what_is_sealed_is_opened_and_only_once(suite: str):
    ours = keys(suite)
    line, peer = Srtp(ours), Srtp(of_peer(ours))
    sealed = line.seal(bytearray(packet(1)))
    assert b"\x55" * 8 not in sealed
    assert peer.open(sealed) == packet(1)
    assert peer.open(sealed) is None, "a replay"
    report = line.seal_rtcp(REPORT)
    assert peer.open_rtcp(report) == REPORT
    assert peer.open_rtcp(report) is None
    assert peer.refused == 2


@pytest.mark.parametrize("suite", SUITES)
def test_a_changed_bit_opens_nothing(suite: str):
    ours = keys(suite)
    line, peer = Srtp(ours), Srtp(of_peer(ours))
    sealed = bytearray(line.seal(packet(1)))
    sealed[40] ^= 1
    assert peer.open(bytes(sealed)) is None


@given(st.binary(max_size=1600))
def test_garbage_opens_nothing(data: bytes):
    for mki in (0, 4):
        assert GARBAGE[mki].open(data) is None
        assert GARBAGE[mki].open_rtcp(data) is None


GARBAGE = {mki: Srtp(keys(mki_bytes=mki)) for mki in (0, 4)}


@pytest.mark.rfc("3711 §3.3.1")
@pytest.mark.parametrize("suite", SUITES)
def test_a_stream_is_followed_over_the_roll_of_its_sequence_number(suite: str):
    ours = keys(suite)
    line, peer = Srtp(ours), Srtp(of_peer(ours))
    for sequence in range(65_400, 65_700):
        assert peer.open(line.seal(packet(sequence))) == packet(sequence)


@pytest.mark.rfc("3711 §3.3.1")
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("start", [0, 40_000, 65_533, 200_000, 7 * 65_536 - 2])
def test_who_takes_over_counts_on_where_another_was_told_to_have_come(suite: str, start: int):
    ours = keys(suite)
    peer = Srtp(of_peer(ours))
    sealed = b""
    for index in (*range(0, start, 20_000), *range(start, start + 9)):
        sealed = peer.seal(packet(index))
    if start >= 65_533:
        assert Srtp(ours).open(sealed) is None, "it would not hear the peer"
    taking_over = Srtp(ours)
    # Told a while ago, and not every packet since has come; it turned over meanwhile or did not.
    taking_over.follow(7, max(start - 16_384, 0))
    assert taking_over.open(sealed) == packet(start + 8)
    assert taking_over.open(sealed) is None, "a replay"
    assert taking_over.note(7, start + 8 & 0xFFFF) == start + 8 or start < 16_384


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.integers(1, 0x7FFF), min_size=1, max_size=40),
)
def test_indices_are_noted_as_the_peer_counts_them_and_told_every_quarter_turn(first, steps):
    line = Srtp(keys())
    told = line.note(7, first)
    assert told == first
    index = first
    for step in steps:
        index += step
        found = line.note(7, index & 0xFFFF)
        assert found in (None, index)
        told = found if found is not None else told
        assert index - told < 0x4000
        assert index < 20 or line.note(7, index - 20 & 0xFFFF) is None, "one that comes late"


def test_of_many_sources_few_are_noted():
    line = Srtp(keys())
    assert [line.note(ssrc, 5) for ssrc in range(20)] == [5] * 20
    assert line.note(19, 6) is None
    assert line.note(0, 6) == 6


def test_nobody_is_followed_for_longer_than_a_tick_has_time_for():
    ours = keys()
    line, peer = Srtp(ours), Srtp(of_peer(ours))
    line.follow(7, 1 << 47)
    assert line.open(peer.seal(packet(1))) == packet(1)


def test_another_source_under_the_same_key_is_heard():
    ours = keys()
    line, peer = Srtp(ours), Srtp(of_peer(ours))
    for ssrc, sequence in ((1, 100), (2, 7), (1, 101)):
        assert peer.open(line.seal(packet(sequence, ssrc=ssrc))) == packet(sequence, ssrc=ssrc)


@pytest.mark.parametrize(
    ("suite", "tag"),
    [("AES_CM_128_HMAC_SHA1_80", 10), ("AES_CM_128_HMAC_SHA1_32", 4), ("AEAD_AES_256_GCM", 0)],
)
def test_a_key_that_names_itself_is_cut_off(suite: str, tag: int):
    ours = keys(suite)
    line, peer = Srtp(ours), Srtp(replace(of_peer(ours), mki_bytes=4))
    sealed = line.seal(packet(1))
    end = len(sealed) - tag
    assert peer.open(sealed[:end] + b"\0\0\0\1" + sealed[end:]) == packet(1)
    report = line.seal_rtcp(REPORT)
    end = len(report) - (10 if tag else 0)
    assert peer.open_rtcp(report[:end] + b"\0\0\0\1" + report[end:]) == REPORT


def test_only_the_direction_with_a_new_key_begins_again():
    ours = keys()
    line, peer = Srtp(ours), Srtp(of_peer(ours))
    assert peer.open(line.seal(packet(1)))
    later = replace(ours, receive=os.urandom(len(ours.receive)))
    line, peer = renewed(line, later), renewed(peer, of_peer(later))
    assert line is not None
    assert peer is not None
    again = Srtp(ours).seal(packet(1))
    assert peer.open(again) is None, "the context of the key that stayed knows this packet"
    assert peer.open(line.seal(packet(2))) == packet(2)
    assert line.open(peer.seal(packet(1))) == packet(1)
    assert renewed(line, None) is None


def test_an_unknown_suite_is_our_mistake():
    with pytest.raises(ValueError, match="crypto suite"):
        Srtp(replace(keys(), suite="NULL"))


# --- a leg


class SecurePeer(Peer):
    """A telephone that encrypts."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.ours = keys("AES_CM_128_HMAC_SHA1_80")
        self.srtp = Srtp(of_peer(self.ours))
        plain = self.rtp

        class Sealing:
            @staticmethod
            def sendto(data: bytes, remote: tuple[str, int]) -> None:
                plain.sendto(self.srtp.seal(data), remote)

        self.sealed = Sealing()


def secure_leg(line: Line, **plan: object):
    leg, plain = line.leg()
    peer = SecurePeer(plain.address[0])
    line.peers.append(peer)
    peer.remote, peer.rtcp_port = leg.address, leg.rtcp_port
    leg.configure(LegPlan(peer.address, peer.rtcp.getsockname()[:2], srtp=peer.ours, **plan))
    return leg, peer


@pytest.fixture
def line():
    made = Line()
    yield made
    made.close()


def speak(peer: SecurePeer, payload: bytes = b"\x55" * 160) -> None:
    peer.sequence += 1
    data = struct.pack("!BBHII", 0x80, 0, peer.sequence, peer.sequence * 160, 9) + payload
    peer.sealed.sendto(data, peer.remote)


def opened(peer: SecurePeer) -> list[bytes]:
    found = [peer.srtp.open(data) for data in drain(peer.rtp)]
    assert None not in found
    return [data for data in found if data is not None]


def test_a_leg_seals_what_it_plays_and_hears_what_it_can_open(line: Line):
    leg, peer = secure_leg(line)
    leg.play((b"\x33" * 320,))
    line.tick(3)
    assert [data[12:] for data in opened(peer)] == [b"\x33" * 160] * 2
    speak(peer)
    line.tick()
    assert leg.statistics().packets_received == 1


def test_keys_are_sealed_too(line: Line):
    _leg, peer = secure_leg(line)
    speak(peer)
    line.tick()
    plain, peer.rtp = peer.rtp, peer.sealed
    peer.press("7")
    peer.rtp = plain
    line.tick()
    assert line.told == [DigitPressed("7", "rfc4733")]


def test_who_has_no_key_neither_speaks_nor_draws_the_sound_to_himself(line: Line):
    leg, peer = secure_leg(line)
    stranger = Peer(peer.address[0])
    line.peers.append(stranger)
    stranger.remote = leg.address
    stranger.send()
    stranger.press("1")
    stranger.rtp.sendto(os.urandom(182), leg.address)
    line.tick()
    leg.play((b"\x33" * 160,))
    line.tick(2)
    assert drain(stranger.rtp) == []
    assert len(opened(peer)) == 1
    assert leg.statistics().packets_received == 0
    assert not any(isinstance(event, DigitPressed) for event in line.told)


@pytest.mark.rfc("3711 §3.4")
def test_reports_are_sealed_both_ways(line: Line):
    leg, peer = secure_leg(line)
    leg.play((silence(8000),))
    for _ in range(300):
        speak(peer)
        line.tick()
    reports = drain(peer.rtcp)
    assert reports
    for data in reports:
        inside = peer.srtp.open_rtcp(data)
        assert inside is not None
        assert rtcp.parse(inside)
    theirs = rtcp.serialize(
        (
            rtcp.ReceiverReport(9, (rtcp.ReportBlock(leg._ssrc, lost=5),)),
            rtcp.SourceDescription(((9, ((1, b"a"),)),)),
        )
    )
    where = (leg.address[0], leg.rtcp_port)
    peer.rtcp.sendto(theirs, where)
    line.tick()
    assert leg.statistics().remote_lost is None, "it came in the clear"
    peer.rtcp.sendto(peer.srtp.seal_rtcp(theirs), where)
    line.tick()
    assert leg.statistics().remote_lost == 5


def test_sound_passes_between_a_leg_that_encrypts_and_one_that_does_not(line: Line):
    secure, peer = secure_leg(line)
    plain, other = line.leg()
    speak(peer)
    other.send()
    line.tick()
    secure.bridge(plain)
    speak(peer, b"\x11" * 160)
    other.send(b"\x22" * 160)
    line.tick()
    assert sound(other.received())[-160:] == b"\x11" * 160
    assert opened(peer)[-1][12:] == b"\x22" * 160


def test_under_a_new_key_the_peers_numbers_are_noted_from_its_first_packet(line: Line):
    told: list[tuple[bytes, int]] = []
    line.engine.reached = lambda _leg, key, _ssrc, index: told.append((key, index))
    leg, peer = secure_leg(line)
    first = peer.ours.receive
    peer.sequence = 59_999
    speak(peer)
    line.tick(60)
    peer.ours = keys("AES_CM_128_HMAC_SHA1_80")
    peer.srtp = Srtp(of_peer(peer.ours))
    leg.configure(LegPlan(peer.address, peer.rtcp.getsockname()[:2], srtp=peer.ours))
    line.tick(60)  # nothing has come under it yet: what came before says nothing of it
    peer.sequence = 4
    speak(peer)
    line.tick(60)
    assert told == [(first, 60_000), (peer.ours.receive, 5)]
    assert leg.statistics().packets_received == 2


def test_a_new_key_in_a_call_is_taken_up_and_the_old_one_is_dead(line: Line):
    leg, peer = secure_leg(line)
    speak(peer)
    line.tick()
    old = peer.srtp
    peer.ours = keys("AES_CM_128_HMAC_SHA1_80")
    peer.srtp = Srtp(of_peer(peer.ours))
    leg.configure(LegPlan(peer.address, peer.rtcp.getsockname()[:2], srtp=peer.ours))
    drain(peer.rtp)
    peer.rtp.sendto(old.seal(packet(500)), leg.address)
    line.tick()
    assert leg.statistics().packets_received == 1
    speak(peer)
    leg.play((b"\x33" * 160,))
    line.tick(2)
    assert leg.statistics().packets_received == 2
    assert opened(peer)[-1][12:] == b"\x33" * 160
