"""What we bring to an offer/answer exchange, and what comes out of it."""

from dataclasses import dataclass, field
from typing import Literal

Codec = Literal["PCMU", "PCMA"]

Encryption = Literal["off", "preferred", "required"]
"""What we want of a peer: `off` asks for nothing, and still answers a peer that encrypts."""


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What both directions of one stream are encrypted with (RFC 4568).

    Each key is a master key and its salt. `mki_bytes` of every packet that comes in name its
    key; `window` is how many packets the peer sends out of order, 0 where it does not say.
    """

    suite: str
    send: bytes = field(repr=False)
    receive: bytes = field(repr=False)
    mki_bytes: int = 0
    window: int = 0


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our side of one audio stream: where we listen and what we speak."""

    address: str
    port: int
    rtcp_port: int
    session_id: int
    version: int
    ptime_ms: int = 20
    codecs: tuple[Codec, ...] = ("PCMU", "PCMA")
    #: Payload type we propose for telephone-event in our own offers (any dynamic number will do).
    telephone_event: int | None = 101
    encryption: Encryption = "off"
    #: `crypto.secret_bytes` random bytes for keys of ours; without them nothing is encrypted.
    secret: bytes = field(default=b"", repr=False)
    #: The keys in use, which are kept for as long as the peer keeps its own.
    keys: SrtpKeys | None = None


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """What both sides agreed, as seen from us."""

    remote: tuple[str, int]
    remote_rtcp: tuple[str, int] | None
    codec: Codec
    payload_type: int
    telephone_event: int | None
    comfort_noise: int | None
    ptime_ms: int
    send: bool
    receive: bool
    srtp: SrtpKeys | None = None
    #: For who follows the plan: packets that may go out before the peer has been heard; None: any.
    blind_packets: int | None = None
