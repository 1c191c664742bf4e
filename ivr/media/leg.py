"""One call's media: a socket pair, what plays out of it and what is heard in it.

Sound goes to where signalling said until the peer's first valid packet shows
where it really sends from (symmetric RTP, RFC 4961); from then on the socket
is connected there, and the kernel drops what others send. A re-INVITE opens
the choice once more. While nothing plays nothing is sent, save a silent packet
now and then that keeps the path through a NAT open (RFC 6263); timestamps run
on with the wall clock, and the first packet after a pause carries the marker
(RFC 3551 §4.1). Every line of `send_due` and `receive_rtp` runs a hundred
times a second for each call: what is rare stands elsewhere.

Longer than most modules, for one reason: these paths share the state that a
call may hold only once if it is to stay small.
"""

import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.media.events import (
    DigitPressed,
    DigitSource,
    MediaEvent,
    MediaSilent,
    PlaybackFinished,
    RecordingCause,
)
from ivr.media.loudness import outgoing_table
from ivr.media.plan import Plan
from ivr.media.playout import Playout
from ivr.media.recorder import Recorder
from ivr.media.recording_writer import RecordingFile
from ivr.media.reports import Reports
from ivr.media.sieve import Sieve
from ivr.media.sockets import arrival_ns, dissolve, is_numeric
from ivr.media.srtp import Srtp, renewed
from ivr.media.statistics import LegStatistics
from ivr.media.tap import Tap
from ivr.media.tones import beep as beep_tone
from ivr.media.tones import silence
from ivr.rtp import packet as rtp_packet
from ivr.rtp import telephone_event
from ivr.rtp.errors import RtpError
from ivr.rtp.g711 import alaw_to_ulaw_table, ulaw_to_alaw_table

if TYPE_CHECKING:
    from ivr.media.engine import MediaEngine

_samples_per_ms: Final = 8
_keys: Final = frozenset(telephone_event.keys)
_unpack_header = struct.Struct("!BBHII").unpack_from
_pack_header_into = struct.Struct("!BBHII").pack_into
_header: Final = rtp_packet.header_bytes
_marker: Final = 0x80
_comfort_noise: Final = 13  # RFC 3551 table 4; tolerated though it was not agreed
_keep_alive_s: Final = 10
_report_every_s: Final = 5  # RFC 3550 §6.2
_timed_packets: Final = 5  # each second so many packets in a row are timed, for jitter
#: After the peer has moved, its old source is not taken for the new one so long (samples, 2 s).
_moved_grace: Final = 16_000
#: The same key by two ways is one press, if they come this close together (samples, 1 s).
_same_press: Final = 8_000
#: So many packets in a row make a peer of a host that signalling did not name.
_probation_packets: Final = 4
_pause: Final = 320  # samples missing by timestamp alone that end a tone


class _BeginRecording:
    """The token of the beep before a recording."""


class _Carrier:
    """The token of silence that is sent only to carry a tone."""


def _ignore(event: MediaEvent) -> None:
    """The listener of a leg that has none yet."""


