"""The queue of one call's sound: order, what is not yet rendered, barge-in."""

from twisted.internet.defer import Deferred

from ivr.responder.playback import PATIENCE_AGAIN_S, PATIENCE_S, Playback
from ivr.responder.ticker import Deadlines
from tests.ivr.responder.fakes import FakeLeg


class Scene:
    def __init__(self) -> None:
        self.leg = FakeLeg()
        self.deadlines = Deadlines()
        self.deadlines.tick(100.0)
        self.drained = 0
        self.playback = Playback(
            self.leg,  # type: ignore[arg-type]
            self.deadlines,
            lambda: (b"please wait",),
            self._drained,
        )

    def _drained(self) -> None:
        self.drained += 1

    def add(self, *pieces: object, barge_in: bool = True) -> None:
        self.playback.add(pieces, barge_in=barge_in)  # type: ignore[arg-type]

    def played_to_the_end(self) -> None:
        self.playback.finished(self.leg.end_of_clip())


def test_pieces_are_heard_one_after_the_other() -> None:
    scene = Scene()
    scene.add((b"one",), (b"two",))
    assert scene.leg.heard == [b"one"]
    scene.played_to_the_end()
    assert scene.leg.heard == [b"one", b"two"]
    assert not scene.drained
    scene.played_to_the_end()
    assert scene.drained == 1
    assert not scene.playback.busy


def test_sound_that_arrives_late_keeps_its_place() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add((b"one",), late, (b"three",))
    scene.played_to_the_end()
    assert scene.leg.heard == [b"one"]
    late.callback((b"two",))
    assert scene.leg.heard == [b"one", b"two"]
    scene.played_to_the_end()
    assert scene.leg.heard[-1] == b"three"


def test_a_clause_that_no_voice_can_say_is_passed_over() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add(late)
    late.callback(())
    assert scene.drained == 1
    assert scene.leg.heard == []


def test_a_caller_who_waits_longer_than_400_ms_is_told_to() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add(late)
    scene.deadlines.tick(100.0 + PATIENCE_S - 0.01)
    assert scene.leg.heard == []
    scene.deadlines.tick(100.0 + PATIENCE_S)
    assert scene.leg.heard == [b"please wait"]
    late.callback((b"at last",))
    assert scene.leg.heard == [b"please wait"]
    scene.played_to_the_end()
    assert scene.leg.heard == [b"please wait", b"at last"]


def test_the_wait_counts_from_where_the_sound_stops_and_is_excused_again_later() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add((b"one",), late)
    scene.deadlines.tick(150.0)
    assert scene.leg.heard == [b"one"]
    scene.played_to_the_end()
    scene.deadlines.tick(150.0 + PATIENCE_S)
    assert scene.leg.heard == [b"one", b"please wait"]
    scene.played_to_the_end()
    scene.deadlines.tick(150.0 + PATIENCE_S + PATIENCE_AGAIN_S - 0.1)
    assert len(scene.leg.heard) == 2
    scene.deadlines.tick(150.0 + PATIENCE_S + PATIENCE_AGAIN_S)
    assert scene.leg.heard == [b"one", b"please wait", b"please wait"]


def test_nobody_is_told_to_wait_once_the_sound_is_there() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add(late)
    late.callback((b"quick",))
    scene.deadlines.tick(200.0)
    assert scene.leg.heard == [b"quick"]


def test_a_key_ends_what_may_be_interrupted() -> None:
    scene = Scene()
    scene.add((b"menu",), (b"more",))
    scene.playback.interrupt()
    assert scene.leg.stopped == 1
    assert scene.drained == 1


def test_a_key_does_not_cut_what_must_be_heard() -> None:
    scene = Scene()
    scene.add((b"you are recorded",), barge_in=False)
    scene.add((b"menu",))
    scene.playback.interrupt()
    assert scene.leg.stopped == 0
    scene.played_to_the_end()
    assert scene.leg.heard == [b"you are recorded"]
    assert scene.drained == 1


def test_stopping_tells_nobody() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add((b"one",), late)
    scene.playback.stop()
    late.callback((b"too late",))
    assert scene.leg.heard == [b"one"]
    assert scene.drained == 0


def test_the_next_piece_is_in_the_leg_before_the_first_is_over() -> None:
    scene = Scene()
    scene.add((b"one",), (b"two",), (b"three",))
    assert [audio for audio, _ in scene.leg.held] == [b"one", b"two"]
    scene.played_to_the_end()
    assert [audio for audio, _ in scene.leg.held] == [b"two", b"three"]


def test_a_piece_that_comes_while_the_one_before_plays_is_handed_over_at_once() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add((b"one",), late)
    assert len(scene.leg.held) == 1
    late.callback((b"two",))
    assert [audio for audio, _ in scene.leg.held] == [b"one", b"two"]


def test_a_piece_without_sound_between_two_is_passed_over_ahead() -> None:
    scene = Scene()
    late: Deferred[tuple[bytes, ...]] = Deferred()
    scene.add((b"one",), late, (b"three",))
    late.callback(())
    assert [audio for audio, _ in scene.leg.held] == [b"one", b"three"]
    scene.played_to_the_end()
    scene.played_to_the_end()
    assert scene.drained == 1


def test_what_a_key_may_end_is_not_in_the_leg_with_what_it_may_not() -> None:
    scene = Scene()
    scene.add((b"menu",))
    scene.add((b"you are recorded",), barge_in=False)
    assert [audio for audio, _ in scene.leg.held] == [b"menu"]
    scene.playback.interrupt()
    assert [audio for audio, _ in scene.leg.held] == [b"you are recorded"]


def test_a_key_ends_both_that_the_leg_holds() -> None:
    scene = Scene()
    scene.add((b"menu",), (b"more",), (b"still more",))
    scene.playback.interrupt()
    assert not scene.leg.held
    assert scene.leg.heard == [b"menu"]
    scene.add((b"answer",))
    assert scene.leg.heard == [b"menu", b"answer"]
