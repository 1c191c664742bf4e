"""Offer and answer as telephones, trunks and PBXes make them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sdp import LocalMedia, MediaPlan, SdpError, accept, answer, offer
from ivr.sdp.description import parse

ours = LocalMedia(address="192.0.2.9", port=20_000, rtcp_port=20_001, session_id=77, version=1)


def their_offer(*media: str, session: str = "c=IN IP4 198.51.100.5\r\nt=0 0\r\n") -> bytes:
    head = "v=0\r\no=- 5 5 IN IP4 198.51.100.5\r\ns=-\r\n"
    return (head + session + "".join(line + "\r\n" for line in media)).encode()


def answered(*media: str, **given: str) -> tuple[list[str], MediaPlan]:
    body, plan = answer(their_offer(*media, **given), ours)
    return body.decode().split("\r\n"), plan


@pytest.mark.rfc("3264 §6.1")
def test_the_first_codec_of_the_offer_that_we_speak_is_answered_alone():
    lines, plan = answered("m=audio 4000 RTP/AVP 18 8 0")
    assert "m=audio 20000 RTP/AVP 8" in lines
    assert (plan.codec, plan.payload_type) == ("PCMA", 8)
    assert plan.remote == ("198.51.100.5", 4000)
    assert plan.remote_rtcp == ("198.51.100.5", 4001)
    assert (plan.send, plan.receive, plan.ptime_ms) == (True, True, 20)
    assert (plan.telephone_event, plan.comfort_noise) == (None, None)


@pytest.mark.rfc("3264 §6.1")
def test_a_codec_under_a_dynamic_payload_type_keeps_the_number_of_the_offer():
    lines, plan = answered("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 pcma/8000/1")
    assert "m=audio 20000 RTP/AVP 97" in lines
    assert "a=rtpmap:97 PCMA/8000" in lines
    assert (plan.codec, plan.payload_type) == ("PCMA", 97)


@pytest.mark.rfc("3551 §6")
def test_a_static_number_mapped_to_another_codec_is_not_taken_for_ours():
    with pytest.raises(SdpError) as caught:
        answered("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/16000")
    assert caught.value.status == 488


@pytest.mark.rfc("4733 §2.4.1")
@pytest.mark.parametrize(("theirs", "ours_"), [("0-15", "0-15"), ("0-16", "0-16"), (None, "0-15")])
def test_telephone_event_keeps_its_number_and_range(theirs: str | None, ours_: str):
    fmtp = [f"a=fmtp:96 {theirs}"] if theirs else []
    lines, plan = answered("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000", *fmtp)
    assert plan.telephone_event == 96
    assert f"a=fmtp:96 {ours_}" in lines


def test_telephone_event_at_another_clock_is_not_ours():
    _, plan = answered("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/16000")
    assert plan.telephone_event is None


@pytest.mark.rfc("3389 §4")
def test_comfort_noise_is_agreed_where_offered():
    lines, plan = answered("m=audio 4000 RTP/AVP 0 13")
    assert plan.comfort_noise == 13
    assert "m=audio 20000 RTP/AVP 0 13" in lines


@pytest.mark.rfc("3264 §6")
def test_other_media_are_refused_in_their_place_with_port_0():
    body, plan = answer(
        their_offer(
            "m=video 5000 RTP/AVP 96 97",
            "a=rtpmap:96 H264/90000",
            "m=audio 6000 RTP/SAVP 0",
            "m=audio 4000 RTP/AVP 0",
            "m=audio 7000 RTP/AVP 0",
            "m=image 8000 udptl t38",
        ),
        ours,
    )
    media = parse(body).media
    assert [(m.kind, m.port, m.protocol, m.formats) for m in media] == [
        ("video", 0, "RTP/AVP", ("96", "97")),
        ("audio", 0, "RTP/SAVP", ("0",)),
        ("audio", 20_000, "RTP/AVP", ("0",)),
        ("audio", 0, "RTP/AVP", ("0",)),
        ("image", 0, "udptl", ("t38",)),
    ]
    assert plan.remote[1] == 4000


@pytest.mark.rfc("8866 §6.4")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], (20, "a=ptime:20")),
        (["a=ptime:30"], (30, "a=ptime:20")),
        (["a=ptime:5"], (10, "a=ptime:20")),
        (["a=ptime:200"], (60, "a=ptime:20")),
        (["a=ptime:60", "a=maxptime:40"], (40, "a=ptime:20")),
        (["a=ptime:20.0"], (20, "a=ptime:20")),
        (["a=ptime:junk"], (20, "a=ptime:20")),
    ],
)
def test_the_packet_time_is_the_peers_wish_within_10_to_60(
    lines: list[str], expected: tuple[int, str]
):
    text, plan = answered("m=audio 4000 RTP/AVP 0", *lines)
    assert plan.ptime_ms == expected[0]
    assert expected[1] in text


@pytest.mark.rfc("3264 §6.1")
@pytest.mark.parametrize(
    ("theirs", "ours_", "send", "receive"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
@pytest.mark.parametrize("level", ["media", "session"])
def test_the_direction_is_mirrored(theirs: str, ours_: str, send: bool, receive: bool, level: str):
    if level == "media":
        lines, plan = answered("m=audio 4000 RTP/AVP 0", f"a={theirs}")
    else:
        session = f"c=IN IP4 198.51.100.5\r\nt=0 0\r\na={theirs}\r\n"
        lines, plan = answered("m=audio 4000 RTP/AVP 0", session=session)
    assert f"a={ours_}" in lines
    assert (plan.send, plan.receive) == (send, receive)


@pytest.mark.rfc("8866 §6.7")
def test_a_direction_on_the_media_wins_over_the_session():
    session = "c=IN IP4 198.51.100.5\r\nt=0 0\r\na=inactive\r\n"
    _, plan = answered("m=audio 4000 RTP/AVP 0", "a=sendrecv", session=session)
    assert plan.send


@pytest.mark.rfc("3264 §8.4")
@pytest.mark.parametrize("hold", ["c=IN IP4 0.0.0.0", "c=IN IP6 ::"])
def test_an_unspecified_address_is_an_old_hold(hold: str):
    lines, plan = answered("m=audio 4000 RTP/AVP 0", hold)
    assert "a=recvonly" in lines
    assert (plan.send, plan.receive) == (False, True)


@pytest.mark.rfc("3605 §2.1", "3556 §2")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a=rtcp:5003"], ("198.51.100.5", 5003)),
        (["a=rtcp:5003 IN IP4 203.0.113.8"], ("203.0.113.8", 5003)),
        (["b=RS:0", "b=RR:0"], None),
        (["a=rtcp-mux"], ("198.51.100.5", 4001)),
    ],
)
def test_reports_go_where_the_offer_says(lines: list[str], expected: tuple[str, int] | None):
    text, plan = answered("m=audio 4000 RTP/AVP 0", *lines)
    assert plan.remote_rtcp == expected
    assert not any("rtcp-mux" in line for line in text)


def test_our_own_odd_report_port_is_told():
    local = replace(ours, rtcp_port=20_007)
    assert b"a=rtcp:20007\r\n" in answer(their_offer("m=audio 4000 RTP/AVP 0"), local)[0]
    assert b"a=rtcp:" not in answer(their_offer("m=audio 4000 RTP/AVP 0"), ours)[0]


@pytest.mark.rfc("8866 §5.7")
def test_ipv6_is_answered_in_kind():
    local = replace(ours, address="2001:db8::9")
    text = their_offer("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:DB8:0::5")
    body, plan = answer(text, local)
    assert plan.remote == ("2001:db8::5", 4000)
    assert b"c=IN IP6 2001:db8::9\r\n" in body


def test_media_of_the_other_address_family_cannot_be_served():
    with pytest.raises(SdpError) as caught:
        answered("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::5")
    assert caught.value.status == 488
    assert "IP4" in caught.value.message


@pytest.mark.rfc("3264 §6")
@pytest.mark.parametrize(
    "media",
    [
        (),
        ("m=video 5000 RTP/AVP 96",),
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 4000 RTP/SAVP 0",),
        ("m=audio 4000 RTP/AVP 18 9",),
    ],
)
def test_an_offer_without_audio_of_ours_is_488(media: tuple[str, ...]):
    with pytest.raises(SdpError) as caught:
        answered(*media)
    assert caught.value.status == 488


@pytest.mark.rfc("4585 §9")
def test_the_feedback_profile_is_answered_in_kind():
    lines, _ = answered("m=audio 4000 RTP/AVPF 0", "a=rtcp-fb:* nack")
    assert "m=audio 20000 RTP/AVPF 0" in lines
    assert not any("rtcp-fb" in line for line in lines)


@pytest.mark.rfc("3264 §6")
def test_the_answer_repeats_the_times_of_the_offer():
    lines, _ = answered("m=audio 4000 RTP/AVP 0", session="c=IN IP4 198.51.100.5\r\nt=3 9\r\n")
    assert "t=3 9" in lines


@pytest.mark.rfc("3264 §8")
def test_the_version_rises_by_one_when_the_answer_changes_and_only_then():
    first, _ = answer(their_offer("m=audio 4000 RTP/AVP 0"), ours)
    again, _ = answer(their_offer("m=audio 4002 RTP/AVP 0"), ours, first)
    assert again == first
    held, _ = answer(their_offer("m=audio 4000 RTP/AVP 0", "a=sendonly"), ours, first)
    assert (parse(held).origin.session_id, parse(held).origin.version) == ("77", 2)
    back, _ = answer(their_offer("m=audio 4000 RTP/AVP 0"), ours, held)
    assert parse(back).origin.version == 3


def test_our_offer_is_accepted_by_our_own_answer():
    peer = LocalMedia("198.51.100.5", 4000, 4005, 1, 1, ptime_ms=30, codecs=("PCMA",))
    ours_text = offer(ours)
    theirs, their_plan = answer(ours_text, peer)
    plan = accept(ours_text, theirs)
    assert (plan.codec, plan.payload_type, plan.telephone_event) == ("PCMA", 8, 101)
    assert plan.remote == ("198.51.100.5", 4000)
    assert plan.remote_rtcp == ("198.51.100.5", 4005)
    assert plan.ptime_ms == 30
    assert (plan.send, plan.receive) == (True, True)
    assert (their_plan.codec, their_plan.remote) == ("PCMA", ("192.0.2.9", 20_000))


@pytest.mark.rfc("3264 §8.4")
def test_an_answer_that_holds_us_stops_our_sending():
    plan = accept(offer(ours), their_offer("m=audio 4000 RTP/AVP 0", "a=sendonly"))
    assert (plan.send, plan.receive) == (False, True)


@pytest.mark.parametrize(
    "media",
    [
        (),
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 4000 RTP/AVP 18",),
        ("m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0"),
    ],
)
def test_an_answer_that_takes_nothing_of_our_offer_is_an_error(media: tuple[str, ...]):
    with pytest.raises(SdpError) as caught:
        accept(offer(ours), their_offer(*media))
    assert caught.value.status == 488


lines = st.sampled_from(
    [
        "m=audio 4000 RTP/AVP 0 8 101",
        "m=audio 0 RTP/AVP 0",
        "m=video 5000 RTP/AVP 96",
        "c=IN IP4 0.0.0.0",
        "c=IN IP6 ::1",
        "c=IN IP4 phone.example",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:x",
        "a=fmtp:101 0-16",
        "a=ptime:0",
        "a=ptime:60",
        "a=rtcp:70000",
        "a=rtcp:9 IN IP4",
        "a=sendonly",
        "a=inactive",
        "b=RS:0",
    ]
)


@given(st.lists(lines, max_size=12))
def test_any_mixture_of_lines_is_answered_or_refused(mixture: list[str]):
    text = their_offer(*mixture)
    try:
        body, plan = answer(text, ours)
    except SdpError as error:
        assert error.status in (400, 488)  # noqa: PT017 - either outcome is right
        return
    assert len(parse(body).media) == len(parse(text).media)
    assert sum(m.port != 0 for m in parse(body).media) == 1
    assert plan.ptime_ms in range(10, 61, 10)
