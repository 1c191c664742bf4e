"""The simulator, and calls that are kept as tests."""

from __future__ import annotations

from typing import Any

import pytest

from call_flows import default_texts
from ivr.services import bills, flow_scenarios, revisions
from tests.admin_web.builders import DeskUnderTest
from tests.admin_web.flows.editing import Editor

TO_BILL = ({"press": "2"}, {"press": "1"}, {"press": "880123#"})


def found(**values: Any) -> dict[str, Any]:
    usual = {"kind": "gas", "amount": "99.90", "due": "2026-12-24", "state": "unpaid"}
    return {"lookup": {"service": "bills.find", "outcome": "found", "values": {**usual, **values}}}


def test_a_call_is_held_and_said_in_both_languages(desk: DeskUnderTest) -> None:
    call = Editor(desk).call({"press": "2"})["call"]
    said = call["turns"][1]["said"]
    assert said[0]["language"] == "en"
    assert "press" in said[0]["texts"]["en"]
    assert "请按" in said[0]["texts"]["zh-CN"]
    assert call["at"] == {"flow": "main", "node": "menu"}
    assert call["waits"]["for"] == "Collect"
    assert {"name": "caller.number", "value": "13800138000"} in call["variables"]


def test_a_lookup_is_answered_by_the_clerk_with_values_of_the_right_type(
    desk: DeskUnderTest,
) -> None:
    call = Editor(desk).call(*TO_BILL, found())["call"]
    words = call["turns"][-1]["said"][0]["texts"]
    assert "九十九元九角" in words["zh-CN"]
    assert "十二月二十四" in words["zh-CN"]
    assert "ninety-nine point nine zero yuan" in words["en"]


@pytest.mark.parametrize("wrong", [{"amount": "much"}, {"due": "soon"}, {"amount": ["1"]}])
def test_a_value_that_is_none_is_told(desk: DeskUnderTest, wrong: dict[str, Any]) -> None:
    answer = Editor(desk).send("try", {"given": [*TO_BILL, found(**wrong)]})
    assert answer.status_code == 422
    assert answer.get_json()["error"]


def test_a_lookup_can_be_answered_by_the_lines_own_records_and_changes_nothing(
    desk: DeskUnderTest,
) -> None:
    editor = Editor(desk)
    first = editor.call(*TO_BILL, ask=True)
    assert first["given"][-1]["lookup"]["outcome"] == "found"
    assert first["given"][-1]["lookup"]["values"]["amount"] == "128.50"
    protected = ({"press": "2"}, {"press": "1"}, {"press": "880456#"})
    given = [*protected, {"lookup": {"service": "bills.find", "outcome": "code_needed"}}]
    for _ in range(8):  # far more than the tries an account has
        wrong = editor.call(*given, {"press": "9999#"}, ask=True)
        assert wrong["given"][-1]["lookup"]["outcome"] == "wrong_code"
    with desk.database.begin() as session:
        right = bills.find(session, "880456", "4321", desk.clock())
    assert right.name == "found"


