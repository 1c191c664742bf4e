"""Clips in a row, cut into frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media.playout import Playout


def drained(playout: Playout, size: int, limit: int = 1000) -> bytes:
    sound = b""
    while (frame := playout.next_frame(size)) is not None:
        assert len(frame) == size
        sound += frame
        limit -= 1
        assert limit, "never ends"
    return sound


def test_clips_follow_each_other_without_a_gap():
    playout = Playout()
    playout.play([b"a" * 100, b"b" * 100], 1)
    playout.play([b"c" * 100], 2)
    assert drained(playout, 160) == b"a" * 100 + b"b" * 100 + b"c" * 100 + b"\xff" * 20
    assert playout.finished == [1, 2]


def test_a_clip_has_finished_only_when_the_frame_after_its_last_is_due():
    playout = Playout()
    playout.play([b"a" * 160], 1)
    assert playout.next_frame(160) == b"a" * 160
    assert playout.finished == []
    assert playout.active
    assert playout.next_frame(160) is None
    assert playout.finished == [1]
    assert not playout.active


def test_an_empty_clip_finishes_at_once():
    playout = Playout()
    playout.play([], 1)
    playout.play([b""], 2)
    assert playout.next_frame(160) is None
    assert playout.finished == [1, 2]


def test_what_is_stopped_never_finishes():
    playout = Playout()
    playout.play([b"a" * 400], 1)
    playout.play([b"b" * 400], 2)
    playout.next_frame(160)
    playout.stop()
    assert playout.next_frame(160) is None
    assert playout.finished == []


def test_a_loop_runs_on_until_something_else_is_played():
    playout = Playout()
    playout.loop(b"abc")
    assert playout.next_frame(8) == b"abcabcab"
    assert playout.next_frame(4) == b"cabc"
    playout.play([b"x" * 4], 1)
    assert drained(playout, 4) == b"xxxx"


def test_nothing_cannot_be_looped():
    with pytest.raises(ValueError, match="nothing to loop"):
        Playout().loop(b"")


@given(
    st.lists(st.lists(st.binary(max_size=50), max_size=4), max_size=5),
    st.integers(1, 60),
)
def test_every_byte_is_played_once_in_order_and_every_clip_finishes(
    clips: list[list[bytes]], size: int
):
    playout = Playout()
    for token, clip in enumerate(clips):
        playout.play(clip, token)
    whole = b"".join(b"".join(clip) for clip in clips)
    sound = drained(playout, size)
    assert sound[: len(whole)] == whole
    assert set(sound[len(whole) :]) <= {0xFF}
    assert len(sound) - len(whole) < size
    assert playout.finished == list(range(len(clips)))
