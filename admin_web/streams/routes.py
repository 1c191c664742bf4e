"""The table of streams: endpoint of its view, and what serves it."""

from __future__ import annotations

from collections.abc import Mapping

from admin_web.calls.listening import hand_on
from admin_web.calls.live import push
from admin_web.streams.stream import Route
from admin_web.telephone.conversation import converse

STREAMS: Mapping[str, Route] = {
    "calls.live_events": Route(push, websocket=False),
    "calls.listen_sound": Route(hand_on, websocket=True, each=2, at_once=8),
    # How many in all is a setting: IVR_BROWSER_CALLS.
    "telephone.line": Route(converse, websocket=True, each=2),
}
