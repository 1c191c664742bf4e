"""What no telephone of good will does, and how much each weighs.

Ten points make a ban; a point is forgiven every half minute, so that one wrong password, or one
odd packet now and then, never does.
"""

from __future__ import annotations

from enum import Enum

POINTS_TO_BAN = 10.0
FORGIVEN_A_SECOND = 1 / 30


class Offence(Enum):
    """Word for the ban list, and points."""

    REGISTRATION = ("registration", 2.0)  # nobody registers here: passwords are being tried
    PASSWORD = ("password", 2.0)
    STRANGER = ("stranger", 1.0)  # a call where only trunks may call
    METHOD = ("method", 1.0)  # MESSAGE, SUBSCRIBE and the like
    MALFORMED = ("malformed", 0.5)
    CALLS = ("calls", 0.5)  # more calls than one source may make
    FLOOD = ("flood", 0.1)  # each packet over the rate: a hundred of them
    SCANNER = ("scanner", 10.0)  # it says so itself

    def __init__(self, word: str, points: float) -> None:
        self.word = word
        self.points = points


SCANNERS = (
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sip-scan",
    "sipcli",
    "sundayddr",
    "smap ",
    "siparmyknife",
    "iwar",
    "sivus",
    "gulp",
    "sipv ",
    "vaxsipuseragent",
    "vaxipuseragent",
    "pplsip",
    "nmap",
    "zgrab",
    "masscan",
)
"""What scanners call themselves unless told not to. It costs them nothing to lie; most do not."""


def is_scanner(user_agent: str) -> bool:
    """Whether a User-Agent is that of a known scanner."""
    said = user_agent.lower()
    return any(said.startswith(name) for name in SCANNERS)
