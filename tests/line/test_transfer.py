"""Key 0: a person by REFER, or by a call of ours bridged here, or a message that is called back."""

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from ivr.traces import TracedMessage, Wanted, messages
from tests.line import wire
from tests.line.harness import free_port
from tests.line.jobs import Town
from tests.line.phone import Phone, wait_until
from tests.line.pjsip import PjsipPhone
from tests.line.responder import Responder, rendered_town, responder
from tests.line.rtp import tones
from tests.line.test_three_jobs import from_recording
from tests.line.together import all_at_once

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(120)]

needs_pjsip = pytest.mark.skipif(
    importlib.util.find_spec("pjsua2") is None, reason="pip install -r requirements-dev.txt"
)
needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="apt install sip-tester")
OPERATOR_TIMEOUT_S = 2
SIPP = Path(__file__).parent / "sipp"
LANGUAGE = "zh-CN"


EXTENSION = "6001"
MESSAGE_FROM = "13900000006"


@pytest.fixture(scope="module")
def operator_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int, operator_port: int
) -> Iterator[Responder]:
    """The person has an address of its own."""
    with responder(
        tmp_path_factory.mktemp("transfer"),
        rendered,
        rtp_low,
        IVR_OPERATOR=f"sip:6001@127.0.0.1:{operator_port}",
        IVR_OPERATOR_TIMEOUT=str(OPERATOR_TIMEOUT_S),
    ) as one:
        yield one


@pytest.fixture(scope="module")
def at_pbx(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[Responder]:
    """The person is an extension of the exchange that a call comes from."""
    with responder(
        tmp_path_factory.mktemp("extension"),
        rendered,
        rtp_low,
        IVR_OPERATOR=EXTENSION,
        IVR_OPERATOR_TIMEOUT=str(OPERATOR_TIMEOUT_S),
    ) as one:
        yield one


def ended(served: Responder, caller: str) -> dict[str, object]:
    return served.until_row("SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", caller)


def outcome(served: Responder, call: dict[str, object]) -> str:
    row = served.until_row(
        "SELECT outcome FROM call_steps WHERE call_id = ? AND flow = 'person' AND node = 'connect'",
        call["id"],
    )
    return str(row["outcome"])


def trace_with(served: Responder, call: Wanted, *, dialogs: int) -> list[TracedMessage]:
    """The trace of a call once a BYE of each of its dialogs is in it; empty before."""
    kept = messages(served.settings.traces_dir, call)
    ended = {one.call_id for one in kept if one.data.startswith(b"BYE ")}
    return kept if len(ended) == dialogs else []


def share_of_tone(heard: np.ndarray, hertz: float) -> float:
    """Seconds of a recording that are this tone."""
    pieces = [heard[i : i + 800] for i in range(0, len(heard) - 800, 800)]
    pattern = tones(hertz, ms=100)
    shifted = np.exp(-2j * np.pi * hertz * np.arange(len(pattern)) / 8000)
    loud = 0
    for piece in pieces:
        power = float(np.sum(piece.astype(float) ** 2))
        amount = 2 * abs(np.sum(piece * shifted)) ** 2 / (len(piece) * max(power, 1.0))
        loud += power > 1e6 and amount > 0.7
    return loud * 0.1


def a_refer_that_reaches_the_person_ends_our_part_as_a_transfer(served, town):
    with Phone(served.sip_port, number="13900000001") as caller:
        caller.answers["REFER"] = 202
        caller.call()
        caller.press("0")
        refer = caller.until_request("REFER")
        assert refer.get("Refer-To").strip("<>") == f"sip:{EXTENSION}@127.0.0.1:{caller.port}"
        assert caller.notify(100, last=False).status == 200
        assert not caller.ended
        assert caller.notify(200, last=True).status == 200
        caller.until_request("BYE")
    call = ended(served, "13900000001")
    assert call["ended_by"] == "transfer"
    assert not call["self_served"]
    assert outcome(served, call) == "answered"


def a_refer_that_finds_the_person_busy_leads_to_a_message(served, town):
    with Phone(served.sip_port, number="13900000002") as caller:
        caller.answers["REFER"] = 202
        caller.call()
        caller.press("0")
        caller.until_request("REFER")
        caller.notify(486, last=True)
        caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))
    assert outcome(served, ended(served, "13900000002")) == "busy"


