"""Which IP version the sound of an offer is wanted over: RFC 6157 §4, RFC 4091."""

import pytest

from ivr.sdp import LocalMedia, SdpError, answer, only_elsewhere
from ivr.sdp.description import parse

FOUR, SIX = "192.0.2.1", "2001:db8::10"
AUDIO4 = "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.9"
AUDIO6 = "m=audio 4002 RTP/AVP 0\r\nc=IN IP6 2001:db8::9"


def description(*media: str, session: str = "") -> bytes:
    head = f"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n{session}t=0 0\r\n"
    return (head + "".join(f"{line}\r\n" for line in media)).encode()


def local(address: str) -> LocalMedia:
    return LocalMedia(address, 20_000, 20_001, 7, 1)


@pytest.mark.rfc("6157 §4")
@pytest.mark.parametrize(
    ("media", "host", "found"),
    [
        ((AUDIO6,), FOUR, "2001:db8::9"),
        ((AUDIO4,), SIX, "192.0.2.9"),
        ((AUDIO6.lower().replace("ip6", "IP6"),), FOUR, "2001:db8::9"),
        ((AUDIO4,), FOUR, None),
        ((AUDIO6,), SIX, None),
        ((AUDIO6, AUDIO4), FOUR, None),
        ((AUDIO4, AUDIO6), SIX, None),
        # The other family's line is none that we could meet.
        (("m=video 4000 RTP/AVP 96\r\nc=IN IP4 192.0.2.9", AUDIO6), FOUR, "2001:db8::9"),
        ((AUDIO6.replace("4002", "0"),), FOUR, None),
        ((AUDIO6.replace("AVP 0", "AVP 18"),), FOUR, None),
        (("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 ::ffff:192.0.2.9",), FOUR, None),
        (("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 ::",), FOUR, None),
        (("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 a.name.example",), FOUR, None),
        ((), FOUR, None),
    ],
)
def test_the_other_family_is_taken_where_the_offer_leaves_no_choice(
    media: tuple[str, ...], host: str, found: str | None
) -> None:
    assert only_elsewhere(description(*media), host) == found


def test_what_is_no_description_is_for_the_answer_to_refuse() -> None:
    assert only_elsewhere(b"IP6 but no description", FOUR) is None


@pytest.mark.rfc("6157 §4")
@pytest.mark.parametrize(("media", "address"), [(AUDIO6, SIX), (AUDIO4, FOUR)])
def test_the_answer_is_of_the_family_that_was_chosen(media: str, address: str) -> None:
    body, _plan = answer(description(media), local(address))
    connection = parse(body).connection
    assert connection is not None
    assert connection.address == address


@pytest.mark.rfc("3261 §20.43")
def test_without_an_address_there_the_refusal_says_that_it_is_the_address_format() -> None:
    with pytest.raises(SdpError) as caught:
        answer(description(AUDIO6), local(FOUR))
    assert (caught.value.status, caught.value.warning) == (488, 301)


@pytest.mark.rfc("4091 §3")
@pytest.mark.parametrize(("address", "taken"), [(FOUR, 1), (SIX, 0)])
def test_of_the_alternatives_of_a_group_one_is_answered(address: str, taken: int) -> None:
    offer = description(
        f"{AUDIO6}\r\na=mid:1", f"{AUDIO4}\r\na=mid:2", session="a=group:ANAT 1 2\r\n"
    )
    body, _plan = answer(offer, local(address))
    assert [bool(media.port) for media in parse(body).media] == [taken == 0, taken == 1]
    assert b"ANAT" not in body


def test_candidates_and_reports_elsewhere_are_no_hindrance() -> None:
    """An agent of ICE offers addresses of both families; who does not answer ICE uses c=."""
    candidates = (
        "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        "a=candidate:1 1 UDP 2130706431 2001:db8::9 4000 typ host\r\n"
        "a=candidate:2 1 UDP 1694498815 192.0.2.9 4000 typ srflx raddr 10.0.0.9 rport 4000\r\n"
        "a=remote-candidates:1 2001:db8::1 9"
    )
    offer = description(f"{AUDIO4}\r\na=rtcp:4001 IN IP6 2001:db8::9\r\n{candidates}")
    assert only_elsewhere(offer, FOUR) is None
    body, plan = answer(offer, local(FOUR))
    assert plan.remote == ("192.0.2.9", 4000)
    assert plan.remote_rtcp is None, "no report can go to an address of the other family"
    assert b"candidate" not in body
    _, plan = answer(description(f"{AUDIO4}\r\na=rtcp:5001 IN IP4 192.0.2.9"), local(FOUR))
    assert plan.remote_rtcp == ("192.0.2.9", 5001)
