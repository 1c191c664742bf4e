"""When new calls are turned away so that those who are up do not suffer; the clock is made up."""

import pytest

from ivr.responder.admission import CALM_S, EVERY_S, Admission, Look

GOOD = Look(0.3, 0.5, 0.1, media_running=True)
LATE = Look(60.0, 0.5, 0.1, media_running=True)


class Watch:
    def __init__(self, limit_ms: float = 40.0) -> None:
        self.admission = Admission(limit_ms)
        self.now = 100.0

    def sees(self, look: Look, times: int = 1) -> str:
        for _ in range(times):
            self.admission.look(look, self.now)
            self.now += EVERY_S
        return self.admission.why


def test_calls_are_taken_while_ticks_are_in_time():
    assert Watch().sees(GOOD, 100) == ""


def test_one_stall_turns_nobody_away():
    watch = Watch()
    assert watch.sees(LATE) == ""
    assert watch.sees(GOOD) == ""
    assert watch.sees(LATE) == ""


@pytest.mark.parametrize(
    "look",
    [
        LATE,
        Look(0.3, 60.0, 0.1, media_running=True),
        Look(0.3, 0.5, 2.0, media_running=True),
    ],
)
def test_lateness_that_lasts_turns_calls_away(look: Look):
    assert Watch().sees(look, 2) == "late"


def test_they_are_taken_again_after_three_calm_seconds():
    watch = Watch()
    watch.sees(LATE, 2)
    calm = int(CALM_S / EVERY_S)
    assert watch.sees(GOOD, calm) == "late"
    assert watch.sees(GOOD) == ""


def test_half_as_late_is_not_calm_yet():
    watch = Watch()
    watch.sees(LATE, 2)
    half = Look(25.0, 0.5, 0.1, media_running=True)
    assert watch.sees(half, 100) == "late"
    watch.sees(GOOD, 4)
    assert watch.sees(half) == "late"
    assert watch.sees(GOOD, 4) == "late"  # calm is counted anew


def test_once_taken_again_one_late_look_does_not_close():
    watch = Watch()
    watch.sees(LATE, 2)
    watch.sees(GOOD, 7)
    assert watch.sees(LATE) == ""
    assert watch.sees(LATE) == "late"


def test_without_sound_no_call_is_taken_and_with_it_at_once_again():
    watch = Watch()
    assert watch.sees(Look(0, 0, 0, media_running=False)) == "no_sound"
    assert watch.sees(GOOD) == ""


def test_zero_leaves_lateness_out_of_it():
    assert Watch(0.0).sees(LATE, 10) == ""


def test_a_change_is_told_once():
    admission = Admission(40.0)
    told = [admission.look(LATE, float(second)) for second in range(4)]
    assert told == [False, True, False, False]
