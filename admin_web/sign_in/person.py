"""Who is signed in, and until when.

The cookie names a row of ``ivr.services.sessions``; what that says counts, so that whoever ends a
session, here or on another desk, ends it with the next request.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, request, session
from flask_login import LoginManager, current_user, login_user

from admin_web.desk import desk
from ivr.records import DatabaseUnavailable
from ivr.records.tables import Staff
from ivr.services import second_factor, sessions


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in; ``session_id`` is the row, ``token`` what the cookie holds.

    ``needs_second_factor``: the role must have one, and the person has none yet.
    """

    id: int
    username: str
    name: str
    role: str
    department: str | None
    language: str
    must_change_password: bool
    needs_second_factor: bool
    session_id: int
    token: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @classmethod
    def of(
        cls, row: Staff, session_id: int, token: str, *, needs_second_factor: bool = False
    ) -> Person:
        """Return the person of a row."""
        return cls(
            row.id,
            row.username,
            row.display_name or row.username,
            row.role.value,
            row.department,
            row.language,
            row.must_change_password,
            needs_second_factor,
            session_id,
            token,
        )

    def get_id(self) -> str:
        """Return what the session cookie keeps."""
        return self.token


def begin_session(row: Staff) -> None:
    """Sign ``row`` in in this browser; nothing chosen before is carried into the session."""
    settings, now = desk().settings, desk().now()
    with desk().database.begin() as writing:
        token = sessions.begin(
            writing,
            row.id,
            address=request.remote_addr or "",
            browser=request.headers.get("User-Agent", ""),
            now=now,
        )
        found = sessions.find(writing, token, now, settings.sessions)
    if found is None:  # made inactive in this very moment
        return
    session.clear()
    session.permanent = True
    login_user(Person.of(found[1], found[0].id, token))


def attach(app: Flask) -> None:
    """Know in ``app`` who is signed in."""
    login = LoginManager(app)
    login.login_message = None
    login.session_protection = None  # a telephone changes its address; the cookie is signed

    @login.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> Person | None:
        now, limits = desk().now(), desk().settings.sessions
        with desk().database.read() as reading:
            found = sessions.find(reading, token, now, limits)
            if found is None:
                return None
            row, staff = found
            required = staff.role.value in desk().settings.second_factor_for
            lacking = required and not second_factor.is_on(reading, staff.id)
        if now - row.seen_at >= limits.seen_every:
            _note_use(row.id)
        return Person.of(staff, row.id, token, needs_second_factor=lacking)

    @app.context_processor
    def who() -> dict[str, object]:
        return {"current_user": current_user}


def _note_use(session_id: int) -> None:
    try:
        with desk().database.begin() as writing:
            sessions.note_use(writing, session_id, desk().now())
    except DatabaseUnavailable:
        return  # the next request notes it; this one may be able to do without writing
