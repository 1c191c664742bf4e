"""SIP traces: what signalling said in each call, kept some days, given out as pcap.

`writer` runs in the responder and puts every message of a call on the disk, off the reactor
thread, after `blanking` has taken keys and secrets out of it; `reader` finds the messages of one
call again, and `pcap` writes them as the files that Wireshark and sngrep read.
"""

from ivr.traces.message import TracedMessage
from ivr.traces.pcap import pcap
from ivr.traces.reader import Wanted, is_kept, messages
from ivr.traces.writer import TraceWriter, older

__all__ = ["TraceWriter", "TracedMessage", "Wanted", "is_kept", "messages", "older", "pcap"]
