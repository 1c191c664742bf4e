"""Who is believed about who asks, and what becomes of the rest."""

import asyncio
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.web_server.asgi import Scope
from ivr.web_server.proxies import Proxies

TRUSTED = (ip_network("127.0.0.1"), ip_network("::1"), ip_network("10.1.0.0/16"))


def seen(
    peer: str, *headers: tuple[bytes, bytes], kind: str = "http", trusted: tuple = TRUSTED
) -> Scope:
    """What the application is given of a request."""
    found: list[Scope] = []

    async def application(scope, receive, send) -> None:
        found.append(scope)

    scope = {
        "type": kind,
        "client": (peer, 5000),
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": [(b"host", b"inside:8080"), *headers],
    }
    asyncio.run(Proxies(application, trusted)(scope, None, None))  # type: ignore[arg-type]
    return found[0]


FOR = b"x-forwarded-for"


@pytest.mark.parametrize(
    ("peer", "chain", "user"),
    [
        ("127.0.0.1", b"192.0.2.7", "192.0.2.7"),
        ("::ffff:127.0.0.1", b"192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", b"6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", b"6.6.6.6, 192.0.2.7, 10.1.2.3", "192.0.2.7"),
        ("127.0.0.1", b"192.0.2.7:50123", "192.0.2.7"),
        ("127.0.0.1", b"[2001:db8::1]:50123", "2001:db8::1"),
        ("127.0.0.1", b"2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", b"10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", b"unknown, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", b"unknown", "127.0.0.1"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("192.0.2.9", b"192.0.2.7", "192.0.2.9"),
        ("10.2.0.1", b"192.0.2.7", "10.2.0.1"),
    ],
)
def test_the_user_is_the_last_of_the_chain_that_is_no_proxy_of_ours(peer, chain, user):
    scope = seen(peer, (FOR, chain))
    assert scope["client"][0] == user
    assert not any(name.startswith(b"x-forwarded") for name, _ in scope["headers"])


def test_several_headers_are_one_chain():
    scope = seen("127.0.0.1", (FOR, b"6.6.6.6"), (FOR, b"192.0.2.7"))
    assert scope["client"][0] == "192.0.2.7"


@pytest.mark.parametrize(("kind", "scheme"), [("http", "https"), ("websocket", "wss")])
def test_scheme_and_host_are_those_the_user_sees(kind, scheme):
    said = ((b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"line.example"))
    scope = seen("127.0.0.1", *said, kind=kind)
    assert scope["scheme"] == scheme
    assert scope["headers"] == [(b"host", b"line.example")]
    stranger = seen("192.0.2.9", *said, kind=kind)
    assert stranger["scheme"] != scheme
    assert stranger["headers"] == [(b"host", b"inside:8080")]


def test_without_proxies_nobody_is_believed():
    scope = seen("127.0.0.1", (FOR, b"192.0.2.7"), (b"x-forwarded-proto", b"https"), trusted=())
    assert scope["client"][0] == "127.0.0.1"
    assert scope["scheme"] == "http"


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_whatever_a_chain_says_a_user_is_an_address(chains):
    scope = seen("127.0.0.1", *((FOR, chain) for chain in chains))
    assert ip_network(scope["client"][0])
