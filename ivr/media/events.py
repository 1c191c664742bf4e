"""What a leg tells its listener, inside a tick."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DigitSource = Literal["rfc4733", "info", "inband"]
RecordingCause = Literal["stopped", "silence", "limit", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """One key, once, however it came: 0-9, *, #, A-D."""

    key: str
    source: DigitSource


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """The last packet of what was played under `token` has gone and had its time."""

    token: object


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The file at `path` is complete and on the disk; `seconds` of sound are in it."""

    path: Path
    seconds: float
    cause: RecordingCause


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """Neither RTP nor RTCP has come for so many seconds, and none of it was for a hold."""

    seconds: float


MediaEvent = DigitPressed | PlaybackFinished | RecordingEnded | MediaSilent
