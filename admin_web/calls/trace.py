"""What signalling said in a call, as a pcap file for Wireshark and sngrep; administrators only."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin_web.audit import seen
from admin_web.calls.blueprint import blueprint
from admin_web.desk import desk
from ivr.records.tables import Call
from ivr.traces import TracedMessage, Wanted, is_kept, messages, pcap

PCAP = "application/vnd.tcpdump.pcap"  # as registered with IANA


def is_traced(call: Call) -> bool:
    """Whether anything is left of a call's signalling."""
    return is_kept(desk().settings.sip_traces, wanted_of(call))


def wanted_of(call: Call) -> Wanted:
    """By what a call's messages are found."""
    return Wanted(
        call.sip_call_id,
        call.started_at.timestamp(),
        None if call.ended_at is None else call.ended_at.timestamp(),
    )


@blueprint.get("/<call_id>/trace.pcap")
def trace(call_id: str) -> ResponseReturnValue:
    """The messages of a call; keys and secrets were made unreadable before they were kept."""
    with desk().database.read() as session:
        call = session.get(Call, call_id)
        if call is None:
            abort(404)
        wanted = wanted_of(call)
    seen("sip_trace_fetched", f"call {call_id}")
    found = messages(desk().settings.sip_traces, wanted)
    if not found:
        flash(_("Nothing is left of this call's signalling."), "error")
        return redirect(url_for("calls.call", call_id=call_id))
    return pcap_answer(call_id, found)


def pcap_answer(call_id: str, found: Sequence[TracedMessage]) -> Response:
    """Messages as a file."""
    return Response(
        b"".join(pcap(found)),
        content_type=PCAP,
        headers={"Content-Disposition": f'attachment; filename="call-{call_id}.pcap"'},
    )
