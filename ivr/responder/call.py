"""One call: a SIP dialog, a media leg and a call-flow session, joined.

It answers, negotiates sound, starts the flow once the caller's ACK is there,
and sees to it that whatever ends first, the rest ends in order: what was
recorded is kept, what was said is filed, the record is complete.
"""

import logging
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from call_flows import Session
from call_flows.hours import Standing
from call_flows.instructions import (
    CallFacts,
    Content,
    CreateCallBack,
    FileComplaint,
    Lookup,
    LookupResult,
    Record,
    Replay,
    Step,
    Transfer,
)
from ivr import sdp
from ivr.logs import in_call
from ivr.media import (
    DigitPressed,
    Leg,
    LegStatistics,
    MediaEvent,
    MediaSilent,
    PlaybackFinished,
    RecordingEnded,
)
from ivr.records.tables import EndedBy
from ivr.responder.content import Snapshot
from ivr.responder.database import Records
from ivr.responder.figures import Figures
from ivr.responder.interpreter import Interpreter, TransferOutcome
from ivr.responder.journal import Journal, utc_now
from ivr.responder.keys import key_of_info
from ivr.responder.ledger import Ledger
from ivr.responder.party import Exchange, Person, Referral
from ivr.responder.playback import Audio
from ivr.responder.replay import read_wav
from ivr.responder.speech import Speech
from ivr.responder.studio import REFERENCES, SERVICES, Studio
from ivr.sdp import LocalMedia, MediaPlan, SdpError
from ivr.sdp.crypto import secret_bytes
from ivr.sdp.plan import SrtpKeys
from ivr.services.calls import NewCall, Quality
from ivr.settings import Settings
from ivr.sip import events
from ivr.sip.events import EndCause, InviteReceived
from ivr.sip.responses import Fields, warning

PERSON = "person"
"""The flow's word for whoever the settings name as the operator."""
RECORDING_PATIENCE_S = 4.0
BLIND_NEAR = 250
"""Packets (5 s) that a stranger is sent, at the address it calls from, before it was heard."""
BLIND_ELSEWHERE = 10
"""And at any other address that it names: less than it takes to make a call."""

log = logging.getLogger(__name__)


