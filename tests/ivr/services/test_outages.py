from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.records.tables import UtilityKind
from ivr.services import areas, outages
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def add(session, starts=NOW - HOUR, **changes):
    given = {
        "kind": UtilityKind.ELECTRICITY,
        "area_code": None,
        "starts_at": starts,
        "ends_at": None,
        "text_zh": "停电",
        "text_en": "Power cut",
        "valid_from": NOW - 2 * HOUR,
    }
    return outages.add(session, outages.Notice(**(given | changes)), who="li", now=NOW)


def heard(session, area=None, language="en", now=NOW):
    outcome = outages.find(session, area, language, now)
    items = outcome.values.get("items", [])
    return outcome.name, [item["text"] for item in items]


def test_callers_hear_the_newest_first(database):
    with database.begin() as session:
        add(session, NOW - 3 * HOUR, text_en="old")
        add(session, NOW - 1 * HOUR, text_en="new")
        add(session, NOW + 5 * HOUR, text_en="planned")
        assert heard(session) == ("found", ["planned", "new", "old"])


@pytest.mark.parametrize(
    ("changes", "is_heard"),
    [
        ({}, True),
        ({"ends_at": NOW - HOUR / 2}, True),  # expected to be over, and is not
        ({"valid_from": NOW + HOUR}, False),
        ({"valid_from": NOW}, True),
        ({"valid_to": NOW}, False),
        ({"valid_to": NOW + HOUR}, True),
    ],
)
def test_a_notice_is_heard_while_it_is_published(database, changes, is_heard):
    with database.begin() as session:
        add(session, **changes)
        assert heard(session) == (("found", ["Power cut"]) if is_heard else ("none", []))


def test_an_ended_outage_is_heard_no_more(database):
    with database.begin() as session:
        notice = add(session)
        outages.end(session, notice.id, now=NOW)
        assert heard(session) == ("none", [])
        outages.end(session, notice.id, now=NOW + HOUR)
        assert notice.ended_at == NOW


def test_an_area_hears_its_own_and_those_for_the_whole_town(database):
    with database.begin() as session:
        areas.save(session, "01", "城关镇", "Chengguan")
        areas.save(session, "02", "东湖", "East Lake")
        add(session, area_code="01", text_en="one")
        add(session, area_code="02", text_en="two")
        add(session, text_en="all")
        assert heard(session, "01") == ("found", ["all", "one"])
        assert heard(session, "1") == ("found", ["all", "one"])
        assert heard(session, "9") == ("unknown_area", [])
        assert heard(session, "\u0661") == ("unknown_area", [])


def test_an_item_has_what_a_prompt_needs_in_the_lines_zone(database):
    with database.begin() as session:
        areas.save(session, "01", "城关镇", "Chengguan")
        add(session, area_code="01", ends_at=NOW + HOUR)
        outcome = outages.find(session, None, "zh-CN", NOW)
    assert outcome.values["count"] == 1
    (item,) = outcome.values["items"]
    assert item == {
        "kind": "electricity",
        "area": "城关镇",
        "starts": NOW - HOUR,
        "ends": NOW + HOUR,
        "text": "停电",
    }
    assert item["starts"].tzinfo == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "Power cut in the whole town, from 22 November at 10:00, "
            "expected to end on 22 November at 12:30.",
        ),
        ("zh-CN", "全市停电，11月22日10点开始，预计11月22日12点30分恢复。"),
    ],
)
def test_a_notice_without_words_in_a_language_is_said_from_its_facts(database, language, text):
    with database.begin() as session:
        add(session, text_zh="", text_en="", ends_at=NOW + 1.5 * HOUR)
        assert heard(session, language=language) == ("found", [text])


def test_a_notice_can_be_changed(database):
    with database.begin() as session:
        number = add(session).id
        changed = outages.Notice(UtilityKind.WATER, None, NOW, None, "停水", "No water")
        row = outages.edit(session, number, changed, now=NOW + HOUR)
        assert (row.kind, row.valid_from) == (UtilityKind.WATER, NOW - 2 * HOUR)
        assert heard(session) == ("found", ["No water"])
        with pytest.raises(NotFoundError):
            outages.edit(session, 999, changed, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [{"ends_at": NOW - 2 * HOUR}, {"area_code": "77"}, {"valid_to": NOW - 3 * HOUR}],
)
def test_a_notice_that_makes_no_sense_is_refused(database, changes):
    with database.begin() as session, pytest.raises(RefusedError):
        add(session, **changes)


def test_areas_are_keyed_on_a_telephone_and_stay_while_named(database):
    with database.begin() as session:
        for code in ("", "a1", "123456789", "１"):
            with pytest.raises(RefusedError):
                areas.save(session, code, "x", "x")
        areas.save(session, "01", "城关镇", "")
        assert areas.save(session, "01", "城关", "").name_zh == "城关"
        add(session, area_code="01")
        with pytest.raises(RefusedError):
            areas.remove(session, "01")
        areas.save(session, "02", "东湖", "East Lake")
        areas.remove(session, "02")
        assert [area.code for area in areas.all_areas(session)] == ["01"]
