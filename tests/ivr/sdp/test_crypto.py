"""a=crypto lines as telephones write them, and as they should not (RFC 4568)."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sdp.crypto import (
    Crypto,
    our_cryptos,
    parse_crypto,
    secret_bytes,
    serialize_crypto,
    suites,
)

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"  # of RFC 4568 §4.1
CM80 = "AES_CM_128_HMAC_SHA1_80"


@pytest.mark.parametrize(
    ("line", "mki_bytes", "window"),
    [
        (f"1 {CM80} inline:{KEY}", 0, 0),
        (f"1 {CM80} inline:{KEY}|2^31", 0, 0),
        (f"1 {CM80} inline:{KEY}|2^20|1:4", 4, 0),
        (f"1 {CM80} inline:{KEY}|1:4", 4, 0),
        (f"1 {CM80} inline:{KEY}|1048576", 0, 0),
        (f"1   {CM80.lower()}   INLINE:{KEY}", 0, 0),
        (f"1 {CM80} inline:{KEY} WSH=128", 0, 128),
        (f"1 {CM80} inline:{KEY} WSH=1", 0, 64),
        (f"1 {CM80} inline:{KEY} WSH=99999", 0, 32_767),
        (f"1 {CM80} inline:{KEY} KDR=0", 0, 0),
        (f"1 {CM80} inline:{KEY} -NOT_KNOWN=7", 0, 0),
    ],
)
def test_a_line_that_can_be_kept_to_is_read(line: str, mki_bytes: int, window: int):
    found = parse_crypto(line)
    assert found is not None
    assert (found.tag, found.suite, len(found.key)) == (1, CM80, 30)
    assert (found.mki_bytes, found.window) == (mki_bytes, window)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1",
        f"x {CM80} inline:{KEY}",
        f"1234567890 {CM80} inline:{KEY}",
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AEAD_AES_256_GCM inline:{KEY}",
        f"1 {CM80} uri:{KEY}",
        f"1 {CM80} inline:",
        f"1 {CM80} inline:{KEY[:-4]}",
        f"1 {CM80} inline:{KEY}AAAA",
        f"1 {CM80} inline:{'é' * 40}",
        f"1 {CM80} inline:{KEY}|2^20|1:4;inline:{KEY}|2^20|2:4",
        f"1 {CM80} inline:{KEY}|0",
        f"1 {CM80} inline:{KEY}|2^20|1:0",
        f"1 {CM80} inline:{KEY}|2^20|1:129",
        f"1 {CM80} inline:{KEY}|2^20|1:4|5:6",
        f"1 {CM80} inline:{KEY}|nonsense",
        f"1 {CM80} inline:{KEY} KDR=3",
        f"1 {CM80} inline:{KEY} UNENCRYPTED_SRTP",
        f"1 {CM80} inline:{KEY} UNENCRYPTED_SRTCP",
        f"1 {CM80} inline:{KEY} UNAUTHENTICATED_SRTP",
        f"1 {CM80} inline:{KEY} FEC_ORDER=FEC_SRTP",
        f"1 {CM80} inline:{KEY} NOT_KNOWN",
    ],
)
def test_a_line_that_cannot_be_kept_to_is_passed_over(line: str):
    assert parse_crypto(line) is None


def test_a_key_without_its_padding_is_read():
    suite = suites["AEAD_AES_256_GCM"]
    text = b64encode(bytes(suite.key_bytes)).decode()
    assert text.endswith("=")
    whole, bare = (parse_crypto(f"1 {suite.name} inline:{one}") for one in (text, text.rstrip("=")))
    assert whole is not None
    assert whole == bare


@given(
    st.integers(0, 999_999_999),
    st.sampled_from(sorted(suites)),
    st.binary(min_size=64, max_size=64),
)
def test_what_is_written_is_read_again(tag: int, suite: str, key: bytes):
    crypto = Crypto(tag, suite, key[: suites[suite].key_bytes])
    assert parse_crypto(serialize_crypto(crypto)) == crypto


@given(st.text(max_size=300))
def test_no_text_does_more_than_be_passed_over(text: str):
    found = parse_crypto(text)
    assert found is None or found.suite in suites


@given(st.text("0123456789abcdefAES_CM|:;^=- inline" + KEY, max_size=120))
def test_no_text_after_a_good_beginning_does_more_than_be_passed_over(text: str):
    found = parse_crypto(f"1 {CM80} inline:{KEY}{text}")
    assert found is None or len(found.key) == 30


def test_every_suite_has_a_key_of_its_own():
    lines = our_cryptos(bytes(number % 256 for number in range(secret_bytes)))
    assert [line.tag for line in lines] == [1, 2, 3, 4]
    assert {line.suite for line in lines} == set(suites)
    assert len({line.key[:16] for line in lines}) == len(lines)
    with pytest.raises(ValueError, match="random bytes"):
        our_cryptos(b"too short")


def test_keys_are_kept_out_of_representations():
    crypto = parse_crypto(f"1 {CM80} inline:{KEY}|2^20|1:4")
    assert KEY not in repr(crypto)
    assert "key" not in repr(crypto)
