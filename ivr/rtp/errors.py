"""The one exception of this room: bytes from the network that are not what they claim to be."""


class RtpError(ValueError):
    """A datagram that is no RTP or RTCP packet; the message says what is wrong with it."""
