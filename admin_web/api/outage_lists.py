"""Templates of outage notices, and lists of notices from a file: taken in, taken back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field

from admin_web.api.bills import LineFault
from admin_web.api.fields import Answer, Flag, Given, Listed, Query, Text
from admin_web.api.operation import CSV, operation
from admin_web.api.outages import LONGEST_TEXT, Name, Number
from admin_web.api.shapes import At
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.reasons import said
from ivr.records.tables import OutageTemplate, OutageUpload, UtilityKind
from ivr.services import outage_templates, outage_upload
from ivr.services import outages as notices
from ivr.services.errors import RefusedError


@operation(
    "DELETE",
    "/outages/{outage_id}",
    _l("Throw a draft of a notice away"),
    page="outages.remove",
    scope="outages:write",
    parts={"outage_id": Number},
    status=204,
    conflicts=True,
)
def remove_outage(outage_id: int) -> Response:
    """Refused for a notice that callers heard: that one is ended."""
    with desk().database.begin() as session:
        notices.remove_draft(session, outage_id)
        note(session, "outage_removed", f"outage {outage_id}")
    return Response(status=204)


class TemplateOut(Answer):
    """Wording to be used again; `{area}`, `{from}`, `{to}` and `{reason}` are filled in."""

    id: int
    kind: UtilityKind
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    updated: At
    updated_by: str

    @classmethod
    def of(cls, row: OutageTemplate) -> TemplateOut:
        """From its row."""
        return cls(
            id=row.id,
            kind=row.kind,
            name_zh=row.name_zh,
            name_en=row.name_en,
            text_zh=row.text_zh,
            text_en=row.text_en,
            updated=row.updated_at,
            updated_by=row.updated_by,
        )


@operation(
    "GET",
    "/outage-templates",
    _l("Templates of outage notices"),
    page="outages.templates",
    scope="outages:read",
    answer=Listed[TemplateOut],
    name="outage_templates",
)
def templates() -> Listed[TemplateOut]:
    """All of them, by kind."""
    with desk().database.read() as session:
        return Listed[TemplateOut](items=list(map(TemplateOut.of, outage_templates.every(session))))


class TemplateWords(Given):
    """A template as it should be."""

    kind: UtilityKind
    name_zh: Name
    name_en: Annotated[str, Field(max_length=80)] = ""
    text_zh: Annotated[Text, Field(max_length=LONGEST_TEXT)]
    text_en: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""


@operation(
    "POST",
    "/outage-templates",
    _l("Keep a template of a notice"),
    page="outages.add_template",
    scope="outages:write",
    body=TemplateWords,
    answer=TemplateOut,
    status=201,
    conflicts=True,
    name="add_outage_template",
)
def add_template(body: TemplateWords) -> TemplateOut:
    """Refused where a slot has a name that is none."""
    return _save(None, body)


@operation(
    "PUT",
    "/outage-templates/{template_id}",
    _l("Change a template of a notice"),
    page="outages.template",
    scope="outages:write",
    parts={"template_id": Number},
    body=TemplateWords,
    answer=TemplateOut,
    conflicts=True,
    name="change_outage_template",
)
def change_template(template_id: int, body: TemplateWords) -> TemplateOut:
    """Notices made from it stay as they are."""
    return _save(template_id, body)


@operation(
    "DELETE",
    "/outage-templates/{template_id}",
    _l("Throw a template of a notice away"),
    page="outages.remove_template",
    scope="outages:write",
    parts={"template_id": Number},
    status=204,
    name="remove_outage_template",
)
def remove_template(template_id: int) -> Response:
    """Notices made from it stay."""
    with desk().database.begin() as session:
        outage_templates.remove(session, template_id)
        note(session, "outage_template_removed", f"template {template_id}")
    return Response(status=204)


def _save(template_id: int | None, body: TemplateWords) -> TemplateOut:
    with desk().database.begin() as session:
        row = outage_templates.save(
            session,
            template_id,
            kind=body.kind,
            names=(body.name_zh, body.name_en),
            texts=(body.text_zh, body.text_en),
            who=current_user.username,
            now=desk().now(),
        )
        note(session, "outage_template_saved", f"template {row.id}")
        return TemplateOut.of(row)


class UploadOut(Answer):
    """A list that was taken in; `undone` once it was taken back."""

    id: int
    filename: str
    notices: int
    time: At
    who: str
    undone: At | None
    undone_by: str | None

    @classmethod
    def of(cls, row: OutageUpload) -> UploadOut:
        """From its row."""
        return cls(
            id=row.id,
            filename=row.filename,
            notices=row.notices,
            time=row.at,
            who=row.who,
            undone=row.undone_at,
            undone_by=row.undone_by,
        )


@operation(
    "GET",
    "/outage-uploads",
    _l("Lists of notices that were taken in, the newest first"),
    page="outages.upload",
    scope="outages:read",
    answer=Listed[UploadOut],
    name="outage_uploads",
)
def uploads() -> Listed[UploadOut]:
    """The last twenty."""
    with desk().database.read() as session:
        return Listed[UploadOut](items=list(map(UploadOut.of, outage_upload.uploads(session))))


class ListQuery(Query):
    """What becomes of the lines."""

    drafts: Annotated[Flag, Field(description="keep them as drafts, heard by nobody")] = False
    good: Annotated[Flag, Field(description="take the good lines in though others are wrong")] = (
        False
    )


class ListOut(Answer):
    """What was taken in (null: nothing, and why), and what is wrong with the other lines."""

    lines: int
    upload: UploadOut | None
    problems: list[LineFault]


@operation(
    "POST",
    "/outage-uploads",
    _l("Take in a list of outage notices (CSV)"),
    page="outages.take_in",
    scope="outages:write",
    query=ListQuery,
    answer=ListOut,
    takes=CSV,
    conflicts=True,
    name="add_outage_list",
)
def take_in(query: ListQuery, body: bytes) -> ListOut:
    """Nothing is taken in while a line is wrong, unless `good` says so."""
    with tempfile.TemporaryDirectory(prefix="outages-") as folder:
        path = Path(folder) / "sent.csv"
        path.write_bytes(body)
        with desk().database.begin() as session:
            listed = outage_upload.read(session, path, desk().zone, "sent.csv")
            kept = None
            if listed.notices and (query.good or not listed.problems):
                row = outage_upload.take_in(
                    session,
                    listed,
                    filename="/api/outage-uploads",
                    drafts=query.drafts,
                    who=current_user.username,
                    now=desk().now(),
                )
                note(session, "outages_uploaded", row.filename, imported=str(row.notices))
                kept = UploadOut.of(row)
    if not listed.lines:
        raise RefusedError("no line of this file is good")
    return ListOut(
        lines=listed.lines,
        upload=kept,
        problems=[
            LineFault(line=one.line, column=one.column, detail=said(one.message))
            for one in listed.problems
        ],
    )


@operation(
    "POST",
    "/outage-uploads/{upload_id}/undo",
    _l("Take all notices of a list back"),
    page="outages.undo_upload",
    scope="outages:write",
    parts={"upload_id": Number},
    answer=UploadOut,
    conflicts=True,
    name="undo_outage_list",
)
def undo_list(upload_id: int) -> UploadOut:
    """Refused where somebody has worked on one of them."""
    with desk().database.begin() as session:
        count = outage_upload.undo(session, upload_id, who=current_user.username, now=desk().now())
        note(session, "outages_upload_undone", f"upload {upload_id}", imported=str(count))
        return UploadOut.of(session.get_one(OutageUpload, upload_id))
