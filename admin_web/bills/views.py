"""Pages of bills."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_web.audit import note
from admin_web.bills.forms import AccountSearch, ImportForm
from admin_web.desk import desk
from admin_web.languages import page_language
from admin_web.links import with_query
from admin_web.reasons import said
from ivr.records.tables import UtilityKind
from ivr.services import bills as service
from ivr.services.bill_import import ImportReport
from ivr.services.bill_import import import_bills as import_file
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("bills", __name__, url_prefix="/bills")

EXAMPLES = {
    "en": """\
account,kind,period,amount,due_on,state,holder,query_code
880123,electricity,2026-11,128.50,2026-12-05,unpaid,,
880456,water,2026-11,36.00,2026-12-10,unpaid,,4321
""",
    "zh-CN": """\
户号,类别,账期,金额,截止日期,状态,户名,查询密码
880123,电费,2026-11,128.50,2026-12-05,未缴,,
880456,水费,2026-11,36.00,2026-12-10,未缴,,4321
""",
}


@blueprint.get("/")
def bills() -> ResponseReturnValue:
    """Accounts with their bills."""
    form = AccountSearch(request.args)
    page = None
    if form.validate():
        with desk().database.read() as session:
            page = service.search(
                session,
                form.text.data or "",
                kind=UtilityKind(form.kind.data) if form.kind.data else None,
                unpaid_only=bool(form.unpaid.data),
                after=request.args.get("after"),
            )
    query = form.query()
    return render_template(
        "bills/bills.html",
        form=form,
        query=query,
        page=page,
        now=desk().now(),
        older=page and page.next and with_query("bills.bills", query, after=page.next),
        first=with_query("bills.bills", query) if "after" in request.args else None,
    ), 200 if page else 422


@blueprint.post("/<number>/unlock")
def unlock(number: str) -> ResponseReturnValue:
    """End the lock after wrong query codes."""
    try:
        with desk().database.begin() as session:
            service.unlock(session, number)
            note(session, "account_unlocked", f"account {number}")
    except NotFoundError:
        abort(404)
    flash(_("The lock is lifted; the account can be asked for again."))
    return redirect(url_for("bills.bills", text=number))


@blueprint.route("/import", methods=["GET", "POST"])
def import_bills() -> ResponseReturnValue:
    """Take in a utility's file and report on every wrong line."""
    form = ImportForm()
    report: ImportReport | None = None
    if form.validate_on_submit():
        try:
            report = _import(form)
        except RefusedError as error:
            form.file.errors = [_("The file cannot be read: %(reason)s", reason=said(error))]
    good = request.method == "GET" or (report is not None and not report.problems)
    return render_template(
        "bills/import.html",
        form=form,
        report=report,
        summary=_summary(report) if report else "",
        example=EXAMPLES[page_language()],
    ), 200 if good else 422


def _import(form: ImportForm) -> ImportReport:
    upload = form.file.data
    with tempfile.TemporaryDirectory(prefix="bills-") as folder:
        path = Path(folder) / "upload.csv"
        upload.save(path)
        report = import_file(desk().database.begin, path, all_or_nothing=form.all_or_nothing.data)
    with desk().database.begin() as session:
        note(
            session,
            "bills_imported",
            (upload.filename or "")[:100],
            imported=str(report.imported),
            wrong=str(len(report.problems)),
        )
    return report


def _summary(report: ImportReport) -> str:
    said = ngettext("%(num)d line imported.", "%(num)d lines imported.", report.imported)
    if report.problems:
        said += " " + ngettext(
            "%(num)d fault was found; it is listed below.",
            "%(num)d faults were found; they are listed below.",
            len(report.problems),
        )
    return str(said)
