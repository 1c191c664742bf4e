"""Every route asks the table of roles, and each role may do what the table says and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from admin_web.roles import WHO_MAY, Door
from tests.admin_web.builders import ROLES, DeskUnderTest

# What stands for a variable part of an address ("1" for others); nothing needs to exist there.
PARTS = {
    "filename": "desk.css",
    "call_id": "none",
    "recording_id": "none",
    "ticket": "202611220001",
    "task_id": "1",
    "outage_id": "1",
    "number": "880123",
    "prompt_id": "greeting",
    "language": "en",
    "name": "main",
    "revision": "1",
    "scenario": "1",
    "called": "12345",
    "username": "nobody",
    "token_id": "1",
    "code": "1",
    "session_id": "1",
    "kind": "call",
    "key": "none",
}


def routes(desk: DeskUnderTest) -> Iterator[tuple[Rule, str, str]]:
    for rule in desk.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: PARTS.get(part[1], "1"), rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule, method, path


def test_the_table_names_every_route_and_no_other(desk: DeskUnderTest) -> None:
    assert {rule.endpoint for rule in desk.app.url_map.iter_rules()} == set(WHO_MAY)


def test_who_is_not_signed_in_reaches_only_public_pages(desk: DeskUnderTest) -> None:
    for rule, method, path in routes(desk):
        visitor = desk.visitor()
        visitor.get("/sign-in")
        answer = visitor.get(path) if method == "GET" else visitor.post(path)
        who = WHO_MAY[rule.endpoint]
        sent_away = answer.status_code == 302 and "/sign-in" in answer.headers["Location"]
        if who is Door.TOKEN:
            assert answer.status_code == 401, path
        elif who is not Door.PUBLIC:
            assert sent_away, f"{method} {path}: {answer.status_code}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_what_the_table_does_not_give_it(desk: DeskUnderTest, role: str) -> None:
    seen = set()
    visitor = desk.as_(role)
    for rule, method, path in routes(desk):
        who = WHO_MAY[rule.endpoint]
        if isinstance(who, Door):
            continue
        answer = visitor.get(path) if method == "GET" else visitor.post(path)
        refused = answer.status_code == 403
        assert refused == (role not in who), f"{role} {method} {path}: {answer.status_code}"
        assert answer.status_code != 500, f"{role} {method} {path}"
        seen.add(rule.endpoint)
    assert len(seen) > 40


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_shows_a_role_only_doors_that_open(desk: DeskUnderTest, role: str) -> None:
    visitor = desk.as_(role)
    menu = re.search(r"<nav class=\"menu\".*?</nav>", visitor.get("/").text, re.DOTALL)
    assert menu is not None
    links = re.findall(r'href="([^"]+)"', menu[0])
    assert len(links) >= 2
    assert [visitor.get(link).status_code for link in links] == [200] * len(links)


def test_a_page_that_nobody_entered_in_the_table_is_refused(desk: DeskUnderTest) -> None:
    desk.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert desk.as_("administrator").get("/forgotten").status_code == 403


def menu_of(desk: DeskUnderTest, role: str) -> set[str]:
    menu = re.search(r"<nav class=\"menu\".*?</nav>", desk.as_(role).get("/").text, re.DOTALL)
    assert menu is not None
    return set(re.findall(r'href="([^"]+)"', menu[0]))


def test_a_clerk_is_shown_complaints_and_an_auditor_what_there_is_to_read(
    desk: DeskUnderTest,
) -> None:
    assert menu_of(desk, "clerk") == {"/", "/complaints/"}
    assert menu_of(desk, "auditor") >= {"/", "/calls/", "/trunks/", "/people/", "/audit/"}


def test_an_auditor_changes_nothing(desk: DeskUnderTest) -> None:
    """No door of theirs takes a POST, but that which checks the seals."""
    theirs = {
        rule.endpoint
        for rule, method, _ in routes(desk)
        if method == "POST"
        and not isinstance(WHO_MAY[rule.endpoint], Door)
        and "auditor" in WHO_MAY[rule.endpoint]  # type: ignore[operator]
    }
    assert theirs == {"audit.check"}
