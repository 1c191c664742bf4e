"""Strangers at a real line: they may call, and that is all; what they are sent is counted.

Addresses of loopback other than 127.0.0.1 stand for strangers: the line is told to trust that one
only.
"""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.line import wire
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.phone import Phone
from tests.line.wire import Message

OVERHEAD = 28  # IPv4 and UDP headers, on either side
PASSWORD = "a password of 601"


@pytest.fixture(scope="module")
def open_line(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[RunningLine]:
    """Anyone may call."""
    state_dir = tmp_path_factory.mktemp("open") / "var"
    line = RunningLine(
        state_dir,
        rendered,
        rtp_low + 8 * RTP_BLOCK,
        IVR_TRUSTED_NETWORKS="127.0.0.1/32",
    )
    with running(line) as started:
        yield started


@pytest.fixture(scope="module")
def closed_line(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[RunningLine]:
    """Only trunks may call, and whoever has a password; others meet silence."""
    state_dir = tmp_path_factory.mktemp("closed") / "var"
    state_dir.mkdir(parents=True)
    file = state_dir / "ivr.toml"
    file.write_text(
        f'[[callers]]\nusername = "601"\npassword = "{PASSWORD}"\ntrunk = "branch"\n'
        '[[trunks]]\nname = "exchange"\nregistrar = "127.0.0.1:9"\nregister = false\n'
        'keepalive = 0\nnetworks = ["127.0.7.0/24"]\n'
    )
    line = RunningLine(
        state_dir,
        rendered,
        rtp_low + 9 * RTP_BLOCK,
        IVR_CONFIG=str(file),
        IVR_TRUSTED_NETWORKS="127.0.0.1/32",
        IVR_WHO_MAY_CALL="trunks",
        IVR_STRANGERS="silence",
    )
    with running(line) as started:
        yield started


class Source:
    """An address that sends datagrams and counts bytes, both ways."""

    def __init__(self, line: RunningLine, host: str) -> None:
        self.host = host
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.socket.settimeout(0.2)
        self.line = ("127.0.0.1", line.sip_port)
        self.sent = self.got = 0
        self.number = 0

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.line)
        self.sent += len(data) + OVERHEAD

    def request(self, method: str, *extra: tuple[str, str], body: bytes = b"") -> bytes:
        self.number += 1
        here = f"{self.host}:{self.port}"
        return wire.write(
            f"{method} sip:1@127.0.0.1 SIP/2.0",
            [
                ("Via", f"SIP/2.0/UDP {here};branch=z9hG4bK{self.number}"),
                ("From", f"<sip:a@{self.host}>;tag=1"),
                ("To", "<sip:1@127.0.0.1>"),
                ("Call-ID", f"{self.number}@{here}"),
                ("CSeq", f"1 {method}"),
                ("Contact", f"<sip:a@{here}>"),
                *extra,
            ],
            body,
        )

    def take(self, limit_s: float) -> Message | None:
        """The next answer; None where none comes in time."""
        self.socket.settimeout(limit_s)
        try:
            data = self.socket.recv(65535)
        except TimeoutError:
            return None
        self.got += len(data) + OVERHEAD
        return wire.read(data)

    def ask(self, data: bytes, limit_s: float = 5.0) -> Message | None:
        """An answer, asked for again as a client does (timer A) until it comes."""
        end = time.monotonic() + limit_s
        pause = 0.5
        while time.monotonic() < end:
            self.send(data)
            found = self.take(pause)
            if found is not None:
                return found
            pause = min(2 * pause, 2.0)
        return None


OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0\r\n"
)


def test_a_stranger_who_calls_hears_nothing_before_the_answer_and_then_the_line(
    open_line: RunningLine,
) -> None:
    with Phone(open_line.sip_port, host="127.0.0.2", line_host="127.0.0.1") as phone:
        invite = phone.request("INVITE", body=phone.sdp(), branch="z9hG4bKstranger")
        end = time.monotonic() + 20
        while time.monotonic() < end and not any(m.status for m in phone.messages):
            phone.send(invite)
            with phone.changed:
                phone.changed.wait_for(lambda: any(m.status for m in phone.messages), 0.5)
        assert [m.status for m in phone.messages][:1] == [200]
        phone.established()
        assert phone.sound is not None
        sound = phone.sound
        with sound.changed:
            assert sound.changed.wait_for(lambda: sound.kinds[0] > 100, 15)
    row = open_line.until_row("SELECT * FROM calls WHERE remote LIKE '127.0.0.2:%'")
    assert row["trunk"] is None


