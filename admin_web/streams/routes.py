"""The table of streams: endpoint of its view, and what serves it."""

from __future__ import annotations

from collections.abc import Mapping

from admin_web.streams.stream import Route

STREAMS: Mapping[str, Route] = {}
