"""The table of streams: endpoint of its view, and what serves it."""

from __future__ import annotations

from collections.abc import Mapping

from admin_web.calls.live import push
from admin_web.streams.stream import Route
from admin_web.telephone.conversation import converse

STREAMS: Mapping[str, Route] = {
    "calls.live_events": Route(push, websocket=False),
    # How many in all is a setting: IVR_BROWSER_CALLS.
    "telephone.line": Route(converse, websocket=True, each=2),
}
