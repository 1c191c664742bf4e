"""A desk with records of every kind, and programs that ask it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from admin_web.api.scopes import SCOPES
from ivr.records.tables import Role
from ivr.services import tokens
from tests.admin_web.builders import DeskUnderTest, make_desk


@dataclass
class Program:
    """A program with a token."""

    desk: DeskUnderTest
    token: str

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.desk.app.test_client().open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of an answer that must be good."""
        answer = self.ask("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path: str, sent: Any, **more: Any) -> TestResponse:
        return self.ask("POST", path, json=sent, **more)


def program(desk: DeskUnderTest, name: str = "a program", **given: Any) -> Program:
    """A program whose token may do everything, unless it is said otherwise."""
    wanted = {
        "role": Role.ADMINISTRATOR,
        "scopes": tuple(SCOPES),
        "whole_numbers": True,
        **given,
    }
    with desk.database.begin() as session:
        token = tokens.create(session, name, who="tests", now=desk.clock(), **wanted)
    return Program(desk, token)


@pytest.fixture
def town(tmp_path: Path) -> DeskUnderTest:
    """The sample town, and nothing else."""
    return make_desk(tmp_path)
