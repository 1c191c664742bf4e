"""Calls from the staff page: each a real SIP call of the desk's process to this line.

`line` places them over one user agent (`ivr.sip`) on loopback, `sound` sends and takes RTP on a
grid of 20 ms, `queue` makes an even stream of what comes over a network in bursts. A browser's
call goes the way of every other: same port, same negotiation, same record.
"""

from ivr.browser_calls.line import BrowserLine

__all__ = ["BrowserLine"]
