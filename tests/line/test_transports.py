"""UDP and TCP, IPv4 and IPv6: the same line by every path."""

import re
import shutil
import socket
from collections.abc import Iterator

import pytest

from tests.line import wire
from tests.line.callers.linphone import place_linphone
from tests.line.callers.timekeeping import heard_by
from tests.line.harness import free_port
from tests.line.jobs import Town
from tests.line.phone import Phone
from tests.line.responder import Responder, rendered_town, responder
from tests.line.together import all_at_once

LANGUAGE = "zh-CN"


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


pytestmark = [
    pytest.mark.line,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(120),
    pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1"),
]


@pytest.fixture(scope="module")
def operator_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, rendered, rtp_low, operator_port
) -> Iterator[Responder]:
    """On all addresses of both families."""
    with responder(
        tmp_path_factory.mktemp("transports"),
        rendered,
        rtp_low,
        IVR_SIP_HOST="::",
        IVR_OPERATOR=f"sip:6001@[::1]:{operator_port}",
    ) as one:
        yield one


def looks_up_a_bill(phone: Phone, town: Town) -> None:
    answer = phone.call()
    family = b"IP6" if ":" in phone.sound_host else b"IP4"
    said = rb"^c=IN %s %s\s" % (family, phone.sound_host.encode())
    assert re.search(said, answer.body, re.MULTILINE)
    phone.press("11")
    phone.sound.until_heard(town.clips("bill_ask_account", LANGUAGE, {}))
    phone.press("880123#")
    found = town.lookup("bills.find", LANGUAGE, account="880123")
    phone.sound.until_heard(town.clips("bill_found", LANGUAGE, found))


def a_caller_on_ipv6_by_udp(served, town):
    with Phone(served.sip_port, host="::1", number="13400000001") as phone:
        looks_up_a_bill(phone, town)


def a_caller_on_ipv6_by_tcp(served, town):
    with Phone(served.sip_port, host="::1", transport="tcp", number="13400000002") as phone:
        looks_up_a_bill(phone, town)


def a_caller_on_ipv4_by_udp(served, town):
    with Phone(served.sip_port, number="13400000003") as phone:
        looks_up_a_bill(phone, town)


def a_caller_on_ipv4_by_tcp(served, town):
    with Phone(served.sip_port, transport="tcp", number="13400000004") as phone:
        looks_up_a_bill(phone, town)


def a_caller_who_signals_by_ipv4_and_wants_its_sound_by_ipv6(served, town):
    with Phone(served.sip_port, sound_host="::1", number="13400000008") as phone:
        looks_up_a_bill(phone, town)


def a_caller_who_signals_by_ipv6_and_wants_its_sound_by_ipv4(served, town):
    with Phone(served.sip_port, host="::1", sound_host="127.0.0.1", number="13400000010") as phone:
        looks_up_a_bill(phone, town)


def a_caller_whose_connection_is_lost_calls_on_by_another(served, town):
    with Phone(served.sip_port, transport="tcp", number="13400000005") as phone:
        phone.call()
        phone.reconnect()
        phone.press("11")
        phone.sound.until_heard(town.clips("bill_ask_account", LANGUAGE, {}))
        assert phone.info("8", relay=True) == 200
        # What the line asks finds the new connection too.
        for key in "80123#":
            assert phone.info(key, relay=True) == 200
        found = town.lookup("bills.find", LANGUAGE, account="880123")
        phone.sound.until_heard(town.clips("bill_found", LANGUAGE, found))


def several_messages_in_one_segment_and_one_in_many(served, town):
    with Phone(served.sip_port, transport="tcp", number="13400000006", sound=False) as phone:
        offered = [phone.request("OPTIONS") for _ in range(3)]
        invite = phone.request("INVITE", body=phone.sdp())
        phone.send(b"\r\n\r\n" + b"".join(offered) + invite)
        for cseq in ("1 OPTIONS", "2 OPTIONS", "3 OPTIONS", "4 INVITE"):
            assert phone.until_final(cseq).status == 200
        phone.established()
        phone.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in phone.request("INFO", body=b"5", content_type="application/dtmf"):
            phone.send(bytes([byte]))
        assert phone.until_final(f"{phone.cseq} INFO").status == 200


def a_stream_without_a_length_is_answered_and_closed(served, town):
    with socket.create_connection(("127.0.0.1", served.sip_port)) as tcp:
        own = tcp.getsockname()[1]
        whole = wire.write(
            "OPTIONS sip:line@127.0.0.1 SIP/2.0",
            [
                ("Via", f"SIP/2.0/TCP 127.0.0.1:{own};branch=z9hG4bKnolength"),
                ("From", "<sip:probe@127.0.0.1>;tag=1"),
                ("To", "<sip:line@127.0.0.1>"),
                ("Call-ID", "nolength"),
                ("CSeq", "1 OPTIONS"),
                ("Max-Forwards", "70"),
            ],
        )
        tcp.settimeout(10.0)
        tcp.sendall(whole.replace(b"Content-Length: 0", b"Content-Length: none"))
        said = b""
        while data := tcp.recv(65536):
            said += data
        assert wire.read(said).status == 400


JOURNEYS = (
    a_caller_on_ipv6_by_udp,
    a_caller_on_ipv6_by_tcp,
    a_caller_on_ipv4_by_udp,
    a_caller_on_ipv4_by_tcp,
    a_caller_who_signals_by_ipv4_and_wants_its_sound_by_ipv6,
    a_caller_who_signals_by_ipv6_and_wants_its_sound_by_ipv4,
    a_caller_whose_connection_is_lost_calls_on_by_another,
    several_messages_in_one_segment_and_one_in_many,
    a_stream_without_a_length_is_answered_and_closed,
)


@pytest.fixture(scope="module")
def placed(served):
    with all_at_once(JOURNEYS, served, rendered_town(served)) as futures:
        yield futures


@pytest.mark.usefixtures("placed")
def test_a_caller_on_ipv4_talks_to_a_person_on_ipv6(served, operator_port):
    with (
        Phone(served.sip_port, host="::1", number="6001", port=operator_port) as person,
        Phone(served.sip_port, number="13400000007") as caller,
    ):
        caller.call()
        caller.press("0")
        person.until_request("ACK", 15.0)
        caller.sound.tone(440)
        person.sound.tone(620)
        person.sound.until_tone(440)
        caller.sound.until_tone(620)


@pytest.mark.rfc("5118 §4.6", "3261 §25.1")
@pytest.mark.usefixtures("placed")
def test_linphone_calls_by_ipv6_and_is_heard_and_hears(served, tmp_path):
    if shutil.which("linphonec") is None:
        pytest.skip("linphone is not installed: apt install linphone-cli")
    town = rendered_town(served)
    target = f"sip:line@[::1]:{served.sip_port}"
    number = heard_by(place_linphone, target, town, "1340000009", tmp_path)
    call = served.until_row("SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", number)
    assert call["remote"].startswith("::1:")


@pytest.mark.parametrize("journey", [journey.__name__ for journey in JOURNEYS])
def test_served_is(placed, journey):
    placed[journey].result()
