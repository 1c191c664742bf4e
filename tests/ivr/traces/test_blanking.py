"""What must not stand in a trace does not, and nothing else changes."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.traces.blanking import blanked

HEAD = b"INFO sip:line@10.0.0.1 SIP/2.0\r\nCall-ID: a@b\r\nCSeq: 2 INFO\r\n"


def test_a_key_sent_by_info_is_not_readable() -> None:
    message = HEAD + b"Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=160\r\n"
    assert blanked(message).endswith(b"\r\n\r\nSignal=x\r\nDuration=xxx\r\n")


def test_a_bare_key_sent_by_info_is_not_readable() -> None:
    message = HEAD + b"Content-Type: application/dtmf\r\n\r\n7"
    assert blanked(message).endswith(b"\r\n\r\nx")


def test_keys_in_a_body_without_a_type_or_of_another_one_are_not_readable() -> None:
    for field in (b"", b"Content-Type: text/plain\r\n", b"c: multipart/mixed;boundary=1\r\n"):
        assert b"880123" not in blanked(HEAD + field + b"\r\nCode: 880123\r\n880123")


def test_the_answer_of_a_digest_is_not_readable_and_its_name_and_realm_are() -> None:
    head = (
        b"INVITE sip:line@10.0.0.1 SIP/2.0\r\n"
        b'Authorization: Digest username="6001", realm="town", nonce="n1",\r\n'
        b'  cnonce="c0ffee", nc=00000001, RESPONSE = "6629fae4", opaque="response=6"\r\n'
        b"proxy-authorization:Digest response=aa11,username=bob\r\n"
        b"Subject: response=open\r\n\r\n"
    )
    said = blanked(head)
    assert b"6629fae4" not in said
    assert b"c0ffee" not in said
    assert b"aa11" not in said
    assert b'username="6001", realm="town", nonce="n1"' in said
    assert b"username=bob" in said
    assert b"response=open" in said
    assert b'RESPONSE = "xxxxxxxx"' in said


def test_the_keys_of_srtp_are_not_readable_and_the_rest_of_the_description_is() -> None:
    message = (
        b"INVITE sip:line@10.0.0.1 SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n"
        b"v=0\r\nm=audio 4000 RTP/SAVP 0\r\n"
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3|2^20\r\n"
        b"a=sendrecv\r\n"
    )
    said = blanked(message)
    assert b"d0Rm" not in said
    assert b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxx" in said
    assert b"|2^20\r\na=sendrecv" in said


def test_a_message_without_secrets_is_left_as_it_is() -> None:
    message = (
        b"INVITE sip:96110@10.0.0.1 SIP/2.0\r\nFrom: <sip:13800000001@10.0.0.2>;tag=1\r\n"
        b"Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 10.0.0.2\r\n"
    )
    assert blanked(message) == message


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_comes_keeps_its_length(head: bytes, body: bytes) -> None:
    for message in (head + body, head + b"\r\n\r\n" + body, b"Authorization: " + head + body):
        assert len(blanked(message)) == len(message)
