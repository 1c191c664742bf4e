"""Flows as files: one taken out, one brought in as a draft, and a new one begun."""

from __future__ import annotations

from pathlib import PurePath

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin_web.desk import desk
from admin_web.flows.blueprint import blueprint
from admin_web.flows.drafted import begin, in_force
from admin_web.flows.forms import LONGEST_TEXT, ImportedFlow, NewFlow
from admin_web.flows.history import text_of
from admin_web.flows.published import texts
from admin_web.reasons import said
from call_flows import FlowError
from call_flows.editing import replace
from call_flows.fields import SLUG
from call_flows.source import decode
from ivr.services import flow_drafts

_NEW = """# {title}
spec_version: 1
title: {{zh-CN: x, en: x}}
start: hello
back: {{goto: main.menu}}

nodes:
  hello:
    kind: say
    say: greeting
    then: back
"""


@blueprint.get("/<name>/export.yaml")
def export(name: str) -> ResponseReturnValue:
    """The text of a flow as a file: in force, or of a revision, or the own draft."""
    which = request.args.get("which", "")
    with desk().database.read() as session:
        text = text_of(session, name, which) if which else in_force(session, name)[0]
    if text is None:
        abort(404)
    answer = Response(text, mimetype="application/yaml")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return answer


@blueprint.route("/-/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Begin a flow, or bring one in as a file; both become a draft."""
    making, taking = NewFlow(prefix="new-"), ImportedFlow(prefix="file-")
    if request.method == "POST" and "bring" in request.form:
        if taking.validate() and (done := _bring_in(taking)) is not None:
            return done
        return render_template("flows/new.html", making=NewFlow(None, prefix="new-"),
                               taking=taking), 422  # fmt: skip
    if request.method == "POST":
        if making.validate() and (done := _make(making)) is not None:
            return done
        return render_template("flows/new.html", making=making,
                               taking=ImportedFlow(None, prefix="file-")), 422  # fmt: skip
    return render_template("flows/new.html", making=making, taking=taking)


def _make(form: NewFlow) -> ResponseReturnValue | None:
    name = form.name.data
    title = {"zh-CN": form.title_zh.data, "en": form.title_en.data}
    with desk().database.begin() as session:
        if name in texts(session):
            form.name.errors = [_("There is a flow of this name already.")]
            return None
        text = _NEW.format(title=" ".join(title["zh-CN"].split()))
        whole = {
            "spec_version": "1",
            "title": title,
            "start": "hello",
            "back": {"goto": "main.menu"},
            "nodes": {"hello": {"kind": "say", "say": "greeting", "then": "back"}},
        }
        try:
            text = replace(text, whole)  # type: ignore[arg-type]
        except FlowError as error:
            form.title_zh.errors = [said(error)]
            return None
        begin(session, name, text)
    return redirect(url_for("flows.edit", name=name))


def _bring_in(form: ImportedFlow) -> ResponseReturnValue | None:
    given = form.file.data
    name = form.name.data or PurePath((given.filename or "").replace("\\", "/")).stem
    if not SLUG.fullmatch(name):
        form.name.errors = [_("Small letters, digits and _ make a flow's name.")]
        return None
    try:
        text = decode(given.stream.read(4 * LONGEST_TEXT + 1), name).replace("\r\n", "\n")
    except FlowError as error:
        form.file.errors = [said(error.problems[0].message)]
        return None
    if not text.strip() or len(text) > LONGEST_TEXT or "\x00" in text:
        form.file.errors = [_("This file is no text of a flow.")]
        return None
    with desk().database.begin() as session:
        draft = begin(session, name, text)
        if draft is None:
            abort(404)
        flow_drafts.change(
            session,
            name,
            current_user.username,
            seq=draft.seq,
            text=text,
            words=draft.words,
            what="import",
            subject=name,
            now=desk().now(),
        )
    flash(_("The file is now your draft. Look at what the checks say, then publish."))
    return redirect(url_for("flows.edit", name=name))
