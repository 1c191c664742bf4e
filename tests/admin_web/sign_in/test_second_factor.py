"""Setting up a second factor, signing in with it, losing it, and being made to have one."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest

from ivr.services import audit, second_factor, staff
from tests.admin_web.builders import PASSWORD, DeskUnderTest, Visitor, make_desk


class App:
    """The app on somebody's telephone."""

    def __init__(self, desk: DeskUnderTest, secret: str) -> None:
        self.desk, self.totp = desk, pyotp.TOTP(secret)

    def code(self) -> str:
        """The next code that has not been shown before."""
        self.desk.clock.move(seconds=30)
        return self.totp.at(self.desk.clock())


def set_up(desk: DeskUnderTest, visitor: Visitor) -> tuple[App, list[str]]:
    page = visitor.post("/account/second-factor", {"password": PASSWORD})
    secret = re.search(r'<code class="token">([A-Z2-7 ]+)</code>', page.text)
    assert secret is not None, page.text
    app = App(desk, secret[1].replace(" ", ""))
    shown = visitor.post("/account/second-factor/confirm", {"code": app.code()})
    return app, re.findall(r"<li><code>([0-9A-Z-]+)</code></li>", shown.text)


def half_way(desk: DeskUnderTest, username: str = "editor", **more: str) -> Visitor:
    """Somebody who has given the right password."""
    visitor = desk.visitor()
    answer = visitor.sign_in(username, **more)
    assert answer.headers["Location"] == "/sign-in/code"
    return visitor


def give(visitor: Visitor, code: str) -> int:
    visitor.get("/sign-in/code")
    return visitor.post("/sign-in/code", {"code": code}).status_code


def test_a_code_is_asked_for_from_then_on_and_leads_to_the_wanted_page(desk: DeskUnderTest) -> None:
    app, codes = set_up(desk, desk.as_("editor"))
    assert len(codes) == second_factor.RECOVERY_CODES
    visitor = half_way(desk, next="/prompts/")
    assert visitor.get("/prompts/").status_code == 302  # half is nothing
    visitor.get("/sign-in/code")
    answer = visitor.post("/sign-in/code", {"code": app.code()})
    assert answer.headers["Location"] == "/prompts/"
    assert visitor.get("/prompts/").status_code == 200
    with desk.database.read() as session:
        entry = next(e for e in audit.newest(session) if e.what == "signed_in")
        assert (entry.who, entry.detail) == ("editor", {"by": "second_factor"})


