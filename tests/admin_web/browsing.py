"""The desk in Debian's chromium: what all browser tests share."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.admin_web.builders import PASSWORD

CHROMIUM = shutil.which("chromium")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="apt-get install chromium to run these"
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def sign_in(page: Any, username: str, wanted: str = "/") -> None:
    """Sign in as somebody, on the way to `wanted`."""
    page.goto(wanted)
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"**{wanted}")


def watched(page: Any) -> list[str]:
    """The errors of a page's script and against its policy, as they come."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security" in said.text else None,
    )
    return faults
