"""A SIP user agent without a socket: bytes and the time in; datagrams, a deadline and events out.

`message` reads and writes (RFC 3261 §7, §25), transactions and dialogs follow the RFC's own
machines (§12, §17), and `user_agent` is the door (design: "Three cores that need no network").
"""

from ivr.sip.address import Flow
from ivr.sip.config import Trunk, UserAgentConfig
from ivr.sip.errors import SipError, SipParseError, SipUsageError
from ivr.sip.user_agent import UserAgent

__all__ = [
    "Flow",
    "SipError",
    "SipParseError",
    "SipUsageError",
    "Trunk",
    "UserAgent",
    "UserAgentConfig",
]
