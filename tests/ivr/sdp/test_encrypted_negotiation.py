"""Who encrypts when: RTP/SAVP, RTP/AVP with keys, and what is wanted of the peer (RFC 4568 §7)."""

from dataclasses import replace

import pytest

from ivr.sdp import LocalMedia, SdpError, accept, answer, offer
from ivr.sdp.crypto import secret_bytes, suites
from ivr.sdp.description import parse

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
OTHER_KEY = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
CM80 = "AES_CM_128_HMAC_SHA1_80"
CRYPTO = f"a=crypto:7 {CM80} inline:{KEY}|2^31"

off = LocalMedia("192.0.2.9", 20_000, 20_001, 77, 1, secret=b"\1" * secret_bytes)
preferred = replace(off, encryption="preferred")
required = replace(off, encryption="required")
without_library = replace(off, secret=b"")


def theirs(*media: str) -> bytes:
    head = "v=0\r\no=- 5 5 IN IP4 198.51.100.5\r\ns=-\r\nc=IN IP4 198.51.100.5\r\nt=0 0\r\n"
    return (head + "".join(line + "\r\n" for line in media)).encode()


SAVP = theirs("m=audio 4000 RTP/SAVP 0", CRYPTO)
AVP = theirs("m=audio 4000 RTP/AVP 0")
AVP_WITH_KEYS = theirs("m=audio 4000 RTP/AVP 0", CRYPTO)


@pytest.mark.rfc("4568 §5.1.2")
@pytest.mark.parametrize("local", [off, preferred, required])
@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/SAVPF"])
def test_an_encrypted_offer_is_answered_with_its_tag_and_suite_and_our_own_key(local, profile):
    body, plan = answer(SAVP.replace(b"RTP/SAVP", profile.encode()), local)
    media = parse(body).media[0]
    assert media.protocol == profile
    [line] = [a.value for a in media.attributes if a.name == "crypto"]
    assert line.startswith(f"7 {CM80} inline:")
    assert plan.srtp is not None
    assert plan.srtp.suite == CM80
    assert plan.srtp.send == b"\1" * 30
    assert plan.srtp.receive != plan.srtp.send
    assert KEY not in line


@pytest.mark.parametrize(("local", "encrypted"), [(off, 0), (preferred, 1), (required, 1)])
def test_keys_beside_a_plain_profile_are_taken_up_where_encryption_is_wanted(local, encrypted):
    body, plan = answer(AVP_WITH_KEYS, local)
    assert parse(body).media[0].protocol == "RTP/AVP"
    assert body.count(b"a=crypto:7 ") == encrypted
    assert (plan.srtp is not None) == bool(encrypted)


def test_a_plain_offer_is_refused_where_encryption_is_required():
    for local in (off, preferred):
        assert answer(AVP, local)[1].srtp is None
    with pytest.raises(SdpError, match="RTP/SAVP") as caught:
        answer(AVP, required)
    assert (caught.value.status, caught.value.warning) == (488, 302)


@pytest.mark.rfc("4568 §5.1.2")
@pytest.mark.parametrize(
    "section",
    [
        ("m=audio 4000 RTP/SAVP 0",),
        ("m=audio 4000 RTP/SAVP 0", "a=fingerprint:sha-256 00:11"),
        ("m=audio 4000 RTP/SAVP 0", f"a=crypto:1 F8_128_HMAC_SHA1_80 inline:{KEY}"),
        ("m=audio 4000 RTP/SAVP 0", f"a=crypto:1 {CM80} inline:{KEY} UNENCRYPTED_SRTP"),
        ("m=audio 4000 RTP/SAVP 0", CRYPTO, CRYPTO.replace(KEY, OTHER_KEY)),
        ("m=audio 4000 UDP/TLS/RTP/SAVP 0", "a=fingerprint:sha-256 00:11"),
    ],
)
def test_an_encrypted_offer_without_a_key_for_us_is_refused(section):
    with pytest.raises(SdpError) as caught:
        answer(theirs(*section), preferred)
    assert caught.value.status == 488
    assert KEY not in str(caught.value)


