"""Recordings of prompts: listed, given, taken out of use."""

from __future__ import annotations

import io
from typing import Annotated, Literal

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field
from werkzeug.datastructures import FileStorage

from admin_web.api.fields import Answer, Code, Listed, Query, Words
from admin_web.api.operation import WAV, operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.prompts import recorded as takes
from admin_web.prompts.ahead import render_ahead
from admin_web.prompts.published import published
from admin_web.reasons import said
from ivr.records.tables import PromptRecording, RecordingSource
from ivr.services import prompt_recordings as service
from ivr.services.errors import NotFoundError, RefusedError
from prompts.errors import AudioError

Language = Literal["zh-CN", "en"]
Variant = Annotated[str, Field(pattern=r"^[a-z0-9-]{0,32}$", description="empty: the language")]


class TakeOut(Answer):
    """A recording of a prompt; `text` is what it says."""

    id: int
    language: str
    variant: str
    text: str
    seconds: float | None
    sha256: str
    speaker: str
    source: RecordingSource
    time: At
    who: str
    withdrawn: At | None

    @classmethod
    def of(cls, row: PromptRecording) -> TakeOut:
        """From its row."""
        return cls(
            id=row.id,
            language=row.language,
            variant=row.variant,
            text=row.text,
            seconds=row.seconds,
            sha256=row.sha256,
            speaker=row.speaker,
            source=row.source,
            time=row.created_at,
            who=row.author,
            withdrawn=row.withdrawn_at,
        )


@operation(
    "GET",
    "/prompts/{prompt_id}/recordings/{language}",
    _l("Recordings of a prompt, the newest first"),
    page="prompts.prompt",
    scope="content:read",
    parts={"prompt_id": Code, "language": Language},
    answer=Listed[TakeOut],
)
def prompt_recordings(prompt_id: str, language: Language) -> Listed[TakeOut]:
    """Those out of use, too."""
    with desk().database.read() as session:
        if prompt_id not in published(session):
            raise NotFoundError("there is no prompt %(id)s", id=prompt_id)
        rows = service.history(session, prompt_id, language)
        return Listed[TakeOut](items=list(map(TakeOut.of, rows)))


class TakeQuery(Query):
    """Whose voice it is, and which variant of the language."""

    variant: Variant = ""
    speaker: Words = ""
    reason: Words = ""


@operation(
    "POST",
    "/prompts/{prompt_id}/recordings/{language}",
    _l("Give a recording of a prompt's present words (WAV)"),
    page="prompts.record",
    scope="content:write",
    parts={"prompt_id": Code, "language": Language},
    query=TakeQuery,
    takes=WAV,
    answer=TakeOut,
    status=201,
    conflicts=True,
)
def add_prompt_recording(
    prompt_id: str, language: Language, query: TakeQuery, body: bytes
) -> TakeOut:
    """Callers hear it from the next call on; refused where it is no sound that can be used."""
    with desk().database.read() as session:
        catalogue = published(session)
        if prompt_id not in catalogue:
            raise NotFoundError("there is no prompt %(id)s", id=prompt_id)
        prompt = catalogue.prompt(prompt_id)
    text = prompt.texts.get(language, "")
    if not (prompt.recordable and text):
        raise RefusedError("prompt %(id)s has values in it and cannot be recorded", id=prompt_id)
    sent = FileStorage(io.BytesIO(body), filename="sent.wav")
    try:
        path, take = takes.keep(prompt_id, language, sent, query.variant)
    except AudioError as error:
        raise ProblemError(409, said(error)) from None
    with desk().database.begin() as session:
        row = service.keep(
            session,
            prompt=prompt_id,
            language=language,
            variant=query.variant,
            text=text,
            path=path,
            sha256=take.sha256,
            seconds=take.seconds,
            source=RecordingSource.UPLOAD,
            speaker=query.speaker,
            reason=query.reason,
            author=current_user.username,
            now=desk().now(),
        )
        note(session, "prompt_recorded", f"{prompt_id} {language} {query.variant}".rstrip())
        found = TakeOut.of(row)
    render_ahead(prompt_id, language)
    return found


class DropQuery(Query):
    """Which variant, and why."""

    variant: Variant = ""
    why: Words = ""


@operation(
    "DELETE",
    "/prompts/{prompt_id}/recordings/{language}",
    _l("Take the recording of a prompt out of use"),
    page="prompts.drop_recording",
    scope="content:write",
    parts={"prompt_id": Code, "language": Language},
    query=DropQuery,
    status=204,
)
def drop_prompt_recording(prompt_id: str, language: Language, query: DropQuery) -> Response:
    """The synthesised voice says it again."""
    with desk().database.begin() as session:
        if not service.withdraw(
            session,
            prompt_id,
            language,
            query.variant,
            who=current_user.username,
            why=query.why,
            now=desk().now(),
        ):
            raise NotFoundError("there is no recording of %(id)s in use", id=prompt_id)
        note(session, "prompt_recording_withdrawn", f"{prompt_id} {language}")
    return Response(status=204)
