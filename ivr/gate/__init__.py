"""Who may send us what: sources, rates, offences and bans, without a socket or a clock.

A datagram says who sent it, and may lie. So nothing here punishes for long what a forged
address could have done: a source is banned by steps that grow only for conduct that proves it
hears us (a TCP handshake, a nonce or a tag of ours given back). Time and addresses are passed in.
"""

from ivr.gate.bans import Ban, Bans
from ivr.gate.gate import Gate
from ivr.gate.limits import Limits
from ivr.gate.offences import Offence
from ivr.gate.source import Networks, source_of

__all__ = ["Ban", "Bans", "Gate", "Limits", "Networks", "Offence", "source_of"]
