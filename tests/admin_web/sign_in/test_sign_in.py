"""Signing in, staying signed in, and one's own password."""

from __future__ import annotations

from pathlib import Path

from ivr.records.tables import Role
from ivr.services import passwords, staff
from tests.admin_web.builders import PASSWORD, DeskUnderTest, make_desk

NEW = "another long sentence"


def test_the_right_password_opens_the_page_that_was_wanted(desk: DeskUnderTest) -> None:
    visitor = desk.visitor()
    answer = visitor.get("/calls/?caller=138")
    assert answer.headers["Location"] == "/sign-in?next=/calls/?caller%3D138"
    answer = visitor.sign_in("supervisor", next="/calls/?caller=138")
    assert answer.headers["Location"] == "/calls/?caller=138"
    assert visitor.get("/calls/").status_code == 200


def test_a_wrong_password_and_an_unknown_name_sound_the_same(desk: DeskUnderTest) -> None:
    wrong = desk.visitor().english().sign_in("editor", "not the password")
    unknown = desk.visitor().english().sign_in("nobody", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert "User name or password is wrong" in wrong.text
    assert "User name or password is wrong" in unknown.text


def test_after_five_wrong_tries_even_the_right_password_waits(desk: DeskUnderTest) -> None:
    visitor = desk.visitor().english()
    for _ in range(5):
        visitor.sign_in("editor", "wrong")
    answer = visitor.sign_in("editor")
    assert answer.status_code == 429
    assert "locked until 16:15:00" in answer.text
    desk.clock.move(minutes=16)
    assert visitor.sign_in("editor").status_code == 302


def test_a_session_ends_some_hours_after_the_sign_in(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, session_max_s=12 * 3600, session_idle_s=24 * 3600)
    visitor = desk.as_("editor")
    desk.clock.move(hours=11)
    assert visitor.get("/prompts/").status_code == 200
    desk.clock.move(hours=2)
    assert visitor.get("/prompts/").status_code == 302


def test_a_session_cookie_ends_without_use(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, session_idle_s=30 * 60)
    assert desk.app.permanent_session_lifetime.total_seconds() == 30 * 60
    visitor = desk.visitor()
    cookie = visitor.sign_in("editor").headers.getlist("Set-Cookie")
    assert any(part.startswith("desk_session=") and "Expires=" in part for part in cookie)


def test_signing_out_ends_the_session(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    assert visitor.post("/sign-out").status_code == 302
    assert visitor.get("/prompts/").status_code == 302


def test_a_changed_password_ends_other_sessions_and_keeps_this_one(desk: DeskUnderTest) -> None:
    elsewhere, here = desk.as_("editor"), desk.as_("editor")
    answer = here.post("/account", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert answer.status_code == 302
    assert here.get("/prompts/").status_code == 200
    assert elsewhere.get("/prompts/").status_code == 302
    assert desk.visitor().sign_in("editor", NEW).status_code == 302


def test_a_new_password_is_refused_with_the_reason(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    reasons = {
        ("wrong one", NEW, NEW): "not your present password",
        (PASSWORD, "short", "short"): "at least 8 characters",
        (PASSWORD, "password123", "password123"): "too easy to guess",
        (PASSWORD, "the editor himself", "the editor himself"): "must not contain the username",
        (PASSWORD, NEW, "something else"): "not the same",
    }
    for (current, new, again), reason in reasons.items():
        answer = visitor.post("/account", {"current": current, "new": new, "again": again})
        assert answer.status_code == 422
        assert reason in answer.text
    assert desk.visitor().sign_in("editor").status_code == 302


def test_a_given_password_must_be_changed_before_anything_else(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        staff.create(
            session,
            username="fresh",
            password_hash=passwords.hash_password(PASSWORD),
            role=Role.EDITOR,
            who="tests",
            now=desk.clock(),
        )
    visitor = desk.visitor()
    assert visitor.sign_in("fresh", next="/prompts/").headers["Location"] == "/account"
    assert visitor.get("/prompts/").headers["Location"] == "/account"
    visitor.post("/account", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert visitor.get("/prompts/").status_code == 200


def test_somebody_deactivated_is_out_at_once(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    with desk.database.begin() as session:
        staff.edit(session, "editor", active=False, who="tests", now=desk.clock())
    assert visitor.get("/prompts/").status_code == 302


def test_a_forged_session_cookie_opens_nothing(desk: DeskUnderTest) -> None:
    visitor = desk.visitor()
    visitor.client.set_cookie("desk_session", "eyJfdXNlcl9pZCI6IjEuMSJ9.forged.forged")
    assert visitor.get("/prompts/").status_code == 302
