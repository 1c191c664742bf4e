"""Trouble behind the line: callers hear what is wrong and reach a person; nobody is cut off."""

import json
import os
import random
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ivr.records import Database
from ivr.records.tables import UtilityKind
from ivr.services import outages
from ivr.speaking import renderer_of
from prompts.compose import compose
from prompts.render_all import foreseeable
from prompts.store import ClauseStore
from tests.line.harness import RunningLine
from tests.line.heard import RATE_HZ, Clip, in_order
from tests.line.jobs import Town
from tests.line.phone import Phone, wait_until
from tests.line.responder import Responder, options, rendered_town, responder
from tests.line.together import all_at_once

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(120)]

LANGUAGE = "zh-CN"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, rendered, rtp_low) -> Iterator[Responder]:
    """Without a voice process: all but varying clauses is in the store."""
    folder = tmp_path_factory.mktemp("trouble")
    with responder(folder, rendered, rtp_low, IVR_MEDIA_SILENCE="4") as one:
        yield one


@pytest.fixture(scope="module")
def town_here(served: Responder) -> Town:
    return rendered_town(served)


@contextmanager
def locked(line: RunningLine) -> Iterator[None]:
    """Another program holds the database's write lock."""
    with closing(sqlite3.connect(line.state_dir / "ivr.db", timeout=30.0)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def ended(line: RunningLine, caller: str) -> dict[str, object]:
    return line.until_row(
        "SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", caller, limit_s=20.0
    )


def to_submitting(served: Responder, phone: Phone, town: Town) -> None:
    """A complaint up to the last key."""
    phone.press("131")
    phone.sound.until_heard(town.clips("complaint_notice", LANGUAGE, {}))
    phone.sound.tone(440)
    query = "SELECT path FROM recordings JOIN calls ON calls.id = call_id WHERE caller = ?"
    path = served.state_dir / served.until_row(query, phone.number)["path"]
    wait_until(lambda: path.exists() and path.stat().st_size > 24_000, "1.5 s recorded")
    phone.press("#")
    phone.sound.until_heard(town.clips("complaint_confirm", LANGUAGE, {}))
    phone.sound.tone(None)
    phone.press("1")
    phone.sound.until_heard(town.clips("complaint_check_number", LANGUAGE, {"phone": phone.number}))


def a_locked_database_is_heard_as_wait_and_then_as_a_person(served, town):
    """One asks, one submits and one hangs up after speaking, all while the lock is held."""
    with (
        Phone(served.sip_port, number="13600000001") as asking,
        Phone(served.sip_port, number="13600000002") as filing,
        Phone(served.sip_port, number="13600000003") as leaving,
        ThreadPoolExecutor(2) as pool,
    ):
        for phone in (asking, filing, leaving):
            phone.call()
        ready = [pool.submit(to_submitting, served, phone, town) for phone in (filing, leaving)]
        asking.press("11")
        asking.sound.until_heard(town.clips("bill_ask_account", LANGUAGE, {}))
        for one in ready:
            one.result()
        with locked(served):
            asking.press("880123#")
            filing.press("1")
            leaving.hang_up()
            for phone in (asking, filing):
                phone.sound.until_heard(town.clips("please_wait", LANGUAGE, {}), 5.0)
            down = [
                *town.clips("service_slow", LANGUAGE, {})[:1],
                *town.clips("service_down", LANGUAGE, {})[:1],
            ]
            asking.sound.until_any_heard(down, 20.0)
            filing.sound.until_heard(town.clips("complaint_filing_failed", LANGUAGE, {}), 20.0)
            for phone in (asking, filing):
                phone.sound.until_heard(town.clips("person_connecting", LANGUAGE, {}), 20.0)
            assert not asking.ended
            assert not filing.ended
    # What was spoken is kept and filed once that is possible.
    for caller in ("13600000002", "13600000003"):
        complaint = served.until_row(
            "SELECT * FROM complaints WHERE caller = ?", caller, limit_s=20.0
        )
        assert not complaint["finished"]
        assert complaint["recording_id"]
    assert ended(served, "13600000001")["ended_by"] == "caller"


def add_outage(served: Responder, text: str) -> None:
    database = Database(served.settings.database_url)
    now = datetime.now(UTC)
    try:
        with database.begin() as session:
            notice = outages.Notice(
                UtilityKind.WATER, None, now + timedelta(minutes=1), None, text, text
            )
            outages.add(session, notice, who="test", now=now)
    finally:
        database.close()


def without_the_voice_what_is_not_rendered_is_passed_over(served, town_here):
    add_outage(served, f"抢修第{os.getpid()}号管道。")
    with Phone(served.sip_port, number="13600000004") as phone:
        phone.call()
        phone.press("121")
        phone.sound.until_heard(town_here.clips("outages_next", LANGUAGE, {}))


def a_voice_that_is_away_or_hangs_does_not_keep_callers(served, town_here):
    without_the_voice_what_is_not_rendered_is_passed_over(served, town_here)
    a_voice_that_hangs_is_waited_for_aloud_and_then_passed_over(served, town_here)


def a_voice_that_hangs_is_waited_for_aloud_and_then_passed_over(served, town_here):
    add_outage(served, f"检修第{os.getpid()}号线路。")
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(os.path.relpath(served.settings.voice_socket))
        stuck.listen()
        with Phone(served.sip_port, number="13600000005") as phone:
            phone.call()
            phone.press("121")
            phone.sound.until_heard(town_here.clips("please_wait", LANGUAGE, {}))
            phone.sound.until_heard(town_here.clips("outages_next", LANGUAGE, {}), 25.0)
    served.settings.voice_socket.unlink()


def garbage_on_every_port_changes_nothing(served, town_here):
    seed = random.Random(20261122)
    stop = threading.Event()

    with Phone(served.sip_port, number="13600000006") as phone:
        phone.call()
        targets = [served.sip_port, phone.sound.remote[1], phone.sound.remote[1] + 1]

        def shout() -> None:
            with socket.socket(type=socket.SOCK_DGRAM) as udp:
                while not stop.wait(0.002):
                    noise = seed.randbytes(seed.choice((0, 1, 11, 12, 13, 40, 172, 1400)))
                    if seed.random() < 0.3:
                        noise = b"\x80\x00" + noise  # the beginning of RTP
                    udp.sendto(noise, ("127.0.0.1", seed.choice(targets)))

        shouting = threading.Thread(target=shout)
        shouting.start()
        try:
            phone.press("11")
            phone.sound.until_heard(town_here.clips("bill_ask_account", LANGUAGE, {}))
            phone.press("880123#")
            found = town_here.lookup("bills.find", LANGUAGE, account="880123")
            phone.sound.until_heard(town_here.clips("bill_found", LANGUAGE, found))
            assert options("127.0.0.1", served.sip_port, 2.0) == 200
        finally:
            stop.set()
            shouting.join()
    with socket.create_connection(("127.0.0.1", served.sip_port)) as tcp:
        tcp.sendall(seed.randbytes(70_000) + b"\r\n\r\n")
        tcp.settimeout(5.0)
        while tcp.recv(65536):
            pass  # until the line closes a stream that makes no sense
    assert options("127.0.0.1", served.sip_port, 2.0) == 200


def a_call_without_sound_packets_is_ended_and_its_record_says_so(served, town_here):
    with Phone(served.sip_port, number="13600000007") as phone:
        phone.call()
        phone.sound.until(lambda: phone.sound.packets > 10, "the greeting")
        phone.sound.sending = False
        phone.until_request("BYE", 10.0)
    assert ended(served, "13600000007")["ended_by"] == "silence"


def refused(phone: Phone) -> None:
    phone.start_call()
    answer = phone.until_final("1 INVITE")
    assert answer.status == 503
    assert int(answer.get("Retry-After")) > 0


def without_free_rtp_ports_a_call_is_refused_and_later_ones_are_not(folder, rendered, rtp_low):
    with responder(
        folder / "without_", rendered, rtp_low, IVR_RTP_PORTS="20990-20993", IVR_DRAIN_SECONDS="1"
    ) as small:
        with Phone(small.sip_port, number="13600000010") as one:
            one.call()
            with Phone(small.sip_port, number="13600000011") as two:
                two.call()
                with Phone(small.sip_port, number="13600000012", sound=False) as three:
                    refused(three)
            ended(small, "13600000011")
            with Phone(small.sip_port, number="13600000013") as four:
                four.call()
            # The limit of draining comes before this caller is done: ended by us, in order.
            small.terminate()
            one.until_request("BYE", 10.0)
            assert small.process.wait(10) == 0
        assert ended(small, "13600000010")["ended_by"] == "line"


def draining_refuses_new_calls_and_lets_running_ones_finish(folder, rendered, rtp_low):
    with responder(
        folder / "draining", rendered, rtp_low, IVR_MAX_CALLS="1", IVR_DRAIN_SECONDS="30"
    ) as busy:
        town = Town(busy.settings)
        with Phone(busy.sip_port, number="13600000014") as running:
            running.call()
            with Phone(busy.sip_port, number="13600000015", sound=False) as other:
                refused(other)  # all lines are busy
            assert options("127.0.0.1", busy.sip_port, 2.0) == 503
            busy.terminate()
            running.press("11")
            running.sound.until_heard(town.clips("bill_ask_account", LANGUAGE, {}))
            with Phone(busy.sip_port, number="13600000016", sound=False) as late:
                refused(late)
            running.press("880123#")
            found = town.lookup("bills.find", LANGUAGE, account="880123")
            running.sound.until_heard(town.clips("bill_found", LANGUAGE, found))
            assert busy.process.poll() is None
        assert busy.process.wait(10) == 0
        assert ended(busy, "13600000014")["ended_by"] == "caller"


def as_delivered(clauses: Path, rendered: Path, town: Town) -> None:
    """A store with what is rendered ahead and nothing that a caller has ever asked for."""
    whole, store = ClauseStore(rendered), ClauseStore(clauses)
    renderer = renderer_of(town.settings)
    for clause in foreseeable(town.catalogue):
        key = renderer.expected_key(clause)
        assert key is not None
        sound = whole.read(key)
        assert sound is not None, clause.text
        store.put(key, sound)


def digit_by_digit(town: Town, prompt: str, **values: str) -> list[Clip]:
    """A prompt's numbers as they are heard where no voice can say them."""
    clips = []
    for clause in compose(town.catalogue, prompt, LANGUAGE, values):
        sound = [np.zeros(0)]
        for one in clause.instead:
            sound += [town.clip(one).samples, np.zeros(one.pause_after_ms * RATE_HZ // 1000)]
        if clause.instead:
            clips.append(Clip(clause.text, np.concatenate(sound[:-1])))
    return clips


def without_a_voice_a_ticket_number_is_heard_digit_by_digit(folder, rendered, rtp_low, town_here):
    clauses = folder / "delivered"
    as_delivered(clauses, rendered, town_here)
    with (
        responder(folder / "voiceless", clauses, rtp_low, IVR_MEDIA_SILENCE="4") as served,
        Phone(served.sip_port, number="13600000019") as phone,
    ):
        phone.call()
        to_submitting(served, phone, town_here)
        number = digit_by_digit(town_here, "complaint_check_number", phone=phone.number)
        phone.sound.until_heard(number[-1:])
        phone.press("1")
        query = "SELECT ticket FROM complaints WHERE caller = ? AND finished"
        ticket = served.until_row(query, phone.number)["ticket"]
        said = [
            *town_here.clips("complaint_accepted", LANGUAGE, {}),
            *digit_by_digit(town_here, "ticket_number", ticket=ticket),
            *digit_by_digit(town_here, "ticket_number_again", ticket=ticket),
        ]
        phone.sound.until_heard(town_here.clips("ticket_menu", LANGUAGE, {}), 60.0)
        in_order(phone.sound.samples(), [*number, *said])


BESIDE = (
    a_voice_that_is_away_or_hangs_does_not_keep_callers,
    garbage_on_every_port_changes_nothing,
    a_call_without_sound_packets_is_ended_and_its_record_says_so,
)
ALONE = (a_locked_database_is_heard_as_wait_and_then_as_a_person,)
OWN = (
    without_free_rtp_ports_a_call_is_refused_and_later_ones_are_not,
    draining_refuses_new_calls_and_lets_running_ones_finish,
)
VOICELESS = (without_a_voice_a_ticket_number_is_heard_digit_by_digit,)
JOURNEYS = [journey.__name__ for journey in (*OWN, *VOICELESS, *BESIDE, *ALONE)]


@pytest.fixture(scope="module")
def placed(served, town_here, tmp_path_factory, rendered, rtp_low):
    folder = tmp_path_factory.mktemp("trouble")
    with (
        responder(folder / "locked", rendered, rtp_low) as other,
        all_at_once(ALONE, other, rendered_town(other, "13600000002", "13600000003")) as alone,
        all_at_once(OWN, folder, rendered, rtp_low) as own,
        all_at_once(VOICELESS, folder, rendered, rtp_low, town_here) as voiceless,
        all_at_once(BESIDE, served, town_here) as beside,
    ):
        yield {**own, **alone, **voiceless, **beside}


@pytest.mark.parametrize("journey", JOURNEYS)
def test_in_trouble(placed, journey):
    placed[journey].result()


# --- leaks


def cancelled(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        phone.start_call()
        phone.send(phone.request("CANCEL", cseq=1, branch=phone.invite_branch))
        final = phone.until_final("1 INVITE")
        if final.status == 200:
            phone.established()
            phone.hang_up()
        phone.remote_tag = ""


def without_sound(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        phone.start_call(offer=False)
        phone.until_final("1 INVITE")
        phone._take(phone.until_final("1 INVITE"))
        phone.ack(b"v=0\r\nnot a description\r\n")
        phone.until_request("BYE")


def refused_by_sdp(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        body = phone.sdp().replace(b"RTP/AVP 0 101", b"RTP/AVP 18")
        assert phone.ask("INVITE", body=body).status == 488
        phone.ack()


def hung_up_at_once(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        phone.call()


def hung_up_without_an_ack(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        phone.start_call()
        phone.remote_tag = phone.until_final("1 INVITE").tag("To")


def hung_up_in_the_notice(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        phone.call()
        for key in "131":
            phone.info(key, relay=True)


def hung_up_before_a_person(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, sound=False) as phone:
        phone.call()
        phone.info("0", relay=True)


def over_tcp(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number, transport="tcp", sound=False) as phone:
        phone.call()


def vanished(served: Responder, number: str) -> None:
    """Gone without a BYE: the silence of its sound ends the call."""
    phone = Phone(served.sip_port, number=number, sound=False)
    phone.call()
    phone.close()


def hung_up_while_recording(served: Responder, number: str) -> None:
    with Phone(served.sip_port, number=number) as phone:
        phone.call()
        for key in "131":
            phone.info(key, relay=True)
        query = "SELECT path FROM recordings JOIN calls ON calls.id = call_id WHERE caller = ?"
        phone.sound.tone(440)
        path = served.state_dir / served.until_row(query, number, limit_s=30.0)["path"]
        wait_until(lambda: path.exists() and path.stat().st_size > 16_000, "1 s recorded", 20.0)


QUICK = (
    cancelled,
    without_sound,
    refused_by_sdp,
    hung_up_at_once,
    hung_up_without_an_ack,
    hung_up_in_the_notice,
    hung_up_before_a_person,
    over_tcp,
)
RECORDED = 10


def test_two_hundred_calls_of_every_kind_leave_nothing_behind(served):
    before = served.sockets()
    journeys = [QUICK[index % len(QUICK)] for index in range(180)]
    journeys += [vanished] * 10 + [hung_up_while_recording] * RECORDED
    order = random.Random(7)
    order.shuffle(journeys)
    with ThreadPoolExecutor(20) as pool:
        for placed in [
            pool.submit(journey, served, f"135{index:08d}")
            for index, journey in enumerate(journeys)
        ]:
            placed.result()

    def state() -> dict[str, int]:
        (row,) = served.rows("SELECT detail FROM heartbeats WHERE process = 'responder'")
        detail = json.loads(row["detail"])
        return {name: detail[name] for name in ("calls", "legs", "dialogs")}

    nothing = {"calls": 0, "legs": 0, "dialogs": 0}
    wait_until(lambda: state() == nothing, f"nothing left of {len(journeys)} calls", 20.0)
    assert served.sockets() <= before
    wait_until(
        lambda: not served.rows("SELECT 1 FROM calls WHERE ended_at IS NULL"), "closed records"
    )
    filed = served.rows("SELECT 1 FROM complaints WHERE caller LIKE '135%' AND NOT finished")
    assert len(filed) == RECORDED
