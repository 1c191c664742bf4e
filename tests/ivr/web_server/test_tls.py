"""HTTPS by a certificate of our own: what is spoken, and what becomes of new files."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.certificates import CertificateError, CertificateFiles
from ivr.web_server.server import server
from ivr.web_server.tls import HttpsCertificate
from tests.certificates import Authority, Made
from tests.line.phone import wait_until

LIMIT_S = 30.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def made(authority: Authority) -> Made:
    return authority.make("localhost")


async def application(scope, receive, send) -> None:
    body = f"{scope['scheme']} {scope['http_version']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(https: HttpsCertificate) -> Iterator[int]:
    listening = threading.Event()
    one = server(
        application,
        "127.0.0.1",
        0,
        when_listening=listening.set,
        when_stopping=lambda: None,
        https=https,
    )
    thread = threading.Thread(target=one.run)
    with https:
        thread.start()
        try:
            assert listening.wait(LIMIT_S)
            yield one.servers[0].sockets[0].getsockname()[1]
        finally:
            one.should_exit = True
            thread.join(LIMIT_S)
            assert not thread.is_alive()


@contextmanager
def connected(port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port), LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        yield secure


def ask(secure: ssl.SSLSocket) -> bytes:
    secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    said = b""
    while b"https" not in said:
        data = secure.recv(65536)
        assert data, said
        said += data
    return said


def serial(secure: ssl.SSLSocket) -> int:
    shown = secure.getpeercert()
    assert shown is not None
    return int(str(shown["serialNumber"]), 16)


def test_pages_know_that_they_are_asked_for_by_https(authority, made):
    trusting = ssl.create_default_context(cafile=str(authority.file))
    with (
        served(HttpsCertificate(CertificateFiles(made.file, made.key_file))) as port,
        connected(port, trusting) as secure,
    ):
        assert secure.version() == "TLSv1.3"
        assert b"https 1.1" in ask(secure)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused_and_1_2_is_not(authority, made):
    trusting = ssl.create_default_context(cafile=str(authority.file))
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    yesterday = ssl.create_default_context(cafile=str(authority.file))
    yesterday.set_ciphers("ALL:@SECLEVEL=0")
    yesterday.minimum_version = ssl.TLSVersion.TLSv1
    yesterday.maximum_version = ssl.TLSVersion.TLSv1_1
    with served(HttpsCertificate(CertificateFiles(made.file, made.key_file))) as port:
        with connected(port, trusting) as secure:
            assert secure.version() == "TLSv1.2"
        with pytest.raises(ssl.SSLError), connected(port, yesterday):
            pytest.fail("TLS 1.1 was spoken")


def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not(authority, made):
    trusting = ssl.create_default_context(cafile=str(authority.file))
    https = HttpsCertificate(CertificateFiles(made.file, made.key_file))

    def shown() -> int:
        with connected(port, trusting) as secure:
            return serial(secure)

    with served(https) as port, connected(port, trusting) as old:
        made.key_file.write_bytes(b"half a file")
        https.renew()
        wait_until(lambda: https.trouble, "a word about the broken file")
        assert shown() == made.serial
        new = authority.make("localhost")
        https.renew()
        wait_until(lambda: shown() == new.serial, "the new certificate")
        assert https.trouble is None
        assert ask(old), "who was connected stays connected"
        assert serial(old) == made.serial


def test_what_cannot_be_served_with_is_said_before_anything_is_served(authority, made):
    other = authority.make("localhost", file="other")
    with pytest.raises(CertificateError):
        HttpsCertificate(CertificateFiles(made.file, other.key_file))
