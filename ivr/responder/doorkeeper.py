"""Who may call, who is answered, who is heard at all: the rules of the settings, in front of SIP.

The user agent asks (`ivr.sip.screening`) what to do with requests nobody expects; the transport
asks whether a packet may be read and an answer sent. Both ask the one gate (`ivr.gate`), which
keeps the numbers and the bans.

The line never registers anybody and never passes a call on for a caller, so there is nothing to
guess here: REGISTER is refused alike for every name, every called number is answered alike, and a
password that is wrong looks like a name that is not there.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ivr.gate import Gate, Limits, Networks, Offence
from ivr.gate.offences import is_scanner
from ivr.settings import Settings
from ivr.sip.address import Flow
from ivr.sip.challenger import Challenger, Outcome
from ivr.sip.events import CallEnded, InviteReceived
from ivr.sip.message import Request
from ivr.sip.screening import SILENCE, Admitted, TurnedAway, Verdict

REALM = "sip"
"""Tells a stranger nothing."""
BUSY_S = "30"
_FOR_OTHERS = frozenset(("MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY"))
_REGISTER = "REGISTER"
_ANYTHING_ELSE = 403

log = logging.getLogger(__name__)


class Doorkeeper:
    """The rules of one line."""

    def __init__(
        self,
        settings: Settings,
        entropy: Callable[[int], bytes],
        *,
        is_here: Callable[[str], bool] | None = None,
    ) -> None:
        limits = Limits(
            requests_a_second=float(settings.source_requests),
            burst=3.0 * settings.source_requests,
            calls=settings.source_calls,
            calls_a_minute=3.0 * settings.source_calls,
        )
        self.gate = Gate(limits, trusted=Networks(settings.trusted_networks))
        self._anyone = settings.who_may_call == "anyone"
        self._told = settings.strangers == "answer"
        self._calls: dict[int, str] = {}
        self._is_here = is_here or is_of_this_machine
        self._not_here = ""
        self._trunks: list[tuple[IPv4Network | IPv6Network, str]] = []
        passwords = {caller.username: caller.password for caller in settings.callers}
        self._trunk_of_caller = {caller.username: caller.trunk for caller in settings.callers}
        self._challenger = Challenger(REALM, passwords, entropy) if passwords else None
        for trunk in settings.trunks:
            for network in trunk.networks:
                self.trust(network, trunk.name)

    def trust(self, network: IPv4Network | IPv6Network, trunk: str = "") -> None:
        """Take a network among those that may call and have no limits."""
        self.gate.trusted.add(network)
        if trunk and (network, trunk) not in self._trunks:
            self._trunks.append((network, trunk))

    def trust_host(self, host: str, trunk: str = "") -> None:
        """The same for one address: a registrar, an operator, this machine; a name is ignored."""
        try:
            self.trust(ip_network(host.partition("%")[0]), trunk)
        except ValueError:
            log.debug("%s is no address", host)

    def knows(self, flow: Flow) -> bool:
        """Whether a path leads to a friend: trusted, a trunk, or this very machine."""
        host = flow.remote[0]
        if host in self.gate.trusted:
            return True
        if host != flow.local[0] or host == self._not_here:
            return False
        if not self._is_here(host):
            # `public_address` is that of the router before us: anybody can forge it.
            self._not_here = host
            return False
        # The kernel lets nobody else come in with an address of this machine.
        self.trust_host(host)
        return True

    def event(self, event: object) -> None:
        """Count the calls that are up by where they came from."""
        match event:
            case InviteReceived(call=call, flow=flow):
                self._calls[call] = flow.remote[0]
                self.gate.call_began(flow.remote[0])
            case CallEnded(call=call) if call in self._calls:
                self.gate.call_ended(self._calls.pop(call))

    def figures(self, now: float) -> dict[str, int]:
        """What was refused and withheld so far, by why; bans that run, sources remembered."""
        gate = self.gate
        return {
            **gate.counters,
            "bans running": len(gate.bans.running(now)),
            "sources": gate.sources,
        }

    # What the user agent asks

    def call(self, request: Request, flow: Flow, now: float) -> Verdict:
        """Take a friend's call, or a stranger's where anyone may call and has not too many."""
        host = flow.remote[0]
        if self.knows(flow):
            return Admitted(trunk=self._trunk_at(host))
        if self._gives_itself_away(request, flow, now):
            return SILENCE
        trunk: str | None = None
        if not self._anyone:
            if self._challenger is None:
                self._offence(flow, Offence.STRANGER, now)
                return self._no(403)
            refused, trunk = self._challenged(self._challenger, request, flow, now)
            if refused is not None:
                return refused
        if not self.gate.may_call(host, now):
            self._offence(flow, Offence.CALLS, now)
            return TurnedAway(503, (("Retry-After", BUSY_S),)) if self._told else SILENCE
        return Admitted(known=trunk is not None, trunk=trunk or None)

    def _challenged(
        self, challenger: Challenger, request: Request, flow: Flow, now: float
    ) -> tuple[TurnedAway | None, str | None]:
        """The challenge, or None and the name of the caller's trunk ("" where it has none)."""
        host = flow.remote[0]
        outcome, username = challenger.judge(request, host, now)
        if outcome is Outcome.RIGHT:
            self.gate.prove(host, now)
            return None, self._trunk_of_caller[username] or ""
        if outcome is Outcome.WRONG:
            # The nonce was ours, given to this address: whoever it is, is there.
            self.gate.counters["wrong password"] += 1
            self.gate.offence(host, Offence.PASSWORD, now, proven=True)
        fields = challenger.challenge(host, now, stale=outcome is Outcome.STALE)
        return TurnedAway(401, tuple(fields)), None

    def question(self, request: Request, flow: Flow, now: float) -> Verdict:
        """OPTIONS, and what is not for us."""
        if self.knows(flow):
            return Admitted()
        if self._gives_itself_away(request, flow, now):
            return SILENCE
        if request.method == _REGISTER:
            self._offence(flow, Offence.REGISTRATION, now)
        elif request.method in _FOR_OTHERS:
            self._offence(flow, Offence.METHOD, now)
        elif request.method == "OPTIONS":
            return self._no(200)
        return self._no(_ANYTHING_ELSE)

    def stray(self, request: Request, flow: Flow, now: float) -> Verdict:
        """A request of a call we do not know: nothing is told of it but that."""
        if self.knows(flow):
            return Admitted()
        return SILENCE if self._gives_itself_away(request, flow, now) else self._no(481)

    def malformed(self, request: Request | None, flow: Flow, now: float) -> Verdict:
        """A friend hears what is wrong; a stranger is left to find out."""
        if self.knows(flow):
            return Admitted()
        self._offence(flow, Offence.MALFORMED, now)
        return Admitted() if self._told else SILENCE

    def heard_us(self, flow: Flow, now: float) -> None:
        """Note that this path was proven."""
        self.gate.prove(flow.remote[0], now)

    # How

    def _no(self, status: int) -> TurnedAway:
        return TurnedAway(status) if self._told else SILENCE

    def _offence(self, flow: Flow, what: Offence, now: float) -> None:
        ban = self.gate.offence(flow.remote[0], what, now, proven=flow.transport != "udp")
        if ban is not None:
            log.warning(
                "%s is banned for %.0f s: %s", ban.source, ban.until - ban.since, ban.reason
            )

    def _gives_itself_away(self, request: Request, flow: Flow, now: float) -> bool:
        if not is_scanner(request.headers.get("User-Agent") or ""):
            return False
        self.gate.counters["scanner"] += 1
        self._offence(flow, Offence.SCANNER, now)
        return True

    def _trunk_at(self, host: str) -> str | None:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return None
        return next((name for network, name in self._trunks if address in network), None)


def is_of_this_machine(host: str) -> bool:
    """Whether an address is one of this machine's: whether it can be bound to."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True
