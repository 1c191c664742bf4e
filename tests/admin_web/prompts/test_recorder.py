"""Recording a prompt in a real browser, whose microphone is a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin_web.prompts.published import published
from ivr.services import prompt_recordings
from tests.admin_web.browsing import CHROMIUM, NEEDS_CHROMIUM, QUIET, sign_in, watched
from tests.admin_web.builders import DeskUnderTest, write_wav
from tests.admin_web.prompts.fake_voice import FakeVoice

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="pip install -r requirements-dev.txt brings playwright"
)
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]

RECORDER = "section#zh-CN form[data-recorder]"


@pytest.fixture(scope="module")
def speaking_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A chromium into whose microphone somebody speaks, and that asks nobody for leave."""
    spoken = tmp_path_factory.mktemp("microphone") / "speech.wav"
    write_wav(spoken)
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *QUIET,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={spoken}",
            ],
        )
        yield running
        running.close()


@pytest.fixture
def studio(speaking_browser: Any, address: str) -> Iterator[Any]:
    """A page of that browser, which fails the test on any error in its script."""
    context = speaking_browser.new_context(base_url=address)
    page = context.new_page()
    faults = watched(page)
    yield page
    context.close()
    assert faults == []


def open_recorder(page: Any, **before: str) -> None:
    """Open the greeting's recorder; `before` are scripts that change the browser first."""
    for script in before.values():
        page.add_init_script(script)
    sign_in(page, "editor", "/prompts/greeting")
    page.click("section#zh-CN details:has(form[data-recorder]) > summary")


def until(page: Any, part: str, holds: str) -> None:
    """Wait until something holds of `it`, a part of the recorder; looked at in every frame.

    Not `wait_for_function`: that evaluates a string, which the pages' policy forbids.
    """
    page.locator(f"{RECORDER} {part}").evaluate(
        f"""it => new Promise((done) => {{
            const look = () => ({holds}) ? done() : requestAnimationFrame(look);
            look();
        }})"""
    )


def record(page: Any, seconds: float) -> None:
    page.click(f"{RECORDER} .record")
    until(page, ".clock", f"parseFloat(it.textContent) >= {seconds}")
    page.click(f"{RECORDER} .stop")
    page.wait_for_selector(f"{RECORDER} audio:not([hidden])")


def test_a_take_is_spoken_listened_to_recorded_again_and_kept(
    desk: DeskUnderTest, voice: FakeVoice, studio: Any
) -> None:
    open_recorder(studio)
    studio.click(f"{RECORDER} .record")
    # The meter moves with the voice.
    until(studio, ".level", "it.value > 0.5")
    until(studio, ".clock", "parseFloat(it.textContent) >= 1")
    studio.click(f"{RECORDER} .stop")
    studio.wait_for_selector(f"{RECORDER} audio:not([hidden])")
    assert studio.is_hidden(f"{RECORDER} .level")
    first = studio.get_attribute(f"{RECORDER} audio", "src")
    record(studio, 2.0)
    assert studio.get_attribute(f"{RECORDER} audio", "src") != first
    lasts = studio.evaluate(
        f"""() => new Promise((done, failed) => {{
            const sound = document.querySelector("{RECORDER} audio");
            sound.onloadedmetadata = () => done(sound.duration);
            sound.onerror = () => failed(sound.error.message);
            sound.load();
        }})"""
    )
    assert 1.5 < lasts < 10
    studio.click(f"{RECORDER} button[type=submit]")
    studio.wait_for_selector(".notice[role=status]")
    with desk.app.app_context(), desk.database.read() as session:
        path = published(session).prompt("greeting").recordings["zh-CN"]
        (row,) = prompt_recordings.history(session, "greeting", "zh-CN")
    assert path.suffix == ".wav"
    assert row.source == "browser"
    assert row.seconds == pytest.approx(lasts, abs=0.1)
    assert "网页录制" in studio.inner_text("section#zh-CN .stands")


def test_a_file_chosen_afterwards_is_an_upload_and_no_take_of_the_browser(
    desk: DeskUnderTest, studio: Any, tmp_path: Path
) -> None:
    open_recorder(studio)
    record(studio, 0.5)
    write_wav(tmp_path / "other.wav")
    studio.set_input_files(f"{RECORDER} input[type=file]", tmp_path / "other.wav")
    studio.click(f"{RECORDER} button[type=submit]")
    studio.wait_for_selector(".notice[role=status]")
    with desk.database.read() as session:
        (row,) = prompt_recordings.history(session, "greeting", "zh-CN")
    assert (row.source, row.seconds) == ("upload", 1.0)


REFUSING = """navigator.mediaDevices.getUserMedia =
    () => Promise.reject(new DOMException("no", "%s"));"""


@pytest.mark.parametrize(
    ("script", "told", "again"),
    [
        (REFUSING % "NotAllowedError", "没有得到使用话筒的许可", True),
        (REFUSING % "NotFoundError", "没有找到话筒", True),
        (REFUSING % "NotReadableError", "话筒现在不能用", True),
        ("Object.defineProperty(window, 'isSecureContext', {value: false});", "HTTPS", False),
        ("delete window.MediaRecorder;", "这个浏览器不能录音", False),
    ],
)
def test_what_keeps_a_browser_from_recording_is_told_with_what_to_do(
    studio: Any, script: str, told: str, again: bool
) -> None:
    open_recorder(studio, script=script)
    if again:
        studio.click(f"{RECORDER} .record")
    studio.wait_for_selector(f"{RECORDER} .told.notice.error")
    assert told in studio.inner_text(f"{RECORDER} .told")
    assert studio.is_enabled(f"{RECORDER} .record") is again
    assert studio.is_visible(f"{RECORDER} input[type=file]")


def test_a_muted_microphone_is_noticed_before_anything_is_kept(studio: Any) -> None:
    silent = """navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext();
        const end = context.createMediaStreamDestination();
        const source = context.createConstantSource();
        const none = context.createGain();
        none.gain.value = 0;
        source.connect(none).connect(end);
        source.start();
        return end.stream;
    };"""
    open_recorder(studio, script=silent)
    studio.click(f"{RECORDER} .record")
    until(studio, ".clock", "parseFloat(it.textContent) >= 0.5")
    studio.click(f"{RECORDER} .stop")
    studio.wait_for_selector(f"{RECORDER} .told.notice.error")
    assert "没有听到声音" in studio.inner_text(f"{RECORDER} .told")
    assert (
        studio.evaluate(f"document.querySelector('{RECORDER} input[type=file]').files.length") == 0
    )
