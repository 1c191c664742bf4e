"""What a caller hears who asks how a complaint stands, as the line's own prompts say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from admin_web.prompts.published import published
from ivr.records.tables import Complaint, ComplaintState
from ivr.services import complaints
from ivr.services.complaint_work import OPEN
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose, compose_text
from prompts.slots import Value

STATE, DEADLINE = "progress_found", "progress_deadline"
REPLY, NO_REPLY = "progress_reply", "progress_no_reply"


def progress_clauses(
    session: Session,
    complaint: Complaint,
    language: str,
    typed: tuple[str, str] | None = None,
) -> Sequence[Clause]:
    """The clauses of the whole answer; ``typed`` is a reply (zh, en) nobody has saved yet."""
    catalogue = published(session)
    state, reply = complaint.state, complaints.reply_in(complaint, language)
    if typed is not None:
        zh, en = typed
        reply = (en if language == "en" else "") or zh or en
        state = ComplaintState.REPLIED if reply else state
    return list(_clauses(session, catalogue, complaint, language, state, reply))


def _clauses(
    session: Session,
    catalogue: Catalogue,
    complaint: Complaint,
    language: str,
    state: ComplaintState,
    reply: str,
) -> Iterator[Clause]:
    def say(prompt: str, **values: Value) -> Iterator[Clause]:
        if prompt in catalogue:
            yield from compose(catalogue, prompt, language, values)

    office = complaints.department_name(session, complaint.department, language)
    yield from say(STATE, state=state.value, department=office)
    if state in OPEN and complaint.deadline is not None:
        yield from say(DEADLINE, deadline=complaint.deadline)
    if reply and REPLY in catalogue:
        yield from say(REPLY, reply=reply)
    elif reply:
        yield from compose_text(reply, language, catalogue.manner)
    else:
        yield from say(NO_REPLY)


def without_reply(session: Session) -> dict[str, str]:
    """What is said where there is no reply, by language."""
    catalogue = published(session)
    if NO_REPLY not in catalogue:
        return {}
    return {language: catalogue.text(NO_REPLY, language) or "" for language in ("zh-CN", "en")}
