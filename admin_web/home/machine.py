"""How the machine under the line does: the pace of sound, what waits to be written, the disk.

The alarms (`ivr.services.alarms`) say what has gone wrong; this says how far it is from that.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _

from admin_web.formatting import whole
from admin_web.health.state import LineState
from admin_web.home.part import Part
from ivr.services.alarms import LATE_MS, LITTLE_MB, MB, WRITES_WAITING

NOTICED_MS = 20.0
"""A tick later than a packet: not heard yet, for telephones hold some packets back."""
GB = 1 << 30


def machine(state: LineState, folder: Path) -> list[Part]:
    """The parts of a line that has told how it does; its disk in any case."""
    told = [_sound(state.detail), _writing(state.detail)] if state.answering else []
    return [part for part in told if part is not None] + _disk(folder)


def _sound(detail: Mapping[str, Any]) -> Part | None:
    late = detail.get("tick_late_ms_p99")
    if not isinstance(late, int | float):
        return None
    if late < NOTICED_MS:
        word, tone = _("In time"), "good"
    else:
        word, tone = (_("Late"), "busy") if late < LATE_MS else (_("Too late"), "bad")
    told = _(
        "99 of 100 packets are at most %(ms)s ms late",
        ms=format_decimal(round(float(late), 1)),
    )
    restarts = detail.get("media_restarts")
    if isinstance(restarts, int) and restarts:
        told += " · " + _("started again %(times)s times", times=whole(restarts))
    return Part(_("Sound"), word, tone, told)


def _writing(detail: Mapping[str, Any]) -> Part | None:
    waiting = detail.get("writes_waiting")
    if not isinstance(waiting, int):
        return None
    good = waiting <= WRITES_WAITING
    word = _("Keeping up") if good else _("Behind")
    told = _("%(count)s records wait to be written", count=whole(waiting))
    return Part(_("Database"), word, "good" if good else "bad", told)


def _disk(folder: Path) -> list[Part]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return []  # the alarm says that it is gone
    little = usage.free < LITTLE_MB * MB
    word, tone = (_("Nearly full"), "bad") if little else (_("Enough room"), "good")
    free = format_decimal(round(usage.free / GB, 1))
    return [Part(_("Disk"), word, tone, _("%(free)s GB free", free=free))]
