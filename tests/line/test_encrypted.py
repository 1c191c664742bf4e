"""Calls that nobody on the way can read or hear: SIP over TLS, SRTP by SDES, certificates.

PJSIP and baresip are the foreign telephones, Python's ssl looks at the handshakes.
"""

import importlib.util
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.certificates import Authority, Made
from tests.line import wire
from tests.line.callers.placing import BARESIP_MODULES, place_baresip
from tests.line.harness import free_port
from tests.line.heard import Clip, in_order
from tests.line.jobs import Town, bill
from tests.line.phone import Phone, wait_until
from tests.line.pjsip import PjsipPhone
from tests.line.responder import Responder, rendered_town, responder
from tests.line.test_transfer import share_of_tone
from tests.line.together import all_at_once

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(120)]

needs_pjsip = pytest.mark.skipif(
    importlib.util.find_spec("pjsua2") is None, reason="pip install -r requirements-dev.txt"
)
needs_baresip = pytest.mark.skipif(
    not (BARESIP_MODULES / "srtp.so").is_file(), reason="apt install baresip-core"
)
LANGUAGE = "zh-CN"
OPERATOR = "6001"
TRUNKS = """
[[trunks]]
name = "exchange"
registrar = "sip:127.0.0.1:{operator}"
register = false
transport = "tls"
tls_ca = "{authority}"
keepalive = 1

[[trunks]]
name = "impostor"
registrar = "sips:127.0.0.1:{impostor}"
register = false
tls_ca = "{authority}"

[[trunks]]
name = "unknown"
registrar = "sips:localhost:{unknown}"
register = false
"""
REQUIRED = """
[[trunks]]
name = "careful"
registrar = "sip:127.0.0.1:{port}"
register = false
srtp = "required"
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Made:
    return authority.make("127.0.0.1", "localhost", file="line")


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def operator_port() -> int:
    return free_port()


@contextmanager
def impostor(authority: Authority) -> Iterator[int]:
    """Takes connections with a good certificate of somebody else."""
    made = authority.make("other.example", file="impostor")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.file, made.key_file)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    taken, _peer = server.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(taken, server_side=True) as secure:
                        secure.recv(1)
                except OSError:
                    continue

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
    rendered: Path,
    rtp_low: int,
    authority: Authority,
    certificate: Made,
    tls_port: int,
    operator_port: int,
) -> Iterator[Responder]:
    """With a certificate, and an exchange by TLS whose telephone the operator has."""
    with impostor(authority) as port, impostor(authority) as other:
        toml = TRUNKS.format(
            operator=operator_port, impostor=port, unknown=other, authority=authority.file
        )
        with responder(
            tmp_path_factory.mktemp("encrypted"),
            rendered,
            rtp_low,
            toml=toml,
            IVR_SIP_TLS_PORT=str(tls_port),
            IVR_TLS_CERTIFICATE=str(certificate.file),
            IVR_TLS_KEY=str(certificate.key_file),
            IVR_OPERATOR=f"sip:{OPERATOR}@127.0.0.1:{operator_port};transport=tls",
            IVR_OPERATOR_TIMEOUT="10",
        ) as one:
            yield one


@pytest.fixture(scope="module")
def town(served: Responder) -> Town:
    return rendered_town(served)


def ended(served: Responder, caller: str) -> dict[str, object]:
    return served.until_row("SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", caller)


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


class Probe:
    """A connection by TLS on which OPTIONS are asked."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", port), 10.0)
        try:
            self.socket = context.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise
        self._asked = 0

    @property
    def serial(self) -> int:
        shown = self.socket.getpeercert()
        assert shown is not None
        return int(str(shown["serialNumber"]), 16)

    def ask(self) -> wire.Message:
        self._asked += 1
        own = self.socket.getsockname()[1]
        fields = [
            ("Via", f"SIP/2.0/TLS 127.0.0.1:{own};branch=z9hG4bK{self._asked}.{own};rport"),
            ("From", f"<sip:probe@127.0.0.1>;tag={own}"),
            ("To", "<sip:line@127.0.0.1>"),
            ("Call-ID", f"{own}@probe"),
            ("CSeq", f"{self._asked} OPTIONS"),
            ("Max-Forwards", "70"),
        ]
        self.socket.sendall(wire.write("OPTIONS sip:line@127.0.0.1 SIP/2.0", fields))
        return wire.read(self.socket.recv(65535))

    def close(self) -> None:
        self.socket.close()


# --- foreign telephones


