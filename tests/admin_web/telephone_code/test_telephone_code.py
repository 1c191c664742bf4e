"""One's own code for recording by telephone: shown once, renewed, ended; by whom."""

import re
from datetime import timedelta

import pytest

from ivr.services import audit, numbers, studio_codes
from tests.admin_web.builders import DeskUnderTest

PAGE = "/account/telephone-code/"


def shown_code(page: str) -> str:
    found = re.search(r'<code class="token">(\d{4}) (\d{3}) (\d{3})</code>', page)
    assert found, page
    return "".join(found.groups())


def tried(desk: DeskUnderTest, digits: str, caller: str = "01088880001") -> studio_codes.Tried:
    with desk.database.begin() as session:
        return studio_codes.attempt(session, digits, caller, desk.clock())


def words(desk: DeskUnderTest) -> list[str]:
    with desk.database.read() as session:
        return [entry.what for entry in audit.newest(session)]


def test_a_new_code_is_shown_once_opens_and_is_noted(desk: DeskUnderTest) -> None:
    editor = desk.as_("editor").english()
    assert "None" in editor.get(PAGE).text
    answer = editor.post(PAGE)
    code = shown_code(answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert tried(desk, code).code is not None
    page = editor.get(PAGE).text
    assert code[:4] not in re.sub(r'value="[^"]*"', "", page)
    assert "Active" in page
    assert "studio_code_made" in words(desk)


def test_a_new_code_replaces_the_old_one(desk: DeskUnderTest) -> None:
    editor = desk.as_("editor")
    old, new = shown_code(editor.post(PAGE).text), shown_code(editor.post(PAGE).text)
    assert tried(desk, old).code is None
    assert tried(desk, new, "01088880002").code is not None


def test_an_ended_code_opens_nothing(desk: DeskUnderTest) -> None:
    editor = desk.as_("editor").english()
    code = shown_code(editor.post(PAGE).text)
    told = editor.get(editor.post(f"{PAGE}end").location).text
    assert "opens nothing any more" in told
    assert tried(desk, code).code is None
    again = editor.get(editor.post(f"{PAGE}end").location).text
    assert "no telephone code to end" in again


def test_a_locked_code_is_shown_as_locked_until_it_runs_out(desk: DeskUnderTest) -> None:
    editor = desk.as_("editor").english()
    code = shown_code(editor.post(PAGE).text)
    for caller in ("1", "2", "3"):
        tried(desk, code[:4] + "x", caller)
    assert "Locked" in editor.get(PAGE).text
    desk.clock.move(minutes=studio_codes.LOCK / timedelta(minutes=1))
    assert "Locked" not in editor.get(PAGE).text


def test_the_page_says_which_numbers_lead_to_the_recording_room(desk: DeskUnderTest) -> None:
    editor = desk.as_("editor").english()
    assert "788346" in editor.get(PAGE).text
    with desk.database.begin() as session:
        numbers.save(session, "788346", "main", now=desk.clock())
        numbers.save(session, "96009", "studio", now=desk.clock())
    page = editor.get(PAGE).text
    assert "96009" in page
    assert "788346" not in page


@pytest.mark.parametrize(("role", "status"), [("editor", 200), ("administrator", 200)])
def test_who_edits_prompts_finds_the_page_from_the_own_account(
    desk: DeskUnderTest, role: str, status: int
) -> None:
    visitor = desk.as_(role)
    assert f'href="{PAGE}"' in visitor.get("/account").text
    assert visitor.get(PAGE).status_code == status


@pytest.mark.parametrize("role", ["supervisor", "auditor", "clerk"])
def test_nobody_else_has_one(desk: DeskUnderTest, role: str) -> None:
    visitor = desk.as_(role)
    assert PAGE not in visitor.get("/account").text
    assert visitor.get(PAGE).status_code == 403
    assert visitor.post(PAGE).status_code == 403


def test_an_administrator_ends_the_code_of_somebody_else(desk: DeskUnderTest) -> None:
    code = shown_code(desk.as_("editor").post(PAGE).text)
    administrator = desk.as_("administrator").english()
    assert "End the code" in administrator.get("/people/editor").text
    answer = administrator.post(f"{PAGE}editor/end")
    assert answer.location == "/people/editor"
    assert tried(desk, code).code is None
    assert "End the code" not in administrator.get("/people/editor").text
    assert desk.as_("editor").post(f"{PAGE}administrator/end").status_code == 403


def test_a_person_who_does_not_exist_has_no_code_to_end(desk: DeskUnderTest) -> None:
    administrator = desk.as_("administrator")
    before = words(desk)
    answer = administrator.post(f"{PAGE}nobody/end")
    assert administrator.get(answer.location).status_code == 404
    assert "studio_code_ended" not in words(desk)[: -len(before)]
