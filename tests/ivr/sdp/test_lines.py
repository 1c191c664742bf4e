"""Several m= lines, packet times and payload types through a whole call (RFC 3264 §6, §8)."""

from __future__ import annotations

import pytest

from ivr.sdp import LocalMedia, SdpError, accept, answer, offer
from ivr.sdp.description import parse

LOCAL = LocalMedia("192.0.2.1", 20_000, 20_001, 7, 1)
AUDIO = "m=audio 4000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15"
VIDEO = "m=video 4002 RTP/AVP 31"


def description(*lines: str, version: int = 1) -> bytes:
    head = ["v=0", f"o=- 1 {version} IN IP4 192.0.2.9", "s=-", "c=IN IP4 192.0.2.9", "t=0 0"]
    return ("\r\n".join([*head, *lines]) + "\r\n").encode()


def ports(body: bytes) -> list[tuple[str, bool]]:
    """Kind of each line, and whether it is taken."""
    return [(media.kind, media.port != 0) for media in parse(body).media]


@pytest.mark.rfc("3264 §6")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((AUDIO, VIDEO), [("audio", True), ("video", False)]),
        ((VIDEO, AUDIO), [("video", False), ("audio", True)]),
        (
            (AUDIO, "m=audio 4004 RTP/AVP 8", VIDEO),
            [("audio", True), ("audio", False), ("video", False)],
        ),
        (("m=audio 0 RTP/AVP 0", AUDIO), [("audio", False), ("audio", True)]),
        (("m=audio 4004 RTP/AVP 18", AUDIO), [("audio", False), ("audio", True)]),
        (
            ("m=application 9 TCP/TLS/BFCP *", AUDIO, "m=text 4010 RTP/AVP 98"),
            [("application", False), ("audio", True), ("text", False)],
        ),
    ],
)
def test_one_audio_line_is_taken_and_all_others_refused_in_their_order(
    lines: tuple[str, ...], expected: list[tuple[str, bool]]
) -> None:
    body, plan = answer(description(*lines), LOCAL)
    assert ports(body) == expected
    assert plan.remote == ("192.0.2.9", 4000)


@pytest.mark.rfc("3264 §6")
def test_a_refused_line_keeps_its_protocol_and_at_least_one_format() -> None:
    body, _ = answer(description(AUDIO, "m=video 4002 RTP/AVPF 100 101"), LOCAL)
    refused = parse(body).media[1]
    assert (refused.protocol, bool(refused.formats)) == ("RTP/AVPF", True)


@pytest.mark.rfc("3264 §8.1")
def test_a_line_added_in_the_middle_of_a_call_is_refused_and_the_sound_goes_on() -> None:
    first, plan = answer(description(AUDIO), LOCAL)
    body, after = answer(description(AUDIO, VIDEO, version=2), LOCAL, first)
    assert ports(body) == [("audio", True), ("video", False)]
    assert after == plan
    assert parse(body).origin.version == parse(first).origin.version + 1


@pytest.mark.rfc("3264 §8.2")
def test_a_line_taken_away_stays_in_its_place_with_port_0() -> None:
    first, plan = answer(description(AUDIO, VIDEO), LOCAL)
    gone = description(AUDIO, "m=video 0 RTP/AVP 31", version=2)
    body, after = answer(gone, LOCAL, first)
    assert ports(body) == [("audio", True), ("video", False)]
    assert after == plan


@pytest.mark.rfc("3264 §8.2")
def test_the_sound_may_move_from_one_line_to_another() -> None:
    first, _ = answer(description(AUDIO, "m=audio 4004 RTP/AVP 8"), LOCAL)
    moved = description("m=audio 0 RTP/AVP 0", "m=audio 4004 RTP/AVP 8", version=2)
    body, plan = answer(moved, LOCAL, first)
    assert ports(body) == [("audio", False), ("audio", True)]
    assert (plan.remote, plan.codec) == (("192.0.2.9", 4004), "PCMA")


@pytest.mark.rfc("3264 §8")
@pytest.mark.parametrize("lines", [(AUDIO, VIDEO), (VIDEO, AUDIO)])
def test_an_offer_of_ours_in_the_middle_has_as_many_lines_as_there_were(
    lines: tuple[str, ...],
) -> None:
    first, _ = answer(description(*lines), LOCAL)
    body = offer(LOCAL, first)
    assert ports(body) == ports(first)
    refused = "m=video 0 RTP/AVP 31"
    theirs = description(*(refused if line == VIDEO else line for line in lines), version=2)
    assert accept(body, theirs).remote == ("192.0.2.9", 4000)


