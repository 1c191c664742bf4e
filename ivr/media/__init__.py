"""Sound for all calls: playout, keypad, recording, bridging, on one 20 ms clock."""

from ivr.media.engine import MediaEngine
from ivr.media.events import (
    DigitPressed,
    MediaEvent,
    MediaSilent,
    PlaybackFinished,
    RecordingEnded,
)
from ivr.media.leg import Leg
from ivr.media.plan import LegPlan
from ivr.media.ports import MediaError, PortsExhausted
from ivr.media.statistics import LegStatistics

__all__ = [
    "DigitPressed",
    "Leg",
    "LegPlan",
    "LegStatistics",
    "MediaEngine",
    "MediaError",
    "MediaEvent",
    "MediaSilent",
    "PlaybackFinished",
    "PortsExhausted",
    "RecordingEnded",
]
