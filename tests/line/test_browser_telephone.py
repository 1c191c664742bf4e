"""The telephone in the page, in chromium on a running line: what is heard, pressed and said."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soxr

from tests.admin_web.browsing import CHROMIUM, NEEDS_CHROMIUM, QUIET, watched
from tests.line.harness import RunningLine
from tests.line.heard import RATE_HZ, Clip, Samples, find, from_ulaw, from_wav, in_order
from tests.line.jobs import Town

pytestmark = [
    pytest.mark.line,
    pytest.mark.browser,
    pytest.mark.xdist_group("line"),
    pytest.mark.timeout(600),
    NEEDS_CHROMIUM,
]

GUIDES = ("guide_household", "guide_business_licence")
LIMIT_MS = 60_000
MICROPHONE_HZ = 48_000
# What chromium makes of a voice (noise suppression, gain) leaves less of it than a wire does.
LIKE_WHAT_WAS_SAID = 0.5


@pytest.fixture(scope="module")
def said(town: Town) -> Clip:
    """What the citizen says: a sentence of the line's own voice that this call never plays."""
    clips = [clip for prompt in GUIDES for clip in town.clips(prompt, "zh-CN", {})]
    return max(clips, key=lambda clip: len(clip.samples))


@pytest.fixture(scope="module")
def spoken(said: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphone hears, again and again."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    samples = soxr.resample(said.samples, RATE_HZ, MICROPHONE_HZ)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def browser(spoken: Path) -> Iterator[Any]:
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *QUIET,
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={spoken}",
            ],
        )
        yield running
        running.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Any, line: RunningLine) -> Iterator[Any]:
    """The telephone's page, signed in, in English; the microphone as the test's mark says."""
    allowed = request.node.get_closest_marker("usefixtures") is None
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{line.web_port}",
        permissions=["microphone"] if allowed else [],
        locale="en",
    )
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    faults = watched(page)
    page.goto("/telephone/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", line.environment["IVR_ADMIN_PASSWORD"])
    page.click("main button[type=submit]")
    page.wait_for_url("**/telephone/")
    page.click("button:has-text('English')")
    page.wait_for_selector("text=Ready to call")
    yield page
    context.close()
    assert faults == []


class Ear:
    """What the page's speaker is given: the frames of its WebSocket."""

    def __init__(self, page: Any) -> None:
        self._frames: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            self._frames.append(frame)

    def heard(self) -> Samples:
        return from_ulaw(b"".join(self._frames))


def state(page: Any, text: str) -> None:
    page.wait_for_selector(f"[data-state]:text-is('{text}')")


def test_a_complaint_is_filed_from_the_page_with_what_was_said_into_it(
    page: Any, line: RunningLine, town: Town, said: Clip
) -> None:
    ear = Ear(page)
    page.click("[data-call]")
    state(page, "Connected")
    page.wait_for_selector("text=The line hears you.")
    greeting = town.clips("greeting", "zh-CN", {})
    seconds = sum(len(clip.samples) for clip in greeting) / RATE_HZ + 1
    page.wait_for_function(
        "(frames) => document.querySelector('[data-telephone]').telephone.frames > frames",
        arg=50 * seconds,
    )
    assert page.evaluate("() => document.querySelector('[data-telephone]').telephone.playing")
    page.keyboard.press("2")
    in_order(ear.heard(), greeting)

    call = line.until_row("SELECT * FROM calls WHERE caller = 'browser' AND ended_at IS NULL")
    assert (call["caller_name"], call["called"], call["codec"]) == ("admin", "line", "PCMU")

    def after(node: str) -> None:
        query = "SELECT * FROM call_steps WHERE call_id = ? AND node = ?"
        line.until_row(query, call["id"], node, limit_s=60)

    after("greeting")
    page.click("[data-key='3']")
    page.click("[data-key='1']")
    recording = line.until_row("SELECT * FROM recordings WHERE call_id = ?", call["id"], limit_s=60)
    # Twice the sentence, so that it is there once from its beginning.
    page.wait_for_timeout(2_500 * len(said.samples) / RATE_HZ)
    page.keyboard.press("#")
    after("speak")
    page.keyboard.press("1")
    after("confirm")
    for key in "13800138000#":
        page.keyboard.press(key)
    after("ask_number")
    page.keyboard.press("1")
    complaint = line.until_row("SELECT * FROM complaints WHERE call_id = ?", call["id"], limit_s=60)
    assert complaint["callback_number"] == "13800138000"
    assert page.text_content("[data-pressed]") == "231#113800138000#1"

    page.wait_for_selector("[data-record]:visible")
    assert page.get_attribute("[data-record]", "href") == f"/calls/{call['id']}"
    page.click("[data-hang-up]")
    state(page, "You hung up.")
    ended = line.until_row("SELECT * FROM calls WHERE id = ? AND ended_at IS NOT NULL", call["id"])
    assert ended["ended_by"] == "caller"
    recorded = from_wav(line.state_dir / recording["path"])
    assert len(recorded) > 2 * len(said.samples)
    assert find(recorded, said).share >= LIKE_WHAT_WAS_SAID
