"""The page of bans, and of networks that are never banned."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import StringField

from admin_web.desk import desk
from admin_web.forms import DeskForm, at_most, required, strip
from admin_web.reasons import said
from ivr.services import heartbeats
from ivr.services import protection as service
from ivr.services.errors import NotFoundError, RefusedError

blueprint = Blueprint("protection", __name__, url_prefix="/protection")

# The counters of the gate that are worth a clerk's while, and how they are put.
FIGURES = {
    "banned": _l("Packets of banned addresses, not read"),
    "over the rate": _l("Packets over the rate of one address, not read"),
    "too many strangers": _l("Packets over the rate of all strangers together, not read"),
    "too many calls": _l("Calls refused: too many from one address"),
    "too many connections": _l("Connections refused: too many"),
    "wrong password": _l("Wrong passwords"),
    "scanner": _l("Requests of known scanners, not answered"),
    "answer withheld": _l("Answers held back: the address had not shown that it hears us"),
}


class NetworkForm(DeskForm):
    """An address or network that is never banned."""

    network = StringField(
        _l("Address or network"), filters=[strip], validators=[required(), at_most(64)]
    )
    note = StringField(_l("Note"), filters=[strip], validators=[at_most(200)])


@blueprint.get("/")
def bans() -> ResponseReturnValue:
    """Show the bans."""
    return _page(NetworkForm(formdata=None))


def _page(form: NetworkForm, status: int = 200) -> ResponseReturnValue:
    now = desk().now()
    with desk().database.read() as session:
        beats = {beat.process: beat for beat in heartbeats.all_beats(session)}
        responder = beats.get("responder")
        detail = {} if responder is None else responder.detail
        return render_template(
            "protection/protection.html",
            running=service.running(session, now),
            count=service.count_running(session, now),
            past=service.past(session, now),
            exempt=service.exempt(session),
            figures=detail.get("gate", {}),
            names=FIGURES,
            form=form,
        ), status


@blueprint.post("/lift")
def lift() -> ResponseReturnValue:
    """End a ban."""
    source = request.form.get("source", "")
    try:
        with desk().database.begin() as session:
            service.lift(session, source, who=current_user.username, now=desk().now())
    except NotFoundError:
        flash(_("This ban was over already."))
    else:
        flash(
            _(
                "The ban of %(source)s is lifted; it holds no longer in a few seconds.",
                source=source,
            )
        )
    return redirect(url_for("protection.bans"))


@blueprint.post("/networks")
def add_network() -> ResponseReturnValue:
    """Never ban an address or network."""
    form = NetworkForm()
    if not form.validate():
        return _page(form, 422)
    try:
        with desk().database.begin() as session:
            row = service.add_exempt(
                session,
                form.network.data,
                form.note.data or "",
                who=current_user.username,
                now=desk().now(),
            )
            network = row.network
    except RefusedError as error:
        form.network.errors = [said(error)]
        return _page(form, 422)
    flash(_("%(network)s is not banned any more, and will not be.", network=network))
    return redirect(url_for("protection.bans"))


@blueprint.post("/networks/remove")
def remove_network() -> ResponseReturnValue:
    """Treat a network as any other again."""
    network = request.form.get("network", "")
    try:
        with desk().database.begin() as session:
            service.remove_exempt(session, network, who=current_user.username, now=desk().now())
    except NotFoundError:
        abort(404)
    flash(_("%(network)s is treated as any other address again.", network=network))
    return redirect(url_for("protection.bans"))
