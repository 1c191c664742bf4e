"""Offer and answer for one audio stream (RFC 3264 §5-§8).

An answer has the offer's m= lines in the offer's order: the first usable audio
is taken, every other line is refused with port 0. Within it, the offer's first
codec that we speak is chosen, alone, so that no side has to expect both; its
payload type and that of telephone-event are the offer's own (§6.1). rtcp-mux,
ICE and groups are declined by not being repeated.

Encryption (RFC 4568): RTP/SAVP is answered whenever it can be, whatever we want ourselves. RTP/AVP
with a=crypto is an offer to encrypt if both want to, which PJSIP, Asterisk and others make; it
is taken up where we prefer encryption, and is how we offer it ourselves where a plain answer
would do. Of several usable lines the encrypted one is then taken first. Our key lives as long as
the peer's: a refresh that changes nothing changes no key, and a new key of theirs brings a new
one of ours.
"""

from dataclasses import replace
from ipaddress import IPv6Address, ip_address

from ivr.sdp.audio import Audio, Direction, read_audio
from ivr.sdp.crypto import Crypto, our_cryptos, serialize_crypto
from ivr.sdp.description import (
    Attribute,
    Connection,
    Media,
    Origin,
    SessionDescription,
    parse,
    serialize,
)
from ivr.sdp.errors import SdpError, Warn
from ivr.sdp.plan import Codec, LocalMedia, MediaPlan, SrtpKeys

_static_types: dict[Codec, int] = {"PCMU": 0, "PCMA": 8}


def answer(
    offer: bytes, local: LocalMedia, previous: bytes | None = None
) -> tuple[bytes, MediaPlan]:
    """Answer an offer; `previous` is our last description in the dialog, for the o= version (§8).

    SdpError 400 for what is no description, 488 for what has no audio of ours.
    """
    offered = parse(offer)
    index, audio, payload_type, codec, crypto = _choose(offered, local)
    keys = None if crypto is None else _answering_keys(crypto, local)
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
            cryptos=_line(crypto, keys),
        )
        if number == index
        else replace(section, port=0, connection=None, bandwidths=(), attributes=())
        for number, section in enumerate(offered.media)
    )
    description = replace(_our_session(local, media), timing=offered.timing)
    body = _versioned(description, previous)
    plan = _plan(audio, payload_type, codec, send=ours.sends, receive=ours.receives)
    return body, replace(plan, srtp=keys)


def offer(local: LocalMedia, previous: bytes | None = None) -> bytes:
    """Offer our codecs in our order, telephone-event 0-16, both directions.

    RTP/SAVP where encryption is required or in use; RTP/AVP with keys where it is preferred. In the
    middle of a call every m= line there was keeps its place (§8), and telephone-event the number
    it was agreed under (§8.3.2).
    """
    before = () if previous is None else parse(previous).media
    place = next((number for number, section in enumerate(before) if section.port), None)
    event = local.telephone_event
    if previous is not None and place is not None:
        event = read_audio(parse(previous), place).telephone_event or event
    codecs = tuple((_static_types[codec], codec) for codec in local.codecs)
    cryptos = _offered_keys(local)
    secure = cryptos and (local.encryption == "required" or local.keys is not None)
    media = _our_media(
        local,
        codecs,
        event,
        "0-16",
        None,
        Direction.sendrecv,
        protocol="RTP/SAVP" if secure else "RTP/AVP",
        cryptos=cryptos,
    )
    lines = (*before[:place], media, *before[place + 1 :]) if place is not None else (media,)
    return _versioned(_our_session(local, lines), previous)


def accept(offer: bytes, answer: bytes) -> MediaPlan:
    """Read the peer's answer to our offer; SdpError 488 where it took no audio of it."""
    ours, theirs = parse(offer), parse(answer)
    if len(ours.media) != len(theirs.media):
        raise SdpError(488, "answer", "has another number of m= lines than the offer")
    for index in range(len(ours.media)):
        if ours.media[index].port and theirs.media[index].port:
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
    plan = replace(plan, srtp=_agreed_keys(offered, audio))
    if offered.telephone_event is None:
        plan = replace(plan, telephone_event=None)
    return plan


_Choice = tuple[int, Audio, int, Codec, Crypto | None]


