"""Instructions on a live call: what waits, what is kept when the caller is gone."""

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from call_flows.instructions import (
    CallerHungUp,
    CallFacts,
    Collect,
    Delivery,
    Digits,
    FileComplaint,
    Filed,
    FilingFailed,
    HangUp,
    Lookup,
    LookupFailed,
    LookupResult,
    NoInput,
    Play,
    PlaybackFinished,
    Record,
    Recorded,
    RecordingFailed,
    Replay,
    Say,
    SetDelivery,
    Transfer,
    TransferEnded,
)
from ivr.media import RecordingEnded
from ivr.responder.interpreter import (
    RECORDING_NOTED_S,
    Interpreter,
)
from ivr.responder.ticker import Deadlines
from ivr.responder.waiting_words import SAID_AFTER_S
from tests.ivr.responder.fakes import RECORDING_PATH, FakeLeg, FakeSession, FakeWorld

MENU = Collect(
    max_digits=1, min_digits=1, terminators="", no_input_timeout_s=5, inter_digit_timeout_s=3
)
RECORD = Record(name="what", max_s=60, silence_s=5, terminators="#", beep=True, kind="complaint")
FILING = FileComplaint(category="traffic", recording="r1", callback_number="1", finished=False)
LOOKUP = Lookup("bills.find", {"account": "880123"}, timeout_s=3, retries=1, waiting=(Say("wait"),))


class Scene:
    def __init__(self, *answers: object) -> None:
        self.leg = FakeLeg()
        self.world = FakeWorld()
        self.deadlines = Deadlines()
        self.deadlines.tick(0.0)
        self.session = FakeSession(*answers)  # type: ignore[arg-type]
        self.interpreter = Interpreter(
            self.session,  # type: ignore[arg-type]
            self.leg,  # type: ignore[arg-type]
            self.deadlines,
            self.world,
        )
        self.interpreter.start(CallFacts())

    def heard_to_the_end(self) -> None:
        self.interpreter.playback_finished(self.leg.end_of_clip())

    def recording_begins(self) -> None:
        self.world.asked["begin_recording"].callback("r1")

    def recording_ends(self, cause: str = "stopped", seconds: float = 4.0) -> None:
        self.interpreter.recording_ended(RecordingEnded(RECORDING_PATH, seconds, cause))  # type: ignore[arg-type]
        self.world.asked["end_recording"].callback(None)


def test_a_key_during_the_menu_cuts_it_and_chooses() -> None:
    scene = Scene([Play(Say("menu")), MENU])
    scene.interpreter.key("1")
    assert scene.leg.stopped == 1
    assert scene.session.given == [Digits("1")]


def test_keys_typed_ahead_answer_the_next_menus_unheard() -> None:
    scene = Scene([Play(Say("menu")), MENU], [Play(Say("second")), MENU])
    scene.interpreter.key("1")
    scene.interpreter.key("2")
    assert scene.leg.heard == [b"menu", b"second"]
    assert scene.session.given == [Digits("1"), Digits("2")]


def test_keys_pressed_while_nobody_listens_are_kept() -> None:
    scene = Scene([LOOKUP], [Play(Say("menu")), MENU])
    scene.interpreter.key("7")
    scene.world.asked["look_up"].callback(LookupResult("found"))
    assert scene.leg.heard == []
    assert scene.session.given == [LookupResult("found"), Digits("7")]


def test_after_a_mistake_the_keys_typed_ahead_are_dropped() -> None:
    cleared = Collect(1, 1, "", 5, 3, clear_type_ahead=True)
    scene = Scene([LOOKUP], [Play(Say("sorry")), cleared])
    scene.interpreter.key("7")
    scene.world.asked["look_up"].callback(LookupResult("found"))
    assert scene.leg.heard == [b"sorry"]
    assert scene.session.given == [LookupResult("found")]


def test_silence_is_counted_from_the_end_of_the_prompt() -> None:
    scene = Scene([Play(Say("menu")), MENU])
    scene.deadlines.tick(60.0)
    assert scene.session.given == []
    scene.heard_to_the_end()
    scene.deadlines.tick(64.9)
    assert scene.session.given == []
    scene.deadlines.tick(65.1)
    assert scene.session.given == [NoInput()]


def test_a_slow_lookup_is_accompanied_and_tried_again_and_then_said_to_be_slow() -> None:
    scene = Scene([LOOKUP])
    scene.deadlines.tick(1.0)
    assert scene.leg.heard == [b"wait"]
    scene.deadlines.tick(3.1)
    assert scene.world.names.count("look_up") == 2
    scene.deadlines.tick(6.2)
    assert scene.session.given == [LookupFailed("timeout")]


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    scene = Scene([LOOKUP], [Play(Say("menu")), MENU])
    first = scene.world.asked["look_up"]
    scene.deadlines.tick(3.1)
    scene.deadlines.tick(6.2)
    first.callback(LookupResult("found"))
    assert scene.session.given == [LookupFailed("timeout")]


