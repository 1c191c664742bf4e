"""A desk for every test, over a database of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.admin_web.builders import DeskUnderTest, make_desk


@pytest.fixture
def desk(tmp_path: Path) -> DeskUnderTest:
    return make_desk(tmp_path)
