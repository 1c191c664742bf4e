"""The line: every part put on one reactor, and the calls that are up.

Calls come in here, get a leg and a snapshot of what is published, and are on
their own from then on; their SIP events are handed to them by number.
"""

import gc
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from ivr import sdp
from ivr.media import Leg, PortsExhausted
from ivr.records import Database
from ivr.responder import announcements
from ivr.responder.admission import EVERY_S, Admission, Look
from ivr.responder.ban_book import BanBook
from ivr.responder.call import Call
from ivr.responder.content import Content, Snapshot, Source
from ivr.responder.database import WRITER_BUSY_MS, Records
from ivr.responder.doorkeeper import Doorkeeper
from ivr.responder.encryption import wanted
from ivr.responder.figures import Figures
from ivr.responder.journal import utc_now
from ivr.responder.ledger import Ledger
from ivr.responder.listening import Listening
from ivr.responder.media_process import MediaProcess
from ivr.responder.renewal import Renewal, files_of
from ivr.responder.speech import Speech
from ivr.responder.ticker import Deadlines, Ticker
from ivr.responder.tls import Tls
from ivr.responder.transport import LocalAddresses, SipTransport
from ivr.responder.trunks import Trunks, host_and_port, transport_in
from ivr.responder.voice import VoiceClient
from ivr.sdp.plan import Encryption
from ivr.services import heartbeats, live_calls
from ivr.settings import Settings
from ivr.sip import events
from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.user_agent import UserAgent
from ivr.traces import TraceWriter
from prompts.render_all import foreseeable
from prompts.store import ClauseStore

PROCESS = "responder"
HEARTBEAT_S = 2.0
RETRY_AFTER_S = 10
LOOKED_BACK = 50
"""Ticks whose lateness counts: the last second's."""
REFUSING = {
    "late": "sound or signalling runs %(ms)d ms late (IVR_MAX_LATE_MS)",
    "no_sound": "the sound's process is being started again",
}
WILDCARDS = {"0.0.0.0": "::", "::": "0.0.0.0"}  # noqa: S104 - names, not a binding

log = logging.getLogger(__name__)


