"""How long the desk's own pages take, for Prometheus; counted by part of the desk, not by page."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from flask import Flask, Response, current_app, g, request
from prometheus_client import Histogram

BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)
_EXTENSION = "page_seconds"


def attach(app: Flask) -> None:
    """Time every request from here on, up to the first byte of its answer."""
    app.extensions[_EXTENSION] = Histogram(
        "ivr_page_seconds",
        "Requests to the staff pages and the API",
        labelnames=["part", "status"],
        buckets=BOUNDS_S,
        registry=None,
    )

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        began = g.get("began")
        if began is not None:
            part = request.blueprint or "other"
            status = f"{response.status_code // 100}xx"
            page_seconds().labels(part, status).observe(perf_counter() - began)
        return response


def page_seconds() -> Histogram:
    """What was counted in this desk."""
    histogram: Histogram = current_app.extensions[_EXTENSION]
    return histogram