def test_a_lookup_that_fails_twice_is_an_error() -> None:
    scene = Scene([LOOKUP])
    scene.world.asked["look_up"].errback(RuntimeError("down"))
    scene.world.asked["look_up"].errback(RuntimeError("down"))
    assert scene.session.given == [LookupFailed("error")]


def test_recording_begins_after_the_notice_and_ends_with_the_pound_key() -> None:
    scene = Scene([Play(Say("notice"), barge_in=False), RECORD])
    assert "begin_recording" not in scene.world.asked
    scene.heard_to_the_end()
    scene.recording_begins()
    scene.interpreter.key("5")
    assert scene.leg.recordings_stopped == 0
    scene.interpreter.key("#")
    assert scene.leg.recordings_stopped == 1
    scene.recording_ends()
    assert scene.session.given == [Recorded("r1", 4.0, "terminator")]


def test_a_recording_the_database_does_not_take_is_heard_as_failed() -> None:
    scene = Scene([RECORD])
    scene.deadlines.tick(0.1)
    scene.world.asked["begin_recording"].errback(RuntimeError("locked"))
    assert scene.session.given == [RecordingFailed("the recording could not begin")]


def test_who_hangs_up_while_speaking_has_still_filed() -> None:
    scene = Scene([RECORD], [FILING])
    scene.deadlines.tick(0.1)
    scene.recording_begins()
    scene.interpreter.caller_hung_up()
    assert scene.session.given == []
    scene.recording_ends()
    assert scene.session.given == [CallerHungUp(Recorded("r1", 4.0, "hang_up"))]
    assert "finished" not in scene.world.names
    scene.world.asked["file_complaint"].callback("202611220001")
    assert scene.session.given[-1] == Filed("202611220001")
    assert scene.world.names[-1] == "finished"


def test_who_hangs_up_before_the_recording_began_has_nothing_lost() -> None:
    scene = Scene([RECORD], [])
    scene.deadlines.tick(0.1)
    scene.interpreter.caller_hung_up()
    scene.recording_begins()
    assert scene.leg.recordings_stopped == 1
    scene.recording_ends("stopped", 0.0)
    assert scene.world.names[-1] == "finished"


def test_a_hang_up_while_the_complaint_is_committed_waits_for_the_commit() -> None:
    scene = Scene([FILING], [Play(Say("ticket")), MENU], [])
    scene.interpreter.caller_hung_up()
    assert "finished" not in scene.world.names
    scene.world.asked["file_complaint"].callback("202611220001")
    assert scene.session.given == [Filed("202611220001"), CallerHungUp()]
    assert scene.leg.heard == []
    assert scene.world.names[-1] == "finished"


def test_filing_that_fails_is_said() -> None:
    scene = Scene([FILING])
    scene.world.asked["file_complaint"].errback(RuntimeError("disk full"))
    assert scene.session.given == [FilingFailed("disk full")]


def test_a_hang_up_after_the_flow_has_ended_is_nothing_new() -> None:
    scene = Scene([Play(Say("goodbye")), HangUp("done")])
    scene.heard_to_the_end()
    assert scene.world.names == ["hang_up", "finished"]
    scene.interpreter.caller_hung_up()
    assert scene.session.given == []


def test_the_goodbye_is_heard_before_the_line_hangs_up() -> None:
    scene = Scene([Play(Say("goodbye")), HangUp("done")])
    assert scene.world.names == []
    scene.heard_to_the_end()
    assert scene.world.names[0] == "hang_up"


def test_a_transfer_begins_when_it_has_been_said() -> None:
    scene = Scene([Play(Say("connecting")), Transfer("operator", 25)])
    assert scene.world.names == []
    scene.heard_to_the_end()
    scene.world.transfer_ended("busy")
    assert scene.session.given == [TransferEnded("busy")]


def test_the_callers_own_words_are_played_back() -> None:
    scene = Scene([Play(Replay("r1")), MENU])
    assert scene.leg.heard == [b"replayed"]


@pytest.mark.parametrize("fault", [RuntimeError("a bug"), KeyError("x")])
def test_a_fault_of_ours_takes_the_flows_own_exit(fault: Exception) -> None:
    scene = Scene([MENU], fault, [Play(Say("a person will help")), HangUp("error")])
    scene.interpreter.key("1")
    assert scene.leg.heard == [b"a person will help"]


def test_a_flow_that_fails_again_and_again_ends_the_call_in_order() -> None:
    fault = RuntimeError("a bug")
    scene = Scene([MENU], fault, fault, fault, fault)
    scene.interpreter.key("1")
    assert scene.world.names == ["hang_up", "finished"]


def test_a_flow_of_silent_prompts_does_not_recurse() -> None:
    silent: list[object] = [Play(Say("nothing"))]
    scene = Scene(silent, silent, silent, silent)
    scene.world.sound["nothing"] = ()
    scene.heard_to_the_end()
    scene.deadlines.tick(0.1)
    assert scene.session.given == [PlaybackFinished()] * 4


def test_who_hangs_up_during_the_notice_before_a_recording_ends_the_call() -> None:
    scene = Scene([Play(Say("notice"), barge_in=False), RECORD], [])
    scene.interpreter.caller_hung_up()
    assert scene.session.given == [CallerHungUp(None)]
    assert scene.world.names == ["finished"]