class Leg:
    """One end of a call's sound. Made by MediaEngine.open."""

    __slots__ = (
        "_alaw",
        "_audio_type",
        "_beeping",
        "_blind_left",
        "_candidate",
        "_clock_offset",
        "_closed",
        "_connected",
        "_due",
        "_engine",
        "_event_at",
        "_event_type",
        "_events_out",
        "_file",
        "_forward_offset",
        "_frame",
        "_heard",
        "_held",
        "_inband_row",
        "_keys_in",
        "_last_press",
        "_listening",
        "_loud",
        "_marked",
        "_moved_at",
        "_next_timestamp",
        "_noise_type",
        "_old_source",
        "_outgoing",
        "_packet",
        "_partner",
        "_plan",
        "_playout",
        "_recorder",
        "_recording_options",
        "_remote_source",
        "_reports",
        "_rtcp",
        "_rtcp_remote",
        "_rtp",
        "_send",
        "_sequence",
        "_sieve",
        "_silent_s",
        "_srtp",
        "_ssrc",
        "_stepped_aside",
        "_talking",
        "_tap",
        "_timed",
        "_until_keep_alive",
        "_visits",
        "address",
        "listener",
        "rtcp_port",
    )

    def __init__(self, engine: "MediaEngine", rtp: socket.socket, rtcp: socket.socket) -> None:
        self._engine = engine
        self._rtp = rtp
        self._rtcp = rtcp
        host, port = rtp.getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        self.rtcp_port: int = rtcp.getsockname()[1]
        self.listener: Callable[[MediaEvent], None] = _ignore
        random = engine.entropy(11)
        self._ssrc = int.from_bytes(random[:4], "big")
        self._clock_offset = int.from_bytes(random[4:8], "big")
        # RFC 3711 §3.3.1: below 2^15, or a peer that loses our first packets may count them wrong.
        self._sequence = int.from_bytes(random[8:10], "big") & 0x7FFF
        self._visits = random[10] % _report_every_s  # reports of calls spread
        self._reports = Reports(self._ssrc, b"%08x@%s" % (self._ssrc, host.encode()))
        self._stepped_aside = False
        self._plan: Plan | None = None
        self._srtp: Srtp | None = None
        self._audio_type = self._event_type = self._noise_type = -1
        self._alaw = self._loud = False
        self._outgoing: bytes | None = None
        self._closed = False
        # out
        self._playout = Playout()
        self._send: Callable[[bytes | bytearray], int] | None = None
        self._packet = bytearray(_header + 160)
        self._frame = 160
        self._due = 0
        self._marked = True
        self._talking = False
        self._event_at = 0
        self._events_out: deque[tuple[bool, bytes]] | None = None
        self._until_keep_alive = 0
        self._blind_left: int | None = None
        self._held = False
        self._candidate: tuple[tuple[str, int], int, int, int] | None = None
        # in
        self._connected = False
        self._remote_source: tuple[str, int] | None = None
        self._old_source: tuple[str, int] | None = None
        self._moved_at = 0
        self._rtcp_remote: tuple[str, int] | None = None
        self._heard = False
        self._silent_s = 0
        self._sieve: Sieve | None = None
        self._timed = 0
        self._listening = False
        self._next_timestamp = 0
        self._keys_in = telephone_event.KeyReceiver()
        self._last_press: tuple[str, DigitSource, int] | None = None
        self._inband_row: int | None = None
        # recording and bridge
        self._file: RecordingFile | None = None
        self._recorder: Recorder | None = None
        self._beeping = False
        self._recording_options: tuple[float, float | None] = (0.0, None)
        self._partner: Leg | None = None
        self._forward_offset: int | None = None
        self._tap: Tap | None = None

    # -- the door

    def configure(self, plan: Plan) -> None:
        """Take what signalling agreed, at first and after every re-INVITE."""
        if self._closed:
            return
        self._lift_sieve()
        moved = self._plan is None or self._plan.remote != plan.remote
        self._plan = plan
        before, self._srtp = self._srtp, renewed(self._srtp, plan.srtp)
        if self._srtp is not None and not self._srtp.counts_on_from(before):
            self._reports.forget_source()
        self._audio_type = plan.payload_type
        self._event_type = -1 if plan.telephone_event is None else plan.telephone_event
        self._noise_type = _comfort_noise if plan.comfort_noise is None else plan.comfort_noise
        self._alaw = plan.codec == "PCMA"
        self._outgoing = outgoing_table(alaw=self._alaw, loud=self._loud)
        self._frame = plan.ptime_ms * _samples_per_ms
        self._packet = bytearray(_header + self._frame)
        self._rtcp_remote = plan.remote_rtcp
        self._silent_s = 0
        self._ration(plan.blind_packets)
        self._open_latch(plan, moved=moved)
        self._listen_for_tones(plan.telephone_event is None and plan.receive)
        if not plan.send:
            self._stop()
        self._start()

    def play(self, audio: Sequence[bytes], token: object = None) -> None:
        """Queue 8 kHz µ-law segments as one clip; PlaybackFinished(token) follows."""
        if not self._closed:
            self._playout.play(audio, token)
            self._start()

    def louder(self, wanted: bool) -> None:
        """Have all that is played from here on, beeps too, louder or as it is."""
        self._loud = wanted
        self._outgoing = outgoing_table(alaw=self._alaw, loud=wanted)

    def loop(self, audio: bytes) -> None:
        """Play over and over until stop_playing, or until something else is played."""
        if not self._closed:
            self._playout.loop(audio)
            self._start()

    def stop_playing(self) -> None:
        """Drop what plays and waits; no PlaybackFinished for it."""
        self._playout.stop()
        self._stop()
        if self._beeping:
            self._begin_recording()

    def record(
        self,
        path: Path,
        *,
        max_s: float,
        silence_s: float | None,
        beep: bool,
        resume: bool = False,
    ) -> None:
        """Record the caller's side to a WAV file; RecordingEnded follows.

        With `beep`, after what is queued has played and the tone after it. A
        recording that runs already is ended first. With `resume` a file that was
        cut off is mended and continued; `max_s` is what is left of its time.
        """
        if self._closed:
            return
        self.stop_recording()
        self._file = self._engine.open_recording(self, path, resume=resume)
        self._recording_options = (max_s, silence_s)
        if beep:
            self._beeping = True
            self.play((beep_tone(),), _BeginRecording())
        else:
            self._begin_recording()

    def stop_recording(self) -> None:
        """RecordingEnded follows, once the file is complete."""
        self.end_recording("stopped")

    def bridge(self, other: "Leg") -> None:
        """Join the sound of two legs, both ways; what plays on a leg is heard there instead."""
        self.unbridge()
        other.unbridge()
        for one, two in ((self, other), (other, self)):
            one._partner = two
            one._forward_offset = None
            one._marked = True
            one._note_listening()

    def unbridge(self) -> None:
        """Part them again."""
        other, self._partner = self._partner, None
        if other is not None:
            other._partner = None
            other._note_listening()
        self._note_listening()

    def follow(self, ssrc: int, index: int) -> None:
        """Take the peer's encrypted stream up where another process had come to."""
        if self._srtp is not None:
            self._srtp.follow(ssrc, index)

    def press(self, key: str) -> None:
        """Take a key that came by SIP INFO into the same stream as the others."""
        if key in _keys and not self._closed:
            self._pressed(key, "info")
            if self._partner is not None:
                self._partner._send_key(key)

    def tap(self) -> Tap:
        """Let somebody listen in, until `untap` or the end of the leg: one tap for all who do."""
        if self._tap is None:
            self._tap = Tap()
            self._tap.ended = self._closed
            if self._send is not None:
                self._send = self._teed(self._tap, self._send)
            self._note_listening()
        return self._tap

    def untap(self) -> None:
        """Nobody listens any more."""
        tap, self._tap = self._tap, None
        if tap is None:
            return
        tap.ended = True
        self._note_listening()
        if self._plan is not None and not self._closed:
            self._send = self._way_out(self._plan)

    def announce(self, tone: bytes) -> None:
        """Lay a tone (µ-law) over what is sent to the caller, whatever that is; while tapped."""
        if self._tap is None or self._closed:
            return
        self._tap.announce(tone)
        if not self._talking and self._partner is None:
            self.play((silence(len(tone) // _samples_per_ms),), _Carrier())

    def statistics(self) -> LegStatistics:
        """What the path is like so far, both ways."""
        return self._reports.statistics()

    def close(self, told: Callable[[LegStatistics], None] | None = None) -> None:
        """End it; nothing is told afterwards but the end of a recording.

        `told` gets the figures of both ways.
        """
        self._close()
        if told is not None:
            told(self.statistics())

    def _close(self) -> None:
        if self._closed:
            return
        self.unbridge()
        self._listen_for_tones(False)
        self.untap()
        self._playout.stop()
        self._stop()
        self._beeping = False
        self.end_recording("closed")
        self._closed = True
        if self._sieve is not None:
            # Of these the sequence is not known: they are no measure of loss.
            self._reports.packets_received += self._sieve.count()
        if self._plan is not None:
            wall_s = self._engine.wall_clock()
            self._send_rtcp(self._reports.compose_goodbye(wall_s, self._timestamp()))
        self._engine.forget(self, self._rtp, self._rtcp)

    # -- out

    def _start(self) -> None:
        plan = self._plan
        if self._talking or self._closed or plan is None or not plan.send or self._send is None:
            return
        if self._held:
            return
        if self._playout.active or self._events_out:
            self._talking = True
            self.skip_to(self._engine.upcoming)
            self._engine.started(self)

    def _stop(self) -> None:
        if self._talking:
            self._talking = False
            self._engine.stopped(self)

    def skip_to(self, clock: int) -> None:
        """Nothing is due before `clock`: after a pause, or a stall too long to be made up."""
        if self._due < clock:
            self._due = clock
            self._marked = True

    def send_due(self, until: int) -> bool:
        """Send the frames due before `until` (engine samples); False when all has been played."""
        playout = self._playout
        while self._due < until:
            if self._events_out:
                self._send_event()
                continue
            frame = playout.next_frame(self._frame)
            if playout.finished:
                self._tell_finished()
            if frame is None:
                self._talking = False
                return False
            if self._outgoing is not None:
                frame = frame.translate(self._outgoing)
            self._send_audio(frame)
        return True

    def _send_audio(self, payload: bytes) -> None:
        """One frame at its time; a peer that is not there costs nothing but the packet."""
        sequence = self._sequence
        due = self._due
        self._sequence = sequence + 1 & 0xFFFF
        self._due = due + self._frame
        kind = self._audio_type
        if self._marked:
            kind |= _marker
            self._marked = False
        packet = self._packet
        _pack_header_into(
            packet, 0, 0x80, kind, sequence, self._clock_offset + due & 0xFFFFFFFF, self._ssrc
        )
        packet[_header:] = payload
        try:
            self._send(packet)  # type: ignore[misc] # talking legs have somewhere to send to
        except OSError:
            return
        reports = self._reports
        reports.packets_sent += 1
        reports.octets_sent += len(payload)

    def _send_packet(self, kind: int, timestamp: int, payload: bytes) -> None:
        """Any other packet, in sequence with the audio."""
        if self._send is None:
            return
        packet = bytearray(_header)
        _pack_header_into(packet, 0, 0x80, kind, self._sequence, timestamp & 0xFFFFFFFF, self._ssrc)
        self._sequence = self._sequence + 1 & 0xFFFF
        try:
            self._send(packet + payload)
        except OSError:
            return
        self._reports.packets_sent += 1
        self._reports.octets_sent += len(payload)

    def _tell_finished(self) -> None:
        for token in self._playout.finished:
            if isinstance(token, _BeginRecording):
                if self._beeping:
                    self._begin_recording()
            elif not isinstance(token, _Carrier):
                self._engine.post(self, PlaybackFinished(token))
        self._playout.finished.clear()

    def _send_key(self, key: str) -> None:
        """Press a key towards the peer, where it takes them as events."""
        if self._event_type >= 0 and not self._closed:
            self._events_out = self._events_out or deque()
            self._events_out.extend(telephone_event.press(key, ptime_ms=self._frame // 8))
            self._start()

    def _send_event(self) -> None:
        assert self._events_out  # noqa: S101
        marker, payload = self._events_out.popleft()
        if marker:
            self._forward_offset = None
            self._event_at = self._due
        kind = self._event_type | (_marker if marker else 0)
        self._send_packet(kind, self._clock_offset + self._event_at, payload)
        self._due += self._frame

    def _timestamp(self) -> int:
        return self._clock_offset + self._engine.clock & 0xFFFFFFFF

    # -- in

    def receive_rtp(self) -> None:
        """Read one datagram."""
        buffer = self._engine.buffer
        if not self._connected:
            self._receive_from_anyone()
            return
        try:
            size = self._rtp.recv_into(buffer)
        except OSError:
            return  # nothing there, or ECONNREFUSED: the peer's port is closed for now
        if self._srtp is not None:
            opened = self._srtp.open(bytes(buffer[:size]))
            if opened is None:
                return
            size = len(opened)
            buffer[:size] = opened
        first, second, sequence, timestamp, ssrc = _unpack_header(buffer)
        reports = self._reports
        if (
            first == 0x80
            and second & 0x7F == self._audio_type
            and ssrc == reports.source
            and size > _header
        ):
            reports.packets_received += 1
            if self._sieve is not None:
                self._count_held(self._sieve.count())
            reports.reception.take(sequence)  # type: ignore[union-attr] # there is a source
            self._heard = True
            if self._timed:
                self._time_arrival(timestamp)
            if self._listening:
                self._hear(sequence, timestamp, bytes(buffer[_header:size]), bool(second >> 7))
            return
        self._receive_packet(bytes(buffer[:size]))

    def _receive_from_anyone(self) -> None:
        """Before the latch: the first valid packet shows where the peer sends from."""
        try:
            size, source = self._rtp.recvfrom_into(self._engine.buffer)
        except OSError:
            return
        if self._plan is None:
            return
        if source[0] != self._plan.remote[0] and not (size > _header and self._persists(source)):
            return
        if source == self._old_source and self._engine.clock < self._moved_at + _moved_grace:
            return  # still under way when the peer moved
        data: bytes | None = bytes(self._engine.buffer[:size])
        if self._srtp is not None and data is not None:
            data = self._srtp.open(data)
        if data is not None and self._receive_packet(data):
            self._latch(source)

    def _receive_packet(self, data: bytes) -> bool:
        """Any packet the short way does not take; False for what is none of ours."""
        try:
            packet = rtp_packet.parse(data)
        except RtpError:
            return False
        kind = packet.payload_type
        if kind not in (self._audio_type, self._event_type, self._noise_type):
            return False
        reports = self._reports
        if packet.ssrc != reports.source:
            if packet.ssrc == self._ssrc:
                self._step_aside()
            self._lift_sieve()
            reports.new_source(packet.ssrc, packet.sequence)
            self._note_index(packet.sequence)
            if self._recorder is not None:
                self._recorder.new_source()
            if self._partner is not None:
                self._partner._forward_offset = None
            self._next_timestamp = packet.timestamp
        reports.packets_received += 1
        if reports.reception is not None:
            reports.reception.take(packet.sequence)
        self._heard = True
        if kind == self._event_type:
            self._receive_event(packet)
        elif kind == self._audio_type and self._listening and packet.payload:
            self._hear(packet.sequence, packet.timestamp, packet.payload, packet.marker)
        return True

    def _step_aside(self) -> None:
        """The peer has our number for its own: say goodbye to it and take another (RFC 3550 §8.2).

        Once: who has the new number too sends us back what we send, and would for ever.
        """
        if self._stepped_aside:
            return
        self._stepped_aside = True
        wall_s = self._engine.wall_clock()
        self._send_rtcp(self._reports.compose_goodbye(wall_s, self._timestamp()))
        self._ssrc ^= 1 + int.from_bytes(self._engine.entropy(3), "big")
        self._reports.renumber(self._ssrc)

    def _receive_event(self, packet: rtp_packet.Packet) -> None:
        try:
            key = self._keys_in.receive(
                packet.ssrc, packet.sequence, packet.timestamp, packet.marker, packet.payload
            )
        except RtpError:
            return
        if self._partner is not None and self._partner._event_type >= 0:
            self._partner._forward(
                self._partner._event_type, packet.timestamp, packet.payload, packet.marker
            )
        if key is not None:
            self._pressed(key, "rfc4733")

    def _hear(self, sequence: int, timestamp: int, payload: bytes, marker: bool) -> None:
        """Give audio to whoever listens."""
        partner = self._partner
        if partner is not None:
            if partner._alaw == self._alaw:
                translated = payload
            else:
                translated = payload.translate(
                    alaw_to_ulaw_table if self._alaw else ulaw_to_alaw_table
                )
            partner._forward(partner._audio_type, timestamp, translated, marker)
        if self._alaw:
            payload = payload.translate(alaw_to_ulaw_table)
        if self._tap is not None:
            self._tap.heard(timestamp, payload)
        if self._recorder is not None:
            self._recorder.take(timestamp, payload, self._engine.clock)
        if self._inband_row is not None:
            pause = timestamp - self._next_timestamp & 0xFFFFFFFF
            if _pause <= pause < 0x80000000:
                # Silence suppression ended the tone: the same key again is another press.
                self._engine.inband.hear(self._inband_row, silence(_pause // _samples_per_ms))
            self._engine.inband.hear(self._inband_row, payload)
        self._next_timestamp = timestamp + len(payload) & 0xFFFFFFFF

    def _forward(self, kind: int, timestamp: int, payload: bytes, marker: bool) -> None:
        """Send on what a bridged leg received, in our own sequence and time."""
        if self._plan is None or not self._plan.send or self._talking:
            return
        if self._forward_offset is None:
            self._forward_offset = max(self._due, self._engine.clock) - timestamp
            marker = True
        ours = self._clock_offset + self._forward_offset + timestamp
        self._send_packet(kind | (_marker if marker else 0), ours, payload)
        self._until_keep_alive = _keep_alive_s

    def _time_arrival(self, timestamp: int) -> None:
        """Time a few packets each second: the kernel knows better than the tick when they came."""
        self._timed -= 1
        reception = self._reports.reception
        stamp = arrival_ns(self._rtp)
        if reception is not None and stamp is not None:
            reception.arrived(timestamp, stamp * _samples_per_ms // 1_000_000)

    def receive_rtcp(self) -> None:
        """Read one report."""
        try:
            size, source = self._rtcp.recvfrom_into(self._engine.buffer)
        except OSError:
            return
        latched = self._remote_source
        if latched is not None and source[0] != latched[0]:
            return
        data: bytes | None = bytes(self._engine.buffer[:size])
        if self._srtp is not None and data is not None:
            data = self._srtp.open_rtcp(data)
        if data is None:
            return
        if self._reports.receive(data, self._engine.wall_clock()):
            self._heard = True
            if self._held and self._plan is not None and source[0] == self._plan.remote[0]:
                self._let_go(self._plan)
            if latched is not None and self._rtcp_remote is not None:
                self._rtcp_remote = source

    def _open_latch(self, plan: Plan, *, moved: bool) -> None:
        if self._connected:
            dissolve(self._rtp)
            self._connected = False
        if moved:
            self._old_source = self._remote_source
            self._moved_at = self._engine.clock
            self._remote_source = None
        self._send = self._way_out(plan)
        if self._send is None:
            self._stop()
        elif self._tap is not None:
            self._send = self._teed(self._tap, self._send)

    def _way_out(self, plan: Plan) -> Callable[[bytes | bytearray], int] | None:
        """How packets leave: to where the peer was heard from, else to where it says it is."""
        if self._remote_source is not None or self._blind_left is None:
            return self._straight(self._remote_source or plan.remote)
        send = self._straight(plan.remote)
        return None if send is None else self._rationed(send)

    def _ration(self, packets: int | None) -> None:
        """A peer that has not been heard may be somebody who never called: `packets` in all, over
        the whole call and however often it says that it has moved."""
        self._held = False
        if packets is not None:
            left = self._blind_left
            self._blind_left = packets if left is None else min(left, packets)

    def _rationed(
        self, send: Callable[[bytes | bytearray], int]
    ) -> Callable[[bytes | bytearray], int]:
        """Send while the ration lasts; then what plays pauses until the peer is heard."""

        def rationed(packet: bytes | bytearray) -> int:
            if not self._blind_left:
                self._held = True
                self._stop()
                return 0
            self._blind_left -= 1
            return send(packet)

        return rationed

    def _let_go(self, plan: Plan) -> None:
        """The peer is there after all, though it says nothing."""
        self._held = False
        send = self._straight(plan.remote)
        if self._tap is not None and send is not None:
            send = self._teed(self._tap, send)
        self._send = send
        self._start()

    def _persists(self, source: tuple[str, int]) -> bool:
        """Whether a host that signalling did not name has sent some packets in a row.

        Whoever sprays packets over many ports (CVE-2017-14099) is not taken for the peer; a peer
        behind a NAT loses 60 ms.
        """
        first, _second, sequence, _timestamp, ssrc = _unpack_header(self._engine.buffer)
        before = self._candidate
        in_a_row = 1
        if before is not None and before[:3] == (source, ssrc, sequence):
            in_a_row = before[3] + 1
        self._candidate = source, ssrc, sequence + 1 & 0xFFFF, in_a_row
        return first >> 6 == 2 and in_a_row >= _probation_packets

    def _straight(self, target: tuple[str, int]) -> Callable[[bytes | bytearray], int] | None:
        """How packets are sent to `target`; None where there is nowhere to send to."""
        send: Callable[[bytes | bytearray], int]
        if self._connected:
            send = self._rtp.send
        elif not is_numeric(target[0]) or not target[1]:
            return None
        else:
            sendto = self._rtp.sendto
            send = lambda data: sendto(data, target)  # noqa: E731 - as short as its use
        if self._srtp is None:
            return send
        seal = self._srtp.seal
        return lambda data: send(seal(data))

    def _teed(
        self, tap: Tap, send: Callable[[bytes | bytearray], int]
    ) -> Callable[[bytes | bytearray], int]:
        """Send, and let who listens in hear it: what is sent to the caller comes by here only."""

        def teed(packet: bytes | bytearray) -> int:
            if packet[1] & 0x7F == self._audio_type:
                payload = bytes(packet[_header:])
                ulaw = payload.translate(alaw_to_ulaw_table) if self._alaw else payload
                laid = tap.overlaid(ulaw)
                tap.sent(laid)
                if laid is not ulaw:
                    shown = laid.translate(ulaw_to_alaw_table) if self._alaw else laid
                    packet = bytes(packet[:_header]) + shown
            return send(packet)

        return teed

    def _latch(self, source: tuple[str, int]) -> None:
        try:
            self._rtp.connect(source)
        except OSError:
            return
        self._connected = True
        self._held = False
        self._candidate = None
        self._remote_source = source
        self._old_source = None
        send = self._straight(source)
        if self._tap is not None and send is not None:
            send = self._teed(self._tap, send)
        self._send = send
        self._start()

    # -- keys

    def _pressed(self, key: str, source: DigitSource) -> None:
        clock = self._engine.clock
        if self._tap is not None:
            self._tap.wipe_key(inband=source == "inband")
        last = self._last_press
        if last and last[0] == key and last[1] != source and clock - last[2] < _same_press:
            return  # one press, told in two ways
        self._last_press = (key, source, clock)
        self._engine.post(self, DigitPressed(key, source))

    def tone_heard(self, key: str) -> None:
        """The in-band receiver has found a key."""
        self._pressed(key, "inband")

    def _listen_for_tones(self, wanted: bool) -> None:
        if wanted and self._inband_row is None:
            self._inband_row = self._engine.listen_for_tones(self)
        elif not wanted and self._inband_row is not None:
            self._engine.stop_listening(self._inband_row)
            self._inband_row = None
        self._note_listening()

    def _note_listening(self) -> None:
        self._listening = (
            self._recorder is not None
            or self._inband_row is not None
            or self._partner is not None
            or self._tap is not None
        )
        if self._listening:
            self._lift_sieve()

    # -- sound that nobody listens to

    def _lay_sieve(self) -> None:
        """Have the kernel count what comes, where that is all anybody wants of it."""
        reports = self._reports
        if self._listening or not self._connected or self._srtp is not None:
            return  # what is encrypted is counted only once it has proved genuine
        if reports.reception is None or not reports.reception.expected:
            return
        try:
            self._sieve = Sieve(self._rtp, self._audio_type, reports.source)
        except OSError:
            return  # then every packet is read, as before

    def _lift_sieve(self) -> None:
        """Read every packet again."""
        sieve, self._sieve = self._sieve, None
        if sieve is not None:
            self._count_held(sieve.lift())

    def _count_held(self, held: int) -> None:
        reports = self._reports
        reports.packets_received += held
        if reports.reception is not None:
            reports.reception.received += held

    # -- recording

    def _begin_recording(self) -> None:
        self._beeping = False
        if self._file is not None:
            max_s, silence_s = self._recording_options
            self._recorder = self._engine.begin_recording(self, self._file, max_s, silence_s)
            self._note_listening()

    def check_recording(self) -> None:
        """End the recording if its limit or the silence has come."""
        if self._recorder is not None:
            cause = self._recorder.due(self._engine.clock)
            if cause is not None:
                self.end_recording(cause)

    def end_recording(self, cause: RecordingCause) -> None:
        """Complete the file; RecordingEnded is told by the engine."""
        file, self._file = self._file, None
        recorder, self._recorder = self._recorder, None
        self._beeping = False
        if file is not None:
            self._engine.end_recording(self, file, recorder, cause)
            self._note_listening()

    def recording_failed(self, file: RecordingFile) -> bool:
        """Let go of a file that the writer has given up; False where it is ours no more."""
        if self._file is not file:
            return False
        self._file = self._recorder = None
        self._beeping = False
        self._note_listening()
        return True

    # -- once a second

    def visit(self, silent_after_s: float) -> None:
        """Report, keep the path open, notice a peer that has gone."""
        plan = self._plan
        if plan is None:
            return
        self._visits += 1
        self._timed = _timed_packets
        reception = self._reports.reception
        if reception is not None:
            reception.forget_arrival()
            self._note_index(reception.highest)
        if self._visits % _report_every_s == 0:
            self._send_rtcp(self._reports.compose(self._engine.wall_clock(), self._timestamp()))
        if plan.send and not self._talking:
            self._keep_alive()
        if self._sieve is None:
            self._lay_sieve()
        elif self._sieve.flows():
            self._heard = True
        if self._heard or not (plan.send and plan.receive):
            self._heard = False
            self._silent_s = 0
            return
        self._silent_s += 1
        if self._silent_s == max(round(silent_after_s), 1):
            self._engine.post(self, MediaSilent(float(self._silent_s)))

    def _note_index(self, sequence: int) -> None:
        """Have kept how far an encrypted stream has come, for who takes the call over from us."""
        if self._srtp is None:
            return
        index = self._srtp.note(self._reports.source, sequence)
        if index is not None:
            self._engine.reached(self, self._srtp.receives_with, self._reports.source, index)

    def _keep_alive(self) -> None:
        self._until_keep_alive -= 1
        if self._until_keep_alive > 0 or self._send is None:
            return
        self._until_keep_alive = _keep_alive_s
        self._due = max(self._due, self._engine.clock)
        self._marked = True
        frame = silence(self._frame // _samples_per_ms)
        self._send_audio(frame.translate(ulaw_to_alaw_table) if self._alaw else frame)
        self._marked = True

    def _send_rtcp(self, data: bytes) -> None:
        remote = self._rtcp_remote
        if remote is None or not is_numeric(remote[0]):
            return
        if self._blind_left is not None and self._remote_source is None:
            return  # nobody was heard who could want a report
        try:
            if self._srtp is not None:
                data = self._srtp.seal_rtcp(data)
            self._rtcp.sendto(data, remote)
        except OSError:
            return  # reports are worth no more than the path they tell of
