"""Staff accounts and tokens."""

from __future__ import annotations

import re

from ivr.services import staff
from tests.admin_web.builders import DeskUnderTest

NEW = {
    "username": "wang.fang",
    "display_name": "王芳",
    "role": "editor",
    "password": "a first password",
}


def test_a_new_person_signs_in_and_chooses_a_password(desk: DeskUnderTest) -> None:
    assert desk.as_("administrator").post("/people/-/new", NEW).status_code == 302
    answer = desk.visitor().sign_in("wang.fang", "a first password")
    assert answer.headers["Location"] == "/account"


def test_what_is_wrong_with_a_new_account_is_told(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    for change, said in (
        ({"username": "editor"}, "already"),
        ({"username": "x y"}, "2 to 32 letters"),
        ({"password": "short"}, "at least 8"),
        ({"password": "wang.fang123"}, "must not contain"),
        ({"password": "woaini1314"}, "too easy"),
        ({"role": "clerk"}, "Choose the department"),
        ({"role": "king"}, "choice"),
    ):
        answer = visitor.post("/people/-/new", {**NEW, **change})
        assert answer.status_code == 422, change
        assert said in answer.text


def test_the_last_administrator_cannot_be_lost(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    answer = visitor.post("/people/administrator", {"role": "editor", "display_name": ""})
    assert answer.status_code == 422
    assert "must be an active administrator left" in answer.text
    visitor.post("/people/administrator/deactivate")
    assert "must be an active administrator left" in visitor.get("/people/administrator").text
    assert visitor.get("/people/").status_code == 200


def test_another_role_ends_the_sessions_of_the_old_one(desk: DeskUnderTest) -> None:
    editor, boss = desk.as_("editor"), desk.as_("administrator")
    boss.post("/people/editor", {"role": "supervisor", "display_name": "Ed"})
    assert editor.get("/prompts/").status_code == 302
    assert desk.as_("editor").get("/prompts/").status_code == 403


def test_a_new_password_lifts_a_lock_and_must_be_changed(desk: DeskUnderTest) -> None:
    for _ in range(5):
        desk.visitor().sign_in("editor", "wrong")
    boss = desk.as_("administrator").english()
    assert "Locked" in boss.get("/people/").text
    assert boss.post("/people/editor/password", {"password": "short"}).status_code == 422
    assert boss.post("/people/editor/password", {"password": "for the editor"}).status_code == 422
    assert boss.post("/people/editor/password", {"password": "a fresh start"}).status_code == 302
    assert desk.visitor().sign_in("editor", "a fresh start").headers["Location"] == "/account"


def test_somebody_deactivated_can_come_back(desk: DeskUnderTest) -> None:
    boss = desk.as_("administrator")
    boss.post("/people/editor/deactivate")
    assert desk.visitor().sign_in("editor").status_code == 401
    boss.post("/people/editor/activate")
    assert desk.visitor().sign_in("editor").status_code == 302


def test_the_language_chosen_stays_with_the_person(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    answer = visitor.post("/language", {"language": "en", "next": "/prompts/?text=bill"})
    assert answer.headers["Location"] == "/prompts/?text=bill"
    assert "Call flows" in visitor.get("/").text
    with desk.database.read() as session:
        assert staff.get(session, "editor").language == "en"
    assert "Call flows" in desk.as_("editor").get("/").text  # another browser
    away = visitor.post("/language", {"language": "zh-CN", "next": "//evil.example/"})
    assert away.headers["Location"] == "/"


def test_a_token_is_shown_once_and_opens_the_api_until_it_is_revoked(desk: DeskUnderTest) -> None:
    boss = desk.as_("administrator").english()
    asked = {"name": "the dashboard", "role": "supervisor", "scopes": ["calls:read"]}
    page = boss.post("/people/-/tokens", asked).text
    token = re.search(r'<code class="token">([^<]+)</code>', page)
    assert token is not None
    assert token[1] not in boss.get("/people/").text
    header = {"Authorization": f"Bearer {token[1]}"}
    client = desk.app.test_client()
    assert client.get("/api/calls", headers=header).status_code == 200
    assert boss.post("/people/-/tokens", asked).status_code == 422
    revoke = re.search(r"/people/-/tokens/\d+/revoke", boss.get("/people/").text)
    assert revoke is not None
    boss.post(revoke[0])
    assert client.get("/api/calls", headers=header).status_code == 401
