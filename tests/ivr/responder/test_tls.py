"""Whom we believe, who waits for a turn, and whose sound is to be encrypted."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from ivr.certificates import CertificateError, CertificateFiles
from ivr.responder.encryption import wanted
from ivr.responder.tls import WAITING_LIMIT, Tls, Trust, Turns, client_context, is_made_out_for
from ivr.settings import Settings, load
from ivr.sip.address import Flow
from tests.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("names", "host", "right"),
    [
        (("pbx.example",), "pbx.example", True),
        (("pbx.example",), "PBX.example.", True),
        (("pbx.example",), "other.example", False),
        (("*.example",), "pbx.example", False),  # RFC 5922 §7.2: no wildcards
        (("sip:pbx.example",), "pbx.example", True),
        # §7.1: where there are SIP URIs, host names do not count.
        (("sip:other.example", "pbx.example"), "pbx.example", False),
        (("sips:pbx.example",), "pbx.example", False),
        (("sip:line@pbx.example",), "pbx.example", False),
        (("192.0.2.1",), "192.0.2.1", True),
        (("pbx.example",), "192.0.2.1", False),
        (("2001:db8::1",), "2001:db8:0::1", True),
        ((), "pbx.example", False),
    ],
)
def test_a_certificate_is_for_the_names_it_holds(authority, names, host, right):
    made = authority.make(*names)
    assert is_made_out_for(made.certificate, host) is right


class Connection:
    """One that waits, and takes as long as it is told once it begins."""

    def __init__(self, begun: list["Connection"]) -> None:
        self._begun = begun

    def begin(self) -> None:
        self._begun.append(self)


def test_connections_take_turns_in_the_order_in_which_they_came(monkeypatch):
    now = iter(x * 0.001 for x in range(100))  # every look at the clock is a millisecond later
    monkeypatch.setattr("ivr.responder.tls.time.perf_counter", lambda: next(now))
    turns, begun = Turns(), []
    waiting: list[Any] = [Connection(begun) for _ in range(5)]
    for one in waiting:
        assert turns.ask(one)
    turns.take()
    assert begun == waiting[:2], "1.5 ms are over after the second"
    turns.take()
    turns.take()
    assert begun == waiting
    turns.take()


def test_more_than_can_wait_are_turned_away():
    turns = Turns()
    one: Any = Connection([])
    assert all(turns.ask(one) for _ in range(WAITING_LIMIT))
    assert not turns.ask(one)


UDP = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))
TLS = Flow("tls", ("192.0.2.1", 5061), ("192.0.2.9", 40_000))
HERE = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 40_000))


def settings(folder: Path, general: str) -> Settings:
    (folder / "ivr.toml").write_text(
        "".join(
            f'[[trunks]]\nname = "{srtp}"\nregistrar = "sip:pbx.example"\nregister = false\n'
            f'srtp = "{srtp}"\n'
            for srtp in ("off", "preferred", "required")
        )
    )
    return load({"IVR_SRTP": general}, folder)


@pytest.mark.parametrize(
    ("general", "trunk", "path", "asked"),
    [
        ("preferred", None, UDP, "off"),
        ("preferred", None, TLS, "preferred"),
        ("required", None, UDP, "required"),
        ("required", None, HERE, "off"),  # the telephone of the staff pages
        ("off", None, TLS, "off"),
        ("off", "required", UDP, "required"),
        ("off", "required", HERE, "required"),
        ("required", "off", TLS, "off"),
        ("required", "preferred", UDP, "off"),
        ("off", "preferred", TLS, "preferred"),
        ("off", "unheard of", TLS, "off"),
    ],
)
def test_a_trunk_decides_for_itself_and_keys_are_kept_from_who_listens(
    tmp_path, general, trunk, path, asked
):
    assert wanted(settings(tmp_path, general), trunk, path) == asked


def test_a_new_certificate_makes_no_connection_read_files_on_the_reactors_thread(
    authority, tmp_path, monkeypatch
):
    made = authority.make("line.example", file="line")
    tls = Tls(Clock(), CertificateFiles(made.file, made.key_file), 5061)
    own, gone = Trust(authority.file), Trust(tmp_path / "gone.pem")
    (tmp_path / "gone.pem").write_bytes(authority.file.read_bytes())
    tls.trust("pbx.example", own)
    tls.trust("other.example", gone)
    tls.renew()()
    for host in ("pbx.example", "other.example"):
        tls.client_factory(host, Factory())
    (tmp_path / "gone.pem").unlink()
    use = tls.renew()  # in a thread
    read: list[Trust] = []

    def reads(trust: Trust, files: CertificateFiles | None) -> Any:
        read.append(trust)
        return client_context(trust, files)

    monkeypatch.setattr("ivr.responder.tls.client_context", reads)
    use()
    tls.client_factory("pbx.example", Factory())
    assert read == []
    # What cannot be read any more is said by whoever needs it, and keeps nobody else from a call.
    with pytest.raises(CertificateError):
        tls.client_factory("other.example", Factory())
