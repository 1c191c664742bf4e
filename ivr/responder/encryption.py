"""Whose sound is encrypted: what the settings want of a trunk, or of anybody else (RFC 4568 §8.3).

`preferred` means wherever the keys are safe: they stand in the signalling, and who can read that
can listen. By UDP and TCP the sound is then as it always was, except to who insists; `required`
encrypts whatever the signalling. What does not leave this machine is not asked to be encrypted
by the general setting (the telephone of the staff pages calls by loopback).
"""

from ipaddress import ip_address

from ivr.sdp.plan import Encryption
from ivr.settings import Settings
from ivr.sip.address import Flow


def wanted(settings: Settings, trunk: str | None, path: Flow) -> Encryption:
    """What is asked of the sound of a call that comes or goes by `trunk`, on `path`."""
    own = next((one.srtp for one in settings.trunks if one.name == trunk), None)
    encryption = own or settings.srtp
    if encryption == "preferred" and not path.secure:
        return "off"
    if own is None and encryption == "required" and _stays_here(path):
        return "preferred" if path.secure else "off"
    return encryption


def _stays_here(path: Flow) -> bool:
    remote = ip_address(path.remote[0].partition("%")[0])
    return remote.is_loopback or path.remote[0] == path.local[0]