class Line:
    """Everything of the responder that lives as long as the process."""

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        database: Database,
        source: Source,
        voices: Mapping[str, str],
    ) -> None:
        self._reactor = reactor
        self.settings = settings
        self.deadlines = Deadlines()
        writing = Database(database.url, pool_size=1, busy_timeout_ms=WRITER_BUSY_MS)
        self.records = Records(reactor, database, writing)
        self.ledger = Ledger(self.records, self.deadlines)
        self._pool = ThreadPool(1, 4, "files")
        self.doorkeeper = Doorkeeper(settings, os.urandom)
        agent = UserAgent(
            UserAgentConfig(
                max_calls=settings.max_calls,
                retry_after_s=RETRY_AFTER_S,
                product=settings.sip_product,
            ),
            os.urandom,
            self.doorkeeper,
        )
        addresses = LocalAddresses(settings.sip_host, settings.public_address)
        self.sip = SipTransport(reactor, agent, addresses, settings.sip_port)
        self.sip.listener = self._event
        self.sip.tls = Tls(reactor, files_of(settings), settings.sip_tls_port)
        self._renewal = Renewal(self.sip.tls, self.deadlines, self.in_thread)
        self.sip.gate = self.doorkeeper.gate
        self._trace = TraceWriter(settings.traces_dir, settings.sip_trace_mb << 20)
        if settings.sip_trace_mb:
            self.sip.trace = self._trace
        self._media = MediaProcess(
            reactor,
            self.deadlines,
            settings.rtp_ports,
            entropy=os.urandom,
            silent_after_s=settings.media_silence,
            log_format=settings.log_format,
        )
        self._engine = self._media.engine
        self.speech = Speech(
            ClauseStore(settings.clauses_dir),
            VoiceClient(reactor, settings.voice_socket),
            voices,
            self.in_thread,
            reactor.callLater,
        )
        self._ban_book = BanBook(self.doorkeeper.gate, self.records, self.deadlines)
        with database.read() as session:
            snapshot = source.read(session)
            in_force = announcements.read(session, utc_now())
            self._ban_book.begin_with(session, self.deadlines.now)
        self._content = Content(source, snapshot, self.records, self.deadlines, self._preload)
        self._announcements = announcements.Announcements(
            self.records, self.deadlines, self.speech, lambda: self.newest, utc_now, self._tell
        )
        self._announcements.begin_with(in_force)
        self._trunks = Trunks(
            settings.trunks, self.sip, self.records, self.deadlines, self.doorkeeper
        )
        self._calls: dict[int, Call] = {}
        self._others: dict[int, Callable[[Any], None]] = {}
        self._listening = Listening(
            reactor,
            settings.listening_socket,
            self._call_of,
            told=settings.listening_in == "tone",
        )
        self._ticker = Ticker(
            reactor,
            [self.deadlines.tick, self.sip.tick, self._listening.tick],
        )
        self.figures = Figures()
        self._admission = Admission(settings.max_late_ms)
        self._answered = 0
        self._refused = 0
        self._without_ports = 0
        self.recordings_failed = 0
        self._ended = 0
        self._stopped: Deferred[None] | None = None

    # --- life
    def start(self) -> None:
        """Listen and serve; raises CannotListenError where a port is taken, CertificateError."""
        self._renewal.begin()
        self._pool.start()
        self.records.start()
        self._trace.start()
        self.sip.listen(self.settings.sip_host)
        self._media.start()
        self._watch_pace()
        self._ticker.start()
        self._content.start()
        self._announcements.start()
        self._ban_book.start()
        # Not before the line answers: a clause wanted meanwhile is read by itself.
        preloading = self.in_thread(self._preload, self._content.newest)
        preloading.addErrback(lambda failure: log.error("%s", failure.getTraceback()))
        self._renewal.start()
        self._trunks.start()
        if self.settings.listening_in != "off":
            self._listening.start()
        self._beat()
        self.ledger.start()

    def drain(self, limit_s: float) -> "Deferred[None]":
        """Take no new calls; fires once the last one is over, or after `limit_s`."""
        if self._stopped is None:
            self._stopped = Deferred()
            self.sip.user_agent.drain(self.deadlines.now)
            self.deadlines.at(self.deadlines.now + limit_s, self._end_all)
            self._check_drained()
        return self._stopped

    def stop(self) -> None:
        """Close everything; what is queued for the database is written first."""
        self._ticker.stop()
        self._listening.stop()
        self.sip.close()
        self._trace.stop()
        self._media.stop()
        self.ledger.flush()
        self.records.stop()
        self._pool.stop()

    def _end_all(self) -> None:
        for call in list(self._calls.values()):
            call.end()
        # Their BYEs are answered within a moment; records are written by `stop`.
        self.deadlines.at(self.deadlines.now + 2.0, self._drained)

    def _check_drained(self) -> None:
        if self._stopped is not None and not self._calls:
            self._drained()

    def _drained(self) -> None:
        if self._stopped is not None and not self._stopped.called:
            self._stopped.callback(None)

    # --- signalling
    def _event(self, event: Any) -> None:
        self.doorkeeper.event(event)
        match event:
            case events.InviteReceived():
                self._take(event)
            case events.TrunkState():
                self._trunks.event(event)
            case _:
                call = self._calls.get(event.call)
                listener = call.event if call is not None else self._others.get(event.call)
                if isinstance(event, events.CallEnded):
                    self._others.pop(event.call, None)
                if listener is not None:
                    listener(event)

    def _take(self, invite: events.InviteReceived) -> None:
        peer, sound_at = self._sound_between(invite)
        try:
            leg = self.open_leg(peer)
        except PortsExhausted as error:
            log.error("A call is refused: %s", error)
            self._refused += 1
            self._without_ports += 1
            self.sip.user_agent.reject(
                invite.call,
                503,
                self.deadlines.now,
                headers=(("Retry-After", str(RETRY_AFTER_S)),),
            )
            return
        try:
            snapshot = self._content.newest
            dialled = snapshot.flow_for(invite.called_user)
            snapshot, begin_in = self._announcements.before(snapshot, dialled)
            call = Call(self, invite, snapshot, leg, sound_at=sound_at, begin_in=begin_in)
        except Exception:
            leg.close()
            self._refused += 1
            self.sip.user_agent.reject(invite.call, 500, self.deadlines.now)
            raise
        self._calls[invite.call] = call
        try:
            call.answer()
        except Exception as error:
            self._refused += 1
            call.fail(f"{type(error).__name__}: {error}")
            raise
        self._answered += 1

    def _sound_between(self, invite: events.InviteReceived) -> tuple[str, str]:
        """Return the hosts that sound goes between, theirs and ours: those of signalling, unless
        the offer has it over the other IP version only and we have an address there."""
        there, here = invite.flow.remote[0], invite.flow.local[0]
        elsewhere = None if invite.body is None else sdp.only_elsewhere(invite.body, here)
        if elsewhere is not None:
            ours = self.sip.addresses.of_other_family(elsewhere)
            if ours is not None:
                return elsewhere, ours
        return there, here

    def _call_of(self, record: str) -> Call | None:
        """Return the call that is up and has this record."""
        return next((call for call in self._calls.values() if call.journal.id == record), None)

    # --- what calls ask
    def open_leg(self, remote_host: str) -> Leg:
        """Return a new media leg of the peer's address family, or raise PortsExhausted."""
        host = self.settings.sip_host
        if host in WILDCARDS:
            host = "::" if ":" in remote_host else "0.0.0.0"  # noqa: S104 - as SIP is bound
        return self._engine.open(host)

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        """Run something that blocks, off the reactor thread."""
        return deferToThreadPool(self._reactor, self._pool, function, *arguments)

    def at_leisure(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        """Run something that may take seconds, in threads in which no caller's sound waits."""
        pool = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, pool, function, *arguments)

    @property
    def newest(self) -> Snapshot:
        """What new callers get."""
        return self._content.newest

    def join(self, call: int, listener: Callable[[Any], None]) -> None:
        """Have the events of a call of ours handed to `listener` until it ends."""
        self._others[call] = listener

    def paths_to(self, uri: str, otherwise: Flow) -> "Deferred[list[Flow]]":
        """Resolve the paths to a SIP URI; `tel:` goes where the call came from."""
        if uri.lower().startswith("tel:"):
            return succeed([otherwise])
        return self.sip.locate(transport_in(uri), *host_and_port(uri))

    def encryption_with(self, trunk: str | None, path: Flow) -> Encryption:
        """Return whether sound that goes this way is to be encrypted."""
        return wanted(self.settings, trunk, path)

    def renew_certificates(self) -> None:
        """Look at the certificates now: somebody says that they are new."""
        self._renewal.renew()

    def forget(self, call: Call) -> None:
        """A call is over and written."""
        self._calls.pop(call.number, None)
        self._ended += 1
        self._check_drained()

    # --- regular work
    def _preload(self, snapshot: Snapshot) -> None:
        missing = self.speech.preload(foreseeable(snapshot.catalogue))
        self._reactor.callFromThread(self.speech.have_ahead, missing)

    def _collect_when_idle(self) -> None:
        """A full collection is a gap in everybody's sound: only while there is nobody."""
        if self._ended and not self._calls:
            self._ended = 0
            gc.collect()

    def _watch_pace(self) -> None:
        """Turn new calls away while those who are up would suffer from them."""
        media, agent = self._media, self.sip.user_agent
        look = Look(
            media.pulse.late_ms,
            self._ticker.lateness.quantile_ms(0.9, last=LOOKED_BACK),
            media.silent_s,
            media.running,
        )
        if self._admission.look(look, self.deadlines.now):
            why, late_ms = self._admission.why, self._admission.worst_ms
            if why:
                log.warning("New calls are refused: %s", REFUSING[why] % {"ms": round(late_ms)})
            else:
                log.warning("New calls are taken again")
            agent.refuse_new(bool(why))
        self.deadlines.at(self.deadlines.now + EVERY_S, self._watch_pace)

    def _beat(self) -> None:
        self._collect_when_idle()
        self._tell()
        self.deadlines.at(self.deadlines.now + HEARTBEAT_S, self._beat)

    def _refusing(self) -> str:
        """Why no call is taken now, for the desk: late, no_sound, full, or nothing."""
        full = self.sip.user_agent.calls >= self.settings.max_calls
        return self._admission.why or ("full" if full else "")

    def _tell(self) -> None:
        """Say in the database how the line is doing."""
        said = self._announcements.said()
        refused = {
            name: count
            for name, count in self.sip.user_agent.counters.items()
            if name.startswith("refused, ")
        }
        turned_away = sum(refused.values()) - refused.get("refused, stopping", 0)
        detail = {
            "listening": True,
            "draining": self._stopped is not None,
            "calls": len(self._calls),
            "max_calls": self.settings.max_calls,
            "calls_answered": self._answered,
            "calls_refused": self._refused + sum(refused.values()),
            "calls_turned_away": turned_away,
            "refusing": self._refusing(),
            "max_late_ms": self.settings.max_late_ms,
            "calls_without_ports": self._without_ports,
            "recordings_failed": self.recordings_failed,
            "tick_late_ms_p50": round(self._media.pulse.p50_ms, 3),
            "tick_late_ms_p99": round(self._media.pulse.p99_ms, 3),
            "ticks_missed": self._media.pulse.missed,
            "media_restarts": self._media.restarts,
            "signalling_late_ms_p99": round(self._ticker.lateness.quantile_ms(0.99), 3),
            "writes_waiting": self.records.waiting,
            "clauses_rendered": self.speech.rendered,
            "clauses_missing": self.speech.missing,
            "legs": self._engine.legs,
            "dialogs": self.sip.user_agent.calls,
            "certificate": self._renewal.told(),
            "figures": self.figures.told(),
            "traces_left_out": self._trace.left_out,
            "sip": dict(self.sip.user_agent.counters),
            "calls_over_source": self.doorkeeper.gate.counters["too many calls"],
            "crowded_source": self.doorkeeper.gate.crowded,
            "gate": self.doorkeeper.figures(self.deadlines.now),
            "announcements_in_force": len(said),
            "announcements": said,
        }
        now = utc_now()
        places = {call.journal.id: call.place for call in self._calls.values()}

        def beat(session: Session) -> None:
            heartbeats.beat(session, PROCESS, detail, now)
            live_calls.note(session, places, now)

        beating = self.records.write(beat)
        beating.addErrback(lambda failure: log.error("%s", failure.getErrorMessage()))