def test_who_does_not_show_that_it_hears_us_is_sent_no_more_than_it_sent(
    open_line: RunningLine,
) -> None:
    with Source(open_line, "127.0.1.1") as source:
        requests = [
            source.request("INVITE", body=OFFER),
            source.request("INVITE"),
            source.request("OPTIONS"),
            source.request("INVITE", ("Require", "nothing-we-know")),
            source.request("INVITE", ("Session-Expires", "1")),
            b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.1.1;branch=z9hG4bKx\r\n\r\n",
            source.request("BYE"),
            b"\r\n\r\n",
        ]
        requests[0] = requests[0].replace(b"Content-Length", b"Content-Type: application/sdp\r\nl")
        for data in requests:
            source.send(data)
        answers = 0
        # What is repeated to a lost ACK comes at 0.5, 1.5 and 3.5 s.
        end = time.monotonic() + 4.5
        while time.monotonic() < end:
            answers += source.take(0.5) is not None
            assert source.got <= source.sent
        assert answers, "not even one answer: this measured nothing"


def _kinds(source: Source) -> dict[str, list[bytes]]:
    """What a forger might send in another's name, hoping for more than it costs."""
    described = ("Content-Type", "application/sdp")
    invite = source.request("INVITE", described, body=OFFER)
    cancel = source.request("CANCEL")
    branch = re.search(rb"branch=(\S+)\r", invite)
    other = re.search(rb"branch=(\S+)\r", cancel)
    assert branch is not None
    assert other is not None
    route = ("Record-Route", f"<sip:{source.host}:{source.port};lr;x={'y' * 300}>")
    return {
        "options": [source.request("OPTIONS")],
        "the smallest options": [
            b"OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1;rport\r\nf:<sip:a>;tag=1\r\n"
            b"t:<sip:a>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n"
        ],
        "malformed": [b"OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1;rport\r\n\r\n"],
        "register": [source.request("REGISTER")],
        "bye of no call": [source.request("BYE")],
        "cancel of no call": [source.request("CANCEL")],
        "answered, never acknowledged": [invite],
        "copies of it": [invite] * 3,
        "no offer": [source.request("INVITE")] * 2,
        "refused, never acknowledged": [
            source.request("INVITE", described, body=OFFER.replace(b"AVP 0", b"AVP 18"))
        ]
        * 2,
        "an extension we lack": [source.request("INVITE", ("Require", "x"), described, body=OFFER)],
        "cancelled": [invite, cancel.replace(other[1], branch[1])],
        "long routes": [source.request("INVITE", *[route] * 6, described, body=OFFER)],
        "keep-alive": [b"\r\n\r\n"],
        "nothing": [b""],
        "junk": [b"x"],
    }


def test_no_kind_of_message_brings_out_more_than_went_in(open_line: RunningLine) -> None:
    with ExitStack() as opened:
        first = opened.enter_context(Source(open_line, "127.0.8.1"))
        names = list(_kinds(first))
        sources = {
            name: opened.enter_context(Source(open_line, f"127.0.9.{number}"))
            for number, name in enumerate(names, 1)
        }
        for name, source in sources.items():
            for data in _kinds(source)[name]:
                source.send(data)
        # What is repeated to a lost ACK comes at 0.5, 1.5 and 3.5 s.
        end = time.monotonic() + 4.5
        while time.monotonic() < end:
            for source in sources.values():
                source.take(0.02)
        measured = {name: (source.got, source.sent) for name, source in sources.items()}
    assert {name for name, (got, sent) in measured.items() if got > sent} == set(), measured
    answered = {name for name, (got, _) in measured.items() if got}
    assert {"options", "register", "copies of it", "refused, never acknowledged"} <= answered


def test_a_stranger_cannot_aim_the_sound_at_somebody_else(open_line: RunningLine) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim,
        Phone(open_line.sip_port, host="127.0.0.3", line_host="127.0.0.1", sound=False) as phone,
    ):
        victim.bind(("127.0.0.4", 0))
        offer = wire.sdp("127.0.0.4", victim.getsockname()[1])
        invite = phone.request("INVITE", body=offer, branch="z9hG4bKaimed")
        end = time.monotonic() + 20
        while time.monotonic() < end and not any(m.status for m in phone.messages):
            phone.send(invite)
            with phone.changed:
                phone.changed.wait_for(lambda: any(m.status for m in phone.messages), 0.5)
        phone.established()
        got = 0
        victim.settimeout(15)
        try:
            while True:
                victim.recv(2048)
                got += 1
                victim.settimeout(3)
        except TimeoutError:
            pass
        assert 0 < got <= 10, f"{got} packets reached who never asked for one"