def a_refer_that_is_accepted_and_comes_to_nothing_leads_to_a_message(served, town):
    with Phone(served.sip_port, number="13900000003") as caller:
        caller.answers["REFER"] = 202
        caller.call()
        caller.press("0")
        caller.until_request("REFER")
        caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))
    assert outcome(served, ended(served, "13900000003")) == "no_answer"


def who_hangs_up_while_talking_to_the_person_ends_both_calls(served, town):
    with (
        Phone(served.sip_port, number="13900000005") as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller) as person,
    ):
        caller.call()
        caller.press("0")
        person.until_request("ACK", 15.0)
        assert person.invite.first.startswith(f"INVITE sip:{EXTENSION}@127.0.0.1:{caller.port}")
        caller.sound.tone(440)
        person.sound.tone(620)
        person.sound.until_tone(440)
        caller.sound.until_tone(620)
        caller.press("7")
        person.sound.until(lambda: person.sound.keys == "7", "the caller's key")
        # The person holds the caller, and comes back.
        assert person.reinvite(direction="sendonly").status == 200
        heard = person.sound.packets
        assert person.reinvite().status == 200
        person.sound.until(lambda: person.sound.packets > heard + 25, "the caller again")
        person.sound.until_tone(440)
        # Its side asks for an offer of ours, as call managers do, and answers it.
        asked = person.ask("INVITE")
        assert (asked.status, b"m=audio" in asked.body) == (200, True)
        person.ack(person.sdp(codecs=(8,)))
        person.sound.connect(wire.remote_media(asked.body), 8)
        person.sound.until(lambda: 8 in person.sound.kinds, "the caller in A-law")
        person.sound.until_tone(440)
        caller.hang_up()
        person.until_request("BYE")
    call = ended(served, "13900000005")
    assert call["ended_by"] == "caller"
    assert not call["self_served"]
    # Both dialogs stand in the call's trace: the caller's, and ours with the person.
    wanted = Wanted(str(call["sip_call_id"]), 0.0, None)
    wait_until(lambda: trace_with(served, wanted, dialogs=2), "the trace of both dialogs")
    kept = trace_with(served, wanted, dialogs=2)
    methods = [one.data.split(b" ")[0] for one in kept if not one.data.startswith(b"SIP/2.0")]
    assert methods.count(b"INVITE") >= 3
    assert methods.count(b"BYE") == 2


def a_busy_person_means_a_message_that_becomes_a_call_back(served, town):
    number = MESSAGE_FROM
    with (
        Phone(served.sip_port, number=number) as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller) as person,
    ):
        person.final = 486
        caller.call()
        caller.press("0")
        caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))
        caller.press("1")
        caller.sound.until_heard(town.clips("message_notice", LANGUAGE, {}))
        caller.sound.tone(440)
        beginning = served.until_row("SELECT * FROM recordings WHERE kind = 'message'")
        path = served.state_dir / str(beginning["path"])
        wait_until(lambda: path.exists() and path.stat().st_size > 24_000, "1.5 s recorded")
        caller.press("#")
        caller.sound.until_heard(town.clips("message_check_number", LANGUAGE, {"phone": number}))
        caller.press("1")
        caller.sound.until_heard(town.clips("message_taken", LANGUAGE, {}))
    task = served.until_row("SELECT * FROM call_back_tasks WHERE number = ?", number)
    (recording,) = served.rows("SELECT * FROM recordings WHERE id = ?", task["recording_id"])
    assert recording["state"] == "complete"
    assert share_of_tone(from_recording(path), 440) > 1.0


