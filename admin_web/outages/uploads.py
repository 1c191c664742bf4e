"""Lists of outage notices from a file: looked at, taken in, taken back."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from admin_web import uploads as files
from admin_web.audit import note
from admin_web.desk import desk
from admin_web.languages import page_language
from admin_web.outages.blueprint import blueprint
from admin_web.outages.forms import ListForm, TakeInForm
from admin_web.reasons import said
from ivr.services import areas as area_service
from ivr.services import outage_upload as service
from ivr.services.errors import NotFoundError, RefusedError

EXAMPLES = {
    "en": """\
supply,areas,from,to,text,english text
water,"01, 02",2026-12-05 08:00,2026-12-05 18:00,因检修停水。,No water: repairs.
electricity,whole town,2026-12-06 00:00,,全市检修停电，恢复时间另行通知。,
""",
    "zh-CN": """\
类别,区域,开始时间,预计恢复时间,内容,英文内容
停水,城关镇、东湖街道,2026-12-05 08:00,2026-12-05 18:00,因检修停水。,No water: repairs.
停电,全市,2026年12月6日 0点,,全市检修停电，恢复时间另行通知。,
""",
}
SHOWN = 200


@blueprint.route("/upload", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    """Take a file in to look at it; nothing is stored."""
    form = ListForm()
    if form.validate_on_submit():
        name = files.keep(form.file.data)
        shown_name = files.shown_name(form.file.data)
        try:
            return _look(name, shown_name)
        except RefusedError as error:
            files.forget(name)
            form.file.errors = [_("The file cannot be read: %(reason)s", reason=said(error))]
    with desk().database.read() as session:
        rows = service.uploads(session)
    return render_template(
        "outages/upload.html",
        form=form,
        uploads=rows,
        example=EXAMPLES[page_language()],
        mib=desk().settings.max_upload_mib,
    ), 200 if request.method == "GET" else 422


def _look(name: str, filename: str, refused: str = "") -> ResponseReturnValue:
    path = files.kept(name)
    if path is None:
        raise RefusedError("the file is no longer there; upload it again")
    with desk().database.read() as session:
        listed = service.read(session, path, desk().zone, filename)
        areas = {row.code: row for row in area_service.all_areas(session)}
    return render_template(
        "outages/upload_look.html",
        listed=listed,
        shown=listed.notices[:SHOWN],
        problems=listed.problems[:SHOWN],
        areas=areas,
        name=name,
        filename=filename,
        refused=refused,
        form=TakeInForm(None),
    ), 422 if refused else 200


@blueprint.post("/upload/take-in")
def take_in() -> ResponseReturnValue:
    """Store the good lines of the file that was looked at."""
    form = TakeInForm()
    name = request.form.get("name", "")
    filename = request.form.get("filename", "")[:100]
    path = files.kept(name)
    if path is None:
        flash(_("The file is no longer there; upload it again."), "error")
        return redirect(url_for("outages.upload"))
    try:
        with desk().database.begin() as session:
            listed = service.read(session, path, desk().zone, filename)
            if listed.problems and "good" not in request.form:
                raise RefusedError("lines are wrong; correct the file, or take in the good lines")
            row = service.take_in(
                session,
                listed,
                filename=filename,
                drafts=bool(form.drafts.data),
                who=current_user.username,
                now=desk().now(),
            )
            note(session, "outages_uploaded", filename, imported=str(row.notices))
    except RefusedError as error:
        return _look(name, filename, said(error))
    files.forget(name)
    flash(ngettext("%(num)d notice is taken in.", "%(num)d notices are taken in.", row.notices))
    return redirect(url_for("outages.upload"))


@blueprint.post("/upload/<int:upload_id>/undo")
def undo_upload(upload_id: int) -> ResponseReturnValue:
    """Take all its notices away, while nobody has worked on them."""
    try:
        with desk().database.begin() as session:
            count = service.undo(session, upload_id, who=current_user.username, now=desk().now())
            note(session, "outages_upload_undone", f"upload {upload_id}", imported=str(count))
    except NotFoundError:
        abort(404)
    except RefusedError as error:
        flash(_("Not undone: %(reason)s", reason=said(error)), "error")
    else:
        flash(ngettext("%(num)d notice is taken back.", "%(num)d notices are taken back.", count))
    return redirect(url_for("outages.upload"))
