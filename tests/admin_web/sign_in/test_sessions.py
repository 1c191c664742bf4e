"""Where somebody is signed in: listed, and ended at once by them or an administrator."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_web.sign_in.browsers import browser_of
from tests.admin_web.builders import PASSWORD, DeskUnderTest, Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


def signed_in(desk: DeskUnderTest, username: str, browser: str, address: str) -> Visitor:
    visitor = desk.visitor()
    visitor.client.environ_base.update(HTTP_USER_AGENT=browser, REMOTE_ADDR=address)
    assert visitor.sign_in(username).status_code == 302
    return visitor.english()


def ends(page: str) -> list[str]:
    return re.findall(r'action="(/(?:account|people/editor)/sessions/\d+/end)"', page)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (WECHAT, ("WeChat", "iPhone")),
        (EDGE, ("Edge", "Windows")),
        ("", ("", "")),
        ("something else", ("", "")),
    ],
)
def test_a_browser_is_named_in_words(header: str, words: tuple[str, str]) -> None:
    assert browser_of(header) == words


@given(st.text(max_size=300))
def test_no_header_is_too_strange_to_be_shown(header: str) -> None:
    assert len(browser_of(header)) == 2


def test_sessions_are_listed_with_where_and_when(desk: DeskUnderTest) -> None:
    signed_in(desk, "editor", WECHAT, "192.0.2.7")
    desk.clock.move(minutes=5)
    here = signed_in(desk, "editor", FIREFOX, "2001:db8::7")
    page = here.get("/account").text
    for said in ("WeChat on iPhone", "192.0.2.7", "Firefox on Linux", "2001:db8::7", "This one"):
        assert said in page
    assert page.count("16:05") >= 1
    assert len(ends(page)) == 1


def test_one_of_them_is_ended_and_is_out_with_its_next_request(desk: DeskUnderTest) -> None:
    there = signed_in(desk, "editor", WECHAT, "192.0.2.7")
    here = signed_in(desk, "editor", FIREFOX, "192.0.2.8")
    assert there.get("/prompts/").status_code == 200
    here.post(ends(here.get("/account").text)[0])
    assert there.get("/prompts/").status_code == 302
    assert here.get("/prompts/").status_code == 200


def test_all_others_are_ended_at_once(desk: DeskUnderTest) -> None:
    others = [signed_in(desk, "editor", EDGE, "192.0.2.7") for _ in range(3)]
    here = signed_in(desk, "editor", FIREFOX, "192.0.2.8")
    stranger = desk.as_("supervisor")
    here.post("/account/sessions/end-others")
    assert "3 sessions have ended" in here.get("/account").text
    assert [other.get("/prompts/").status_code for other in others] == [302] * 3
    assert stranger.get("/calls/").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_by_its_number(desk: DeskUnderTest) -> None:
    there = signed_in(desk, "editor", FIREFOX, "192.0.2.7")
    other = desk.as_("supervisor")
    for number in range(1, 5):
        path = f"/account/sessions/{number}/end"
        assert other.post(path).status_code in (302, 404)
    assert there.get("/prompts/").status_code == 200


def test_an_administrator_sees_and_ends_them(desk: DeskUnderTest) -> None:
    first = signed_in(desk, "editor", WECHAT, "192.0.2.7")
    second = signed_in(desk, "editor", FIREFOX, "192.0.2.8")
    boss = desk.as_("administrator").english()
    page = boss.get("/people/editor").text
    assert "WeChat on iPhone" in page
    assert len(ends(page)) == 2
    boss.post(ends(page)[0])
    codes = [visitor.get("/prompts/").status_code for visitor in (first, second)]
    assert sorted(codes) == [200, 302]
    boss.post("/people/editor/sessions/end")
    assert [v.get("/prompts/").status_code for v in (first, second)] == [302, 302]
    assert boss.get("/people/editor").status_code == 200
    boss.post("/people/administrator/sessions/end")  # one's own: this one stays
    assert boss.get("/people/").status_code == 200


def test_signing_out_leaves_nothing_to_come_back_with(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    kept = visitor.client.get_cookie("desk_session")
    assert kept is not None
    visitor.post("/sign-out")
    visitor.client.set_cookie("desk_session", kept.value)
    assert visitor.get("/prompts/").status_code == 302


def test_a_session_without_use_ends_on_the_line_not_in_the_cookie_alone(
    desk: DeskUnderTest,
) -> None:
    visitor = desk.as_("editor")
    for _ in range(3):
        desk.clock.move(minutes=55)
        assert visitor.get("/prompts/").status_code == 200
    desk.clock.move(minutes=61)
    assert visitor.get("/prompts/").status_code == 302


def test_how_strong_a_password_would_be_is_told_as_it_is_typed(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    given = {"5201314520": False, "correct horse staple": True, "short": False}
    for password, taken in given.items():
        answer = visitor.post("/account/strength", {"password": password, "username": "editor"})
        assert answer.json is not None
        assert answer.json["taken"] is taken
        assert password not in answer.text
    assert desk.visitor().post("/account/strength", {"password": PASSWORD}).status_code == 302
