"""RTCP for one leg (RFC 3550 §6): reports out, reports in, the figures of both ways."""

from typing import Final

from ivr.media.statistics import LegStatistics
from ivr.rtp import rtcp
from ivr.rtp.errors import RtpError
from ivr.rtp.reception import Reception

_samples_per_ms: Final = 8


class Reports:
    """Both directions of one leg, over every source the peer has had."""

    __slots__ = (
        "_cname",
        "_earlier_expected",
        "_earlier_lost",
        "_last_sr",
        "_last_sr_at_s",
        "_reported_packets",
        "_round_trip_s",
        "_seen",
        "_sent_before",
        "_ssrc",
        "octets_sent",
        "packets_received",
        "packets_sent",
        "reception",
        "source",
    )

    def __init__(self, ssrc: int, cname: bytes) -> None:
        self._ssrc = ssrc
        self._cname = cname
        self.source = -1  # the peer's SSRC, -1 before its first packet
        self.reception: Reception | None = None
        self.packets_received = 0
        self.packets_sent = 0
        self.octets_sent = 0
        self._sent_before = 0, 0  # under an earlier SSRC of ours
        self._reported_packets = 0
        self._earlier_expected = 0
        self._earlier_lost = 0
        self._last_sr = 0
        self._last_sr_at_s = 0.0
        self._seen: rtcp.ReportBlock | None = None
        self._round_trip_s: float | None = None

    def new_source(self, ssrc: int, sequence: int) -> Reception:
        """The peer's packets come from another SSRC now."""
        self.forget_source()
        self.source = ssrc
        self.reception = Reception(sequence)
        self._last_sr = 0
        return self.reception

    def forget_source(self) -> None:
        """The next packet is the first of its source, whatever its SSRC; figures stay."""
        if self.reception is not None:
            self._earlier_expected += self.reception.expected
            self._earlier_lost += self.reception.lost
        self.source = -1
        self.reception = None

    def renumber(self, ssrc: int) -> None:
        """We send under another SSRC from here on, and count anew (§6.4.1, §8.2)."""
        self._ssrc = ssrc
        self._sent_before = self.packets_sent, self.octets_sent
        self._seen = None

    def compose(self, wall_s: float, rtp_timestamp: int) -> bytes:
        """The next report: SR where we have sent since the last, else RR; with our CNAME."""
        blocks = self._blocks(wall_s)
        description = rtcp.SourceDescription(((self._ssrc, ((rtcp.cname, self._cname),)),))
        report: rtcp.Report
        if self.packets_sent > self._reported_packets:
            report = rtcp.SenderReport(
                self._ssrc,
                rtcp.ntp_time(wall_s),
                rtp_timestamp,
                self.packets_sent - self._sent_before[0],
                self.octets_sent - self._sent_before[1],
                blocks,
            )
        else:
            report = rtcp.ReceiverReport(self._ssrc, blocks)
        self._reported_packets = self.packets_sent
        return rtcp.serialize((report, description))

    def compose_goodbye(self, wall_s: float, rtp_timestamp: int) -> bytes:
        """The last report, with BYE (§6.6)."""
        goodbye = rtcp.serialize((rtcp.ReceiverReport(self._ssrc), rtcp.Goodbye((self._ssrc,))))
        # A compound holds one report of each kind; BYE follows the SDES.
        return self.compose(wall_s, rtp_timestamp) + goodbye[8:]

    def receive(self, data: bytes, wall_s: float) -> bool:
        """Take the peer's compound packet; False for garbage, which changes nothing."""
        try:
            reports = rtcp.parse(data)
        except RtpError:
            return False
        for report in reports:
            if isinstance(report, rtcp.SenderReport):
                self._last_sr = rtcp.compact_ntp(report.ntp)
                self._last_sr_at_s = wall_s
            if isinstance(report, rtcp.SenderReport | rtcp.ReceiverReport):
                for block in report.blocks:
                    if block.ssrc == self._ssrc:
                        self._seen = block
                        trip = rtcp.round_trip_s(rtcp.ntp_time(wall_s), block)
                        self._round_trip_s = self._round_trip_s if trip is None else trip
        return True

    def statistics(self) -> LegStatistics:
        """All of it, for the call record."""
        reception, seen = self.reception, self._seen
        lost = self._earlier_lost + (reception.lost if reception else 0)
        expected = self._earlier_expected + (reception.expected if reception else 0)
        trip = self._round_trip_s
        return LegStatistics(
            packets_sent=self.packets_sent,
            octets_sent=self.octets_sent,
            packets_received=self.packets_received,
            lost=max(lost, 0),
            lost_fraction=max(lost, 0) / expected if expected else 0.0,
            jitter_ms=reception.jitter / _samples_per_ms if reception else 0.0,
            remote_lost=None if seen is None else seen.lost,
            remote_jitter_ms=None if seen is None else seen.jitter / _samples_per_ms,
            round_trip_ms=None if trip is None else trip * 1000,
        )

    def _blocks(self, wall_s: float) -> tuple[rtcp.ReportBlock, ...]:
        reception = self.reception
        if reception is None or not reception.expected:
            return ()
        delay = int((wall_s - self._last_sr_at_s) * 65_536) if self._last_sr else 0
        return (
            rtcp.ReportBlock(
                self.source,
                reception.take_fraction_lost(),
                reception.lost,
                reception.extended_highest,
                int(reception.jitter),
                self._last_sr,
                max(delay, 0) & 0xFFFFFFFF,
            ),
        )
