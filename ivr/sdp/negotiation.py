"""Offer and answer for one audio stream (RFC 3264 §5-§8).

An answer has the offer's m= lines in the offer's order: the first usable audio
is taken, every other line is refused with port 0. Within it, the offer's first
codec that we speak is chosen, alone, so that no side has to expect both; its
payload type and that of telephone-event are the offer's own (§6.1). rtcp-mux,
ICE and groups are declined by not being repeated.
"""

from dataclasses import replace
from ipaddress import ip_address

from ivr.sdp.audio import Audio, Direction, read_audio
from ivr.sdp.description import (
    Attribute,
    Connection,
    Media,
    Origin,
    SessionDescription,
    parse,
    serialize,
)
from ivr.sdp.errors import SdpError
from ivr.sdp.plan import Codec, LocalMedia, MediaPlan

_static_types: dict[Codec, int] = {"PCMU": 0, "PCMA": 8}


def answer(
    offer: bytes, local: LocalMedia, previous: bytes | None = None
) -> tuple[bytes, MediaPlan]:
    """Answer an offer; `previous` is our last description in the dialog, for the o= version (§8).

    SdpError 400 for what is no description, 488 for what has no audio of ours.
    """
    offered = parse(offer)
    index, audio, payload_type, codec = _choose(offered, local)
    theirs = audio.direction
    ours = Direction((theirs.receives, theirs.sends))
    media = tuple(
        _our_media(
            local,
            ((payload_type, codec),),
            audio.telephone_event,
            audio.events,
            audio.comfort_noise,
            ours,
            protocol=section.protocol,
        )
        if number == index
        else replace(section, port=0, connection=None, bandwidths=(), attributes=())
        for number, section in enumerate(offered.media)
    )
    description = replace(_our_session(local, media), timing=offered.timing)
    body = _versioned(description, previous)
    return body, _plan(audio, payload_type, codec, send=ours.sends, receive=ours.receives)


def offer(local: LocalMedia, previous: bytes | None = None) -> bytes:
    """Offer our codecs in our order, telephone-event 0-16, both directions."""
    codecs = tuple((_static_types[codec], codec) for codec in local.codecs)
    media = _our_media(local, codecs, local.telephone_event, "0-16", None, Direction.sendrecv)
    return _versioned(_our_session(local, (media,)), previous)


def accept(offer: bytes, answer: bytes) -> MediaPlan:
    """Read the peer's answer to our offer; SdpError 488 where it took no audio of it."""
    ours, theirs = parse(offer), parse(answer)
    if len(ours.media) != len(theirs.media):
        raise SdpError(488, "answer", "has another number of m= lines than the offer")
    for index in range(len(ours.media)):
        if ours.media[index].kind == "audio" and theirs.media[index].port:
            break
    else:
        raise SdpError(488, "answer", "refuses the audio")
    offered, audio = read_audio(ours, index), read_audio(theirs, index)
    known = {codec for _, codec in offered.codecs}
    chosen = next(((pt, codec) for pt, codec in audio.codecs if codec in known), None)
    if chosen is None:
        raise SdpError(488, "answer", "takes none of the codecs offered")
    both = Direction(
        (
            offered.direction.sends and audio.direction.receives,
            offered.direction.receives and audio.direction.sends,
        )
    )
    plan = _plan(audio, *chosen, send=both.sends, receive=both.receives)
    if offered.telephone_event is None:
        plan = replace(plan, telephone_event=None)
    return plan


def _choose(offered: SessionDescription, local: LocalMedia) -> tuple[int, Audio, int, Codec]:
    """The first audio section we can serve; else the reason of the first that we cannot."""
    if not offered.media:
        raise SdpError(488, "offer", "has no m= line")
    family = _family(local.address)
    refusal: SdpError | None = None
    for index in range(len(offered.media)):
        try:
            audio = read_audio(offered, index)
        except SdpError as error:
            if error.status == 400:
                raise
            # What is said of the audio is worth more to the caller than "is video".
            if refusal is None or offered.media[index].kind.lower() == "audio":
                refusal = error
            continue
        if audio.connection.family != family and not audio.connection.is_unspecified:
            refusal = SdpError(488, f"m= section {index + 1}", f"is not reachable over {family}")
            continue
        for payload_type, codec in audio.codecs:
            if codec in local.codecs:
                return index, audio, payload_type, codec
        refusal = SdpError(488, f"m= section {index + 1}", "offers no codec of ours")
    raise refusal or SdpError(488, "offer", "has no usable audio")


def _plan(audio: Audio, payload_type: int, codec: Codec, *, send: bool, receive: bool) -> MediaPlan:
    return MediaPlan(
        remote=(audio.connection.address, audio.port),
        remote_rtcp=audio.rtcp,
        codec=codec,
        payload_type=payload_type,
        telephone_event=audio.telephone_event,
        comfort_noise=audio.comfort_noise,
        ptime_ms=audio.ptime_ms,
        send=send,
        receive=receive,
    )


def _family(address: str) -> str:
    return f"IP{ip_address(address).version}"


def _our_session(local: LocalMedia, media: tuple[Media, ...]) -> SessionDescription:
    family = _family(local.address)
    origin = Origin("-", str(local.session_id), local.version, family, local.address)
    return SessionDescription(origin, "-", Connection(family, local.address), media=media)


def _our_media(
    local: LocalMedia,
    codecs: tuple[tuple[int, Codec], ...],
    telephone_event: int | None,
    events: str,
    comfort_noise: int | None,
    direction: Direction,
    *,
    protocol: str = "RTP/AVP",
) -> Media:
    attributes = [Attribute("rtpmap", f"{pt} {codec}/8000") for pt, codec in codecs]
    formats = [str(pt) for pt, _ in codecs]
    if telephone_event is not None:
        formats.append(str(telephone_event))
        taken = "0-16" if events.endswith("16") else "0-15"
        attributes.append(Attribute("rtpmap", f"{telephone_event} telephone-event/8000"))
        attributes.append(Attribute("fmtp", f"{telephone_event} {taken}"))
    if comfort_noise is not None:
        formats.append(str(comfort_noise))
        attributes.append(Attribute("rtpmap", f"{comfort_noise} CN/8000"))
    attributes.append(Attribute("ptime", str(local.ptime_ms)))
    if local.rtcp_port != local.port + 1:
        attributes.append(Attribute("rtcp", str(local.rtcp_port)))
    attributes.append(Attribute(direction.name))
    return Media("audio", local.port, protocol, tuple(formats), attributes=tuple(attributes))


def _versioned(description: SessionDescription, previous: bytes | None) -> bytes:
    """Give the o= version RFC 3264 §8 wants: the previous one, plus one where anything changed."""
    if previous is None:
        return serialize(description)
    last = parse(previous).origin
    same = replace(description.origin, session_id=last.session_id, version=last.version)
    unchanged = serialize(replace(description, origin=same))
    if unchanged == previous:
        return unchanged
    return serialize(replace(description, origin=replace(same, version=last.version + 1)))