def nobody_answering_is_cancelled_and_told(served, town):
    with (
        Phone(served.sip_port, number="13900000007") as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller) as person,
    ):
        person.final = 0
        caller.call()
        caller.press("0")
        person.until_request("INVITE", 15.0)
        caller.sound.until_tone(450)  # it rings (ITU-T E.180, China)
        person.until_request("CANCEL", OPERATOR_TIMEOUT_S + 3.0)
        caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))
    assert outcome(served, ended(served, "13900000007")) == "no_answer"


def a_caller_who_hangs_up_while_it_rings_stops_the_ringing(served, town):
    with (
        Phone(served.sip_port, number="13900000008") as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller) as person,
    ):
        person.final = 0
        caller.call()
        caller.press("0")
        person.until_request("INVITE", 15.0)
        caller.hang_up()
        person.until_request("CANCEL", 1.5)
        person.until_request("ACK")
    assert ended(served, "13900000008")["ended_by"] == "caller"


def a_person_who_picks_up_as_we_give_up_is_hung_up_on(served, town):
    with (
        Phone(served.sip_port, number="13900000009") as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller) as person,
    ):
        person.final = 0
        person.crosses = True
        caller.call()
        caller.press("0")
        person.until_request("BYE", 15.0)
        caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))


def a_peer_that_does_not_answer_refer_is_put_through_by_us(served, town):
    with (
        Phone(served.sip_port, number="13900000010") as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller) as person,
    ):
        caller.answers["REFER"] = 0
        caller.call()
        caller.press("0")
        caller.until_request("REFER")
        person.until_request("ACK", 15.0)


def a_person_whose_side_has_no_usable_sound_means_a_message(served, town):
    with (
        Phone(served.sip_port, number="13900000013") as caller,
        Phone(served.sip_port, number=EXTENSION, behind=caller, codecs=(8,)) as person,
    ):
        person.description = {"garbled": True}
        caller.call()
        caller.press("0")
        person.until_request("BYE", 15.0)
        caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))


def without_a_configured_person_a_message_is_offered_at_once(folder, rendered, rtp_low):
    with responder(folder / "nobody", rendered, rtp_low) as alone:
        town = Town(alone.settings)
        with Phone(alone.sip_port, number="13900000011") as caller:
            caller.call()
            caller.press("0")
            caller.sound.until_heard(town.clips("person_unavailable", LANGUAGE, {}))
            caller.sound.until_heard(town.clips("message_offer", LANGUAGE, {}))
        assert outcome(alone, ended(alone, "13900000011")) == "failed"


def a_person_on_a_port_nobody_has_means_a_message(folder, rendered, rtp_low):
    nowhere = f"sip:6001@127.0.0.1:{free_port()};transport=tcp"
    with responder(folder / "nowhere", rendered, rtp_low, IVR_OPERATOR=nowhere) as alone:
        with Phone(alone.sip_port, number="13900000012") as caller:
            caller.call()
            caller.press("0")
            caller.sound.until_heard(Town(alone.settings).clips("person_unavailable", LANGUAGE, {}))
        assert outcome(alone, ended(alone, "13900000012")) == "failed"


def a_caller_over_tcp_reaches_an_extension_by_the_same_connection(served, town):
    with (
        Phone(served.sip_port, transport="tcp", number="13900000014") as caller,
        Phone(served.sip_port, transport="tcp", number=EXTENSION, behind=caller) as person,
    ):
        caller.call()
        caller.press("0")
        person.until_request("ACK", 15.0)
        caller.sound.tone(440)
        person.sound.until_tone(440)
        caller.hang_up()
        person.until_request("BYE")


JOURNEYS: tuple[Callable[[Responder, Town], None], ...] = (
    a_refer_that_reaches_the_person_ends_our_part_as_a_transfer,
    a_refer_that_finds_the_person_busy_leads_to_a_message,
    a_refer_that_is_accepted_and_comes_to_nothing_leads_to_a_message,
    who_hangs_up_while_talking_to_the_person_ends_both_calls,
    a_busy_person_means_a_message_that_becomes_a_call_back,
    nobody_answering_is_cancelled_and_told,
    a_caller_who_hangs_up_while_it_rings_stops_the_ringing,
    a_person_who_picks_up_as_we_give_up_is_hung_up_on,
    a_peer_that_does_not_answer_refer_is_put_through_by_us,
    a_person_whose_side_has_no_usable_sound_means_a_message,
    a_caller_over_tcp_reaches_an_extension_by_the_same_connection,
)