def pjsip_hears_presses_and_holds(served, town, authority, tls_port, folder):
    with PjsipPhone(folder, "13600000001", tls={"ca": str(authority.file)}, srtp=2) as phone:
        phone.do(call=f"sip:line@127.0.0.1:{tls_port};transport=tls")
        phone.until_state("CONFIRMED")
        phone.until(lambda told: told.get("sound"), "a greeting")
        phone.do(press="11")
        asked = town.clips("bill_ask_account", LANGUAGE, {})
        wait_until(lambda: _heard(phone, asked), "the question for the account", 30.0)
        # Both hold and resume by a new offer, with keys of their own.
        phone.do(hold=True)
        phone.until(lambda told: told.get("hold"), "the hold")
        phone.do(hold=False)
        phone.until(lambda told: told.get("media") and not told.get("hold"), "the sound again")
        phone.do(press="880123#")
        found = town.clips(
            "bill_found", LANGUAGE, town.lookup("bills.find", LANGUAGE, account="880123")
        )
        wait_until(lambda: _heard(phone, found), "the bill", 30.0)
        phone.do(hang_up=True)
        phone.until_state("DISCONNECTED")
    call = ended(served, "13600000001")
    assert (call["signalling"], call["sound_encrypted"]) == ("tls", 1)


def _heard(phone: PjsipPhone, clips: list[Clip]) -> bool:
    samples = phone.heard()
    try:
        in_order(samples, clips)
    except AssertionError:
        return False
    return True


def baresip_looks_up_a_bill(served, town, authority, tls_port, folder):
    script = bill(town, LANGUAGE, "13600000002")
    target = f"sip:line@127.0.0.1:{tls_port};transport=tls"
    heard = place_baresip(target, script, folder, authority=authority.file)
    in_order(heard, script.expected)
    call = ended(served, "13600000002")
    assert (call["signalling"], call["sound_encrypted"]) == ("tls", 1)


def a_silent_connection_is_closed(served, town, authority, tls_port, folder):
    with socket.create_connection(("127.0.0.1", tls_port)) as silent:
        silent.settimeout(60.0)
        began = time.monotonic()
        try:
            assert silent.recv(1) == b""
        except ConnectionResetError:
            pass
        assert time.monotonic() - began > 5.0


JOURNEYS = {
    pjsip_hears_presses_and_holds: needs_pjsip,
    baresip_looks_up_a_bill: needs_baresip,
    a_silent_connection_is_closed: (),
}


@pytest.fixture(scope="module")
def placed(served, town, authority, tls_port, tmp_path_factory):
    folder = tmp_path_factory.mktemp("telephones")
    missing = [one for one, mark in JOURNEYS.items() if mark and mark.args[0]]
    there = [one for one in JOURNEYS if one not in missing]
    with all_at_once(there, served, town, authority, tls_port, folder) as futures:
        yield futures


@pytest.mark.parametrize(
    "journey", [pytest.param(one.__name__, marks=mark) for one, mark in JOURNEYS.items()]
)
def test_by_tls_with_nothing_but_srtp(placed, journey):
    placed[journey].result()


@needs_pjsip
@pytest.mark.parametrize(("srtp", "number"), [(2, "13600000003"), (0, "13600000004")])
def test_a_person_is_called_by_tls_and_encrypted_if_they_can(
    served, authority, certificate, operator_port, tmp_path, srtp, number
):
    """Where the telephone refuses RTP/SAVP, it is called again in the clear."""
    tls = {
        "ca": str(authority.file),
        "certificate": str(certificate.file),
        "key": str(certificate.key_file),
    }
    with (
        PjsipPhone(tmp_path, OPERATOR, port=operator_port, tls=tls, srtp=srtp) as person,
        Phone(served.sip_port, number=number) as caller,
    ):
        served.until_row(
            "SELECT * FROM trunks WHERE name = 'exchange' AND register_state = 'reachable'"
        )
        caller.call()
        caller.press("0")
        person.until_state("CONFIRMED")
        person.do(tone=620)
        caller.sound.tone(440)
        caller.sound.until_tone(620)
        wait_until(lambda: share_of_tone(person.heard()[-8000:], 440) > 0.5, "the caller's tone")
        caller.hang_up()
        person.until_state("DISCONNECTED")
    call = ended(served, number)
    assert (call["signalling"], call["sound_encrypted"]) == ("udp", 0)


# --- whom the line believes


@pytest.mark.parametrize(
    ("name", "why"),
    [("impostor", "not made out for 127.0.0.1"), ("unknown", "certificate verify failed")],
)
def test_a_trunk_that_cannot_show_who_it_is_is_not_spoken_to(served, name, why):
    row = served.until_row(
        "SELECT * FROM trunks WHERE name = ? AND register_state = 'unreachable'", name, limit_s=20.0
    )
    assert why in row["detail"]


