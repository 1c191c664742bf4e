"""Trunks: registration with a PBX or provider (RFC 3261 §10.2), and keep-alive by OPTIONS.

A trunk is never given up. What fails is tried again after a pause that doubles up to a limit and
of which a random half is left out (RFC 5626 §4.5), so that many lines do not come back at once
after a provider's outage.
"""

from __future__ import annotations

from ivr.sip.address import Flow
from ivr.sip.auth import Credentials
from ivr.sip.authenticator import Authenticator
from ivr.sip.config import Trunk
from ivr.sip.core import Core
from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.events import RegistrationState, TrunkState
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response
from ivr.sip.name_addr import NameAddr
from ivr.sip.status import reason_phrase
from ivr.sip.timers import Timer
from ivr.sip.uri import Uri

retry_first_s = 4.0
retry_longest_s = 300.0
_no_route = frozenset((408, 430, 503, 504))  # answers that say: not reached
_shortest_expires_s = 10


class TrunkClient:
    """One trunk while it is ours."""

    def __init__(self, core: Core, trunk: Trunk) -> None:
        try:
            self._aor = Uri.parse(trunk.aor)
            registrar = Uri.parse(trunk.registrar) if trunk.registrar else None
        except SipParseError as error:
            raise SipUsageError(f"trunk {trunk.name}: {error.reason}") from None
        if self._aor.opaque is not None:
            raise SipUsageError(f"trunk {trunk.name}: {trunk.aor} is not a SIP address")
        self.trunk = trunk
        self._core = core
        self._registrar = registrar or Uri(self._aor.scheme, self._aor.host, self._aor.port)
        username = trunk.username or self._aor.user or ""
        self.authenticator = Authenticator(Credentials(username, trunk.password), core.entropy)
        self._call_id = core.new_id()
        self._tag = core.new_id()
        self._cseq = 0
        self._expires_s = trunk.expires_s
        self._failures = 0
        self._challenged = 0
        self._asking = False  # a REGISTER is out
        self._next: Timer | None = None
        self._watch: Timer | None = None
        self._said: tuple[RegistrationState, str] | None = None
        self._removed = False
        self._registered = False

    @property
    def user(self) -> str | None:
        return self._aor.user

    def begin(self, now: float) -> None:
        """Register, or begin to watch."""
        self._say(RegistrationState.TRYING, "", None)
        if self.trunk.register:
            self._register(now)
        else:
            self._look(now)

    def remove(self, now: float) -> None:
        """Take back the registration and say no more."""
        self._removed = True
        for timer in (self._next, self._watch):
            if timer is not None:
                timer.cancel()
        if self._registered:
            self._registered = False
            self._challenged = 0
            self._send_register(0, now)
        self._say(RegistrationState.REMOVED, "", None)

    def flow_failed(self, flow: Flow, now: float) -> None:
        """The connection is gone: so is what the registrar could reach us by (RFC 5626 §4.4.1)."""
        if flow == self.trunk.flow and not self._removed and not self._asking and self._registered:
            self._failed(503, "the connection was lost", now)

    # Registration

    def _register(self, now: float) -> None:
        self._next = None
        if not self._asking:
            self._challenged = 0
            self._send_register(self._expires_s, now)

    def _send_register(self, expires_s: int, now: float) -> None:
        self._cseq += 1
        request = self._request("REGISTER", self._registrar, self._call_id, self._cseq)
        request.headers.add("Expires", str(expires_s))
        self.authenticator.sign(request)
        self._asking = True

        def answered(status: int, response: Response | None, at: float) -> None:
            if status >= 200:
                self._asking = False
                self._registered_or_not(request, expires_s, status, response, at)

        self._core.transactions.start(request, self.trunk.flow, answered, now)

    def _registered_or_not(
        self, request: Request, asked_s: int, status: int, response: Response | None, now: float
    ) -> None:
        if response is None:
            self._failed(status, "no answer" if status == 408 else "cannot be reached", now)
        elif status < 300:
            self._accepted(response, asked_s, now)
        elif self._removed and asked_s:
            return
        elif status in (401, 407):
            if self.authenticator.meet(request, response, tries=self._challenged):
                self._challenged += 1
                self._send_register(asked_s, now)
            else:
                self._failed(status, "the password or user name is not accepted", now)
        elif status == 423 and (response.min_expires or 0) > self._expires_s and asked_s:
            self._expires_s = response.min_expires or self._expires_s
            self._send_register(self._expires_s, now)
        else:
            reason = response.reason or reason_phrase(status)
            self._failed(status, f"{status} {reason}", now, response.retry_after)

    def _accepted(self, response: Response, asked_s: int, now: float) -> None:
        if self._removed:
            if asked_s:  # removed while the REGISTER was out
                self._send_register(0, now)
            return
        granted = self._granted(response, asked_s)
        self._failures = 0
        self._registered = True
        # Ahead of the end by a tenth, at most a minute: room for a lost REGISTER or two.
        margin = max(min(60.0, granted / 10), min(granted / 2, 5.0))
        self._schedule(now + granted - margin)
        self._say(RegistrationState.REGISTERED, "", float(granted), always=True)
        self._watch_later(now)

    def _granted(self, response: Response, asked_s: int) -> int:
        """§10.2.4: what the registrar says of our Contact, else of all, else what we asked."""
        ours = NameAddr.parse(self._core.contact(self.trunk.flow, self._aor.user)).uri
        granted: int | None = None
        for contact in response.contacts:
            if (contact.uri.host, contact.uri.port) == (ours.host, ours.port):
                granted = contact.expires
        if granted is None:
            granted = response.expires
        return max(asked_s if granted is None else granted, _shortest_expires_s)

    def _failed(self, status: int, detail: str, now: float, wait_s: int | None = None) -> None:
        if self._removed:
            return
        self._registered = False
        pause = min(retry_longest_s, retry_first_s * 2.0 ** min(self._failures, 16))
        pause *= 0.5 + 0.5 * self._core.fraction()
        self._failures += 1
        if wait_s is not None:
            pause = max(pause, min(float(wait_s), retry_longest_s))
        self._schedule(now + pause)
        unreachable = status in _no_route
        self._say(
            RegistrationState.UNREACHABLE if unreachable else RegistrationState.REFUSED,
            detail,
            None,
        )

    def _schedule(self, at: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._core.timers.set(at, self._register)

    # Keep-alive

    def _watch_later(self, now: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        pause = self.trunk.keepalive_s
        if pause is not None and not self._removed:
            self._watch = self._core.timers.set(now + pause, self._look)

    def _look(self, now: float) -> None:
        """OPTIONS: any final answer shows that somebody is there (§11)."""
        self._watch = None
        request = self._request("OPTIONS", self._registrar, self._core.new_id(), 1)
        request.headers.add("Accept", "application/sdp")

        def answered(status: int, response: Response | None, at: float) -> None:
            if status < 200 or self._removed:
                return
            reached = response is not None and status not in _no_route
            if self.trunk.register:
                if not reached and self._registered:
                    self._failed(503, "the keep-alive was not answered", at)
                    return
            elif reached:
                self._say(RegistrationState.REACHABLE, "", None)
            else:
                detail = "no answer" if response is None else f"{status} {response.reason}"
                self._say(RegistrationState.UNREACHABLE, detail, None)
            self._watch_later(at)

        self._core.transactions.start(request, self.trunk.flow, answered, now)

    # Common

    def _request(self, method: str, uri: Uri, call_id: str, cseq: int) -> Request:
        who = NameAddr(self._aor)
        tag = self._tag if method == "REGISTER" else self._core.new_id()
        fields = [
            ("Max-Forwards", "70"),
            ("From", who.with_tag(tag).serialize()),
            ("To", (who if method == "REGISTER" else NameAddr(uri)).serialize()),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", self._core.contact(self.trunk.flow, self._aor.user)),
            *self._core.client_fields,
        ]
        return Request(method, uri, Headers(fields), b"")

    def _say(
        self,
        state: RegistrationState,
        detail: str,
        expires_in_s: float | None,
        *,
        always: bool = False,
    ) -> None:
        if always or self._said != (state, detail):
            self._said = state, detail
            self._core.emit(TrunkState(self.trunk.name, state, detail, expires_in_s))
