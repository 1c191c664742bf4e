"""Digest as a server: our own client answers it, and whoever cheats does not get in."""

from __future__ import annotations

import pytest

from ivr.sip.auth import Challenge, Credentials, DigestSession, challenges
from ivr.sip.challenger import NONCE_LASTS_S, NONCES_REMEMBERED, Challenger, Outcome
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response, parse
from tests.ivr.sip.peers import entropy, request

HOST = "203.0.113.7"
URI = "sip:96001@192.0.2.1"


def door() -> Challenger:
    return Challenger("line", {"600": "right one"}, entropy("door"))


def invite(uri: str = URI) -> Request:
    made = parse(request("INVITE", uri=uri))
    assert isinstance(made, Request)
    return made


def asked(fields: list[tuple[str, str]], algorithm: str = "SHA-256") -> Challenge:
    found = [Challenge.parse(value) for name, value in fields if name == "WWW-Authenticate"]
    return next(c for c in found if c is not None and c.algorithm == algorithm)


def signed(
    challenge: Challenge,
    username: str = "600",
    password: str = "right one",  # noqa: S107
    *,
    uri: str = URI,
    session: DigestSession | None = None,
) -> Request:
    session = session or DigestSession(challenge, Credentials(username, password))
    call = invite()
    call.headers.add("Authorization", session.authorize("INVITE", uri, b"", b"12345678"))
    return call


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_the_right_password_is_right(algorithm: str) -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0), algorithm)
    assert challenger.judge(signed(challenge), HOST, 11.0) == (Outcome.RIGHT, "600")


def test_a_client_takes_the_better_algorithm() -> None:
    headers = Headers(door().challenge(HOST, 10.0))
    assert [c.algorithm for c in challenges(Response(401, "", headers))] == ["SHA-256"]


def test_no_credentials_are_asked_for_and_so_are_those_of_another_realm() -> None:
    challenger = door()
    assert challenger.judge(invite(), HOST, 10.0)[0] is Outcome.NONE
    other = Challenger("elsewhere", {}, entropy("other")).challenge(HOST, 10.0)
    assert challenger.judge(signed(asked(other)), HOST, 10.0)[0] is Outcome.NONE


def test_a_wrong_password_and_an_unknown_name_are_the_same() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    wrong = challenger.judge(signed(challenge, password="wrong one"), HOST, 11.0)
    unknown = challenger.judge(signed(challenge, username="999"), HOST, 11.0)
    assert wrong[0] is unknown[0] is Outcome.WRONG


def test_nobody_gets_in_with_a_name_that_is_not_there_and_no_password() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    assert challenger.judge(signed(challenge, "", ""), HOST, 11.0)[0] is Outcome.WRONG


def test_what_was_said_once_is_not_taken_again() -> None:
    challenger = door()
    said = signed(asked(challenger.challenge(HOST, 10.0)))
    assert challenger.judge(said, HOST, 11.0)[0] is Outcome.RIGHT
    assert challenger.judge(said, HOST, 12.0)[0] is Outcome.STALE


def test_a_nonce_is_good_for_many_requests_whose_count_rises() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    session = DigestSession(challenge, Credentials("600", "right one"))
    for second in range(20):
        call = signed(challenge, session=session)
        assert challenger.judge(call, HOST, 11.0 + second)[0] is Outcome.RIGHT


def test_a_nonce_of_another_address_is_stale() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    assert challenger.judge(signed(challenge), "203.0.113.8", 11.0)[0] is Outcome.STALE


def test_an_old_nonce_is_stale_and_the_challenge_says_so() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    late = 10.0 + NONCE_LASTS_S
    assert challenger.judge(signed(challenge), HOST, late)[0] is Outcome.STALE
    assert asked(challenger.challenge(HOST, late, stale=True)).stale


def test_a_nonce_made_up_is_stale() -> None:
    for made_up in ("x" * 60, "0" * 60, "", "é", "0" * 59 + "\udcff"):
        challenge = Challenge("line", made_up, "MD5", ("auth",))
        assert door().judge(signed(challenge), HOST, 11.0)[0] in (Outcome.STALE, Outcome.NONE)


def test_credentials_for_one_number_do_not_reach_another() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    other = signed(challenge, uri="sip:788346@192.0.2.1")
    assert challenger.judge(other, HOST, 11.0)[0] is Outcome.WRONG


def test_a_proxy_may_rewrite_the_host() -> None:
    challenger = door()
    challenge = asked(challenger.challenge(HOST, 10.0))
    moved = signed(challenge, uri="sip:96001@line.example;transport=udp")
    assert challenger.judge(moved, HOST, 11.0)[0] is Outcome.RIGHT


def test_what_was_forgotten_cannot_be_said_again() -> None:
    challenger = door()
    first = signed(asked(challenger.challenge(HOST, 10.0)))
    assert challenger.judge(first, HOST, 10.0)[0] is Outcome.RIGHT
    for number in range(NONCES_REMEMBERED):
        challenger._remember(challenger._nonce(HOST, 11.0), number + 1)
    assert challenger.judge(first, HOST, 12.0)[0] is Outcome.STALE


@pytest.mark.parametrize(
    "value",
    [
        "Basic Zm9v",
        "Digest",
        "Digest username=",
        'Digest username="a", realm="line"',
        'Digest username="a", realm="line", nonce="x", uri="u", response="y", nc=zz, '
        'cnonce="c", qop=auth',
        'Digest username="a", realm="line", nonce="x", uri="u", response="\udcff", nc=00000001, '
        'cnonce="c", qop=auth',
        'Digest username="a", realm="line", nonce="x", uri="u", response="y", nc=00000001, '
        'cnonce="c", qop=auth-int',
    ],
)
def test_credentials_that_cannot_be_read_are_asked_for_again(value: str) -> None:
    call = invite()
    call.headers.add("Authorization", value)
    assert door().judge(call, HOST, 10.0)[0] is Outcome.NONE