# --- certificates and handshakes


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_is_spoken(served, authority, tls_port, version):
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    probe = Probe(tls_port, context)
    answer = probe.ask()
    assert answer.status == 200
    assert "SIP/2.0/TLS" in answer.get("Via")
    probe.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_of_yesterday_is_refused(served, authority, tls_port):
    context = trusting(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version|unsupported"):
        Probe(tls_port, context)


def test_a_ping_is_answered_by_tls_too(served, authority, tls_port):
    probe = Probe(tls_port, trusting(authority))
    probe.socket.sendall(b"\r\n\r\n")
    assert probe.socket.recv(16) == b"\r\n"
    probe.close()


def test_a_renewed_certificate_is_shown_without_a_restart(served, authority, certificate, tls_port):
    old = Probe(tls_port, trusting(authority))
    assert old.serial == certificate.serial
    # Half a file first, as a script that copies might leave it for a moment.
    whole = certificate.file.read_bytes()
    certificate.file.write_bytes(whole[:200])
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "stays as it was" in served.tail(), "a word about the broken file")
    again = Probe(tls_port, trusting(authority))
    assert again.serial == certificate.serial
    again.close()
    new = authority.make("127.0.0.1", "localhost", file="line")
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: _shown(tls_port, authority) == new.serial, "the new certificate", 20.0)
    assert old.ask().status == 200, "who was connected stays connected"
    old.close()
    beat = served.until_row(
        "SELECT * FROM heartbeats WHERE process = 'responder' AND detail LIKE ?",
        f"%{new.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}%",
    )
    assert '"trouble": null' in beat["detail"]


def _shown(port: int, authority: Authority) -> int:
    probe = Probe(port, trusting(authority))
    serial = probe.serial
    probe.close()
    return serial


# --- those who insist


@pytest.fixture(scope="module")
def careful(
    tmp_path_factory: pytest.TempPathFactory,
    rendered: Path,
    rtp_low: int,
    authority: Authority,
    certificate: Made,
) -> Iterator[Responder]:
    """Who connects by TLS must show a certificate; the trunk encrypts or is refused."""
    with responder(
        tmp_path_factory.mktemp("careful"),
        rendered,
        rtp_low,
        toml=REQUIRED.format(port=free_port()),
        IVR_SIP_TLS_PORT=str(free_port()),
        IVR_TLS_CERTIFICATE=str(certificate.file),
        IVR_TLS_KEY=str(certificate.key_file),
        IVR_TLS_CLIENT_CA=str(authority.file),
    ) as one:
        yield one


def test_plain_sound_is_refused_with_a_warning_where_encryption_is_required(careful):
    with Phone(careful.sip_port, number="13600000005", sound=False) as phone:
        phone.send(phone.request("INVITE", body=phone.sdp()))
        refused = phone.until_final("1 INVITE")
        assert refused.status == 488
        assert refused.get("Warning").startswith("302 ")
        assert "RTP/SAVP" in refused.get("Warning")
    assert ended(careful, "13600000005")["answered_at"] is None


def test_who_shows_no_certificate_is_not_heard(careful, authority):
    port = careful.settings.sip_tls_port
    assert _refused(port, trusting(authority))
    context = trusting(authority)
    other = Authority(authority.folder / "others").make("somebody.example")
    context.load_cert_chain(other.file, other.key_file)
    assert _refused(port, context)


def _refused(port: int, context: ssl.SSLContext) -> bool:
    """Whether the line ends the connection: with TLS 1.3 a moment after the handshake."""
    try:
        probe = Probe(port, context)
        with probe.socket:
            probe.socket.settimeout(10.0)
            probe.socket.sendall(b"OPTIONS")
            return probe.socket.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@needs_pjsip
def test_who_shows_one_and_encrypts_is_served(careful, authority, tmp_path):
    own = authority.make("telephone.example", file="telephone")
    tls = {
        "ca": str(authority.file),
        "certificate": str(own.file),
        "key": str(own.key_file),
    }
    with PjsipPhone(tmp_path, "13600000006", tls=tls, srtp=1) as phone:
        phone.do(call=f"sip:line@127.0.0.1:{careful.settings.sip_tls_port};transport=tls")
        phone.until_state("CONFIRMED")
        phone.until(lambda told: told.get("sound"), "a greeting")
        phone.do(hang_up=True)
        phone.until_state("DISCONNECTED")
    call = ended(careful, "13600000006")
    assert (call["signalling"], call["sound_encrypted"]) == ("tls", 1)
