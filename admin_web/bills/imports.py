"""A file of bills on its way in: uploaded, its columns chosen, looked at, stored, undone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web import uploads
from admin_web.audit import note
from admin_web.bills import working
from admin_web.bills.blueprint import blueprint
from admin_web.bills.forms import StoreForm, UploadForm
from admin_web.bills.wrong_lines import wrong_lines
from admin_web.desk import desk
from admin_web.downloads import csv_answer
from admin_web.languages import page_language
from admin_web.names import BILL_COLUMN, UTILITY
from admin_web.reasons import said
from ivr.records.tables import BillImport, ImportState
from ivr.services import bill_columns
from ivr.services import bill_import as service
from ivr.services.bill_columns import FIXABLE, Columns
from ivr.services.bill_fields import REQUIRED, BillLine
from ivr.services.bill_reading import Problem, read_line
from ivr.services.csv_source import Row
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.table_source import open_table

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
SHOWN_LINES = 8
SHOWN_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a file: its header, and how its first lines are understood."""

    header: Sequence[str]
    rows: Sequence[tuple[Row, BillLine | list[Problem]]]


@blueprint.route("/import", methods=["GET", "POST"])
def import_bills() -> ResponseReturnValue:
    """Take in a file, and go on to its page; those taken in before."""
    working.take_up_lost()
    form = UploadForm()
    if form.validate_on_submit():
        try:
            return redirect(url_for("bills.one_import", import_id=_take_in(form)))
        except RefusedError as error:
            form.file.errors = [_("The file cannot be read: %(reason)s", reason=said(error))]
    with desk().database.read() as session:
        imports = service.history(session)
        sources = bill_columns.sources(session)
    return render_template(
        "bills/import.html",
        form=form,
        imports=imports,
        sources=sources,
        example=EXAMPLES[page_language()],
        mib=desk().settings.max_upload_mib,
    ), 200 if request.method == "GET" else 422


def _take_in(form: UploadForm) -> int:
    name = uploads.keep(form.file.data)
    filename = uploads.shown_name(form.file.data)
    try:
        start = _start(name, filename, None)
    except RefusedError:
        uploads.forget(name)
        raise
    with desk().database.begin() as session:
        source = form.source.data or bill_columns.source_of(session, start.header)
        row = service.create(
            session,
            filename=filename,
            file=name,
            columns=bill_columns.proposed(session, source, start.header),
            source=source,
            who=current_user.username,
            now=desk().now(),
        )
    return row.id


def _start(name: str, filename: str, columns: Columns | None) -> Start:
    path = uploads.kept(name)
    if path is None:
        raise RefusedError("the file is no longer there; upload it again")
    rows: list[tuple[Row, BillLine | list[Problem]]] = []
    with open_table(path, filename) as given:
        header = next(given, None)
        if header is None or not any(cell.strip() for cell in header.cells):
            raise RefusedError("the file is empty")
        for row in given:
            if len(rows) == SHOWN_LINES:
                break
            if any(cell.strip() for cell in row.cells):
                rows.append((row, read_line(row, columns) if columns else []))
    return Start([cell.strip()[:80] for cell in header.cells], rows)


@blueprint.get("/imports/<int:import_id>")
def one_import(import_id: int) -> ResponseReturnValue:
    """One file, as far as it has come."""
    working.take_up_lost()
    return _page(import_id)


def _page(import_id: int, refused: str = "", form: StoreForm | None = None) -> ResponseReturnValue:
    with desk().database.read() as session:
        row = _get(session, import_id)
        found = service.problems(session, import_id, limit=SHOWN_PROBLEMS)
        undoable = service.can_be_undone(session, row)
    columns, start, fault = Columns.of(row.mapping), None, service.fault_of(row)
    if row.state in (ImportState.UPLOADED, ImportState.READY, ImportState.FAILED):
        try:
            start = _start(row.file, row.filename, columns)
        except RefusedError as error:
            fault = error.message
    return render_template(
        "bills/one_import.html",
        row=row,
        columns=columns,
        start=start,
        fault=fault,
        faults=bill_columns.check_fixed({k: v for k, v in columns.fixed.items() if v}),
        problems=found,
        refused=refused,
        undoable=undoable,
        form=form or StoreForm(None),
        fields=BILL_COLUMN,
        required=REQUIRED,
        fixable=FIXABLE,
        utilities=UTILITY,
    ), 422 if refused else 200


