"""What the user agent tells the program: nouns, each naming its call.

For one call the order is: `InviteReceived` (or `CallRinging`, `CallAnswered` for one we placed),
what happens in it, and exactly one `CallEnded`, always the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ivr.sip.address import Flow


class EndCause(Enum):
    """Why a call is over."""

    PEER_HUNG_UP = "peer hung up"  # BYE
    WE_HUNG_UP = "we hung up"
    CANCELLED = "cancelled"  # CANCEL or BYE before our answer
    REJECTED = "rejected"  # we refused it, or gave it up unanswered
    REFUSED = "refused"  # the peer refused the call we placed
    NO_ACK = "no ACK"  # our 200 was never acknowledged
    EXPIRED = "session expired"  # RFC 4028: no refresh came
    PEER_LOST = "peer lost"  # no answer, 408, 481 or a dead path inside the call


class RegistrationState(Enum):
    """What is known of a trunk."""

    TRYING = "trying"  # asked, no answer yet
    REGISTERED = "registered"
    REACHABLE = "reachable"  # no registration wanted; the keep-alive was answered
    REFUSED = "refused"  # the peer says no (wrong password, unknown account); tried again
    UNREACHABLE = "unreachable"  # no answer; tried again
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """Somebody calls; 100 is sent already. `body` is None where the offer is left to us.

    `known` is False for a stranger (`screening`)."""

    call: int
    called_user: str
    called_uri: str
    from_uri: str
    from_user: str
    from_display: str
    body: bytes | None
    flow: Flow
    call_id: str
    trunk: str | None
    known: bool = True


@dataclass(frozen=True, slots=True)
class CallEstablished:
    """The ACK came; `body` is the answer where the offer was ours, else None."""

    call: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class CallCancelled:
    """The caller gave up before our answer; `CallEnded` follows."""

    call: int


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The last word on a call. `reason` is for people and logs."""

    call: int
    cause: EndCause
    reason: str


@dataclass(frozen=True, slots=True)
class MediaOffered:
    """A re-INVITE or UPDATE waits for `accept_media` or `refuse_media`.

    `body` is None where the peer asks for an offer of ours.
    """

    call: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class MediaConfirmed:
    """An exchange is complete; `body` is the peer's answer where the offer was ours."""

    call: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class MediaRefused:
    """Our offer was refused, or our exchange given up; the session stays as it was."""

    call: int
    status: int


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """SIP INFO (RFC 2976, RFC 6086), answered with 200 already."""

    call: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class CallRinging:
    """18x to a call we placed; `body` is early media where there is any."""

    call: int
    status: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """2xx to a call we placed, acknowledged already; `body` is the answer to our offer."""

    call: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class CallRefused:
    """A final answer other than 2xx to a call we placed; `CallEnded` follows.

    `elsewhere`: this server cannot take it, and another may (RFC 3263 §4.3): it never answered,
    could not be reached, or said 503.
    """

    call: int
    status: int
    reason: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class ReferAccepted:
    """The peer will try the transfer (RFC 3515 §2.4.2)."""

    call: int


@dataclass(frozen=True, slots=True)
class ReferRefused:
    """The peer will not, or gave no answer; the call goes on as it was."""

    call: int
    status: int


@dataclass(frozen=True, slots=True)
class ReferProgress:
    """How the transfer goes: the status the target gave (RFC 3515 §2.4.5)."""

    call: int
    status: int


@dataclass(frozen=True, slots=True)
class TrunkState:
    """A trunk's state has changed; `expires_in_s` is how long a registration holds."""

    name: str
    state: RegistrationState
    detail: str
    expires_in_s: float | None


Event = (
    InviteReceived
    | CallEstablished
    | CallCancelled
    | CallEnded
    | MediaOffered
    | MediaConfirmed
    | MediaRefused
    | InfoReceived
    | CallRinging
    | CallAnswered
    | CallRefused
    | ReferAccepted
    | ReferRefused
    | ReferProgress
    | TrunkState
)
