"""Blind transfer (RFC 3515): REFER, and the NOTIFYs that tell how it goes.

A REFER makes a subscription inside the dialog. Each NOTIFY brings a `message/sipfrag` whose
status line is what the transfer target said; the subscription ends with the one that says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.events import ReferAccepted, ReferProgress, ReferRefused
from ivr.sip.message import Request, Response
from ivr.sip.name_addr import NameAddr
from ivr.sip.uri import Uri

if TYPE_CHECKING:
    from ivr.sip.call import Call

_status_line = re.compile(rb"\s*SIP/2\.0[ \t]+([1-6][0-9]{2})(?![0-9])")


class Referral:
    """The transfers of one call, one at a time."""

    __slots__ = ("_accepted", "_call", "_cseq")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._cseq: int | None = None  # of the REFER: the `id` of its events (§2.4.6)
        self._accepted = False

    def send(self, target: str, now: float) -> None:
        """Ask the peer to call `target`; SipUsageError where that is no URI or one is under way."""
        call = self._call
        if self._cseq is not None:
            raise SipUsageError(f"call {call.number}: a transfer is under way")
        try:
            refer_to = NameAddr(Uri.parse(target))
        except SipParseError as error:
            raise SipUsageError(f"cannot transfer to {target!r}: {error.reason}") from None
        fields = [("Refer-To", refer_to.serialize()), ("Referred-By", call.contact())]
        self._accepted = False
        request = call.ask("REFER", now, self._answered, headers=fields)
        self._cseq = request.cseq.number

    def _answered(self, status: int, response: Response | None, now: float) -> None:
        call = self._call
        if status < 200 or call.dialog_over:
            return
        if status < 300:
            if not self._accepted:
                self._accepted = True
                call.tell(ReferAccepted(call.number))
        else:
            self._cseq = None
            call.tell(ReferRefused(call.number, status))

    def receive(self, notify: Request, now: float) -> int:
        """Take a NOTIFY; returns the status to answer it with (RFC 6665 §4.1.3)."""
        event = notify.event
        if event is None or event[0] != "refer":
            return 489
        number = event[1].get("id")
        if self._cseq is None or (number is not None and number != str(self._cseq)):
            return 481
        body = _status_line.match(notify.body)
        if notify.body and (notify.content_type != "message/sipfrag" or body is None):
            return 400
        call = self._call
        if not self._accepted:  # the NOTIFY overtook the 202 (§2.4.4)
            self._accepted = True
            call.tell(ReferAccepted(call.number))
        state = notify.subscription_state
        if body is not None:
            call.tell(ReferProgress(call.number, int(body[1])))
        if state is not None and state[0] == "terminated":
            self._cseq = None
            if body is None:
                # §2.4.7: the subscription ended and nobody says how: taken as failed.
                call.tell(ReferProgress(call.number, 503))
        return 200