class House(Exchange, Protocol):
    """What a call needs of the line it belongs to."""

    settings: Settings
    records: Records
    ledger: Ledger
    speech: Speech
    figures: Figures
    recordings_failed: int
    """Since the start, because their disk could not be written to; an alarm of the desk's."""

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        """Run something that blocks, off the reactor thread."""

    def at_leisure(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        """Run something that may take seconds, off the reactor thread."""

    @property
    def newest(self) -> Snapshot:
        """What new callers get."""

    def forget(self, call: "Call") -> None:
        """The call is over and everything about it is written."""


class Call:
    """A citizen's call, from the INVITE to the last row written."""

    def __init__(
        self,
        house: House,
        invite: InviteReceived,
        snapshot: Snapshot,
        leg: Leg,
        *,
        sound_at: str,
        begin_in: str = "",
    ) -> None:
        self._sound_at = sound_at
        self._house = house
        self._snapshot = snapshot
        self._leg = leg
        self._invite = invite
        self.number = invite.call
        self._came = monotonic()
        self._session_id = int(uuid.uuid4().int >> 66)
        self._sdp_version = 0
        self._our_sdp: bytes | None = None
        self._plan: MediaPlan | None = None
        self._keys: SrtpKeys | None = None
        self._encrypted = True  # until a plan says otherwise
        self._established = False
        self._ended: tuple[EndedBy, str] | None = None
        self._hung_up: tuple[EndedBy, str] | None = None
        self._referral: Referral | None = None
        self._person: Person | None = None
        self._transferred = False
        self._person_at: datetime | None = None
        self._here_since = utc_now()
        self._written = False
        self._own_studio: Studio | None = None
        flow = snapshot.flow_for(invite.called_user)
        self._session = Session(snapshot.flows, begin_in or flow, hours=self._hours)
        self.journal = Journal(
            house.records,
            house.ledger,
            house.settings.state_dir,
            house.settings.timezone,
            NewCall(
                uuid.uuid4().hex,
                caller=invite.from_user,
                called=invite.called_user,
                started_at=utc_now(),
                caller_name=invite.from_display,
                trunk=invite.trunk,
                remote="{}:{}".format(*invite.flow.remote),
                sip_call_id=invite.call_id,
                signalling=invite.flow.transport,
                flow=flow,
                flow_revision=snapshot.revisions.get(flow),
            ),
        )
        self.log = in_call(log, self.journal.id)
        self._interpreter = Interpreter(self._session, leg, house.deadlines, self, self.log)
        leg.listener = self.heard

    def _hours(self, schedule: str) -> Standing:
        return self._snapshot.timetable.standing(schedule, utc_now())

    @property
    def _studio(self) -> Studio:
        """What this call records for the prompts: made when it is first asked for."""
        if self._own_studio is None:
            self._own_studio = Studio(self._house, self._invite.from_user, utc_now)
        return self._own_studio

    # --- signalling
    def fail(self, reason: str) -> None:
        """Refuse a call that a fault of ours keeps from being answered."""
        self._hung_up = (EndedBy.ERROR, reason)
        self._house.sip.user_agent.reject(self.number, 500, self._house.deadlines.now)

    def answer(self) -> None:
        """Ring, negotiate and answer; an offer we cannot meet is refused with its status."""
        sip, now = self._house.sip, self._house.deadlines.now
        try:
            body = self._negotiate(self._invite.body)
        except SdpError as error:
            self.log.info("The call has no usable sound: %s", error)
            self._hung_up = (EndedBy.ERROR, str(error))
            sip.user_agent.reject(self.number, error.status, now, headers=self._why(error))
            return
        self.log.info("Answered")
        sip.user_agent.ring(self.number, now)
        sip.user_agent.answer(self.number, body, now)

    def event(self, event: Any) -> None:
        """Take one SIP event of this call."""
        sip, now = self._house.sip, self._house.deadlines.now
        if self._referral is not None and self._referral.event(event):
            return
        match event:
            case events.CallEstablished(body=body):
                self._house.figures.answer_s.note(monotonic() - self._came)
                if self._complete(body):
                    self._begin()
            case events.MediaOffered(body=body):
                try:
                    sip.user_agent.accept_media(self.number, self._negotiate(body), now)
                except SdpError as error:
                    why = self._why(error)
                    sip.user_agent.refuse_media(self.number, now, status=error.status, headers=why)
            case events.MediaConfirmed(body=body):
                self._complete(body)
            case events.InfoReceived(content_type=content_type, body=body):
                key = key_of_info(content_type, body)
                if key is not None:
                    self._leg.press(key)
            case events.CallCancelled():
                self._hung_up = (EndedBy.CALLER, "cancelled before the answer")
            case events.CallEnded(cause=cause, reason=reason):
                self._over(cause, reason)

    def _why(self, error: SdpError) -> Fields:
        return warning(error.warning, self._invite.flow.local[0], str(error))

    def _negotiate(self, offer: bytes | None) -> bytes:
        """Answer an offer, or make one where the peer leaves that to us. Raises SdpError."""
        local = self._local_media()
        if offer is None:
            body = sdp.offer(local, self._our_sdp)
            self._plan = None
        else:
            body, self._plan = sdp.answer(offer, local, self._our_sdp)
            self._follow(self._plan)
        self._our_sdp = body
        return body

    def _complete(self, answer: bytes | None) -> bool:
        """Take the answer to an offer of ours; without usable sound the call is ended."""
        if self._plan is not None or self._our_sdp is None:
            return True
        try:
            if answer is None:
                raise SdpError(488, "answer", "the peer gave no answer to our offer")
            self._plan = sdp.accept(self._our_sdp, answer)
        except SdpError as error:
            self.log.info("The call has no usable sound: %s", error)
            self._end(EndedBy.ERROR, str(error))
            return False
        self._follow(self._plan)
        return True

    def _follow(self, plan: MediaPlan) -> None:
        """Have the sound go as was agreed."""
        self._keys = plan.srtp
        self._encrypted = self._encrypted and plan.srtp is not None
        if not self._invite.known:
            near = plan.remote[0] == self._invite.flow.remote[0]
            plan = replace(plan, blind_packets=BLIND_NEAR if near else BLIND_ELSEWHERE)
        self._leg.configure(plan)

    def _local_media(self) -> LocalMedia:
        self._sdp_version += 1
        return LocalMedia(
            self._sound_at,
            self._leg.address[1],
            self._leg.rtcp_port,
            self._session_id,
            self._sdp_version,
            encryption=self._house.encryption_with(self._invite.trunk, self._invite.flow),
            secret=os.urandom(secret_bytes),
            keys=self._keys,
        )

    def _begin(self) -> None:
        if self._established:
            return
        self._established = True
        codec = self._plan.codec if self._plan is not None else ""
        self.journal.answered(codec, self._session.language, encrypted=self._encrypted)
        self._interpreter.start(CallFacts(self._invite.from_user, self._invite.called_user))

    def _over(self, cause: EndCause, reason: str) -> None:
        """The dialog is gone: let the flow keep what must be kept, then write the end."""
        if self._ended is not None:
            return
        ended_by = EndedBy.CALLER if cause in _BY_CALLER else EndedBy.LINE
        if cause in _BY_FAULT:
            ended_by = EndedBy.ERROR
        if self._transferred:
            ended_by = EndedBy.TRANSFER  # whoever says goodbye first: the person has the caller
        self._ended = self._hung_up or (ended_by, reason or cause.value)
        if self._referral is not None:
            self._referral.stop()
        if self._person is not None:
            self._transferred = self._person.answered
            self._person_at = self._person.answered_at
            self._person.abandon()
        if self._established:
            self._interpreter.caller_hung_up()
        else:
            self.finished()

    def end(self) -> None:
        """End the call from outside: the line is being stopped."""
        self._end(EndedBy.LINE, "the line was stopped")

    def _end(self, ended_by: EndedBy, reason: str) -> None:
        if self._hung_up is None:
            self._hung_up = (ended_by, reason)
        self._house.sip.user_agent.hang_up(self.number, self._house.deadlines.now)
        self._house.sip.pump()

    # --- media
    def heard(self, event: MediaEvent) -> None:
        """Take one event of the leg."""
        match event:
            case DigitPressed(key=key, source=source):
                if self._own_studio is not None:
                    self._own_studio.ended_by_tone = source == "inband"
                self._interpreter.key(key)
            case PlaybackFinished(token=token):
                self._interpreter.playback_finished(token)
            case RecordingEnded():
                self._interpreter.recording_ended(event)
            case MediaSilent(seconds=seconds):
                self._end(EndedBy.SILENCE, f"no sound packet for {seconds:.0f} s")

    # --- what the interpreter asks
    def audio(
        self, content: Content, language: str, *, slow: bool
    ) -> "list[Audio | Deferred[Audio]]":
        """Return the sound of a prompt, or of what the caller recorded (never slower)."""
        if isinstance(content, Replay) and content.recording.startswith(REFERENCES):
            return self._studio.audio(content.recording, language, slow=slow)
        if isinstance(content, Replay):
            reading = self.journal.recording_path(content.recording).addCallback(
                lambda path: self._house.in_thread(read_wav, path)
            )
            return [reading.addErrback(self._unheard)]
        return self._house.speech.say(self._snapshot.catalogue, content, language, slow=slow)

    def _unheard(self, failure: Any) -> Audio:
        log.error("A recording cannot be played back: %s", failure.getErrorMessage())
        return ()

    def steps(self, steps: Sequence[Step]) -> None:
        """Note the path for the record."""
        if steps:
            self._here_since = utc_now()
        self.journal.steps(steps)

    @property
    def place(self) -> tuple[str, str, datetime]:
        """Flow and node the caller is at, and since when."""
        return *self._session.place, self._here_since

    @property
    def leg(self) -> Leg:
        """The caller's end of the sound."""
        return self._leg

    @property
    def heard_by_others(self) -> bool:
        """Whether somebody may listen in now: the caller is connected, and has not gone."""
        return self._established and self._ended is None

    @property
    def confidential(self) -> bool:
        """Whether what the caller keys now is nobody else's business."""
        return self._interpreter.confidential

    def look_up(self, lookup: Lookup, language: str) -> "Deferred[LookupResult]":
        """Ask a service."""
        if lookup.service.startswith(SERVICES):
            return self._studio.look_up(lookup, language)
        began = monotonic()

        def count(result: Any) -> Any:
            outcome = "failed" if isinstance(result, Failure) else result.outcome
            self._house.figures.looked_up(lookup.service, outcome, monotonic() - began)
            return result

        return self.journal.look_up(lookup, language).addBoth(count)

    def begin_recording(self, record: Record) -> "Deferred[str]":
        """Commit the recording's row, then start it on the leg."""

        def start(begun: tuple[str, Any]) -> str:
            recording, path = begun
            self._leg.record(path, max_s=record.max_s, silence_s=record.silence_s, beep=record.beep)
            return recording

        if record.kind == "prompt":
            return self._studio.begin().addCallback(start)
        return self.journal.begin_recording(record, RECORDING_PATIENCE_S).addCallback(start)

    def end_recording(self, recording: str, ended: RecordingEnded) -> "Deferred[None]":
        """Enter what became of a recording."""
        if recording.startswith(REFERENCES):
            return succeed(None)  # a take is no record
        if ended.cause == "failed":
            self._house.recordings_failed += 1
        return self.journal.end_recording(recording, ended)

    def file_complaint(self, filing: FileComplaint, patience_s: float) -> "Deferred[str]":
        """Commit a complaint."""
        return self.journal.file_complaint(filing, self._session.language, patience_s)

    def create_call_back(self, task: CreateCallBack, patience_s: float) -> "Deferred[str]":
        """Commit a call-back task."""
        return self.journal.create_call_back(task, patience_s)

    def transfer(self, transfer: Transfer, ended: Callable[[TransferOutcome], None]) -> None:
        """Bring the caller to a person: by REFER, or where the peer refuses by a call of ours."""
        target = self._target(transfer.target)
        if target is None:
            ended("failed")
            return
        timeout_s = transfer.timeout_s
        if transfer.target == PERSON:
            timeout_s = self._house.settings.operator_timeout

        def transferred(result: TransferOutcome) -> None:
            self._referral = None
            self._transferred = result == "answered"
            self._person_at = utc_now() if self._transferred else None
            ended(result)

        def refused() -> None:
            self._referral = None
            self._call_person(target, timeout_s, ended)

        self._referral = Referral(self._house, self.log, refused=refused, ended=transferred)
        self._referral.start(self.number, target, timeout_s)

    def _target(self, name: str) -> str | None:
        """Turn the flow's word for a person into a SIP URI; None where nobody is configured."""
        wanted = self._house.settings.operator if name == PERSON else name
        if not wanted:
            return None
        if wanted.lower().startswith(("sip:", "sips:", "tel:")):
            return wanted
        host, port = self._invite.flow.remote
        host = f"[{host}]" if ":" in host else host
        # An extension of the exchange the call came from, by the way it came.
        transport = self._invite.flow.transport
        way = "" if transport == "udp" else f";transport={transport}"
        return f"sip:{wanted}@{host}:{port}{way}"

    def _call_person(
        self, target: str, timeout_s: float, ended: Callable[[TransferOutcome], None]
    ) -> None:
        def over(result: TransferOutcome) -> None:
            self._person_at = person.answered_at
            self._person = None
            self._transferred = result == "answered"
            ended(result)

        person = self._person = Person(self._house, self._leg, over, self.log)
        person.call(
            target,
            self._invite.flow,
            timeout_s=timeout_s,
            from_user=self._invite.from_user,
            from_display=self._invite.from_display,
            trunk=self._invite.trunk,
            caused_by=self._invite.call_id,
        )

    def hang_up(self, reason: str) -> None:
        """End the call from our side."""
        ended_by = EndedBy.TRANSFER if self._transferred else EndedBy.LINE
        self._end(EndedBy.ERROR if reason == "error" else ended_by, reason)

    def finished(self) -> None:
        """The flow is over: once the dialog is too, close the leg and complete the record."""
        if self._ended is None or self._written:
            return
        self._written = True
        if self._own_studio is not None:
            self._own_studio.close()
        self._leg.close(self._complete_record)

    def _complete_record(self, seen: LegStatistics) -> None:
        """Write the end, with what the leg has seen of the path."""
        assert self._ended is not None  # noqa: S101 - see `finished`
        ended_by, reason = self._ended
        quality = Quality(
            packets_sent=seen.packets_sent,
            packets_received=seen.packets_received,
            packets_lost=seen.lost,
            jitter_ms=seen.jitter_ms,
            remote_packets_lost=seen.remote_lost,
            remote_jitter_ms=seen.remote_jitter_ms,
            round_trip_ms=seen.round_trip_ms,
        )
        self.journal.close(
            ended_by,
            reason,
            language=self._session.language,
            self_served=None if not self._established else not self._transferred,
            person_at=self._person_at,
            encrypted=self._encrypted if self._established else None,
            quality=quality if self._established else None,
        )
        self._house.figures.ended[ended_by.value] += 1
        self.log.info("Ended: %s%s", ended_by.value, f", {reason}" if reason else "")
        self._house.forget(self)
        self._house.deadlines.at(self._house.deadlines.now, self._release)

    def _release(self) -> None:
        """Part call, leg and interpreter, a tick after the last of them has spoken."""
        self._interpreter.release()
        self._leg.listener = _unheard


def _unheard(_event: MediaEvent) -> None:
    """The listener of a leg whose call is over."""


_BY_CALLER = frozenset({EndCause.PEER_HUNG_UP, EndCause.CANCELLED})
_BY_FAULT = frozenset({EndCause.NO_ACK, EndCause.EXPIRED, EndCause.PEER_LOST})
