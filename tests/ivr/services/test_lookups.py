from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ivr.services import lookups, sample_town

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("service", "arguments"),
    [
        ("bills.find", {"account": "880123", "language": "en"}),
        ("bills.find", {"account": "880456", "code": "", "language": "en"}),
        ("bills.find", {"account": 1}),
        ("outages.current", {"language": "en"}),
        ("outages.current", {"area": "", "language": "zh-CN"}),
        ("outages.current", {"area": "77"}),
        ("complaints.progress", {"ticket": "202611210001", "last4": "0001", "language": "en"}),
        ("complaints.progress", {"ticket": "1", "last4": "2"}),
    ],
)
def test_every_answer_is_among_those_a_flow_must_be_ready_for(database, service, arguments):
    with database.begin() as session:
        sample_town.load(session, NOW)
        outcome = lookups.run(session, service, arguments, NOW)
    assert outcome.name in lookups.OUTCOMES[service]
    for value in outcome.values.values():
        spoken = (str, int, Decimal, date, datetime)
        items = value if isinstance(value, list) else [{"value": value}]
        assert all(isinstance(part, spoken) for item in items for part in item.values())


def test_a_service_that_does_not_exist_is_named(database):
    with database.begin() as session, pytest.raises(lookups.LookupArgumentError, match="weather"):
        lookups.run(session, "weather.today", {}, NOW)


def test_an_argument_that_is_missing_is_named(database):
    with database.begin() as session, pytest.raises(lookups.LookupArgumentError, match="last4"):
        lookups.run(session, "complaints.progress", {"ticket": "1"}, NOW)
