"""Trunks of the settings: resolved, registered, and their state written for the desk."""

import logging
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ivr.responder.database import Records
from ivr.responder.doorkeeper import Doorkeeper
from ivr.responder.journal import utc_now
from ivr.responder.ticker import Deadlines
from ivr.responder.tls import Trust
from ivr.responder.transport import SipTransport
from ivr.services import trunks
from ivr.settings import TrunkSettings
from ivr.sip.address import Flow
from ivr.sip.config import Trunk
from ivr.sip.events import RegistrationState, TrunkState

RESOLVE_AGAIN_S = 30.0

log = logging.getLogger(__name__)


class Trunks:
    """Every PBX and provider of the settings."""

    def __init__(
        self,
        settings: tuple[TrunkSettings, ...],
        sip: SipTransport,
        records: Records,
        deadlines: Deadlines,
        doorkeeper: Doorkeeper,
    ) -> None:
        self._settings = settings
        self._sip = sip
        self._records = records
        self._deadlines = deadlines
        self._doorkeeper = doorkeeper
        self._hosts: dict[str, str] = {}
        self._added: set[str] = set()
        self._others: dict[str, list[Flow]] = {}
        """The servers of a trunk that are still to be tried."""
        self._several: dict[str, bool] = {}

    def start(self) -> None:
        """Register with all of them; each is tried for ever."""
        for trunk in self._settings:
            self._add(trunk)

    def _add(self, trunk: TrunkSettings) -> None:
        transport = "tls" if trunk.registrar.lower().startswith("sips:") else trunk.transport
        host, port = host_and_port(trunk.registrar)
        self._hosts[trunk.name] = host
        if self._sip.tls is not None:
            self._sip.tls.trust(host, Trust(trunk.tls_ca, trunk.tls_verify))
        if transport != "tls" and trunk.srtp == "required":
            log.warning(
                "Trunk %s: its sound is encrypted with keys that %s carries in the clear; "
                'transport = "tls" keeps them from who listens',
                trunk.name,
                transport.upper(),
            )
        resolving: Deferred[Any] = self._sip.locate(transport, host, port)
        resolving.addCallbacks(
            lambda paths: self._located(trunk, paths),
            lambda failure: self._unresolved(trunk, failure),
        )
        resolving.addErrback(lambda failure: self._unusable(trunk, failure))

    def _located(self, trunk: TrunkSettings, paths: list[Flow]) -> None:
        for path in paths:
            self._doorkeeper.trust_host(path.remote[0], trunk.name)
        first, *others = paths
        self._others[trunk.name] = others
        self._several[trunk.name] = bool(others)
        self._register(trunk, first)

    def _register(self, trunk: TrunkSettings, flow: Flow) -> None:
        if trunk.name in self._added:  # by another path before, or looked up anew
            self._sip.user_agent.remove_trunk(trunk.name, self._deadlines.now)
        self._added.add(trunk.name)
        host = self._hosts[trunk.name]
        name = f"[{host}]" if ":" in host else host
        scheme = "sips" if trunk.registrar.lower().startswith("sips:") else "sip"
        self._sip.user_agent.add_trunk(
            Trunk(
                trunk.name,
                flow,
                f"{scheme}:{trunk.username}@{name}" if trunk.username else f"{scheme}:{name}",
                trunk.username,
                trunk.password,
                register=trunk.register,
                keepalive_s=trunk.keepalive or None,
            ),
            self._deadlines.now,
        )
        self._sip.pump()

    def _unresolved(self, trunk: TrunkSettings, failure: Failure) -> None:
        detail = f"{trunk.registrar} has no address: {failure.getErrorMessage()}"
        log.warning("Trunk %s: %s", trunk.name, detail)
        self._write(trunk.name, "unreachable", detail, None)
        self._deadlines.at(self._deadlines.now + RESOLVE_AGAIN_S, lambda: self._add(trunk))

    def _unusable(self, trunk: TrunkSettings, failure: Failure) -> None:
        detail = failure.getErrorMessage()
        log.error("Trunk %s cannot be used: %s", trunk.name, detail)
        self._write(trunk.name, "refused", detail, None)

    def event(self, event: TrunkState) -> None:
        """Write a trunk's new state where the desk can read it; go on to its next server."""
        if event.state is RegistrationState.REMOVED:
            return  # only ever to be added again
        trouble = self._sip.troubles.get(self._hosts.get(event.name, ""))
        if trouble and event.state is RegistrationState.UNREACHABLE:
            event = replace(event, detail=f"{event.detail} (TLS: {trouble})")
        log.info("Trunk %s is %s %s", event.name, event.state.value, event.detail)
        self._write(event.name, event.state.value, event.detail, event.expires_in_s)
        if event.state is RegistrationState.UNREACHABLE and self._several.get(event.name):
            self._elsewhere(event.name)

    def _elsewhere(self, name: str) -> None:
        """Try the next server of a trunk (RFC 3263 §4.3); after the last look all up anew."""
        trunk = next(trunk for trunk in self._settings if trunk.name == name)
        if self._others[name]:
            self._register(trunk, self._others[name].pop(0))
        else:
            self._several[name] = False  # until it has been looked up, nothing more is moved
            self._deadlines.at(self._deadlines.now + RESOLVE_AGAIN_S, lambda: self._add(trunk))

    def _write(self, name: str, state: str, detail: str, expires_in_s: float | None) -> None:
        now = utc_now()
        about = next((_about(trunk) for trunk in self._settings if trunk.name == name), None)
        writing = self._records.write(
            lambda session: trunks.record_state(
                session, name, state, detail, expires_in_s=expires_in_s, now=now, about=about
            )
        )
        writing.addErrback(lambda failure: log.error("%s", failure.getErrorMessage()))


def _about(trunk: TrunkSettings) -> dict[str, str]:
    """What the desk shows of a trunk of the settings file; nothing secret."""
    shown = {"registrar": trunk.registrar, "transport": trunk.transport}
    return shown if trunk.srtp is None else {**shown, "srtp": trunk.srtp}


def transport_in(uri: str) -> str | None:
    """The transport a SIP URI asks for; None where it does not say (RFC 3263 §4.1)."""
    text = uri.lower()
    if text.startswith("sips:"):
        return "tls"
    return next((one for one in ("tls", "tcp", "udp") if f"transport={one}" in text), None)


def host_and_port(place: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or a SIP URI of one; raises ValueError for a port that is none."""
    bare = place.partition(":")[2] if place.lower().startswith(("sip:", "sips:")) else place
    bare = bare.partition(";")[0].rpartition("@")[2]
    split = urlsplit(f"//{bare}")
    return split.hostname or bare, split.port