@blueprint.post("/imports/<int:import_id>/columns")
def choose_columns(import_id: int) -> ResponseReturnValue:
    """Choose what each column means; then show it again, or read the whole file."""
    with desk().database.read() as session:
        row = _get(session, import_id)
    try:
        start = _start(row.file, row.filename, None)
    except RefusedError as error:
        return _page(import_id, said(error))
    columns = _chosen(len(start.header))
    go_on = "check" in request.form
    faults = bill_columns.check_fixed({k: v for k, v in columns.fixed.items() if v})
    if go_on and (missing := columns.missing()):
        names = ", ".join(str(BILL_COLUMN[name]) for name in missing)
        refused = _("Choose a column, or one value for all lines, for: %(names)s", names=names)
    elif go_on and faults:
        refused = said(next(iter(faults.values())))
    else:
        refused = ""
    try:
        with desk().database.begin() as session:
            kept = service.get(session, import_id, lock=True)
            if kept.stored_at is not None or kept.state in service.AT_WORK:
                raise RefusedError("this file is past that; load the page again")
            kept.mapping = columns.kept()
            kept.source = (request.form.get("source") or "").strip()[:80]
            if go_on and not refused:
                bill_columns.remember(
                    session,
                    kept.source,
                    start.header,
                    columns,
                    who=current_user.username,
                    now=desk().now(),
                )
                service.begin_reading(session, import_id, columns, now=desk().now())
    except RefusedError as error:
        refused = said(error)
    if refused:
        return _page(import_id, refused)
    if go_on:
        working.set_going(kept)
    return redirect(url_for("bills.one_import", import_id=import_id))


def _chosen(width: int) -> Columns:
    """What the form says: a column's number, or `=` and a value for every line."""
    columns: dict[str, int] = {}
    fixed: dict[str, str] = {}
    for name in BILL_COLUMN:
        given = request.form.get(f"column-{name}", "")
        if given.isascii() and given.isdigit() and int(given) < width:
            columns[name] = int(given)
        elif given == "=" and name in FIXABLE:
            fixed[name] = request.form.get(f"fixed-{name}", "").strip()[:80]
    return Columns(columns, fixed)


@blueprint.post("/imports/<int:import_id>/store")
def store_import(import_id: int) -> ResponseReturnValue:
    """Make bills of the lines."""
    form = StoreForm()
    try:
        with desk().database.begin() as session:
            _get(session, import_id)
            row = service.begin_storing(
                session,
                import_id,
                all_or_nothing=bool(form.all_or_nothing.data),
                now=desk().now(),
            )
            note(
                session,
                "bills_imported",
                row.filename,
                imported=str(row.good),
                wrong=str(row.wrong),
            )
    except RefusedError as error:
        return _page(import_id, _("Not imported: %(reason)s", reason=said(error)), form)
    working.set_going(row)
    return redirect(url_for("bills.one_import", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/undo")
def undo_import(import_id: int) -> ResponseReturnValue:
    """Put back what was there before."""
    try:
        with desk().database.begin() as session:
            _get(session, import_id)
            row = service.begin_undo(
                session, import_id, who=current_user.username, now=desk().now()
            )
            note(session, "bills_undone", row.filename, imported=str(row.done))
    except RefusedError as error:
        return _page(import_id, _("Not undone: %(reason)s", reason=said(error)))
    working.set_going(row)
    return redirect(url_for("bills.one_import", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/drop")
def drop_import(import_id: int) -> ResponseReturnValue:
    """Give a file up before anything was stored."""
    try:
        with desk().database.begin() as session:
            _get(session, import_id)
            name = service.drop(session, import_id)
    except RefusedError as error:
        return _page(import_id, said(error))
    uploads.forget(name)
    working.tidy_up()
    flash(_("The file is discarded; nothing of it was imported."))
    return redirect(url_for("bills.import_bills"))


@blueprint.get("/imports/<int:import_id>/state")
def import_state(import_id: int) -> ResponseReturnValue:
    """How far it is, for the bar on the page."""
    working.take_up_lost()
    with desk().database.read() as session:
        row = _get(session, import_id)
    return jsonify(state=row.state.value, lines=row.lines, done=row.done, good=row.good)


@blueprint.get("/imports/<int:import_id>/wrong-lines.csv")
def wrong_lines_csv(import_id: int) -> Response:
    """What was wrong, line by line, with the line itself where the file is still there."""
    with desk().database.read() as session:
        row = _get(session, import_id)
    path = uploads.kept(row.file)
    columns = Columns.of(row.mapping)
    return csv_answer(
        f"import-{import_id}-wrong-lines",
        lambda session: wrong_lines(service.problems(session, import_id), path, columns),
    )


def _get(session: Session, import_id: int) -> BillImport:
    with suppress(NotFoundError):
        return service.get(session, import_id)
    abort(404)
