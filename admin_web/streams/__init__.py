"""Answers that stay open: server-sent events and WebSockets, behind the same doors as pages.

A room that wants one writes three things:

- an ordinary view, with its row in ``admin_web.roles.WHO_MAY``, that looks at what is asked for,
  audits it and returns ``admit(...)``, with whatever the stream must know;
- a coroutine that is handed the open ``EventStream`` or ``Socket`` and serves it. It is cancelled
  when the other side leaves, its session ends or the desk stops: what must be undone goes into
  ``finally``;
- a row in ``admin_web.streams.routes``.
"""

from admin_web.streams.admission import admit
from admin_web.streams.stream import EventStream, Route, Socket

__all__ = ["EventStream", "Route", "Socket", "admit"]
