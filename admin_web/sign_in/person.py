"""Who is signed in, and until when.

The session cookie names the person and the version of their sessions: a new password, another
role or a deactivated account ends every session at once. A session also ends after some time
without use (the cookie's own lifetime) and some hours after the sign-in, used or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, session
from flask_login import LoginManager, current_user

from admin_web.desk import desk
from ivr.records.tables import Staff
from ivr.services import staff

SIGNED_IN_AT = "signed_in_at"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    id: int
    username: str
    name: str
    role: str
    language: str
    session_version: int
    must_change_password: bool
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @classmethod
    def of(cls, row: Staff) -> Person:
        """Return the person of a row."""
        return cls(
            row.id,
            row.username,
            row.display_name or row.username,
            row.role.value,
            row.language,
            row.session_version,
            row.must_change_password,
        )

    def get_id(self) -> str:
        """Return what the session cookie keeps."""
        return f"{self.id}.{self.session_version}"


def attach(app: Flask) -> None:
    """Know in ``app`` who is signed in."""
    login = LoginManager(app)
    login.login_message = None
    login.session_protection = None  # a telephone changes its address; the cookie is signed

    @login.user_loader  # type: ignore[untyped-decorator]
    def load(kept: str) -> Person | None:
        person_id, _, version = kept.partition(".")
        age_s = desk().now().timestamp() - session.get(SIGNED_IN_AT, 0)
        if not person_id.isdigit() or not 0 <= age_s < desk().settings.session_max_h * 3600:
            return None
        with desk().database.read() as reading:
            row = staff.by_id(reading, int(person_id))
        if row is None or str(row.session_version) != version:
            return None
        return Person.of(row)

    @app.context_processor
    def who() -> dict[str, object]:
        return {"current_user": current_user}
