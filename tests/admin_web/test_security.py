"""What every answer must carry, and what no page may do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_web import DeskSettings
from admin_web.links import same_site
from tests.admin_web.builders import DeskUnderTest, add_call, add_complaint, make_desk

PAGES = (
    "/",
    "/account",
    "/calls/",
    "/complaints/",
    "/call-backs/",
    "/outages/",
    "/outages/new",
    "/bills/",
    "/bills/import",
    "/prompts/",
    "/prompts/greeting",
    "/pronunciations/",
    "/pronunciations/word?language=zh-CN&word=民声",
    "/flows/",
    "/flows/main",
    "/flows/main/edit",
    "/trunks/",
    "/people/",
    "/people/-/new",
    "/people/editor",
)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_code_or_style_that_the_policy_forbids(
    desk: DeskUnderTest, path: str
) -> None:
    answer = desk.as_("administrator").get(path)
    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_answers_carry_the_headers_and_are_kept_in_no_cache(desk: DeskUnderTest) -> None:
    headers = desk.as_("administrator").get("/calls/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_behind_https_cookies_are_secure_and_browsers_are_told_to_stay(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, https=True)
    answer = desk.app.test_client().get("/sign-in", base_url="https://desk.example")
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert answer.headers["Strict-Transport-Security"]


def test_a_form_without_its_token_changes_nothing(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    answer = visitor.client.post("/outages/1/end", data={})
    assert answer.status_code == 400
    assert "out of date" in answer.text
    assert "End now" in visitor.get("/outages/").text


def test_every_form_that_posts_carries_a_token(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator")
    for path in PAGES:
        for form in re.findall(
            r"<form[^>]*method=\"post\".*?</form>", visitor.get(path).text, re.S
        ):
            assert 'name="csrf_token"' in form, f"{path}: {form[:120]}"


def test_what_a_caller_writes_into_a_name_is_shown_and_not_run(desk: DeskUnderTest) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    add_call(desk, caller=evil[:60], caller_name=evil)
    ticket = add_complaint(desk, caller=evil, callback_number=evil)
    visitor = desk.as_("administrator")
    for path in ("/calls/", "/calls/call-1", "/complaints/", f"/complaints/{ticket}"):
        page = visitor.get(path).text
        assert "&lt;script&gt;" in page, path
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_what_is_searched_for_is_shown_and_not_run(desk: DeskUnderTest) -> None:
    page = desk.as_("administrator").get("/calls/?caller=%22%3E%3Cscript%3Ex").text
    assert "&gt;&lt;script&gt;x" in page
    assert "<script>x" not in page


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:x",
        "/\t/evil",
        "",
        None,
        "evil",
        "/a\\b",
        "/\n/evil.example",
        "///evil.example",
    ],
)
def test_no_address_leads_to_another_site(target: str | None) -> None:
    assert same_site(target) == "/"


@given(st.text(max_size=40))
def test_whatever_is_asked_for_the_way_leads_to_a_path_of_this_site(target: str) -> None:
    found = same_site(target)
    assert found.startswith("/")
    assert not re.match(r"/[/\\]", found)
    assert not re.search(r"[\x00-\x1f\x7f\\]", found)


def test_sign_in_leads_only_to_this_site(desk: DeskUnderTest) -> None:
    assert desk.visitor().sign_in("editor", next="/prompts/").headers["Location"] == "/prompts/"
    assert desk.visitor().sign_in("editor", next="//evil.example").headers["Location"] == "/"


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        DeskSettings(state_dir=tmp_path, secret_key="short")


@pytest.mark.parametrize(
    ("language", "status", "path", "said"),
    [
        ("en", 404, "/nowhere", "does not exist"),
        ("zh-CN", 404, "/nowhere", "没有这个页面"),
        ("en", 405, "/sign-out", "cannot be used"),
        ("zh-CN", 405, "/sign-out", "不能这样使用"),
    ],
)
def test_errors_are_told_in_both_languages(
    desk: DeskUnderTest, language: str, status: int, path: str, said: str
) -> None:
    visitor = desk.as_("editor")
    visitor.client.set_cookie("desk_language", language)
    answer = visitor.get(path)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_a_file_over_the_limit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, max_upload_mib=1)
    visitor = desk.as_("administrator").english()
    visitor.get("/bills/import")
    answer = visitor.post("/bills/import", {"file": (tmp_path / "ivr.db").open("rb")})
    assert answer.status_code in (200, 413, 422)
    big = tmp_path / "big.csv"
    big.write_bytes(b"x" * (2 << 20))
    with big.open("rb") as file:
        answer = visitor.post("/bills/import", {"file": (file, "big.csv")})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_a_fault_of_ours_shows_a_page_without_its_details(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    desk.database.engine.dispose()
    with desk.database.begin() as session:
        session.connection().exec_driver_sql("DROP TABLE call_steps")
    add = visitor.get("/calls/?node=main")
    assert add.status_code == 500
    assert "Something failed" in add.text
    assert "call_steps" not in add.text


def test_the_session_of_a_desk_behind_https_belongs_to_its_host_alone(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, https=True)
    visitor = desk.app.test_client()
    answer = visitor.get("/sign-in", base_url="https://line.example")
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if "desk_session" in c]
    assert cookie.startswith("__Host-desk_session=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/healthz", "/", "/api/calls"])
@pytest.mark.parametrize("host", ["a" * 70, "x" * 70 + ".example:80", ".."])
def test_a_host_that_is_none_is_a_bad_request(desk: DeskUnderTest, host: str, path: str) -> None:
    """Found by the hostile peer: the page that says so had links, and raised."""
    answer = desk.app.test_client().get(path, environ_overrides={"HTTP_HOST": host})
    assert answer.status_code == 400
