"""A desk for every test, over a database of its own; and a browser to look at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.admin_web.browsing import CHROMIUM, QUIET, watched
from tests.admin_web.builders import DeskUnderTest, make_desk


@pytest.fixture
def desk(tmp_path: Path) -> DeskUnderTest:
    return make_desk(tmp_path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A chromium for a module's tests."""
    playwright_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
    )
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def address(desk: DeskUnderTest) -> Iterator[str]:
    """Where the desk is served."""
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page that fails the test on any error in its script or against its policy."""
    context = browser.new_context(base_url=address, viewport={"width": 1200, "height": 800})
    page = context.new_page()
    faults = watched(page)
    yield page
    context.close()
    assert faults == []
