"""Digest authentication as a client (RFC 2617, 7616, 8760)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.auth import (
    Challenge,
    Credentials,
    DigestSession,
    challenges,
    digest,
    parse_auth_params,
)
from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.headers import Headers
from ivr.sip.message import Response

ENTROPY = bytes(range(8))
MUFASA_7616 = Credentials("Mufasa", "Circle of Life")


def challenge_of(text: str) -> Challenge:
    challenge = Challenge.parse(text)
    assert challenge is not None
    return challenge


def answered(session: DigestSession, entropy: bytes = ENTROPY) -> dict[str, str]:
    value = session.authorize("REGISTER", "sip:example.com", b"", entropy)
    scheme, _, rest = value.partition(" ")
    assert scheme == "Digest"
    return parse_auth_params(rest)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.rfc("7616 §3.9.1")
@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616_section_3_9_1_comes_out(algorithm: str, response: str) -> None:
    challenge = challenge_of(
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f"algorithm={algorithm}, "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert challenge.answerable
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    found = digest(
        challenge,
        MUFASA_7616,
        "GET",
        "/dir/index.html",
        b"",
        cnonce=cnonce,
        qop="auth",
        count="00000001",
    )
    assert found == response


@pytest.mark.rfc("2617 §3.5")
def test_the_example_of_rfc_2617_section_3_5_comes_out() -> None:
    challenge = challenge_of(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    found = digest(
        challenge,
        Credentials("Mufasa", "Circle Of Life"),
        "GET",
        "/dir/index.html",
        b"",
        cnonce="0a4f113b",
        qop="auth",
        count="00000001",
    )
    assert found == "6629fae49393a05397450978507c4ef1"


def test_without_qop_the_answer_is_that_of_rfc_2069_as_corrected_by_its_erratum() -> None:
    challenge = challenge_of(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    found = digest(
        challenge,
        Credentials("Mufasa", "CircleOfLife"),
        "GET",
        "/dir/index.html",
        b"",
        cnonce="",
        qop=None,
        count="",
    )
    assert found == "1949323746fe6a43ef61f9606e7febea"


def test_without_qop_no_count_and_no_client_nonce_are_sent() -> None:
    fields = answered(
        DigestSession(challenge_of('Digest realm="r", nonce="n"'), Credentials("u", "p"))
    )
    assert set(fields) == {"username", "realm", "nonce", "uri", "response"}


@pytest.mark.rfc("7616 §3.4")
def test_the_nonce_count_rises_and_each_answer_is_bound_to_it() -> None:
    session = DigestSession(
        challenge_of('Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256, opaque="o"'),
        Credentials("u", "p"),
    )
    first, second = answered(session), answered(session)
    assert (first["nc"], second["nc"]) == ("00000001", "00000002")
    assert first["response"] != second["response"]
    assert first["opaque"] == "o"
    assert first["algorithm"] == "SHA-256"
    ha1, ha2 = sha("u:r:p"), sha("REGISTER:sip:example.com")
    assert first["response"] == sha(f"{ha1}:n:00000001:{ENTROPY.hex()}:auth:{ha2}")


def test_a_sess_key_is_made_of_the_first_client_nonce_and_kept() -> None:
    session = DigestSession(
        challenge_of('Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess'),
        Credentials("u", "p"),
    )
    answered(session)
    second = answered(session, bytes(8))
    assert second["cnonce"] == ENTROPY.hex()
    ha1 = sha(f"{sha('u:r:p')}:n:{ENTROPY.hex()}")
    ha2 = sha("REGISTER:sip:example.com")
    assert second["response"] == sha(f"{ha1}:n:00000002:{ENTROPY.hex()}:auth:{ha2}")


def test_auth_int_covers_the_body_where_nothing_else_is_offered() -> None:
    challenge = challenge_of('Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-256')
    value = DigestSession(challenge, Credentials("u", "p")).authorize(
        "INVITE", "sip:b@c", b"v=0", ENTROPY
    )
    ha2 = sha(f"INVITE:sip:b@c:{sha('v=0')}")
    expected = sha(f"{sha('u:r:p')}:n:00000001:{ENTROPY.hex()}:auth-int:{ha2}")
    assert parse_auth_params(value.partition(" ")[2])["response"] == expected


def test_quotes_and_backslashes_in_names_are_escaped_on_the_wire_only() -> None:
    challenge = challenge_of(r'Digest realm="a \"b\" \\c", nonce="n", algorithm=SHA-256')
    assert challenge.realm == r"a " + '"b"' + r" \c"
    session = DigestSession(challenge, Credentials('u"x', "p"))
    value = session.authorize("REGISTER", "sip:example.com", b"", ENTROPY)
    assert r'username="u\"x"' in value
    assert r'realm="a \"b\" \\c"' in value
    ha1 = sha('u"x:a "b" \\c:p')
    assert answered(session)["response"] == sha(f"{ha1}:n:{sha('REGISTER:sip:example.com')}")


@pytest.mark.rfc("8760 §2.4")
def test_of_one_realm_the_topmost_challenge_we_know_is_answered() -> None:
    headers = Headers(
        [
            ("WWW-Authenticate", 'Digest realm="r", nonce="1", algorithm=SHA-3-SECRET'),
            ("WWW-Authenticate", 'Bearer realm="r"'),
            ("WWW-Authenticate", 'Digest realm="r" nonce="broken"'),
            ("WWW-Authenticate", 'Digest realm="r", nonce="2", algorithm=SHA-256'),
            ("WWW-Authenticate", 'Digest realm="r", nonce="3", algorithm=MD5'),
            ("Proxy-Authenticate", 'Digest realm="r", nonce="4", stale=TRUE'),
        ]
    )
    first, second = challenges(Response(401, "", headers))
    assert (first.nonce, first.proxy, first.stale) == ("2", False, False)
    assert (second.nonce, second.proxy, second.stale) == ("4", True, True)
    assert DigestSession(first, Credentials("u", "p")).header == "Authorization"
    assert DigestSession(second, Credentials("u", "p")).header == "Proxy-Authorization"


def test_a_quality_of_protection_we_do_not_know_is_not_answered() -> None:
    challenge = challenge_of('Digest realm="r", nonce="n", qop="auth-magic"')
    assert not challenge.answerable
    with pytest.raises(SipUsageError):
        DigestSession(challenge, Credentials("u", "p"))


def test_too_little_entropy_is_our_fault() -> None:
    session = DigestSession(challenge_of('Digest realm="r", nonce="n"'), Credentials("u", "p"))
    with pytest.raises(SipUsageError):
        session.authorize("REGISTER", "sip:example.com", b"", b"1234567")


def test_a_password_shows_in_no_representation() -> None:
    assert "hunter2" not in repr(Credentials("u", "hunter2"))


@pytest.mark.parametrize(
    "text",
    [
        "Digest",
        'Digest nonce="n"',
        'Digest realm="r"',
        'Digest realm="r", nonce="n", nonce="m"',
        'Digest realm="r", nonce="n',
        'Digest realm="r"; nonce="n"',
        'Digest realm, nonce="n"',
    ],
)
def test_a_malformed_challenge_is_the_peers_fault(text: str) -> None:
    with pytest.raises(SipParseError):
        Challenge.parse(text)


@given(st.text(max_size=60))
def test_no_challenge_raises_anything_but_a_parse_error(text: str) -> None:
    try:
        Challenge.parse(f"Digest {text}")
        Challenge.parse(text)
    except SipParseError:
        pass


text_values = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(realm=text_values, nonce=text_values, user=text_values)
def test_what_we_write_reads_back(realm: str, nonce: str, user: str) -> None:
    session = DigestSession(Challenge(realm, nonce, qop=("auth",)), Credentials(user, "x"))
    fields = answered(session)
    assert (fields["realm"], fields["nonce"], fields["username"]) == (realm, nonce, user)
