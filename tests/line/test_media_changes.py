"""What peers change in the middle of a call, and the ways they send keys: the call goes on."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.line.harness import RunningLine
from tests.line.jobs import Town
from tests.line.phone import Phone
from tests.line.together import all_at_once
from tests.line.wire import Message

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(120)]

LANGUAGE = "zh-CN"
ACCOUNT = "880123"


def steps_of(line: RunningLine, caller: str) -> list[dict[str, object]]:
    call = line.until_row("SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", caller)
    return line.rows("SELECT * FROM call_steps WHERE call_id = ? ORDER BY seq", call["id"])


def direction(answer: Message) -> str:
    found = re.search(rb"^a=(sendrecv|sendonly|recvonly|inactive)", answer.body, re.MULTILINE)
    return found[1].decode() if found else "sendrecv"


def to_account(phone: Phone, town: Town) -> None:
    """Mandarin, bills: the line asks for the account."""
    phone.press("11")
    phone.sound.until_heard(town.clips("bill_ask_account", LANGUAGE, {}))


def hears_the_bill(phone: Phone, town: Town) -> None:
    found = town.lookup("bills.find", LANGUAGE, account=ACCOUNT)
    phone.sound.until_heard(town.clips("bill_found", LANGUAGE, found))


def a_held_call_is_silent_and_goes_on_where_it_was(line, town):
    held(line, town, "13700000001", "sendonly", "recvonly")


def a_call_held_as_inactive_is_silent_and_goes_on_where_it_was(line, town):
    held(line, town, "13700000011", "inactive", "inactive")


def held(line: RunningLine, town: Town, number: str, kind: str, answered: str) -> None:
    with Phone(line.sip_port, number=number) as phone:
        phone.call()
        phone.sound.until_heard(town.clips("greeting", LANGUAGE, {}))
        answer = phone.reinvite(direction=kind)
        assert direction(answer) == answered
        held_from = phone.sound.packets
        # One second of the line's silence is what this is about; nothing tells of its absence.
        time.sleep(1.0)
        assert phone.sound.packets - held_from <= 3
        assert direction(phone.reinvite()) == "sendrecv"
        phone.sound.until(lambda: phone.sound.packets > held_from + 25, "sound again")
        to_account(phone, town)


def a_caller_may_move_to_another_address_and_codec(line, town):
    with Phone(line.sip_port, number="13700000002", codecs=(0,)) as phone:
        phone.call()
        to_account(phone, town)
        phone.sound.move()
        phone.sound.codec = 8
        answer = phone.reinvite(codecs=(8,))
        assert b"RTP/AVP 8 101" in answer.body
        phone.sound.until(lambda: phone.sound.kinds[8], "A-law")
        phone.press(ACCOUNT + "#")
        hears_the_bill(phone, town)


def update_changes_the_sound_without_an_ack(line, town):
    with Phone(line.sip_port, number="13700000003") as phone:
        phone.call()
        to_account(phone, town)
        phone.sound.move()
        answer = phone.ask("UPDATE", body=phone.sdp())
        assert answer.status == 200
        phone.listen(answer)
        before = phone.sound.packets
        phone.press(ACCOUNT + "#")
        phone.sound.until(lambda: phone.sound.packets > before, "sound at the new address")
        hears_the_bill(phone, town)


def an_offer_that_cannot_be_met_changes_nothing(line, town):
    with Phone(line.sip_port, number="13700000004") as phone:
        phone.call()
        to_account(phone, town)
        body = phone.sdp().replace(b"RTP/AVP 0 101", b"RTP/AVP 18").replace(b"PCMU", b"G729")
        answer = phone.ask("INVITE", body=body)
        assert answer.status == 488
        phone.ack()
        phone.press(ACCOUNT + "#")
        hears_the_bill(phone, town)


def an_invite_without_an_offer_gets_ours(line, town):
    with Phone(line.sip_port, number="13700000005") as phone:
        answer = phone.call(offer=False)
        assert b"RTP/AVP 0 8 101" in answer.body
        to_account(phone, town)
        # And a re-INVITE without one, as a call manager sends it.
        again = phone.ask("INVITE")
        assert again.status == 200
        phone.ack(phone.sdp())
        phone.press(ACCOUNT + "#")
        hears_the_bill(phone, town)


def a_bye_before_the_answer_and_a_bye_before_the_ack_end_the_call(line, town):
    with Phone(line.sip_port, number="13700000006", sound=False) as phone:
        phone.start_call()
        answer = phone.until_final("1 INVITE")
        phone.remote_tag = answer.tag("To")  # and no ACK
        assert phone.ask("BYE").status == 200
        phone.remote_tag = ""
    assert (
        line.until_row("SELECT * FROM calls WHERE caller = '13700000006' AND ended_at IS NOT NULL")[
            "ended_by"
        ]
        == "caller"
    )


def a_cancel_right_behind_the_invite_leaves_no_call(line, town):
    with Phone(line.sip_port, number="13700000007", sound=False) as phone:
        phone.start_call()
        cancel = phone.request("CANCEL", cseq=1, branch=phone.invite_branch)
        phone.send(cancel)
        final = phone.until_final("1 INVITE")
        assert phone.until_final("1 CANCEL").status == 200
        phone.remote_tag = final.tag("To")
        if final.status == 200:
            # It crossed our answer (RFC 3261 §9.2): the call is up, and ends by BYE.
            phone.ack()
            assert phone.ask("BYE").status == 200
        else:
            assert final.status == 487
        phone.remote_tag = ""
    line.until_row("SELECT * FROM calls WHERE caller = '13700000007' AND ended_at IS NOT NULL")


def the_session_timer_is_agreed_and_refreshed(line, town):
    with Phone(line.sip_port, number="13700000008") as phone:
        short = [("Supported", "timer"), ("Session-Expires", "30;refresher=uas")]
        phone.start_call(*short)
        refused = phone.until_final("1 INVITE")
        assert (refused.status, refused.get("Min-SE")) == (422, "90")
        phone.ack()
        answer = phone.call(
            ("Supported", "timer"), ("Session-Expires", "90;refresher=uac"), ("Min-SE", "90")
        )
        assert answer.get("Session-Expires").startswith("90;refresher=uac")
        refreshed = phone.ask(
            "UPDATE", ("Supported", "timer"), ("Session-Expires", "90;refresher=uac")
        )
        assert refreshed.status == 200
        assert refreshed.get("Session-Expires").startswith("90")


def a_caller_with_a_law_alone_is_heard_and_spoken_to_in_it(line, town):
    with Phone(line.sip_port, number="13700000009", codecs=(8,)) as phone:
        phone.call()
        to_account(phone, town)
        phone.press(ACCOUNT + "#")
        hears_the_bill(phone, town)
        assert set(phone.sound.kinds) <= {8, 101}


def a_caller_who_asks_for_40_ms_gets_packets_of_40_ms(line, town):
    with Phone(line.sip_port, number="13700000010", ptime=40) as phone:
        phone.call()
        to_account(phone, town)
        phone.press(ACCOUNT + "#")
        hears_the_bill(phone, town)
        assert set(phone.sound.sizes) == {320}


def each_packet_time_from_10_to_60_ms_is_kept_to_in_turn(line, town):
    with Phone(line.sip_port, number="13700000012") as phone:
        phone.call()
        sizes = phone.sound.sizes
        for ptime in range(10, 61, 10):
            before = sizes[8 * ptime]
            assert phone.reinvite(ptime=ptime).status == 200
            # Three quarters of a second, whatever the size of its packets.
            wanted = before + 750 // ptime
            phone.sound.until(lambda: sizes[8 * ptime] > wanted, f"packets of {ptime} ms")  # noqa: B023
        assert set(sizes) <= {8 * ptime for ptime in range(10, 61, 10)}


def a_new_source_and_a_foreign_payload_type_change_nothing(line, town):
    with Phone(line.sip_port, number="13700000013") as phone:
        phone.call()
        to_account(phone, town)
        phone.press(ACCOUNT[:3])
        phone.sound.until_sent()
        # As after a transfer behind the trunk: another SSRC, other numbers, and some noise of a
        # payload type nobody agreed on.
        phone.sound._source ^= 0x5A5A5A5A
        phone.sound._sequence, phone.sound._timestamp = 0xFFFE, 0xFFFFFF60
        for _ in range(3):
            phone.sound._send(phone.sound.remote, 77, b"?" * 33, False, 5)
        phone.press(ACCOUNT[3:] + "#")
        hears_the_bill(phone, town)


JOURNEYS = (
    each_packet_time_from_10_to_60_ms_is_kept_to_in_turn,
    a_new_source_and_a_foreign_payload_type_change_nothing,
    a_held_call_is_silent_and_goes_on_where_it_was,
    a_call_held_as_inactive_is_silent_and_goes_on_where_it_was,
    a_caller_may_move_to_another_address_and_codec,
    update_changes_the_sound_without_an_ack,
    an_offer_that_cannot_be_met_changes_nothing,
    an_invite_without_an_offer_gets_ours,
    a_bye_before_the_answer_and_a_bye_before_the_ack_end_the_call,
    a_cancel_right_behind_the_invite_leaves_no_call,
    the_session_timer_is_agreed_and_refreshed,
    a_caller_with_a_law_alone_is_heard_and_spoken_to_in_it,
    a_caller_who_asks_for_40_ms_gets_packets_of_40_ms,
)


@pytest.fixture(scope="module")
def placed(line, town):
    with all_at_once(JOURNEYS, line, town) as futures:
        yield futures


@pytest.mark.parametrize("journey", [journey.__name__ for journey in JOURNEYS])
def test_in_the_middle_of_a_call(placed, journey):
    placed[journey].result()


def keys_by_info(phone: Phone, *, relay: bool) -> None:
    for key in ACCOUNT + "#":
        assert phone.info(key, relay=relay) == 200


def keys_inband(phone: Phone) -> None:
    phone.sound.press(ACCOUNT + "#", inband=True)


def keys_doubled(phone: Phone) -> None:
    """Events and, at the same time, INFO: some gateways send both."""
    for key in ACCOUNT + "#":
        phone.press(key)
        phone.info(key, relay=True)
        phone.sound.until(lambda: not phone.sound._queue, "the key to be sent")


KEYS = {
    "dtmf-relay": ("13700000021", lambda phone: keys_by_info(phone, relay=True), True),
    "dtmf": ("13700000022", lambda phone: keys_by_info(phone, relay=False), True),
    "in-band": ("13700000023", keys_inband, False),
    "twice": ("13700000024", keys_doubled, True),
}


@pytest.fixture(scope="module")
def keyed(line, town, placed):
    """A call for each way of sending keys, all at once."""

    def place(way: str) -> None:
        number, press, events = KEYS[way]
        with Phone(line.sip_port, number=number, events=events) as phone:
            phone.call()
            # Short of any key of its own kind, the menus are the same for all: by INFO.
            assert phone.info("1", relay=True) == 200
            phone.sound.until_heard(town.clips("main_menu", LANGUAGE, {}))
            assert phone.info("1", relay=True) == 200
            phone.sound.until_heard(town.clips("bill_ask_account", LANGUAGE, {}))
            press(phone)
            hears_the_bill(phone, town)

    with ThreadPoolExecutor(len(KEYS)) as pool:
        yield {way: pool.submit(place, way) for way in KEYS}


@pytest.mark.parametrize("way", KEYS)
def test_each_key_counts_once_whatever_way_it_comes(keyed, line, way):
    keyed[way].result()
    digits = [step["digits"].rstrip("#") for step in steps_of(line, KEYS[way][0])]
    assert [keys for keys in digits if keys] == ["1", "1", ACCOUNT]
