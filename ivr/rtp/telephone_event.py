"""Keys as RTP events (RFC 4733): each press once, whatever the path does to its packets.

     0                   1                   2                   3
    |     event     |E|R| volume    |          duration             |

All packets of one press carry the RTP timestamp of its beginning (§2.5.1.2), so
(SSRC, timestamp) names the press: the first packet seen with a new name is the
press, every other is the same one again, be it an update, one of three ends,
a duplicate or a straggler. No end is needed, none is waited for.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ivr.rtp.errors import RtpError

keys: Final = "0123456789*#ABCD"
payload_bytes: Final = 4
max_duration: Final = 0xFFFF
_end_repeats: Final = 3  # §2.5.1.4
_volume: Final = 10  # -10 dBm0, what telephones commonly send
_remembered_presses: Final = 16
_payload = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One event payload; `volume` is in -dBm0, `duration` in timestamp units."""

    event: int
    end: bool
    volume: int
    duration: int

    @property
    def key(self) -> str | None:
        """The key, or None for events that are no keys (flash, tones)."""
        return keys[self.event] if self.event < len(keys) else None


def parse(payload: bytes) -> TelephoneEvent:
    """Read the first event of a payload; RtpError where it is too short."""
    if len(payload) < payload_bytes:
        raise RtpError(f"telephone-event needs {payload_bytes} bytes, got {len(payload)}")
    event, flags, duration = _payload.unpack_from(payload)
    return TelephoneEvent(event, bool(flags & 0x80), flags & 0x3F, duration)


def serialize(event: TelephoneEvent) -> bytes:
    """Write one event payload."""
    return _payload.pack(event.event, event.end << 7 | event.volume & 0x3F, event.duration)


class KeyReceiver:
    """Turns event packets of a stream into presses."""

    __slots__ = ("_last", "_recent")

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int]] = deque(maxlen=_remembered_presses)
        self._last: tuple[int, int, int, TelephoneEvent] | None = None

    def receive(
        self, ssrc: int, sequence: int, timestamp: int, marker: bool, payload: bytes
    ) -> str | None:
        """The key, where this packet is the first of a press; RtpError for a broken payload."""
        event = parse(payload)
        press = (ssrc, timestamp)
        known = press in self._recent
        continues = not known and not marker and self._continues(ssrc, sequence, timestamp, event)
        if not known:
            self._recent.append(press)
        self._last = (ssrc, sequence, timestamp, event)
        return None if known or continues else event.key

    def _continues(self, ssrc: int, sequence: int, timestamp: int, event: TelephoneEvent) -> bool:
        """True for a new timestamp that belongs to the press before it all the same."""
        if self._last is None:
            return False
        last_ssrc, last_sequence, last_timestamp, last = self._last
        if ssrc != last_ssrc or event.event != last.event:
            return False
        # §2.5.1.3: a press longer than the duration field goes on in a new segment.
        if timestamp - last_timestamp & 0xFFFFFFFF == max_duration:
            return True
        # Some gateways let the timestamp run on within a press. The next packet
        # in sequence with a longer duration cannot be the beginning of another.
        follows = sequence == last_sequence + 1 & 0xFFFF
        return follows and not last.end and event.duration > last.duration


def press(key: str, duration_ms: int = 100, ptime_ms: int = 20) -> Iterator[tuple[bool, bytes]]:
    """The packets of one press, one per packet time: (marker, payload), three ends last.

    All carry the timestamp of the first (§2.5.1.2). ValueError for no key.
    """
    event = keys.index(key)
    step = ptime_ms * 8
    total = min(max(duration_ms * 8, step), max_duration)
    for elapsed in range(step, total, step):
        yield elapsed == step, serialize(TelephoneEvent(event, False, _volume, elapsed))
    for repeat in range(_end_repeats):
        first = repeat == 0 and total <= step
        yield first, serialize(TelephoneEvent(event, True, _volume, total))
