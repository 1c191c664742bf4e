"""Recordings on pages: the outline, who may have it, what is noted; the player in a browser."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.records.tables import AuditEntry
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, add_call, add_recording

SOUND = "/calls/recordings/rec-1.wav"


def times_heard(desk: DeskUnderTest) -> int:
    with desk.database.read() as session:
        return session.query(AuditEntry).filter(AuditEntry.what == "recording_heard").count()


@pytest.fixture
def recorded(desk: DeskUnderTest) -> DeskUnderTest:
    add_recording(desk, add_call(desk))
    return desk


def test_the_outline_says_how_long_and_how_loud_and_is_no_listening(
    recorded: DeskUnderTest,
) -> None:
    answer = recorded.as_("supervisor").get(f"{SOUND}?outline=1")
    outline: Any = answer.json
    assert outline["seconds"] == 1.0
    assert max(outline["levels"]) > 100
    assert times_heard(recorded) == 0


def test_who_may_not_listen_sees_no_outline(recorded: DeskUnderTest) -> None:
    assert recorded.as_("auditor").get(f"{SOUND}?outline=1").status_code == 403
    page = recorded.as_("auditor").get("/calls/call-1").text
    assert "data-player" not in page


def test_listening_from_the_middle_is_noted_too_but_once(recorded: DeskUnderTest) -> None:
    somebody = recorded.as_("supervisor")
    part = {"Range": "bytes=4000-"}
    assert somebody.get(SOUND, headers=part).status_code == 206
    assert times_heard(recorded) == 1
    assert somebody.get(SOUND, headers=part).status_code == 206
    assert times_heard(recorded) == 1
    somebody.get(SOUND)
    assert times_heard(recorded) == 2


def test_without_a_script_the_browser_plays_it(recorded: DeskUnderTest) -> None:
    page = recorded.as_("supervisor").get("/calls/call-1").text
    assert f'<audio controls preload="none" src="{SOUND}"' in page


@NEEDS_CHROMIUM
def test_a_recording_is_sought_and_heard_by_keyboard_and_mouse(
    recorded: DeskUnderTest, page: Any
) -> None:
    sign_in(page, "supervisor", "/calls/call-1")
    page.locator(".player").scroll_into_view_if_needed()
    slider = page.locator(".player.drawn input[type=range]")
    slider.wait_for(timeout=60_000)
    assert times_heard(recorded) == 0, "drawing is no listening"
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    assert 0.4 < float(slider.input_value()) < 0.6
    slider.focus()
    page.keyboard.press("Home")
    assert float(slider.input_value()) == 0
    page.keyboard.press("ArrowRight")  # two seconds on, of one
    assert float(slider.input_value()) == 1
    assert slider.get_attribute("aria-valuetext").count("0:01") == 2
    page.select_option(".player select", "2")
    page.evaluate(
        "() => { const audio = document.querySelector('.player audio');"
        " window.ends = new Promise((done) => audio.addEventListener('ended', done)); }"
    )
    page.click(".player .play")
    page.evaluate("() => window.ends")
    assert page.evaluate("() => document.querySelector('.player audio').playbackRate") == 2
    assert times_heard(recorded) == 1
    # Something is drawn.
    assert page.evaluate(
        "() => { const c = document.querySelector('.player canvas');"
        " const drawn = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " return drawn.some((v) => v > 0); }"
    )


@NEEDS_CHROMIUM
def test_what_has_no_outline_is_left_to_the_browser(recorded: DeskUnderTest, page: Any) -> None:
    (recorded.state_dir / "recordings" / "rec-1.wav").write_bytes(b"RIFF")
    with page.expect_response("**/rec-1.wav?outline=1"):
        sign_in(page, "supervisor", "/calls/call-1")
        page.locator(".player").scroll_into_view_if_needed()
    assert page.locator(".player audio[controls]").is_visible()
