"""Listening in on a line that runs: what the supervisor's page is sent is what was said.

A browser holds the page, plain sockets the call; what the page's WebSocket received is compared
with the clips of the prompts and with what the caller spoke.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.admin_web.browsing import CHROMIUM, NEEDS_CHROMIUM, QUIET, watched
from tests.line.desk import PASSWORD
from tests.line.harness import RTP_BLOCK, RunningLine, running
from tests.line.heard import ENOUGH, Clip, Samples, find, from_ulaw
from tests.line.jobs import Town, speech_like
from tests.line.listener import Listener
from tests.line.phone import wait_until
from tests.line.rtp import DTMF_HZ, tones

pytestmark = [
    pytest.mark.line,
    pytest.mark.browser,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(300),
    NEEDS_CHROMIUM,
]
LIMIT_MS = 60_000
REASON = "somebody complained of the sound"
TOLD_HZ = 1400.0
KEY = 4000.0  # the amplitude of each of a key's two frequencies
TOLD = 1100.0  # the tone's amplitude is 1600; a voice has at most some hundreds at one frequency


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory, rendered: Path, rtp_low: int
) -> Iterator[RunningLine]:
    """A line on which supervisors may listen in, and callers hear that they do."""
    folder = tmp_path_factory.mktemp("listened") / "var"
    line = RunningLine(folder, rendered, rtp_low + 9 * RTP_BLOCK, IVR_LISTENING_IN="tone")
    with running(line) as started:
        yield started


@pytest.fixture(scope="module")
def town(line: RunningLine) -> Town:
    return Town(line.settings)


@pytest.fixture
def page(line: RunningLine) -> Iterator[Any]:
    """A supervisor's browser, signed in."""
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        arguments = [*QUIET, "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        context = browser.new_context(base_url=f"http://127.0.0.1:{line.web_port}", locale="en")
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        faults = watched(page)
        page.goto("/sign-in")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url("**/")
        yield page
        browser.close()
        assert faults == []


class Received:
    """What the page's WebSocket was sent."""

    def __init__(self, page: Any) -> None:
        self.sound = bytearray()
        self.told: list[dict[str, object]] = []
        self._page = page
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, frame: Any) -> None:
        if isinstance(frame, bytes):
            self.sound += frame
        else:
            self.told.append(json.loads(frame))

    @property
    def samples(self) -> Samples:
        return from_ulaw(bytes(self.sound))

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Frames come in while the page is waited for."""
        for _ in range(LIMIT_MS // 100):
            if condition():
                return
            self._page.wait_for_timeout(100)
        raise AssertionError(f"not received: {what}; told: {self.told}")

    def until_heard(self, clip: Clip) -> None:
        self.until(lambda: find(self.samples, clip).share >= ENOUGH, clip.text)


def loudest_at(sound: Samples, hertz: float) -> float:
    """The greatest amplitude of one frequency over a fifth of a second (Goertzel's sum)."""
    size = 1600
    wave = np.exp(-2j * np.pi * hertz * np.arange(size) / 8000)
    places = range(0, max(0, len(sound) - size), 200)
    return max((2 * abs(np.sum(sound[at : at + size] * wave)) / size for at in places), default=0.0)


def test_a_supervisor_hears_both_sides_and_nothing_that_is_secret(
    line: RunningLine, town: Town, page: Any
) -> None:
    spoken = speech_like(2.0, 4).astype(float)
    received = Received(page)
    page.goto("/calls/live")
    with Listener(line, town, "13800138911") as caller:
        assert caller.sound is not None
        caller.call()
        caller.hear("greeting")
        page.locator("tr[data-call] a[href$='/listen']").click()
        page.fill("[name=reason]", REASON)
        page.click("[data-begin]")
        page.wait_for_selector("[data-heard]", state="attached")
        wait_until(
            lambda: caller.sound and loudest_at(caller.sound.samples(), TOLD_HZ) > TOLD,
            "the caller is told by a tone",
            30.0,
        )
        caller.press("1")
        caller.reply("main_menu", "1")
        # The line's side, while it lasts ...
        account = town.clips("bill_ask_account", "zh-CN", {})[-1]
        received.until_heard(account)
        wait_until(
            lambda: caller.sound and find(caller.sound.samples(20.0), account).share >= ENOUGH,
            "the prompt is over",
            30.0,
        )
        # ... and the caller's.
        caller.sound.speak(spoken)
        received.until_heard(Clip("what the caller spoke", spoken))
        caller.press("880456#")
        caller.hear("bill_ask_code")
        received.until(lambda: {"confidential": True} in received.told, "that it is secret now")
        before = len(received.sound)
        for key in "4321":
            caller.sound.speak(np.concatenate((tones(*DTMF_HZ[key], ms=300), np.zeros(800))))
        caller.sound.until_sent()
        received.until(lambda: len(received.sound) > before + 3 * 8000, "three seconds more")
        secret = received.samples[before:]
        assert max(loudest_at(secret, hertz) for hertz in (770.0, 852.0, 1477.0)) < KEY / 4
        caller.press("4321#")
        received.until(lambda: {"confidential": False} in received.told, "that it is over")
        caller.hang_up()
        page.locator("[data-listen-record]").wait_for()
    assert {"ended": "call"} in received.told
    noted = line.rows(
        "SELECT what, who, record, detail FROM audit_log"
        " WHERE what LIKE 'listening_in_%' ORDER BY id"
    )
    assert [row["what"] for row in noted] == ["listening_in_began", "listening_in_ended"]
    assert {row["who"] for row in noted} == {"admin"}
    assert json.loads(noted[0]["detail"])["reason"] == REASON
    assert float(json.loads(noted[1]["detail"])["seconds"]) > 3
    assert len({row["record"] for row in noted}) == 1


def test_who_leaves_the_page_leaves_nothing_behind(
    line: RunningLine, town: Town, page: Any
) -> None:
    query = "SELECT count(*) AS n FROM audit_log WHERE what = 'listening_in_ended'"
    before = int(line.rows(query)[0]["n"])
    with Listener(line, town, "13800138912") as caller:
        caller.call()
        caller.hear("greeting")
        page.goto("/calls/live")
        page.locator("tr[data-call] a[href$='/listen']").click()
        page.fill("[name=reason]", REASON)
        page.click("[data-begin]")
        page.wait_for_selector("[data-heard]", state="attached")
        page.goto("/calls/live")
        wait_until(lambda: int(line.rows(query)[0]["n"]) > before, "it is noted", 30.0)
        # The call goes on as if nobody had listened.
        caller.press("1")
        caller.hear("main_menu")
        caller.hang_up()
