"""The voice responder of Minsheng Line (民声热线): SIP, media, services and records."""

__version__ = "0.1.0"