@pytest.mark.rfc("3264 §8.3.2")
def test_an_offer_of_ours_in_the_middle_keeps_the_number_of_telephone_event() -> None:
    first, plan = answer(description(AUDIO), LOCAL)
    assert plan.telephone_event == 96
    again = accept(offer(LOCAL, first), description(AUDIO, version=2))
    assert again.telephone_event == 96
    assert b"a=rtpmap:96 telephone-event/8000" in offer(LOCAL, first)
    assert b"a=rtpmap:101" not in offer(LOCAL, first)


@pytest.mark.rfc("3264 §8.3.2", "3551 §3")
def test_a_number_of_telephone_event_changed_in_the_middle_is_followed() -> None:
    first, _ = answer(description(AUDIO), LOCAL)
    changed = description(
        "m=audio 4000 RTP/AVP 0 97\r\na=rtpmap:97 telephone-event/8000", version=2
    )
    body, plan = answer(changed, LOCAL, first)
    assert plan.telephone_event == 97
    assert b"a=rtpmap:97 telephone-event/8000" in body


@pytest.mark.rfc("3264 §6.1", "3551 §6")
def test_formats_nobody_knows_are_passed_over() -> None:
    body, plan = answer(
        description(
            "m=audio 4000 RTP/AVP 77 112 18 8 0\r\na=rtpmap:112 opus/48000/2\r\n"
            "a=rtpmap:77 X-UNHEARD-OF/8000\r\na=rtpmap:18 G729/8000"
        ),
        LOCAL,
    )
    assert plan.codec == "PCMA"
    assert parse(body).media[0].formats == ("8",)


@pytest.mark.rfc("3264 §6.1")
@pytest.mark.parametrize("ptime", range(10, 61, 10))
def test_each_packet_time_from_10_to_60_ms_is_kept_to(ptime: int) -> None:
    _, plan = answer(description(f"{AUDIO}\r\na=ptime:{ptime}"), LOCAL)
    assert plan.ptime_ms == ptime


@pytest.mark.rfc("8866 §6.4", "3264 §6.1")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("a=maxptime:30", 20),
        ("a=maxptime:10", 10),
        ("a=ptime:60\r\na=maxptime:40", 40),
        ("a=ptime:200", 60),
        ("a=ptime:35", 30),
        ("a=ptime:0", 20),
        ("a=ptime:abc", 20),
    ],
)
def test_a_packet_time_out_of_reach_is_met_as_well_as_can_be(lines: str, expected: int) -> None:
    _, plan = answer(description(f"{AUDIO}\r\n{lines}"), LOCAL)
    assert plan.ptime_ms == expected


@pytest.mark.rfc("3264 §6", "3261 §20.43")
@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((VIDEO,), 304),
        (("m=audio 4000 RTP/AVP 18",), 305),
        (("m=audio 4000 UDP/TLS/RTP/SAVP 0",), 302),
        (("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::9",), 301),
        ((VIDEO, "m=audio 4000 RTP/AVP 18"), 305),
    ],
)
def test_why_an_offer_cannot_be_met_is_told_by_a_code(lines: tuple[str, ...], code: int) -> None:
    with pytest.raises(SdpError) as caught:
        answer(description(*lines), LOCAL)
    assert (caught.value.status, caught.value.warning) == (488, code)


SIX = LocalMedia("2001:db8::10", 20_000, 20_001, 7, 1)


@pytest.mark.rfc("5118 §4.6")
def test_a_caller_on_ipv6_is_answered_on_ipv6() -> None:
    offered = description("m=audio 6000 RTP/AVP 0\r\nc=IN IP6 2001:db8::9:1")
    body, plan = answer(offered, SIX)
    assert plan.remote == ("2001:db8::9:1", 6000)
    assert b"c=IN IP6 2001:db8::10" in body


@pytest.mark.rfc("5118 §4.8")
@pytest.mark.parametrize(
    ("local", "taken", "remote"),
    [(LOCAL, 1, ("192.0.2.9", 6024)), (SIX, 0, ("2001:db8::9:1", 6000))],
)
def test_of_two_lines_of_both_families_the_one_that_can_be_reached_is_taken(
    local: LocalMedia, taken: int, remote: tuple[str, int]
) -> None:
    offered = description(
        "m=audio 6000 RTP/AVP 0\r\nc=IN IP6 2001:db8::9:1",
        "m=audio 6024 RTP/AVP 0\r\nc=IN IP4 192.0.2.9",
    )
    body, plan = answer(offered, local)
    assert plan.remote == remote
    assert [place for place, (_, is_taken) in enumerate(ports(body)) if is_taken] == [taken]


@pytest.mark.rfc("5118 §4.9")
def test_a_mapped_address_is_reached_over_ipv4() -> None:
    offered = description("m=audio 6000 RTP/AVP 0\r\nc=IN IP6 ::ffff:192.0.2.9")
    body, plan = answer(offered, LOCAL)
    assert (plan.remote, plan.remote_rtcp) == (("192.0.2.9", 6000), ("192.0.2.9", 6001))
    assert b"c=IN IP4 192.0.2.1" in body