def test_what_the_records_say_depends_on_the_time_that_is_chosen(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    to_outages = ({"press": "2"}, {"press": "2"}, {"press": "1"})
    now = editor.call(*to_outages, ask=True)
    assert now["given"][-1]["lookup"]["outcome"] == "found"
    years = editor.call(*to_outages, ask=True, at="2020-01-01T12:00")
    assert years["given"][-1]["lookup"]["outcome"] == "none"


def test_a_call_goes_through_the_draft_and_is_stopped_while_it_has_errors(
    desk: DeskUnderTest,
) -> None:
    editor = Editor(desk)
    menu = editor.draft["nodes"]["menu"]
    editor.edit(["words", "main_menu", {"en": "Only the draft says this."}])
    call = editor.call({"press": "2"})["call"]
    assert call["turns"][1]["said"][0]["texts"]["en"] == "Only the draft says this."
    editor.edit(["put", "menu", {**menu, "choices": {"1": "nowhere"}}])
    answer = editor.send("try", {"given": []})
    assert (answer.status_code, answer.get_json()["blocked"]) == (422, True)


def test_a_secret_is_not_shown(desk: DeskUnderTest) -> None:
    needed = {"lookup": {"service": "bills.find", "outcome": "code_needed"}}
    call = Editor(desk).call(*TO_BILL, needed, {"press": "4321#"})["call"]
    assert {"name": "code", "value": "****"} in call["variables"]
    assert call["waits"]["arguments"]["code"] == "****"


def keep(editor: Editor, title: str = "A bill is found") -> None:
    answer = editor.send("try/keep", {"given": [*TO_BILL, found()], "title": title})
    assert answer.status_code == 200, answer.text


def test_a_kept_call_stops_a_publish_that_changes_it_and_says_where(desk: DeskUnderTest) -> None:
    keep(Editor(desk))
    editor = Editor(desk, "bills")
    tell = editor.draft["nodes"]["tell"]
    editor.edit(["put", "tell", {**tell, "then": "ask_account"}])
    assert not editor.draft["refused"]
    answer = editor.publish()
    assert answer.status_code == 422
    (fault,) = answer.get_json()["scenarios"]
    assert fault["title"] == "A bill is found"
    assert fault["at"] == "bills.ask_account"
    assert "expected" in fault["text"]
    with desk.database.read() as session:
        assert revisions.newest_flow(session, "bills") is None
    # The same without a script.
    text = default_texts()["bills"].replace("state]}\n    then: after", "state]}\n    then: locked")
    page = editor.visitor.post(
        "/flows/bills/edit", {"base": "0", "text": text, "message": "no script"}
    )
    assert page.status_code == 422
    assert "A bill is found" in page.text


def test_a_kept_call_can_be_taken_again_as_it_is_meant_now(desk: DeskUnderTest) -> None:
    editor = Editor(desk, "bills")
    keep(editor)
    tell = editor.draft["nodes"]["tell"]
    editor.edit(["put", "tell", {**tell, "then": "ask_account"}])
    with desk.database.read() as session:
        (row,) = flow_scenarios.every(session)
    page = editor.visitor.get(f"/flows/-/scenarios/{row.id}").text
    assert "goes otherwise" in page
    assert "goes as kept" in page  # with the flows in force
    editor.visitor.post(f"/flows/-/scenarios/{row.id}/again/bills")
    assert editor.publish().status_code == 200
    assert "goes as kept" in editor.visitor.get("/flows/-/scenarios").text
    editor.visitor.post(f"/flows/-/scenarios/{row.id}/remove")
    assert "A bill is found" not in editor.visitor.get("/flows/-/scenarios").text.split("<main")[
        1
    ].replace("“A bill is found”", "")
    assert editor.visitor.get(f"/flows/-/scenarios/{row.id}").status_code == 404


def test_a_title_is_asked_for_and_used_once(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    keep(editor)
    for title in ("", "A bill is found"):
        answer = editor.send("try/keep", {"given": [{"press": "1"}], "title": title})
        assert answer.status_code == 422


def test_hearing_a_turn_needs_a_voice_and_something_said(desk: DeskUnderTest) -> None:
    editor = Editor(desk)
    asked = {"given": [{"press": "1"}]}
    assert editor.send("try/hear", {**asked, "turn": 1}).status_code == 503
    assert editor.send("try/hear", {**asked, "turn": 9}).status_code == 422
    assert editor.send("try/hear", {**asked, "turn": "1"}).status_code == 400


def test_a_service_that_needs_a_call_is_not_asked_but_answered_by_hand(
    desk: DeskUnderTest,
) -> None:
    editor = Editor(desk, "studio")
    to_code = ({"press": "1"}, {"press": "1234567890"})
    call = editor.call(*to_code, flow="studio")["call"]
    assert call["failures"] == []
    waits = call["waits"]
    assert (waits["service"], waits["real"]) == ("studio.enter", False)
    refused = editor.send("try", {"given": list(to_code), "flow": "studio", "ask": True})
    assert refused.status_code == 422
    assert "studio.enter" in refused.get_json()["error"]
