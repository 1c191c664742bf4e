"""What we bring to an offer/answer exchange, and what comes out of it."""

from dataclasses import dataclass
from typing import Literal

Codec = Literal["PCMU", "PCMA"]


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
