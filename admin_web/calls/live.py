"""Calls in progress: the page, the piece of it that is asked for, and the stream that pushes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from admin_web.calls.blueprint import blueprint
from admin_web.calls.live_hub import LiveHub, Sight, change
from admin_web.desk import Desk, desk
from admin_web.health.state import line_state
from admin_web.places import places
from admin_web.streams import EventStream, admit
from ivr.services import live_calls
from ivr.services.live_calls import Live, LiveCall

ALIVE_S = 5.0
"""Told so often that all is as it was: a page that hears nothing knows that it is cut off."""
_HUB = "calls.live_hub"


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """The calls in progress, and where each of them stands."""
    return render_template("calls/live.html", **_now())


@blueprint.get("/live/now")
def live_now() -> ResponseReturnValue:
    """The same as a piece of a page, for a script whose stream is refused or lost."""
    return render_template("calls/live_now.html", **_now())


def _now() -> dict[str, object]:
    found, answering = _look(desk())
    return _shown(found.calls, found.total, found.by_place, answering=answering)


def _shown(
    calls: Sequence[LiveCall],
    total: int,
    by_place: Sequence[tuple[tuple[str, str], int]],
    *,
    answering: bool,
) -> dict[str, object]:
    with desk().database.read() as session:
        known = places(session) if calls or by_place else None
    return {
        "calls": calls,
        "total": total,
        "by_place": by_place,
        "places": known,
        "now": desk().now(),
        "answering": answering,
    }


def _look(here: Desk) -> tuple[Live, bool]:
    now = here.now()
    with here.database.read() as session:
        return live_calls.in_progress(session, now), line_state(session, now).answering


@blueprint.get("/live/events")
def live_events() -> ResponseReturnValue:
    """The same, pushed: what changes, when it changes."""
    here = desk()
    hub = current_app.extensions.setdefault(_HUB, LiveHub(lambda: _look(here)))
    return admit(hub=hub)


async def push(stream: EventStream) -> None:
    """Tell one page what changes; the first event says all there is.

    Each event carries the number of what it shows and of what the page was shown before: a page
    that finds a gap opens its stream anew.
    """
    hub: LiveHub = stream.about["hub"]
    hub.enter(stream.in_thread)
    try:
        before: Sight | None = None
        number = 0
        while True:
            seen = await hub.after(number, ALIVE_S)
            if seen is None:
                await stream.send("alive", {})
                continue
            number = seen.number
            if seen.calls is None:
                await stream.send("away", {})
            else:
                told = await stream.in_page(_told, before, seen)
                await stream.write(f"id: {number}\n")
                await stream.send("calls", told)
                before = seen
    finally:
        hub.leave()


def _told(before: Sight | None, seen: Sight) -> dict[str, Any]:
    """Return an event's data: pieces of the page, in its language, with numbers as it may see."""
    what = change(before, seen)
    shown = _shown(seen.calls or (), seen.total, seen.by_place, answering=seen.answering)
    shown |= {"calls": what.rows, "pushed": True}
    return {
        "after": before.number if before else None,
        "rows": {
            call.id: render_template("calls/live_row.html", call=call, **shown)
            for call in what.rows
        },
        "order": what.order,
        "head": render_template("calls/live_head.html", **shown)
        if what.head or before is None
        else None,
    }
