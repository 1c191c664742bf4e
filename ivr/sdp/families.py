"""Offers whose sound is wanted over another IP version than signalling came by (RFC 6157 §4).

A telephone in both networks may sign by IPv4 and name an IPv6 address for its sound, as linphone
does. An answer is of one family (RFC 3264 §6), so that ours has to be chosen before the answer is
made: the one of signalling where any line of the offer can be met there.
"""

from ipaddress import IPv6Address, ip_address

from ivr.sdp.audio import read_audio
from ivr.sdp.description import parse
from ivr.sdp.errors import SdpError


def only_elsewhere(offer: bytes, host: str) -> str | None:
    """Return the address of the offer's first usable sound where all of it is of the other family.

    `host` is an address of the family preferred. None where a line can be met there, or names no
    address at all, or none can be met anywhere: the answer says what is wrong then.
    """
    version = ip_address(host.partition("%")[0]).version
    if (b"IP6" if version == 4 else b"IP4") not in offer.upper():
        return None  # as nearly always, and nothing is read twice
    try:
        description = parse(offer)
    except SdpError:
        return None
    found: str | None = None
    for index in range(len(description.media)):
        try:
            connection = read_audio(description, index).connection
        except SdpError:
            continue
        try:
            address = ip_address(connection.address)
        except ValueError:
            return None
        if isinstance(address, IPv6Address) and version == 4:
            address = address.ipv4_mapped or address  # RFC 5118 §4.9
        if address.version == version or address.is_unspecified:
            return None
        found = found or str(address)
    return found