def _choose(offered: SessionDescription, local: LocalMedia) -> _Choice:
    """The audio section we serve; else the reason of the first that we cannot."""
    if not offered.media:
        raise SdpError(488, "offer", "has no m= line")
    plain: _Choice | None = None
    refusal: SdpError | None = None
    for index in range(len(offered.media)):
        try:
            choice = _usable(offered, index, local)
        except SdpError as error:
            if error.status == 400:
                raise
            # What is said of the audio is worth more to the caller than "is video".
            if refusal is None or offered.media[index].kind.lower() == "audio":
                refusal = error
            continue
        if choice[-1] is not None or local.encryption == "off":
            return choice
        plain = plain or choice
    if plain is None:
        raise refusal or SdpError(488, "offer", "has no usable audio")
    return plain


def _usable(offered: SessionDescription, index: int, local: LocalMedia) -> _Choice:
    """One section as we would answer it; SdpError 488 where we cannot."""
    audio = read_audio(offered, index)
    place = f"m= section {index + 1}"
    family = _family(local.address)
    if family == "IP4":
        audio = _as_ipv4(audio)
    if audio.connection.family != family and not audio.connection.is_unspecified:
        raise SdpError(488, place, f"is not reachable over {family}", Warn.ADDRESS_FORMAT)
    if audio.rtcp is not None and _is_of_other_family(audio.rtcp[0], family):
        audio = replace(audio, rtcp=None)  # no reports then; the sound is what counts
    crypto = audio.cryptos[0] if audio.cryptos and local.secret else None
    if audio.secure and crypto is None:
        raise SdpError(488, place, "is encrypted without an a=crypto of ours", Warn.TRANSPORT)
    if not audio.secure and local.encryption == "off":
        crypto = None
    if crypto is None and local.encryption == "required":
        raise SdpError(488, place, "is not encrypted; RTP/SAVP is needed", Warn.TRANSPORT)
    for payload_type, codec in audio.codecs:
        if codec in local.codecs:
            return index, audio, payload_type, codec, crypto
    raise SdpError(488, place, "offers no codec of ours", Warn.MEDIA_FORMAT)


def _as_ipv4(audio: Audio) -> Audio:
    """An IPv4 address mapped into IPv6 is reached over IPv4 (RFC 5118 §4.9)."""
    plain = _unmapped(audio.connection.address)
    if plain is None:
        return audio
    rtcp = audio.rtcp
    if rtcp is not None:
        rtcp = (_unmapped(rtcp[0]) or rtcp[0], rtcp[1])
    return replace(audio, connection=Connection("IP4", plain), rtcp=rtcp)


def _unmapped(address: str) -> str | None:
    """The IPv4 address that an IPv6 one maps; None for any other."""
    mapped = IPv6Address(address).ipv4_mapped if ":" in address else None
    return None if mapped is None else str(mapped)


def _answering_keys(crypto: Crypto, local: LocalMedia) -> SrtpKeys:
    """Our key beside the peer's: the one in use, as long as the peer has not changed its own."""
    held = local.keys
    if held is not None and (held.suite, held.receive) == (crypto.suite, crypto.key):
        ours = held.send
    else:
        ours = next(one.key for one in our_cryptos(local.secret) if one.suite == crypto.suite)
    return SrtpKeys(crypto.suite, ours, crypto.key, crypto.mki_bytes, crypto.window)


def _line(crypto: Crypto | None, keys: SrtpKeys | None) -> tuple[Crypto, ...]:
    """The a=crypto of an answer: the tag and suite of the offer, our key (RFC 4568 §5.1.2)."""
    if crypto is None or keys is None:
        return ()
    return (Crypto(crypto.tag, crypto.suite, keys.send),)


def _offered_keys(local: LocalMedia) -> tuple[Crypto, ...]:
    if local.keys is not None:
        return (Crypto(1, local.keys.suite, local.keys.send),)
    if local.encryption == "off" or not local.secret:
        return ()
    return our_cryptos(local.secret)


def _agreed_keys(offered: Audio, audio: Audio) -> SrtpKeys | None:
    """What an answer makes of the keys we offered (RFC 4568 §5.1.3); SdpError 488."""
    ours = {(crypto.tag, crypto.suite): crypto for crypto in offered.cryptos}
    for crypto in audio.cryptos:
        mine = ours.get((crypto.tag, crypto.suite))
        if mine is not None:
            return SrtpKeys(crypto.suite, mine.key, crypto.key, crypto.mki_bytes, crypto.window)
    if offered.secure or audio.secure:
        raise SdpError(488, "answer", "takes none of the keys offered (a=crypto)", Warn.TRANSPORT)
    return None


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


def _is_of_other_family(address: str, family: str) -> bool:
    try:
        return _family(address) != family
    except ValueError:
        return False  # a name, which is looked up nowhere


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
    cryptos: tuple[Crypto, ...] = (),
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
    attributes += [Attribute("crypto", serialize_crypto(crypto)) for crypto in cryptos]
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
