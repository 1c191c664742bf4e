"""Who works here, where they are signed in, which programs have tokens, and who did what."""

from __future__ import annotations

from typing import Annotated, Any

from flask_babel import lazy_gettext as _l
from pydantic import Field

from admin_web.api.fields import Answer, AskedMoment, Listed, Page, Paged, Words
from admin_web.api.operation import operation
from admin_web.api.shapes import At
from admin_web.audit_log.masking import detail_of, record_of, shown, veil_of
from admin_web.desk import desk
from ivr.records.tables import Role
from ivr.services import audit as audit_log
from ivr.services import audit_check, second_factor, sessions, staff, tokens
from ivr.services.audit import AuditFilter

Username = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,31}$")]


class PersonOut(Answer):
    """An account."""

    username: str
    name: str
    role: Role
    department: str | None
    active: bool
    second_factor: bool
    last_sign_in: At | None
    created: At


@operation(
    "GET",
    "/people",
    _l("Staff accounts"),
    page="people.people",
    scope="people:read",
    answer=Listed[PersonOut],
)
def people() -> Listed[PersonOut]:
    """All of them, those not active too."""
    with desk().database.read() as session:
        rows = staff.everybody(session)
        protected = second_factor.everybody_on(session)
    return Listed[PersonOut](
        items=[
            PersonOut(
                username=row.username,
                name=row.display_name,
                role=row.role,
                department=row.department,
                active=row.active,
                second_factor=row.id in protected,
                last_sign_in=row.last_sign_in_at,
                created=row.created_at,
            )
            for row in rows
        ]
    )


class SessionOut(Answer):
    """Where somebody is signed in."""

    id: int
    began: At
    seen: At
    address: str
    browser: str


@operation(
    "GET",
    "/people/{username}/sessions",
    _l("Where somebody is signed in"),
    page="people.person",
    scope="people:read",
    parts={"username": Username},
    answer=Listed[SessionOut],
)
def person_sessions(username: str) -> Listed[SessionOut]:
    """The one last used first."""
    with desk().database.read() as session:
        person = staff.get(session, username)
        rows = sessions.lasting(session, person.id, desk().now(), desk().settings.sessions)
    return Listed[SessionOut](
        items=[
            SessionOut(
                id=row.id,
                began=row.began_at,
                seen=row.seen_at,
                address=row.address,
                browser=row.browser,
            )
            for row in rows
        ]
    )


class TokenOut(Answer):
    """A token of a program; its text is known to nobody but the program."""

    id: int
    name: str
    role: Role
    department: str | None
    scopes: list[str]
    whole_numbers: bool
    created: At
    created_by: str
    expires: At | None
    last_used: At | None
    last_used_from: str | None
    ended: At | None


@operation(
    "GET",
    "/tokens",
    _l("Tokens of programs"),
    page="people.people",
    scope="people:read",
    answer=Listed[TokenOut],
    name="tokens",
)
def token_list() -> Listed[TokenOut]:
    """All of them by name, ended ones too."""
    with desk().database.read() as session:
        rows = tokens.all_tokens(session)
    return Listed[TokenOut](
        items=[
            TokenOut(
                id=row.id,
                name=row.name,
                role=row.role,
                department=row.department,
                scopes=row.scopes.split(),
                whole_numbers=row.whole_numbers,
                created=row.created_at,
                created_by=row.created_by,
                expires=row.expires_at,
                last_used=row.last_used_at,
                last_used_from=row.last_used_from,
                ended=row.revoked_at,
            )
            for row in rows
        ]
    )


class AuditQuery(Paged):
    """Which entries; as on the page."""

    who: Annotated[Words, Field(description="any part")] = ""
    what: Annotated[Words, Field(description="the whole word, such as flow_published")] = ""
    record: Annotated[Words, Field(description="any part")] = ""
    since: AskedMoment | None = None
    until: AskedMoment | None = None


class EntryOut(Answer):
    """An entry of the audit log, with its seal and that of the one before."""

    id: int
    time: At
    who: str
    what: str
    record: str
    detail: dict[str, Any] | None
    former_hash: str
    hash: str


class AuditEntries(Page):
    """Entries, newest first."""

    entries: list[EntryOut]


@operation(
    "GET",
    "/audit",
    _l("The audit log, newest first"),
    page="audit.audit",
    scope="audit:read",
    query=AuditQuery,
    answer=AuditEntries,
)
def audit(query: AuditQuery) -> AuditEntries:
    """Who did, or saw, what of which record."""
    wanted = AuditFilter(query.who, query.what, query.record, query.since, query.until)
    with desk().database.read() as session:
        found = audit_log.search(session, wanted, after=query.after, limit=query.limit)
        veil = veil_of(session, found.entries)
    return AuditEntries(
        entries=[
            EntryOut(
                id=row.id,
                time=row.at,
                who=row.who,
                what=row.what,
                record=record_of(row, veil),
                detail=dict(detail_of(row, veil)) if row.detail is not None else None,
                former_hash=row.former_hash,
                hash=row.hash,
            )
            for row in shown(found.entries, veil, query.record)
        ],
        next=found.next,
    )


class CheckOut(Answer):
    """The outcome of the last check of all seals; null before the first."""

    time: At | None
    entries: int | None
    head: str | None
    sound: bool | None


@operation(
    "GET",
    "/audit/check",
    _l("Whether the audit log is as it was written, by the last check"),
    page="audit.audit",
    scope="audit:read",
    answer=CheckOut,
    name="audit_check",
)
def last_audit_check() -> CheckOut:
    """The check itself runs every night."""
    with desk().database.read() as session:
        last = audit_check.last(session)
    if last is None:
        return CheckOut(time=None, entries=None, head=None, sound=None)
    return CheckOut(time=last.at, entries=last.entries, head=last.head, sound=last.fault is None)
