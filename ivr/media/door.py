"""What calls ask of their sound, wherever it is made: in this process or in one of its own.

`ivr.media.leg` makes it here and `ivr.media.remote` has it made elsewhere; callers see no
difference but that a word to the other process takes a fraction of a millisecond.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self

from ivr.media.events import MediaEvent
from ivr.media.plan import Plan
from ivr.media.statistics import LegStatistics


class Tap(Protocol):
    """Both sides of a leg, for somebody who listens in."""

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more: the leg is closed, or has let the tap go."""

    @property
    def confidential(self) -> bool:
        """Whether the caller's side is silent for now."""

    def confide(self, wanted: bool) -> None:
        """Hear nothing of the caller's side, nor of what is still held; or hear it again."""

    def slot(self) -> bytes:
        """The next 20 ms of both sides, µ-law."""


class Leg(Protocol):
    """One end of a call's sound."""

    address: tuple[str, int]
    rtcp_port: int
    listener: Callable[[MediaEvent], None]

    def configure(self, plan: Plan) -> None:
        """Take what signalling agreed, at first and after every re-INVITE."""

    def play(self, audio: Sequence[bytes], token: object = None) -> None:
        """Queue 8 kHz µ-law segments as one clip; PlaybackFinished(token) follows."""

    def louder(self, wanted: bool) -> None:
        """Have all that is played from here on louder, or as it is."""

    def loop(self, audio: bytes) -> None:
        """Play over and over until stop_playing, or until something else is played."""

    def stop_playing(self) -> None:
        """Drop what plays and waits; no PlaybackFinished for it."""

    def record(self, path: Path, *, max_s: float, silence_s: float | None, beep: bool) -> None:
        """Record the caller's side to a WAV file; RecordingEnded follows."""

    def stop_recording(self) -> None:
        """RecordingEnded follows, once the file is complete."""

    def bridge(self, other: Self) -> None:
        """Join the sound of two legs, both ways."""

    def unbridge(self) -> None:
        """Part them again."""

    def press(self, key: str) -> None:
        """Take a key that came by SIP INFO into the same stream as the others."""

    def tap(self) -> Tap:
        """Let somebody listen in, until `untap` or the end of the leg."""

    def untap(self) -> None:
        """Nobody listens any more."""

    def announce(self, tone: bytes) -> None:
        """Lay a tone over what is sent to the caller, while tapped."""

    def close(self, told: Callable[[LegStatistics], None] | None = None) -> None:
        """End it; `told` gets the figures of both ways, at once or as soon as they are there."""


class Engine(Protocol):
    """Who makes legs."""

    @property
    def legs(self) -> int:
        """Legs open now."""

    def open(self, host: str) -> Leg:
        """A leg on a port pair of its own; PortsExhausted."""

    def close(self) -> None:
        """Close every leg, complete every recording and tell of it."""