OWN = (
    without_a_configured_person_a_message_is_offered_at_once,
    a_person_on_a_port_nobody_has_means_a_message,
)


@pytest.fixture(scope="module")
def placed(
    at_pbx: Responder, tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[dict[str, "Future[None]"]]:
    folder = tmp_path_factory.mktemp("own")
    with (
        all_at_once(JOURNEYS, at_pbx, rendered_town(at_pbx, MESSAGE_FROM)) as futures,
        all_at_once(OWN, folder, rendered, rtp_low) as own,
    ):
        yield {**futures, **own}


@pytest.mark.usefixtures("placed")  # those callers talk meanwhile
@needs_pjsip
def test_pjsip_is_transferred_by_refer_and_talks_to_the_person(served, operator_port, tmp_path):
    with (
        PjsipPhone(tmp_path, "6001", port=operator_port) as person,
        PjsipPhone(tmp_path, "13900000003", refer=202) as caller,
    ):
        caller.do(call=served.target)
        caller.until(lambda told: told.get("sound"), "the greeting")
        caller.do(press="0")
        refer = caller.until(lambda told: "refer" in told, "REFER")["refer"]
        assert refer.strip("<>") == f"sip:6001@127.0.0.1:{operator_port}"
        person.until_state("CONFIRMED")
        call = ended(served, "13900000003")
        assert call["ended_by"] == "transfer"
        # The two now talk without us: the person's phone is called by the caller's.
        assert person.told[-1].get("state") != "DISCONNECTED"


@needs_pjsip
def test_where_refer_is_refused_both_sides_hear_each_other_through_us(
    served, operator_port, tmp_path
):
    with (
        PjsipPhone(tmp_path, "6001", port=operator_port) as person,
        PjsipPhone(tmp_path, "13900000004", refer=603) as caller,
    ):
        caller.do(call=served.target)
        caller.until(lambda told: told.get("sound"), "the greeting")
        caller.do(press="0")
        person.until_state("CONFIRMED")
        caller.do(tone=440)
        person.do(tone=620)
        person.until(lambda told: told.get("sound"), "the caller's tone")
        caller.do(press="5")
        person.until(lambda told: told.get("key") == "5", "the caller's key")
        person.do(press="8")
        caller.until(lambda told: told.get("key") == "8", "the person's key")
        wait_until(lambda: share_of_tone(person.heard(), 440) > 0.5, "440 Hz at the person's")
        wait_until(lambda: share_of_tone(caller.heard(), 620) > 0.5, "620 Hz at the caller's")
        person.do(hang_up=True)
        caller.until_state("DISCONNECTED")
    call = ended(served, "13900000004")
    assert call["ended_by"] == "transfer"
    assert outcome(served, call) == "answered"


@needs_sipp
def test_sipp_refuses_the_refer_and_is_put_through(served, operator_port, tmp_path):
    number = "13900000405"
    scenario = SIPP / "refuse_refer.xml"
    with Phone(served.sip_port, number="6001", port=operator_port) as person:
        done = subprocess.Popen(
            [
                *("sipp", f"127.0.0.1:{served.sip_port}", "-sf", str(scenario), "-s", "line"),
                *("-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "30s"),
                *("-key", "caller", number),
            ],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        person.until_request("ACK", 20.0)
        assert f"<sip:{number}@" in person.invite.get("From")
        person.hang_up()  # and so does the line
        assert done.wait(15) == 0, done.stdout.read()[-3000:]
    assert ended(served, number)["ended_by"] == "transfer"


@pytest.mark.parametrize("journey", [journey.__name__ for journey in (*JOURNEYS, *OWN)])
def test_key_0(placed, journey):
    placed[journey].result()
