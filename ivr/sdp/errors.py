"""The one exception of this room: what is wrong with a description, where, and the SIP status."""

from enum import IntEnum


class Warn(IntEnum):
    """Why a session cannot be (RFC 3261 §20.43); 0: nothing is said of it."""

    NONE = 0
    ADDRESS_FORMAT = 301
    TRANSPORT = 302  # also RTP/AVP where RTP/SAVP is wanted, or the reverse
    MEDIA_TYPE = 304
    MEDIA_FORMAT = 305
    MULTICAST = 330


class SdpError(Exception):
    """A session description that cannot be used; `status` is what SIP answers with.

    400: not a session description. 488: well formed, but no media of it is ours. `warning` is
    the warn-code that says why (RFC 3261 §20.43), 0 for none.
    """

    def __init__(self, status: int, place: str, message: str, warning: int = Warn.NONE) -> None:
        super().__init__(f"{place}: {message}")
        self.status = status
        self.place = place
        self.message = message
        self.warning = warning
