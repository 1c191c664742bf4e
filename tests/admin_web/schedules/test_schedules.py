"""Schedules on their pages: what a clerk enters is what callers meet."""

from __future__ import annotations

import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.records.tables import AuditEntry
from ivr.services import schedules
from tests.admin_web.builders import DeskUnderTest, Visitor

CHINA = ZoneInfo("Asia/Shanghai")
WEEK = dict.fromkeys(
    ("monday", "tuesday", "wednesday", "thursday", "friday"), "09:00-12:00, 13:30-17:30"
)
OFFICE = {"name_zh": "人工服务", "name_en": "People", "follows_calendar": "y", "working_day": "0"}
DAY = {"first": "2027-10-01", "last": "2027-10-07", "kind": "holiday", "name": "国庆节"}


def is_open(desk: DeskUnderTest, code: str, when: str) -> bool:
    with desk.database.read() as session:
        table = schedules.timetable(session, CHINA)
    return table.standing(code, datetime.fromisoformat(when).replace(tzinfo=CHINA)).open


def audited(desk: DeskUnderTest) -> list[str]:
    with desk.database.read() as session:
        return [row.what for row in session.query(AuditEntry).order_by(AuditEntry.id)]


def save(visitor: Visitor, code: str, **given: str):
    page = visitor.get(f"/schedules/one/{code}").text
    base = re.search(r'name="base"[^>]*value="(\d+)"', page)
    assert base is not None
    return visitor.post(f"/schedules/one/{code}", {**OFFICE, **WEEK, "base": base[1], **given})


