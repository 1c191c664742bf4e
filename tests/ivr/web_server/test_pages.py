"""Pages behind the event loop: bodies, slow and vanished browsers, and the limits of both."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ivr.web_server import answer as answers
from ivr.web_server import bridge, patience
from ivr.web_server import requests as reading
from ivr.web_server.bridge import Pages
from tests.serving import LIMIT_S, running, served

LARGEST = 100_000
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    said = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ.get('CONTENT_LENGTH')}\n"
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [said.encode("latin-1"), body]


class Long:
    """A page of endless pieces; knows how many were taken from it, and that it was closed."""

    def __init__(self, piece: bytes = b"x" * 16_384) -> None:
        self.piece = piece
        self.made = 0
        self.closed = threading.Event()
        self.begun = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                self.made += 1
                self.begun.set()
                yield self.piece
        finally:
            self.closed.set()


def connection(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, LIMIT_S)


def read_all(sock: socket.socket) -> bytes:
    found = b""
    try:
        while piece := sock.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def ask(address: tuple[str, int], method: str, path: str, **more: Any) -> tuple[int, bytes]:
    client = http.client.HTTPConnection(*address, timeout=LIMIT_S)
    client.request(method, path, **more)
    got = client.getresponse()
    found = got.status, got.read()
    client.close()
    return found


def test_a_body_reaches_the_page_whole_whichever_way_it_is_sent() -> None:
    body = bytes(range(256)) * 300
    with served(Pages(echo, LARGEST)) as address:
        known = ask(address, "POST", "/a%20b", body=body)
        pieces = ask(address, "POST", "/a", body=iter([body[:7], body[7:]]), encode_chunked=True)
    assert known == (200, b"POST /a b 76800\n" + body)
    assert pieces == (200, b"POST /a 76800\n" + body)


def test_the_bytes_of_a_path_are_kept() -> None:
    with served(Pages(echo, LARGEST)) as address:
        assert ask(address, "GET", "/%E4%B8%AD%FF")[1] == b"GET /\xe4\xb8\xad\xff None\n"


def test_a_connection_serves_several_requests_and_head_has_no_body() -> None:
    with served(Pages(echo, LARGEST)) as address:
        client = http.client.HTTPConnection(*address, timeout=LIMIT_S)
        client.connect()
        first = client.sock
        for method, expected in (("GET", b"GET / None\n"), ("HEAD", b""), ("GET", b"GET / None\n")):
            client.request(method, "/")
            got = client.getresponse()
            assert (got.read(), got.getheader("Server")) == (expected, None)
        assert client.sock is first
        client.close()


def test_a_body_that_is_too_large_is_refused_before_it_is_asked_for() -> None:
    head = (
        b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
        % (LARGEST + 1)
    )
    with served(Pages(echo, LARGEST)) as address, connection(address) as sock:
        sock.sendall(head)
        assert read_all(sock).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_unknown_length_is_refused_where_it_becomes_too_large() -> None:
    pages = Pages(echo, LARGEST)
    head = b"POST / HTTP/1.1\r\nHost: desk\r\nTransfer-Encoding: chunked\r\n\r\n"
    with served(pages) as address, connection(address) as sock:
        sock.sendall(head + b"%x\r\n" % LARGEST + b"x" * LARGEST + b"\r\n1\r\ny\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 413 ")
    assert pages._bodies.held == 0


def test_all_bodies_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(echo, LARGEST)
    monkeypatch.setattr(pages._bodies, "in_all", 10)
    with served(pages) as address:
        assert ask(address, "POST", "/", body=b"12345678901")[0] == 503
        assert ask(address, "POST", "/", body=b"1234567890")[0] == 200


def test_a_body_that_stops_coming_is_given_up_and_holds_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "AT_WORK", 1)
    monkeypatch.setattr(reading, "BODY_IDLE_S", 0.2)
    with served(Pages(echo, LARGEST)) as address, connection(address) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: desk\r\nContent-Length: 9\r\n\r\nhalf")
        assert ask(address, "GET", "/")[0] == 200
        assert read_all(slow).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_comes_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.3)
    with served(Pages(echo, LARGEST)) as address, connection(address) as sock:
        sock.settimeout(0.01)
        while True:
            try:
                sock.sendall(b"G")
                assert sock.recv(10) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                break
            break


def test_a_connection_without_any_request_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    with served(Pages(echo, LARGEST)) as address, connection(address) as sock:
        assert read_all(sock) == b""


def test_a_page_is_never_far_ahead_of_its_reader() -> None:
    page = Long()
    with served(Pages(page, LARGEST)) as address, connection(address) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
        taken = 0
        while taken < 30 * 2**20:
            taken += len(sock.recv(2**20))
            # Besides what is held: both socket buffers, asyncio's, and the piece in hand.
            assert page.made * len(page.piece) - taken < answers.HELD + 16 * 2**20
    assert page.closed.wait(LIMIT_S)


def test_a_page_ends_when_its_reader_leaves() -> None:
    page = Long()
    with served(Pages(page, LARGEST)) as address:
        with connection(address) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
            assert sock.recv(1000)
        assert page.closed.wait(LIMIT_S)


def test_a_reader_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "UNREAD_S", 0.2)
    page = Long()
    with served(Pages(page, LARGEST)) as address, connection(address) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
        assert page.closed.wait(LIMIT_S)


def test_a_page_that_waits_for_its_reader_leaves_its_place_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "AT_WORK", 1)
    page = Long()

    def either(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return (page if environ["PATH_INFO"] == "/long" else echo)(environ, start_response)

    with served(Pages(either, LARGEST)) as address, connection(address) as sock:
        sock.sendall(b"GET /long HTTP/1.1\r\nHost: desk\r\n\r\n")
        assert page.begun.wait(LIMIT_S)
        assert ask(address, "GET", "/")[0] == 200
        assert not page.closed.is_set()


def test_no_more_pages_are_at_work_than_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "AT_WORK", 2)
    together = threading.Barrier(2)
    lock = threading.Lock()
    at_work: list[int] = []
    now = 0

    def counted(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        nonlocal now
        with lock:
            now += 1
            at_work.append(now)
        together.wait(LIMIT_S)  # two at once, or nobody gets on
        with lock:
            now -= 1
        start_response("204 No Content", [])
        return []

    with served(Pages(counted, LARGEST)) as address:
        threads = [threading.Thread(target=ask, args=(address, "GET", "/")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
    assert (len(at_work), max(at_work)) == (8, 2)


def test_a_header_with_an_underscore_does_not_pass_for_a_proxys() -> None:
    seen: dict[str, Any] = {}

    def page(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    with served(Pages(page, LARGEST)) as address:
        ask(address, "GET", "/?a=b", headers={"X_Forwarded_For": "192.0.2.1", "X-Own": "yes"})
        with connection(address) as sock:
            sock.sendall(
                b"GET / HTTP/1.1\r\nHost: desk\r\nCookie: a=1\r\nCookie: b=2\r\n"
                b"X-Own: 1\r\nX-Own: 2\r\nConnection: close\r\n\r\n"
            )
            read_all(sock)
    assert "HTTP_X_FORWARDED_FOR" not in seen
    assert (seen["HTTP_COOKIE"], seen["HTTP_X_OWN"]) == ("a=1; b=2", "1, 2")
    assert seen["REMOTE_ADDR"] == "127.0.0.1"


def test_a_page_that_fails_is_a_500_and_half_an_answer_is_broken_off() -> None:
    def fails(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        if environ["PATH_INFO"] == "/half":
            start_response("200 OK", [])
            yield b"half"
        raise LookupError("as the test wants it")

    with served(Pages(fails, LARGEST)) as address:
        assert ask(address, "GET", "/")[0] == 500
        with pytest.raises(http.client.IncompleteRead):
            ask(address, "GET", "/half")


def test_the_server_stops_in_spite_of_an_answer_that_nobody_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = Long()
    with running(Pages(page, LARGEST)) as (one, address, thread), connection(address) as sock:
        one.config.timeout_graceful_shutdown = 0
        sock.sendall(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
        assert page.begun.wait(LIMIT_S)
        one.should_exit = True
        thread.join(LIMIT_S)
        assert not thread.is_alive()
        assert page.closed.wait(LIMIT_S)
