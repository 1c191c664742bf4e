"""Pages of bills."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin_web.account_keys import account_key, account_of
from admin_web.audit import note
from admin_web.bills.blueprint import blueprint
from admin_web.bills.forms import AccountSearch
from admin_web.desk import desk
from admin_web.links import with_query
from admin_web.numbers import sees_whole
from ivr.records.tables import UtilityKind
from ivr.services import bills as service
from ivr.services.errors import NotFoundError


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
                after=account_of(request.args.get("after")),
            )
    query = form.query()
    following = account_key(page.next) if page else None
    return render_template(
        "bills/bills.html",
        form=form,
        query=query,
        page=page,
        now=desk().now(),
        account_key=account_key,
        older=following and with_query("bills.bills", query, after=following),
        first=with_query("bills.bills", query) if "after" in request.args else None,
    ), 200 if page else 422


@blueprint.post("/<number>/unlock")
def unlock(number: str) -> ResponseReturnValue:
    """End the lock after wrong query codes."""
    number = account_of(number) or ""
    try:
        with desk().database.begin() as session:
            service.unlock(session, number)
            note(session, "account_unlocked", f"account {number}")
    except NotFoundError:
        abort(404)
    flash(_("The lock is lifted; the account can be asked for again."))
    return redirect(url_for("bills.bills", text=number if sees_whole() else None))
