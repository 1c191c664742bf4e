"""Sound for all calls: playout, keypad, recording, bridging, on one 20 ms clock."""

from ivr.media.door import Leg, Tap
from ivr.media.engine import MediaEngine
from ivr.media.events import (
    DigitPressed,
    MediaEvent,
    MediaSilent,
    PlaybackFinished,
    RecordingEnded,
)
from ivr.media.plan import LegPlan
from ivr.media.ports import MediaError, PortsExhausted
from ivr.media.recording_writer import RecordingWriter
from ivr.media.statistics import LegStatistics
from ivr.media.tones import beep, silence, tone
from ivr.media.wav import repair_wav

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
    "RecordingWriter",
    "Tap",
    "beep",
    "repair_wav",
    "silence",
    "tone",
]
