"""Builders: a desk over a real SQLite database with the sample town, and somebody who uses it."""

from __future__ import annotations

import html
import re
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from admin_web import DeskSettings, create_app
from ivr.records import Database
from ivr.records.tables import EndedBy, RecordingKind, Role
from ivr.services import calls, complaints, heartbeats, passwords, recordings, sample_town, staff
from ivr.services.calls import CallEnd, NewCall, Quality, StepTaken
from tests.databases import migrated_sqlite

PASSWORD = "correct horse staple"
# Argon2 is slow by design; tests/ivr/services/test_staff.py sees to it that the line's is.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=1024)
_HASH = passwords.hash_password(PASSWORD)
ROLES = ("administrator", "editor", "supervisor", "clerk", "auditor")
# The department of the sample clerk.
DEPARTMENT = "environment"


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class DeskUnderTest:
    app: Flask
    database: Database
    state_dir: Path
    clock: Clock

    def visitor(self) -> Visitor:
        return Visitor(self.app.test_client())

    def as_(self, username: str) -> Visitor:
        """Somebody who is signed in; the sample staff are named after their roles."""
        visitor = self.visitor()
        answer = visitor.sign_in(username)
        assert answer.status_code == 302, answer.text
        return visitor

    def beat(self, **detail: Any) -> None:
        with self.database.begin() as session:
            heartbeats.beat(session, "responder", detail, self.clock())


class Visitor:
    """A browser: keeps cookies and sends back the CSRF token of the page it looks at."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        answer = self.client.get(path, **kwargs)
        if answer.mimetype == "text/html":
            self._look(answer)
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        if not self.token:
            self.get("/account")
        answer = self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **kwargs)
        if answer.mimetype == "text/html":
            self._look(answer)
        return answer

    def sign_in(self, username: str, password: str = PASSWORD, **more: str) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"username": username, "password": password, **more})
        self.token = ""
        return answer

    def english(self) -> Visitor:
        self.client.set_cookie("desk_language", "en")
        return self

    def _look(self, answer: TestResponse) -> None:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)
        if found:
            self.token = html.unescape(found[1])


def make_desk(state_dir: Path, *, sample: bool = True, **settings: Any) -> DeskUnderTest:
    clock = Clock()
    database = Database(migrated_sqlite(state_dir / "ivr.db"))
    with database.begin() as session:
        for role in ROLES:
            staff.create(
                session,
                username=role,
                password_hash=_HASH,
                role=Role(role),
                department=DEPARTMENT if role == "clerk" else None,
                display_name=role.title(),
                must_change_password=False,
                who="tests",
                now=clock(),
            )
        if sample:
            sample_town.load(session, clock())
    chosen = {"state_dir": state_dir, "secret_key": "a secret of the tests only", **settings}
    app = create_app(DeskSettings(**chosen), database, now=clock)
    return DeskUnderTest(app, database, state_dir, clock)


def add_call(desk: DeskUnderTest, call_id: str = "call-1", **given: Any) -> str:
    """A call of a minute that looked up a bill."""
    start = given.pop("started_at", desk.clock() - timedelta(minutes=5))
    ended_by = given.pop("ended_by", EndedBy.CALLER)
    language = given.pop("language", "zh-CN")
    steps = given.pop(
        "steps",
        [
            ("main", "language", "menu", "1", "match"),
            ("bills", "ask_account", "ask", "880123", "match"),
            ("bills", "ask_code", "ask", "****", "match"),
            ("bills", "look_up", "lookup", "", "found"),
        ],
    )
    end_reason = given.pop("end_reason", "")
    facts = {"caller": "13800138000", "called": "12345", "remote": "192.0.2.7:5060", **given}
    with desk.database.begin() as session:
        calls.open_call(session, NewCall(id=call_id, started_at=start, flow="main", **facts))
        calls.record_answer(
            session, call_id, start + timedelta(seconds=1), codec="PCMU", language=language
        )
        calls.add_steps(
            session,
            call_id,
            [
                StepTaken(seq, start + timedelta(seconds=2 + 3 * seq), *step)
                for seq, step in enumerate(steps)
            ],
        )
        calls.close_call(
            session,
            call_id,
            CallEnd(
                start + timedelta(seconds=66),
                ended_by,
                reason=end_reason,
                language=language,
                quality=Quality(3250, 3247, 3, 1.25, 0, 0.8, 21.0),
            ),
        )
    return call_id


def add_recording(
    desk: DeskUnderTest, call_id: str, recording_id: str = "rec-1", *, path: str | None = None
) -> str:
    """A second of sound; ``path`` (relative to the state folder) may name another file."""
    stored = path or f"recordings/{recording_id}.wav"
    if path is None:
        write_wav(desk.state_dir / stored)
    with desk.database.begin() as session:
        recordings.begin(
            session,
            recording_id,
            call_id=call_id,
            kind=RecordingKind.COMPLAINT,
            path=stored,
            now=desk.clock() - timedelta(minutes=4),
        )
        recordings.finish(session, recording_id, 1.0)
    return recording_id


def add_complaint(desk: DeskUnderTest, **given: Any) -> str:
    """A complaint of a category of the default line; its ticket."""
    facts = {
        "category": "other",
        "call_id": None,
        "recording_id": None,
        "caller": "13800138000",
        "callback_number": "13800138000",
        "finished": True,
        "now": desk.clock(),
        "language": "zh-CN",
        **given,
    }
    with desk.database.begin() as session:
        return complaints.file(session, **facts).ticket


def write_wav(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(_syllables())


def _syllables() -> bytes:
    """A second that swells and fades four times, as speech does and a hum does not."""
    t = np.arange(8000) / 8000
    return bytes((np.sin(880 * t) * np.sin(4 * np.pi * t) ** 2 * 12_000).astype("<i2").tobytes())