def test_a_recordings_row_that_is_slow_to_be_written_keeps_nobody_waiting() -> None:
    scene = Scene([RECORD], [Play(Say("confirm")), MENU])
    scene.deadlines.tick(0.02)
    scene.recording_begins()
    scene.interpreter.recording_ended(RecordingEnded(RECORDING_PATH, 4.0, "silence"))
    assert scene.session.given == []
    scene.deadlines.tick(0.02 + RECORDING_NOTED_S)
    assert scene.session.given == [Recorded("r1", 4.0, "silence")]
    scene.world.asked["end_recording"].callback(None)
    assert len(scene.session.given) == 1


def test_a_filing_that_takes_long_is_accompanied() -> None:
    scene = Scene([FILING], [Play(Say("accepted")), MENU])
    scene.deadlines.tick(SAID_AFTER_S)
    assert scene.leg.heard == [b"please_wait"]
    scene.world.asked["file_complaint"].callback("202611220001")
    assert scene.session.given == [Filed("202611220001")]


ENTRY = Collect(
    max_digits=4, min_digits=4, terminators="#", no_input_timeout_s=5, inter_digit_timeout_s=3
)


def test_the_pound_key_after_a_full_entry_is_not_the_next_menus_key() -> None:
    scene = Scene([ENTRY], [LOOKUP], [Play(Say("menu")), MENU])
    for key in "0001#":
        scene.interpreter.key(key)
    scene.world.asked["look_up"].callback(LookupResult("found"))
    assert scene.session.given == [Digits("0001"), LookupResult("found")]
    scene.interpreter.key("#")
    assert scene.session.given[-1] == Digits("#")


def test_the_pound_key_typed_ahead_behind_a_full_entry_goes_with_it() -> None:
    scene = Scene([LOOKUP], [ENTRY], [Play(Say("menu")), MENU])
    for key in "0001#2":
        scene.interpreter.key(key)
    scene.world.asked["look_up"].callback(LookupResult("found"))
    assert scene.session.given == [LookupResult("found"), Digits("0001"), Digits("2")]


def test_a_pound_key_long_after_a_full_entry_counts() -> None:
    scene = Scene([ENTRY], [Play(Say("menu")), MENU])
    for key in "0001":
        scene.interpreter.key(key)
    scene.deadlines.tick(4.0)
    scene.interpreter.key("#")
    assert scene.session.given == [Digits("0001"), Digits("#")]


def test_slower_and_louder_hold_for_what_follows_and_for_please_wait() -> None:
    chosen = SetDelivery(Delivery(slow=True, loud=True))
    scene = Scene([Play(Say("menu")), MENU], [chosen, Play(Say("menu")), MENU], [LOOKUP])
    assert not scene.leg.loud
    scene.interpreter.key("7")
    assert scene.leg.loud
    assert scene.leg.heard == [b"menu", b"menu slowly"]
    scene.interpreter.key("1")
    scene.deadlines.tick(1.0)
    assert scene.leg.heard[-1] == b"wait slowly"


def test_what_stands_before_the_choice_in_a_list_is_said_as_before() -> None:
    given = [Play(Say("one")), SetDelivery(Delivery(slow=True)), Play(Say("two")), MENU]
    scene = Scene(given)
    scene.heard_to_the_end()
    assert scene.leg.heard == [b"one", b"two slowly"]


def test_please_wait_is_said_at_the_usual_speed_where_the_slower_form_is_not_there() -> None:
    scene = Scene([SetDelivery(Delivery(slow=True)), Play(Say("bill")), MENU])
    scene.interpreter._playback.stop()
    scene.world.sound["please_wait slowly"] = Deferred()
    assert scene.interpreter._please_wait() == [b"please_wait"]
    scene.world.sound["please_wait slowly"] = (b"please wait",)
    assert scene.interpreter._please_wait() == [b"please wait"]


NOTICED = replace(RECORD, keys="07")


def test_a_key_during_the_notice_of_a_recording_goes_to_the_flow_and_nothing_is_recorded() -> None:
    scene = Scene([Play(Say("notice"), barge_in=False), NOTICED], [Play(Say("again")), NOTICED])
    scene.interpreter.key("5")
    assert scene.session.given == []
    scene.interpreter.key("7")
    assert scene.leg.stopped == 1
    assert scene.session.given == [Digits("7")]
    assert scene.leg.heard == [b"notice", b"again"]
    scene.deadlines.tick(0.1)
    assert "begin_recording" not in scene.world.names
    scene.heard_to_the_end()
    scene.recording_begins()
    scene.interpreter.key("7")  # a key while speaking is no answer
    assert scene.session.given == [Digits("7")]
    scene.interpreter.key("#")
    assert scene.leg.recordings_stopped == 1


def test_a_key_right_after_a_notice_without_sound_begins_no_recording_later() -> None:
    scene = Scene([NOTICED], [Play(Say("menu")), MENU])
    scene.interpreter.key("0")
    scene.deadlines.tick(0.1)
    assert scene.session.given == [Digits("0")]
    assert "begin_recording" not in scene.world.names
