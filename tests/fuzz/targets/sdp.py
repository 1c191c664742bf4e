"""Session descriptions: offers that are answered, answers to our offer."""

from __future__ import annotations

from ivr.media import LegPlan
from ivr.sdp import LocalMedia, SdpError, accept, answer, offer
from ivr.sdp.description import parse, serialize
from tests.fuzz.target import Target

LOCAL = LocalMedia("192.0.2.1", 20000, 20001, 42, 1)
LOCAL6 = LocalMedia("2001:db8::1", 20000, 20003, 42, 1)
OFFER = offer(LOCAL)
WORDS = tuple(
    word.encode()
    for word in (
        *("v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", "c=IN IP4 ", "c=IN IP6 ::", "t=0 0", "b=RS:0"),
        *("b=RR:0", "m=audio ", "m=video ", "m=image 1 udptl t38", " RTP/AVP ", " RTP/SAVP "),
        *("RTP/AVPF", "UDP/TLS/RTP/SAVPF", "a=rtpmap:", "PCMU/8000", "PCMA/8000/1", "G722/8000"),
        *("telephone-event/8000", "telephone-event/48000", "a=fmtp:", "0-15", "CN/8000"),
        *("a=ptime:", "a=maxptime:", "a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv"),
        *("a=rtcp:", "a=rtcp-mux", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", "a=group:BUNDLE"),
        *("0.0.0.0", "224.2.1.1/127/3", "pbx.example", "::1", "65535", "\r\n", "\n", "a=", "i="),
    )
)
_TELEPHONE = (
    b"v=0\r\no=alice smith 2890844526 2890844527 IN IP4 192.0.2.9\r\ns= \r\nc=IN IP4 192.0.2.9\r\n"
    b"b=RS:0\r\nt=3034423619 3042462419\r\na=recvonly\r\nm=video 5 RTP/AVP 31\r\n"
    b"m=audio 49170/2 RTP/AVPF 97 8 0 101 13\r\ni=x\r\nc=IN IP4 192.0.2.10\r\nb=AS:64\r\n"
    b"a=rtpmap:97 iLBC/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-16, 66\r\na=ptime:30\r\na=maxptime:40.5\r\na=rtcp:53020 IN IP4 126.16.64.4\r\n"
)
_SIX = (
    b"v=0\no=- 1 1 IN IP6 ::1\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0\nc=IN IP6 2001:db8::9\na=sendonly\n"
)
_ENCRYPTED = OFFER.replace(b"RTP/AVP", b"RTP/SAVP") + (
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
    b"inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\n"
)
SEEDS = (OFFER, offer(LOCAL6), _TELEPHONE, _SIX, _ENCRYPTED)


def offered(data: bytes) -> None:
    """Read, write, answer; the answer is a description, and the plan one that media takes."""
    refusal: SdpError | None = None
    taken = False
    for local in (LOCAL, LOCAL6):
        try:
            description = parse(data)
            assert parse(serialize(description)) == description
            body, plan = answer(data, local)
        except SdpError as error:
            refusal = error
            continue
        taken = True
        again, _ = answer(data, local, body)
        assert again == body, "the same answer has another version"
        assert len(parse(body).media) == len(description.media)
        _check(plan)
    if refusal is not None and not taken:
        assert refusal.status in (400, 488)
        assert "\r" not in str(refusal)
        raise refusal


def answered(data: bytes) -> None:
    for ours in (OFFER, offer(LOCAL6)):
        _check(accept(ours, data))


def _check(plan: object) -> None:
    assert 10 <= plan.ptime_ms <= 60  # type: ignore[attr-defined]
    assert 0 <= plan.payload_type < 128  # type: ignore[attr-defined]
    assert 0 <= plan.remote[1] < 65536  # type: ignore[attr-defined]
    assert isinstance(LegPlan, type)


TARGETS = (
    Target("sdp_offer", offered, (SdpError,), lambda: SEEDS, WORDS, 4096),
    Target("sdp_answer", answered, (SdpError,), lambda: SEEDS, WORDS, 4096),
)
