"""Session descriptions and the offer/answer model for one audio stream (RFC 8866, RFC 3264)."""

from ivr.sdp.errors import SdpError
from ivr.sdp.families import only_elsewhere
from ivr.sdp.negotiation import accept, answer, offer
from ivr.sdp.plan import LocalMedia, MediaPlan

__all__ = ["LocalMedia", "MediaPlan", "SdpError", "accept", "answer", "offer", "only_elsewhere"]
