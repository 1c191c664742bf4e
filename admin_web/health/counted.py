"""What the responder has counted, as Prometheus' counters and histograms.

It tells its counts with each sign of life (`ivr.responder.figures`); they begin anew with the
process, as Prometheus expects of counters. A responder of another release may tell less, or in
another shape: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily


def counted(detail: Mapping[str, Any]) -> Iterator[Metric]:
    """Yield the counters and histograms in a sign of life of the responder."""
    yield from _plain(detail, "calls_answered", "ivr_calls_answered", "Calls answered")
    yield from _plain(detail, "calls_refused", "ivr_calls_refused", "Calls refused")
    yield from _labelled(
        detail.get("sip"), "ivr_sip", "What signalling dropped or answered by itself", "what"
    )
    figures = detail.get("figures")
    if not isinstance(figures, Mapping):
        return
    yield from _labelled(figures.get("calls_ended"), "ivr_calls_ended", "Calls ended", "by")
    answer = HistogramMetricFamily(
        "ivr_answer_seconds", "From the INVITE until the caller is connected"
    )
    if _add(answer, [], figures.get("answer_seconds")):
        yield answer
    lookups = HistogramMetricFamily(
        "ivr_lookup_seconds", "Lookups on behalf of callers", labels=["service", "outcome"]
    )
    told = figures.get("lookups")
    for one in told if isinstance(told, list) else ():
        if isinstance(one, Mapping):
            _add(lookups, [str(one.get("service")), str(one.get("outcome"))], one)
    yield lookups


def _plain(detail: Mapping[str, Any], key: str, name: str, text: str) -> Iterator[Metric]:
    value = detail.get(key)
    if isinstance(value, int | float):
        yield CounterMetricFamily(name, text, value=float(value))


def _labelled(told: Any, name: str, text: str, label: str) -> Iterator[Metric]:
    if isinstance(told, Mapping):
        family = CounterMetricFamily(name, text, labels=[label])
        for key, value in sorted(told.items()):
            if isinstance(value, int | float):
                family.add_metric([str(key)], float(value))
        yield family


def _add(family: HistogramMetricFamily, labels: list[str], told: Any) -> bool:
    """Add one histogram; False where it is none."""
    try:
        bounds = [str(float(bound)) for bound in told["bounds"]]
        counts = list(accumulate(int(count) for count in told["counts"]))
        total = float(told["sum"])
        buckets = list(zip([*bounds, "+Inf"], counts, strict=True))
    except (TypeError, KeyError, ValueError):
        return False
    family.add_metric(labels, buckets, total)
    return True
