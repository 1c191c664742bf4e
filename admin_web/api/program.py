"""Which program asks, and what it may: the same rules as for a person of its role.

While a request of a program is served, the program is Flask-Login's current user. So everything
that pages ask about who looks at them (roles, departments, what is confidential, how numbers are
shown, who did it in the audit log) holds here by the very same functions. The cookie of a browser
is not looked at: without a token there is nobody, and so nothing that a foreign page could send.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import g, request

from admin_web.api.scopes import CONFIDENTIAL, OF_THE_SETTING
from admin_web.desk import desk
from admin_web.roles import ADMINISTRATOR, WHO_MAY, Door
from ivr.records import DatabaseUnavailable
from ivr.records.tables import ApiToken
from ivr.services import tokens


@dataclass(frozen=True, slots=True)
class Program:
    """A program with a token; ``key`` tells its requests from those of others."""

    key: str
    username: str
    role: str
    department: str | None
    scopes: frozenset[str]
    whole_numbers: bool
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @property
    def confidential(self) -> bool:
        """Whether it sees confidential complaints, where its role may."""
        return CONFIDENTIAL in self.scopes

    def may(self, page: str, scope: str) -> bool:
        """Whether the page of the desk is open to its role, and the scope is among its own."""
        who = WHO_MAY.get(page)
        of_role = who is Door.SIGNED_IN or (isinstance(who, frozenset) and self.role in who)
        return of_role and scope in self.scopes


THE_SETTING = Program(
    key="setting",
    username="token IVR_API_TOKEN",
    role=ADMINISTRATOR,
    department=None,
    scopes=OF_THE_SETTING,
    whole_numbers=True,
)


def given_token() -> str | None:
    """Return the token of the request, or None without one (RFC 6750 §2.1)."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() or None if scheme.lower() == "bearer" else None


def program_of(given: str) -> Program | None:
    """Return whose token it is; None for one that opens nothing."""
    settled = desk().settings.api_token
    if settled and hmac.compare_digest(given.encode(errors="replace"), settled.encode()):
        return THE_SETTING
    now = desk().now()
    with desk().database.read() as session:
        token = tokens.verify(session, given, now)
    if token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at > tokens.USE_NOTED_EVERY:
        _note_use(token)
    return Program(
        key=f"token {token.id}",
        username=f"token {token.name}",
        role=token.role.value,
        department=token.department,
        scopes=frozenset(token.scopes.split()),
        whole_numbers=token.whole_numbers,
    )


def let_in(program: Program) -> None:
    """Make it the current user of this request, whoever a cookie may name."""
    g._login_user = program  # what Flask-Login's current_user reads


def _note_use(token: ApiToken) -> None:
    try:
        with desk().database.begin() as session:
            tokens.note_use(session, token, desk().now(), request.remote_addr or "")
    except DatabaseUnavailable:
        return  # the next request notes it; this one may be able to do without writing
