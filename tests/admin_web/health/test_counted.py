"""What the responder counted reaches Prometheus as counters and histograms."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ivr.responder.figures import Figures
from tests.admin_web.builders import DeskUnderTest


def scraped(desk: DeskUnderTest) -> dict[tuple[str, ...], float]:
    text = desk.app.test_client().get("/metrics").text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told() -> dict[str, Any]:
    figures = Figures()
    for seconds in (0.01, 0.04, 0.3, 20.0):
        figures.answer_s.note(seconds)
    figures.looked_up("bills.find", "found", 0.004)
    figures.looked_up("bills.find", "found", 0.3)
    figures.looked_up("bills.find", "not_found", 0.004)
    figures.ended["caller"] += 2
    return figures.told()


def test_counts_and_times_can_be_read(desk: DeskUnderTest) -> None:
    desk.beat(listening=True, calls_answered=7, sip={"stray response": 2}, figures=told())
    found = scraped(desk)
    assert found["ivr_calls_answered_total",] == 7
    assert found["ivr_sip_total", "stray response"] == 2
    assert found["ivr_calls_ended_total", "caller"] == 2
    assert found["ivr_answer_seconds_bucket", "0.02"] == 1
    assert found["ivr_answer_seconds_bucket", "0.05"] == 2
    assert found["ivr_answer_seconds_bucket", "15.0"] == 3
    assert found["ivr_answer_seconds_bucket", "+Inf"] == 4
    assert found["ivr_answer_seconds_count",] == 4
    assert found["ivr_answer_seconds_sum",] == pytest.approx(20.35)
    assert found["ivr_lookup_seconds_count", "found", "bills.find"] == 2
    assert found["ivr_lookup_seconds_bucket", "0.005", "found", "bills.find"] == 1
    assert found["ivr_lookup_seconds_count", "not_found", "bills.find"] == 1


@pytest.mark.parametrize(
    "figures",
    [
        None,
        7,
        {},
        {"answer_seconds": {"bounds": [1], "counts": [1, 2, 3], "sum": 0}},
        {"answer_seconds": {"bounds": ["x"]}, "lookups": [None, {"service": "a"}]},
        {"calls_ended": [1], "lookups": {}},
    ],
)
def test_what_another_release_tells_costs_no_other_figure(
    desk: DeskUnderTest, figures: Any
) -> None:
    desk.beat(listening=True, calls=3, figures=figures)
    assert scraped(desk)["ivr_calls_in_progress",] == 3


def test_pages_are_timed_by_part(desk: DeskUnderTest) -> None:
    desk.as_("supervisor").get("/calls/")
    found = scraped(desk)
    assert found["ivr_page_seconds_count", "calls", "2xx"] == 1
    assert found["ivr_page_seconds_bucket", "+Inf", "calls", "2xx"] == 1
