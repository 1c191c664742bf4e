"""One line for the tests that only call it; each worker of pytest-xdist has its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.jobs import Town

FIRST_RTP_PORT = 21000


@pytest.fixture(scope="session")
def clauses(pytestconfig: pytest.Config) -> Path:
    """Rendered clauses, kept between test runs."""
    return Path(pytestconfig.cache.mkdir("clauses"))


@pytest.fixture(scope="session")
def rtp_low() -> int:
    """The first port of a block of this worker's; further blocks follow."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return FIRST_RTP_PORT + worker * 10 * RTP_BLOCK


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, clauses: Path, rtp_low: int) -> Path:
    """The same clauses, with every foreseeable one in place: a line makes none beside its calls."""
    line = RunningLine(tmp_path_factory.mktemp("rendered") / "var", clauses, rtp_low)
    done = line.command("render")
    assert done.returncode == 0, done.stderr
    return clauses


@pytest.fixture(scope="session")
def line(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[RunningLine]:
    """A running line with the sample town."""
    state_dir = tmp_path_factory.mktemp("line") / "var"
    with running(RunningLine(state_dir, rendered, rtp_low)) as started:
        yield started


@pytest.fixture(scope="session")
def town(line: RunningLine) -> Town:
    """What that line should say."""
    return Town(line.settings)
