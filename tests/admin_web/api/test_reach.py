"""Every page's data is reachable, and lists are read to their end."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from admin_web.api.operation import OPERATIONS
from admin_web.roles import WHO_MAY, Door
from ivr.services import statistics_counting
from tests.admin_web.api.conftest import program
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint, make_desk

# Rooms of the desk whose pages hold no data that a program could want.
OF_PEOPLE_ONLY = {
    "sign_in": "a program has a token",
    "telephone_code": "a code is for one person's ear",
    "telephone": "a telephone needs somebody to speak",
    "shown_numbers": "a token is handed numbers whole or masked",
}


def test_every_room_of_the_desk_is_reachable() -> None:
    rooms = {
        endpoint.partition(".")[0]
        for endpoint, who in WHO_MAY.items()
        if not isinstance(who, Door) and not endpoint.startswith("api.")
    }
    reached = {one.page.partition(".")[0] for one in OPERATIONS.values()}
    assert rooms - reached - set(OF_PEOPLE_ONLY) == set()


def test_every_operation_holds_to_a_page_that_exists() -> None:
    assert {one.page for one in OPERATIONS.values()} <= set(WHO_MAY)


@pytest.mark.parametrize(
    ("path", "key", "identity"),
    [("calls", "calls", "id"), ("complaints", "complaints", "ticket"), ("audit", "entries", "id")],
)
def test_a_list_is_read_to_its_end_by_its_links(
    town: DeskUnderTest, path: str, key: str, identity: str
) -> None:
    for number in range(5):
        add_call(town, f"c{number}", started_at=town.clock() - timedelta(minutes=number))
        add_complaint(town)
    asking = program(town)
    whole = [one[identity] for one in asking.get(f"/api/{path}")[key]]
    seen: list[object] = []
    where = f"/api/{path}?limit=2"
    while where:
        answer = asking.ask("GET", where)
        seen += [one[identity] for one in answer.json[key]]
        link = answer.headers.get("Link", "")
        assert bool(link) == (answer.json["next"] is not None)
        where = link.partition(">")[0].lstrip("<")
    assert len(whole) > 4
    assert seen == whole


def test_changes_are_followed_from_the_last_one_seen(tmp_path) -> None:
    desk = make_desk(tmp_path, sample=False)
    first, second = add_complaint(desk), add_complaint(desk)
    asking = program(desk)
    assert asking.get("/api/changes/complaints")["complaints"] == []  # not settled yet
    desk.clock.move(minutes=1)
    page = asking.get("/api/changes/complaints")
    assert [one["ticket"] for one in page["complaints"]] == [first, second]
    after = page["next"]
    assert asking.get(f"/api/changes/complaints?after={after}")["complaints"] == []
    assert asking.post(f"/api/complaints/{first}/notes", {"text": "more"}).status_code == 201
    desk.clock.move(minutes=1)
    page = asking.get(f"/api/changes/complaints?after={after}")
    assert [one["ticket"] for one in page["complaints"]] == [first]


def test_what_has_not_changed_is_not_sent_again(town: DeskUnderTest) -> None:
    asking = program(town)
    answer = asking.ask("GET", "/api/areas")
    known = {"If-None-Match": answer.headers["ETag"]}
    again = asking.ask("GET", "/api/areas", headers=known)
    assert (again.status_code, again.data) == (304, b"")
    names = {"name_zh": "新城区", "name_en": "New town"}
    assert asking.ask("PUT", "/api/areas/77", json=names).status_code == 200
    assert asking.ask("GET", "/api/areas", headers=known).status_code == 200


def test_figures_are_those_that_were_counted(town: DeskUnderTest) -> None:
    add_call(town)
    asking = program(town)
    assert asking.get("/api/figures")["uncounted"] == 1
    with town.database.begin() as session:
        statistics_counting.count_ended(session, zone=ZoneInfo("Asia/Shanghai"))
    found = asking.get("/api/figures?first_day=2026-11-22&days=30")
    assert (found["first_day"], found["last_day"]) == ("2026-11-22", "2026-11-22")
    assert found["uncounted"] == 0
    assert (found["now"]["calls"], found["now"]["self_served"]) == (1, 1)
    assert sum(bar["calls"] for bar in found["bars"]) == 1
    assert [one["outcome"] for one in found["lookups"]] == ["found"]
    assert asking.get("/api/figures?first_day=2026-11-22&flow=other")["now"]["calls"] == 0
    assert asking.ask("GET", "/api/figures?first_day=2026-11-23").status_code == 404


def test_every_reference_of_the_document_leads_somewhere(town: DeskUnderTest) -> None:
    document = town.app.test_client().get("/api/openapi.json").json
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)))
    assert len(references) > 50
    for reference in references:
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert described == {(one.method, f"/api{one.path}") for one in OPERATIONS.values()}
