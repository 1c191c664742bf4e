"""What is kept of legs made elsewhere: faults of a listener, and what crosses to the process."""

import os
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.media import LegPlan, LegStatistics, MediaEvent, RecordingEnded
from ivr.media.remote import RemoteEngine, RemoteLeg
from ivr.media.wire import Message, Wire
from ivr.sdp.crypto import suites
from ivr.sdp.plan import SrtpKeys

# A loopback address of this process's own, so that no other test has its ports.
host = f"127.80.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"


class Elsewhere:
    """An engine and the other end of its wire, on which a test reads what was asked."""

    def __init__(self) -> None:
        self.engine = RemoteEngine(
            range(21_000, 21_400), entropy=os.urandom, wake=lambda: None, monotonic=lambda: 0.0
        )
        self.theirs: Wire | None = None
        self.begin()

    def begin(self) -> None:
        ours, theirs = socket.socketpair()
        self.theirs = Wire(theirs)
        self.engine.begin(Wire(ours))

    def asked(self) -> list[Message]:
        assert self.engine.wire is not None
        assert self.theirs is not None
        assert self.engine.wire.send()
        found = self.theirs.receive()
        while self.theirs.received:
            os.close(self.theirs.received.popleft())
        return found

    def die(self) -> None:
        assert self.engine.wire is not None
        assert self.theirs is not None
        self.engine.wire.close()
        self.theirs.close()
        self.engine.lost()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    one = Elsewhere()
    yield one
    one.die()


def is_let_go(leg: RemoteLeg) -> bool:
    return leg.descriptors == (-1, -1)


def test_a_listener_that_fails_at_the_end_of_a_recording_keeps_no_port(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    leg = elsewhere.engine.open(host)

    def fail(_: MediaEvent) -> None:
        raise LookupError("a fault of the call's")

    leg.listener = fail
    path = tmp_path / "one.wav"
    leg.record(path, max_s=10.0, silence_s=None, beep=False)
    leg.close()
    elsewhere.engine.take(("closed", leg.number, LegStatistics()))
    assert not is_let_go(leg), "its recording is not complete"
    with pytest.raises(LookupError):
        elsewhere.engine.take(("told", leg.number, RecordingEnded(path, 1.0, "closed")))
    assert is_let_go(leg)


def test_who_fails_over_the_figures_of_a_call_keeps_no_port(elsewhere: Elsewhere) -> None:
    leg = elsewhere.engine.open(host)

    def fail(_: LegStatistics) -> None:
        raise LookupError("a fault of the call's")

    leg.close(fail)
    with pytest.raises(LookupError):
        elsewhere.engine.take(("closed", leg.number, LegStatistics()))
    assert is_let_go(leg)


def test_one_call_that_fails_over_its_figures_does_not_keep_the_others_from_a_new_process(
    elsewhere: Elsewhere,
) -> None:
    legs = [elsewhere.engine.open(host) for _ in range(3)]
    figures: list[LegStatistics] = []

    def fail(_: LegStatistics) -> None:
        raise LookupError("a fault of the call's")

    legs[0].close(fail)
    legs[1].close(figures.append)
    elsewhere.die()
    assert figures == [LegStatistics()]
    assert is_let_go(legs[0])
    assert is_let_go(legs[1])
    elsewhere.begin()
    assert [words[1] for words in elsewhere.asked() if words[0] == "open"] == [legs[2].number]


def test_keys_cross_as_this_rooms_own_so_that_the_process_has_nothing_to_import(
    elsewhere: Elsewhere,
) -> None:
    size = suites["AEAD_AES_128_GCM"].key_bytes
    keys = SrtpKeys("AEAD_AES_128_GCM", b"s" * size, b"r" * size, 4, 64)
    leg = elsewhere.engine.open(host)
    leg.configure(LegPlan((host, 9), srtp=keys))
    (plan,) = (words[2] for words in elsewhere.asked() if words[0] == "configure")
    assert b"ivr.sdp" not in pickle.dumps(plan)
    assert (plan.srtp.suite, plan.srtp.send, plan.srtp.receive) == (
        keys.suite,
        keys.send,
        keys.receive,
    )
    assert (plan.srtp.mki_bytes, plan.srtp.window) == (4, 64)


def test_how_far_a_peer_has_counted_goes_to_the_next_process_under_the_same_key_only(
    elsewhere: Elsewhere,
) -> None:
    size = suites["AEAD_AES_128_GCM"].key_bytes
    first = SrtpKeys("AEAD_AES_128_GCM", b"s" * size, b"r" * size)
    leg = elsewhere.engine.open(host)
    leg.configure(LegPlan((host, 9), srtp=first))
    elsewhere.engine.take(("reached", leg.number, first.receive, 77, 70_000))
    elsewhere.engine.take(("reached", leg.number, b"an earlier key", 77, 900_000))

    def handed_over() -> list[Message]:
        elsewhere.die()
        elsewhere.begin()
        asked = [words for words in elsewhere.asked() if words[0] in ("configure", "follow")]
        assert asked[0][0] == "configure"
        return asked[1:]

    assert handed_over() == [("follow", leg.number, 77, 70_000)]
    # A re-INVITE under the same key counts on; under another, both sides begin to count again.
    leg.configure(LegPlan((host, 11), srtp=first))
    assert handed_over() == [("follow", leg.number, 77, 70_000)]
    second = SrtpKeys("AEAD_AES_128_GCM", b"s" * size, b"n" * size)
    leg.configure(LegPlan((host, 11), srtp=second))
    assert handed_over() == []
