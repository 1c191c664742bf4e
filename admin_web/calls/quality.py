"""How a call sounded, in words: what a clerk can tell a citizen who complains of the line.

Limits after ITU-T G.107 and G.1028 for G.711 with plain packet-loss concealment: up to 1 %
of packets lost and 20 ms of jitter nobody notices; from 5 % or 60 ms on words are lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _

from ivr.records.tables import Call

NOTICED_LOSS, BAD_LOSS = 0.01, 0.05
NOTICED_JITTER_MS, BAD_JITTER_MS = 20.0, 60.0
NOTICED_TRIP_MS, BAD_TRIP_MS = 300.0, 600.0


@dataclass(frozen=True, slots=True)
class Said:
    """One thing about a call's sound: its name, a word with its tone, the figures behind it."""

    name: str
    word: str
    tone: str
    figures: str


def described(call: Call) -> list[Said]:
    """What is known of a call's sound; empty where no figures were kept."""
    found = []
    if call.answered_at is not None:
        wait = max(0.0, (call.answered_at - call.started_at).total_seconds())
        seconds = _("%(number)s s", number=format_decimal(round(wait, 1)))
        in_time = wait <= 15
        word = _("in time") if in_time else _("late")
        found.append(Said(_("Answer"), word, "good" if in_time else "bad", seconds))
    if call.packets_received is None:
        return found
    found.append(
        _way(
            _("What the line heard"),
            call.packets_lost or 0,
            call.packets_received,
            call.jitter_ms,
        )
    )
    if call.remote_packets_lost is None:
        figures = _("%(number)s packets sent", number=format_decimal(call.packets_sent or 0))
        unknown = _("the caller's side reported nothing")
        found.append(Said(_("What the caller heard"), unknown, "quiet", figures))
    else:
        received = max(0, (call.packets_sent or 0) - call.remote_packets_lost)
        found.append(
            _way(
                _("What the caller heard"),
                call.remote_packets_lost,
                received,
                call.remote_jitter_ms,
            )
        )
    if call.round_trip_ms is not None:
        trip = call.round_trip_ms
        level = _level(trip, NOTICED_TRIP_MS, BAD_TRIP_MS)
        word = (_("not noticed"), _("noticed"), _("people talk over each other"))[level]
        figures = _("%(number)s ms there and back", number=f"{trip:.0f}")
        found.append(Said(_("Delay"), word, _TONES[level], figures))
    return found


_TONES = ("good", "busy", "bad")


def _way(name: str, lost: int, received: int, jitter_ms: float | None) -> Said:
    expected = lost + received
    loss = lost / expected if expected > 0 else 0.0
    jitter = jitter_ms or 0.0
    level = max(
        _level(loss, NOTICED_LOSS, BAD_LOSS), _level(jitter, NOTICED_JITTER_MS, BAD_JITTER_MS)
    )
    word = (_("clear"), _("crackling at times"), _("words were lost"))[level]
    if not received:
        level, word = 2, _("no sound arrived")
    figures = _(
        "%(share)s of %(number)s packets lost, jitter %(jitter)s ms",
        share=format_percent(loss, "0.##%"),
        number=format_decimal(expected),
        jitter=format_decimal(round(jitter, 1)),
    )
    return Said(name, word, _TONES[level], figures)


def _level(value: float, noticed: float, bad: float) -> int:
    return 2 if value >= bad else 1 if value >= noticed else 0