def test_office_hours_that_are_entered_hold_for_the_next_caller(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert is_open(desk, "office", "2026-11-23T08:00")
    assert save(visitor, "office").status_code == 302
    assert not is_open(desk, "office", "2026-11-23T08:00")
    assert is_open(desk, "office", "2026-11-23T09:00")
    page = visitor.get("/schedules/one/office").text
    assert "closed until Mon, 23 Nov 2026 09:00" in page  # the desk's clock: Sunday afternoon
    assert "00:00-24:00" in page.split("Who changed what")[1]  # what was there before
    assert audited(desk)[-1] == "schedule_saved"


@pytest.mark.parametrize(("language", "told"), [("en", "no span of hours"), ("zh-CN", "不是时段")])
def test_hours_that_mean_nothing_are_told_beside_their_day(
    desk: DeskUnderTest, language: str, told: str
) -> None:
    visitor = desk.as_("editor")
    visitor.client.set_cookie("desk_language", language)
    answer = save(visitor, "office", tuesday="nine to five")
    assert answer.status_code == 422
    assert told in answer.text.split('id="tuesday-error"')[1].split("</ul>")[0]
    assert is_open(desk, "office", "2026-11-23T03:00")


def test_who_edits_what_somebody_else_has_changed_is_told(desk: DeskUnderTest) -> None:
    one, other = desk.as_("editor").english(), desk.as_("supervisor").english()
    stale = re.search(r'name="base"[^>]*value="(\d+)"', other.get("/schedules/one/office").text)
    assert stale is not None
    save(one, "office")
    answer = other.post("/schedules/one/office", {**OFFICE, "base": stale[1]})
    assert answer.status_code == 422
    assert "editor has changed this schedule meanwhile" in answer.text


def test_a_schedule_is_made_asked_for_a_moment_and_removed(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    new = {**OFFICE, **WEEK, "code": "window", "name_en": "Window 3"}
    assert visitor.post("/schedules/new", {**new, "code": "Window 3"}).status_code == 422
    assert visitor.post("/schedules/new", new).status_code == 302
    page = visitor.get("/schedules/?schedule=window&at=2026-10-10+10:00").text
    told = page.split("What would apply?")[1]
    assert "open until Sat, 10 Oct 2026 12:00 (国庆节调休上班)" in told
    assert "国庆节" in visitor.get("/schedules/?schedule=window&at=2026-10-02+10:00").text
    assert visitor.post("/schedules/one/window/remove").status_code == 302
    assert visitor.get("/schedules/one/window").status_code == 404


def test_the_schedule_of_a_flow_cannot_be_removed(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert "These call flows ask for it: person" in visitor.get("/schedules/one/office").text
    visitor.post("/schedules/one/office/remove")
    assert "change them first" in visitor.get("/schedules/one/office").text


def test_a_day_is_entered_a_year_ahead_changed_and_taken_out(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert visitor.post("/schedules/days/new", DAY).status_code == 302
    assert not is_open(desk, "hall", "2027-10-01T10:00")
    with desk.database.read() as session:
        day = schedules.days(session)[-1].id
    changed = {**DAY, "kind": "special", "hours": "10:00-11:00"}
    assert visitor.post(f"/schedules/days/{day}", changed).status_code == 302
    assert is_open(desk, "hall", "2027-10-01T10:30")
    visitor.post(f"/schedules/days/{day}/remove")
    assert visitor.get(f"/schedules/days/{day}").status_code == 404
    assert audited(desk)[-3:] == ["calendar_changed"] * 3


def test_a_day_that_cannot_be_is_told(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    answer = visitor.post("/schedules/days/new", {**DAY, "last": "2027-09-01"})
    assert answer.status_code == 422
    assert "the last day comes before the first" in answer.text


def test_a_list_is_entered_and_its_bad_lines_are_named(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    content = "日期,类别,名称,时间\n2027-01-01,放假,元旦,\n2027-99-01,放假,?,\n"
    answer = visitor.post(
        "/schedules/import",
        {"file": (io.BytesIO(content.encode("gb18030")), "days.csv"), "schedule": ""},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "1 entry is in the calendar." in answer.text
    bad = answer.text.split("These lines were not entered")[1]
    assert '<td data-label="Line" class="number">3</td>' in bad
    assert "2027-99-01" in bad
    assert audited(desk)[-1] == "calendar_imported"


def test_the_coming_year_is_missed_until_it_has_holidays(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    assert "2027 begins in 40 days and has no holidays" in visitor.get("/schedules/").text
    visitor.post("/schedules/fill/2027")
    assert "the notice for 2027 does not come with this release" in visitor.get("/schedules/").text
    visitor.post("/schedules/days/new", DAY)
    assert "has no holidays" not in visitor.get("/schedules/").text


def test_the_published_days_are_entered_once(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    visitor.post("/schedules/fill/2026")
    assert "in the calendar already" in visitor.get("/schedules/").text


def test_an_auditor_reads_and_finds_no_button(desk: DeskUnderTest) -> None:
    page = desk.as_("auditor").english().get("/schedules/").text
    assert "Service hall" in page
    assert "Enter a holiday" not in page
    assert "Take out" not in page


@pytest.mark.parametrize("year", ["1999", "2101", "x"])
def test_a_year_out_of_reach_is_no_fault(desk: DeskUnderTest, year: str) -> None:
    answer = desk.as_("editor").get(f"/schedules/?year={year}")
    assert answer.status_code == (200 if year == "x" else 404)


def test_the_simulator_goes_by_the_chosen_time_of_day(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    save(visitor, "office")
    visitor.get("/flows/person/edit")
    visitor.get("/flows/person/draft")

    def said_at(moment: str) -> list[str]:
        answer = visitor.client.post(
            "/flows/person/try",
            json={"given": [], "caller": "13800138000", "at": moment},
            headers={"X-CSRFToken": visitor.token},
        )
        assert answer.status_code == 200, answer.text
        return [one["prompt"] for one in answer.json["call"]["turns"][0]["said"]]

    assert said_at("2026-11-23T10:00") == ["person_connecting"]
    assert said_at("2026-11-23T20:00") == ["person_closed_until", "message_offer_closed"]