def test_the_picture_is_drawn_on_the_page_and_calls_nobody(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    page = visitor.post("/account/second-factor", {"password": PASSWORD}).text
    svg = re.search(r"<svg[^>]*>.*?</svg>", page, re.S)
    assert svg is not None
    assert "style=" not in svg[0]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_without_the_password_no_secret_is_shown_and_nothing_is_turned_off(
    desk: DeskUnderTest,
) -> None:
    visitor = desk.as_("editor").english()
    answer = visitor.post("/account/second-factor", {"password": "wrong"})
    assert answer.status_code == 422
    assert "<svg" not in answer.text
    set_up(desk, visitor)
    for path in ("/account/second-factor/off", "/account/second-factor/codes"):
        assert visitor.post(path, {"password": "wrong"}).status_code == 422
    half_way(desk)


def test_a_wrong_first_code_shows_the_same_picture_again(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor").english()
    page = visitor.post("/account/second-factor", {"password": PASSWORD})
    secret = re.search(r'<code class="token">([A-Z2-7 ]+)</code>', page.text)
    assert secret is not None
    answer = visitor.post("/account/second-factor/confirm", {"code": "000000"})
    assert answer.status_code == 422
    assert secret[1] in answer.text
    assert "clock is right" in answer.text


def test_turning_it_on_ends_sessions_elsewhere(desk: DeskUnderTest) -> None:
    elsewhere, here = desk.as_("editor"), desk.as_("editor")
    set_up(desk, here)
    assert here.get("/prompts/").status_code == 200
    assert elsewhere.get("/prompts/").status_code == 302


def test_a_code_is_taken_once_and_five_wrong_ones_lock(desk: DeskUnderTest) -> None:
    app, _ = set_up(desk, desk.as_("editor"))
    code = app.code()
    assert give(half_way(desk), code) == 302
    visitor = half_way(desk).english()
    assert give(visitor, code) == 401
    for _ in range(3):
        assert give(visitor, "000000") == 401
    assert give(visitor, "000001") == 401
    visitor.get("/sign-in/code")
    answer = visitor.post("/sign-in/code", {"code": app.code()})
    assert answer.status_code == 429
    assert "Too many wrong codes" in answer.text
    with desk.database.read() as session:
        assert [e.what for e in audit.newest(session)].count("code_refused") == 6


def test_many_wrong_codes_shut_the_address(desk: DeskUnderTest) -> None:
    for username in ("editor", "supervisor", "auditor", "administrator"):
        set_up(desk, desk.as_(username))
        visitor = half_way(desk, username)
        for _ in range(5):
            give(visitor, "000000")
    assert desk.visitor().sign_in("clerk").status_code == 429


def test_a_recovery_code_signs_in_once_and_few_left_are_told(desk: DeskUnderTest) -> None:
    _, codes = set_up(desk, desk.as_("editor"))
    for code in codes[:7]:
        visitor = half_way(desk).english()
        assert give(visitor, code.lower()) == 302
    assert "3 recovery codes are left" in visitor.get("/").text
    assert give(half_way(desk), codes[0]) == 401


@pytest.mark.parametrize("wait_s", [301, -1])
def test_the_time_between_password_and_code_is_short(desk: DeskUnderTest, wait_s: int) -> None:
    app, _ = set_up(desk, desk.as_("editor"))
    visitor = half_way(desk)
    desk.clock.move(seconds=wait_s)
    answer = visitor.get("/sign-in/code")
    assert answer.headers["Location"] == "/sign-in"
    visitor.get("/sign-in")
    assert visitor.post("/sign-in/code", {"code": app.code()}).headers["Location"] == "/sign-in"


def test_a_password_changed_meanwhile_ends_the_half_sign_in(desk: DeskUnderTest) -> None:
    app, _ = set_up(desk, desk.as_("editor"))
    visitor = half_way(desk)
    boss = desk.as_("administrator")
    boss.post("/people/editor/password", {"password": "a fresh start of it"})
    assert visitor.get("/sign-in/code").headers["Location"] == "/sign-in"
    assert app.code()


def test_nobody_comes_to_the_code_without_a_password(desk: DeskUnderTest) -> None:
    set_up(desk, desk.as_("editor"))
    assert desk.visitor().get("/sign-in/code").headers["Location"] == "/sign-in"


def test_it_is_turned_off_by_its_owner(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    set_up(desk, visitor)
    assert visitor.post("/account/second-factor/off", {"password": PASSWORD}).status_code == 302
    assert desk.as_("editor").get("/prompts/").status_code == 200


def test_new_recovery_codes_are_shown_once_and_end_the_old(desk: DeskUnderTest) -> None:
    visitor = desk.as_("editor")
    _, old = set_up(desk, visitor)
    page = visitor.post("/account/second-factor/codes", {"password": PASSWORD})
    new = re.findall(r"<li><code>([0-9A-Z-]+)</code></li>", page.text)
    assert len(new) == len(old)
    assert not set(new) & set(old)
    assert new[0] not in visitor.get("/account/second-factor").text
    assert give(half_way(desk), old[0]) == 401


def test_an_administrator_resets_it_for_somebody_and_signs_them_out(desk: DeskUnderTest) -> None:
    editor, boss = desk.as_("editor"), desk.as_("administrator").english()
    set_up(desk, editor)
    assert "recovery codes left" in boss.get("/people/editor").text
    assert boss.post("/people/editor/second-factor/reset").status_code == 302
    assert editor.get("/prompts/").status_code == 302
    assert desk.as_("editor").get("/prompts/").status_code == 200
    with desk.database.read() as session:
        entry = next(e for e in audit.newest(session) if e.what == "second_factor_off")
        assert (entry.who, entry.record) == ("administrator", "editor")


def test_a_role_that_must_have_one_sets_it_up_before_anything_else(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, second_factor_for=frozenset({"editor"}))
    visitor = desk.as_("editor").english()
    for path in ("/", "/prompts/", "/flows/"):
        assert visitor.get(path).headers["Location"] == "/account/second-factor"
    assert visitor.get("/account").status_code == 200
    set_up(desk, visitor)
    assert visitor.get("/prompts/").status_code == 200
    page = visitor.get("/account/second-factor").text
    assert "Turn it off" not in page
    visitor.post("/account/second-factor/off", {"password": PASSWORD})
    half_way(desk)
    assert desk.as_("supervisor").get("/calls/").status_code == 200
    assert "Missing" not in desk.as_("administrator").english().get("/people/editor").text


def test_who_must_have_one_and_was_given_a_password_changes_that_first(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, second_factor_for=frozenset({"editor"}))
    with desk.database.begin() as session:
        hashed = staff.get(session, "editor").password_hash
        staff.set_password(
            session, "editor", hashed, must_change=True, who="tests", now=desk.clock()
        )
    visitor = desk.as_("editor")
    assert visitor.get("/account/second-factor").headers["Location"] == "/account"
    new = "another long sentence"
    visitor.post("/account", {"current": PASSWORD, "new": new, "again": new})
    assert visitor.get("/prompts/").headers["Location"] == "/account/second-factor"