def test_passwords_tried_by_registering_end_in_a_ban_and_tell_no_name(
    open_line: RunningLine,
) -> None:
    with Source(open_line, "127.0.2.1") as scanner, Source(open_line, "127.0.2.2") as other:
        answers = set()
        for name in ("100", "601", "admin", "line"):
            register = scanner.request("REGISTER").replace(b"sip:1@", b"sip:%s@" % name.encode())
            answer = scanner.ask(register)
            assert answer is not None
            answers.add((answer.first, tuple(sorted(name for name, _value in answer.fields))))
        assert len(answers) == 1, "every name gets the same answer"
        assert next(iter(answers))[0].startswith("SIP/2.0 403 ")
        for _ in range(3):
            scanner.send(scanner.request("REGISTER"))
        while scanner.take(0.5) is not None:
            pass
        assert scanner.ask(scanner.request("OPTIONS"), 2.0) is None
        assert other.ask(other.request("OPTIONS")) is not None
    row = open_line.until_row("SELECT * FROM sip_bans WHERE source = '127.0.2.1'")
    assert row["reason"] == "registration"


def test_a_scanner_that_says_so_meets_silence(open_line: RunningLine) -> None:
    with Source(open_line, "127.0.2.3") as scanner:
        said = scanner.request("OPTIONS", ("User-Agent", "friendly-scanner"))
        assert scanner.ask(said, 2.0) is None


def test_an_answer_to_a_stranger_names_no_product_and_no_abilities(open_line: RunningLine) -> None:
    with Source(open_line, "127.0.2.4") as source:
        answer = source.ask(source.request("OPTIONS"))
        assert answer is not None
        assert answer.status == 200
        told = {name for name, _value in answer.fields}
        assert told == {"via", "from", "to", "call-id", "cseq", "content-length"}


def test_more_connections_than_one_source_may_have_are_refused(open_line: RunningLine) -> None:
    opened = []
    try:
        for _ in range(20):
            opened.append(socket.socket())
            opened[-1].bind(("127.0.3.1", 0))
            opened[-1].connect(("127.0.0.1", open_line.sip_port))
        one_more = socket.socket()
        one_more.bind(("127.0.3.1", 0))
        one_more.settimeout(10)
        opened.append(one_more)
        one_more.connect(("127.0.0.1", open_line.sip_port))
        try:
            assert one_more.recv(1) == b"", "the line says something"
        except ConnectionResetError:
            pass  # as good
        opened[0].sendall(b"\r\n\r\n")
        opened[0].settimeout(10)
        assert opened[0].recv(2) == b"\r\n", "the first twenty are still served"
    finally:
        for one in opened:
            one.close()


# --- only trunks may call


def test_a_stranger_meets_silence_where_only_trunks_may_call(closed_line: RunningLine) -> None:
    with Source(closed_line, "127.0.4.1") as source:
        for method in ("OPTIONS", "REGISTER", "BYE", "MESSAGE"):
            source.send(source.request(method))
        assert source.take(2.0) is None


def test_a_trunk_calls_by_its_address(closed_line: RunningLine) -> None:
    with Phone(closed_line.sip_port, host="127.0.7.9", line_host="127.0.0.1") as phone:
        phone.call()
    row = closed_line.until_row("SELECT * FROM calls WHERE remote LIKE '127.0.7.9:%'")
    assert row["trunk"] == "exchange"


def test_a_wrong_password_and_an_unknown_name_look_the_same(closed_line: RunningLine) -> None:
    answers = set()
    for last, name in ((1, "601"), (2, "999"), (3, "nobody")):
        with Source(closed_line, f"127.0.5.{last}") as source:
            invite = source.request("INVITE", body=OFFER)
            challenged = source.ask(invite)
            assert challenged is not None
            assert challenged.status == 401
            signed = wire.digest(challenged, name, "not the password", "INVITE")
            again = source.ask(source.request("INVITE", ("Authorization", signed), body=OFFER))
            assert again is not None
            answers.add((again.first, tuple(sorted(key for key, _value in again.fields))))
    assert len(answers) == 1


def test_a_caller_with_the_right_password_is_taken(closed_line: RunningLine) -> None:
    with Phone(closed_line.sip_port, host="127.0.6.1", line_host="127.0.0.1") as phone:
        invite = phone.request("INVITE", body=phone.sdp(), branch="z9hG4bKfirst")
        phone.send(invite)
        phone.send(invite)  # as timer A would: the challenge may be larger than one INVITE
        challenged = phone.until(lambda m: m.status == 401, "a challenge")
        phone.ack()
        signed = wire.digest(challenged, "601", PASSWORD, "INVITE", uri=phone.line_uri)
        phone.call(("Authorization", signed))
    row = closed_line.until_row("SELECT * FROM calls WHERE remote LIKE '127.0.6.1:%'")
    assert row["trunk"] == "branch"