def test_without_random_bytes_nothing_is_encrypted():
    with pytest.raises(SdpError) as caught:
        answer(SAVP, without_library)
    assert caught.value.status == 488
    assert b"crypto" not in offer(replace(without_library, encryption="preferred"))


@pytest.mark.rfc("4568 §5.1.2")
def test_the_first_suite_of_the_offer_that_we_know_is_taken():
    body, plan = answer(
        theirs(
            "m=audio 4000 RTP/SAVP 0",
            f"a=crypto:1 F8_128_HMAC_SHA1_80 inline:{KEY}",
            f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}",
            f"a=crypto:3 {CM80} inline:{OTHER_KEY}",
        ),
        preferred,
    )
    assert b"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" in body
    assert body.count(b"a=crypto") == 1
    assert plan.srtp is not None
    assert plan.srtp.suite == "AES_CM_128_HMAC_SHA1_32"


def test_of_two_sections_the_encrypted_one_is_taken_where_encryption_is_wanted():
    both = theirs("m=audio 4000 RTP/AVP 0", "m=audio 5000 RTP/SAVP 0", CRYPTO)
    assert [media.port for media in parse(answer(both, preferred)[0]).media] == [0, 20_000]
    assert [media.port for media in parse(answer(both, required)[0]).media] == [0, 20_000]
    assert [media.port for media in parse(answer(both, off)[0]).media] == [20_000, 0]


@pytest.mark.rfc("4568 §7.1.4")
def test_a_refresh_keeps_our_key_and_a_new_key_of_theirs_brings_a_new_one_of_ours():
    first, plan = answer(SAVP, preferred)
    again = replace(preferred, secret=b"\2" * secret_bytes, keys=plan.srtp)
    refreshed, same = answer(SAVP, again, first)
    assert refreshed == first
    assert same.srtp == plan.srtp
    changed, other = answer(SAVP.replace(KEY.encode(), OTHER_KEY.encode()), again, first)
    assert other.srtp is not None
    assert other.srtp.send == b"\2" * 30
    assert parse(changed).origin.version == parse(first).origin.version + 1


@pytest.mark.rfc("4568 §5.1.1")
def test_our_offer_names_every_suite_strongest_first():
    body = offer(required)
    media = parse(body).media[0]
    assert media.protocol == "RTP/SAVP"
    lines = [a.value.split() for a in media.attributes if a.name == "crypto"]
    assert [line[1] for line in lines] == list(suites)
    assert parse(offer(preferred)).media[0].protocol == "RTP/AVP"
    assert offer(preferred).count(b"a=crypto") == len(suites)
    assert b"crypto" not in offer(off)


@pytest.mark.parametrize("ours", [preferred, required])
@pytest.mark.parametrize("peer", [preferred, required])
def test_two_of_us_agree_on_the_strongest_suite_with_each_others_keys(ours, peer):
    peer = replace(peer, secret=b"\3" * secret_bytes)
    offered = offer(ours)
    answered, at_peer = answer(offered, peer)
    here = accept(offered, answered)
    assert here.srtp is not None
    assert at_peer.srtp is not None
    assert here.srtp.suite == "AEAD_AES_256_GCM"
    assert (here.srtp.send, here.srtp.receive) == (at_peer.srtp.receive, at_peer.srtp.send)


def test_a_plain_answer_will_do_where_encryption_is_only_preferred():
    offered = offer(preferred)
    assert accept(offered, AVP).srtp is None
    offered = offer(required)
    for wrong in (AVP, theirs("m=audio 4000 RTP/SAVP 0"), SAVP):  # SAVP has a tag of its own
        with pytest.raises(SdpError) as caught:
            accept(offered, wrong)
        assert caught.value.status == 488


def test_a_new_offer_in_a_call_keeps_the_keys_in_use():
    plan = answer(SAVP, preferred)[1]
    body = offer(replace(preferred, keys=plan.srtp))
    media = parse(body).media[0]
    assert media.protocol == "RTP/SAVP"
    assert body.count(b"a=crypto:1 ") == 1
    assert accept(body, SAVP.replace(b"crypto:7", b"crypto:1")).srtp == plan.srtp
    assert "\\x01" not in repr(plan)
    assert "\\x01" not in repr(preferred)
