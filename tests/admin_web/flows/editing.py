"""Somebody who edits a flow as its page does: by the answers that its script asks for."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from tests.admin_web.builders import DeskUnderTest, Visitor


class Editor:
    """One person's draft of one flow."""

    def __init__(self, desk: DeskUnderTest, name: str = "main", who: str = "editor") -> None:
        self.desk, self.name = desk, name
        self.visitor: Visitor = desk.as_(who).english()
        self.visitor.get(f"/flows/{name}/edit")
        self.everything: dict[str, Any] = self.get("draft").get_json()
        self.draft: dict[str, Any] = self.everything["draft"]

    def get(self, path: str) -> TestResponse:
        return self.visitor.client.get(f"/flows/{self.name}/{path}")

    def send(self, path: str, body: Any) -> TestResponse:
        return self.visitor.client.post(
            f"/flows/{self.name}/{path}", json=body, headers={"X-CSRFToken": self.visitor.token}
        )

    def edit(self, *edits: list[Any], what: str = "put") -> TestResponse:
        answer = self.send("draft", {"seq": self.draft["seq"], "edits": list(edits), "what": what})
        if answer.status_code == 200:
            self.draft = answer.get_json()["draft"]
        return answer

    def do(self, what: str) -> dict[str, Any]:
        answer = self.send("draft", {"seq": self.draft["seq"], "do": what})
        assert answer.status_code == 200, answer.text
        self.draft = answer.get_json()["draft"]
        return self.draft

    def publish(self, message: str = "why") -> TestResponse:
        return self.send("draft/publish", {"seq": self.draft["seq"], "message": message})

    def call(self, *given: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = self.send("try", {"given": list(given), "caller": "13800138000", **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found
