"""Where a message goes, without a name lookup (RFC 3261 §18.2.2, RFC 3581, §8.1.2).

A response goes back where its request came from: on the connection for TCP; for UDP to the
source address, at the port `rport` asks for or the Via's. The Via's `maddr` is not followed: it
would let a stranger aim our responses.

A request inside a dialog goes to the top route, or else to the peer's Contact, when that is a
numeric address the peer can be taken at its word about. It goes back along the path of the
dialog when the address is a name (whoever opens the sockets looks names up, we do not) or when
the peer sits behind a NAT, which shows in its Via: the address it believes it sent from is not
the one the packet came from.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from ivr.sip.address import Flow
from ivr.sip.message import Request
from ivr.sip.uri import Uri
from ivr.sip.via import Via

# §18.2.2: the default port, of the transport the request came by: a Via that speaks of TLS in a
# datagram does not move the answer to the port of TLS.
sip_port = 5060
sips_port = 5061  # §19.1.2


def default_port(transport: str) -> int:
    """The port of a transport where none is named."""
    return sips_port if transport == "tls" else sip_port


def response_flow(flow: Flow, via: Via) -> Flow:
    """The path of a response to a request that came on `flow` with that top Via."""
    if flow.reliable or "rport" in via.params:
        return flow
    port = via.port or sip_port
    if port == flow.remote[1]:
        return flow
    return Flow(flow.transport, flow.local, (flow.remote[0], port))


def fallback_flow(flow: Flow, via: Via) -> Flow | None:
    """Where to open a connection when the one the request came on is gone (§18.2.2)."""
    if not flow.reliable:
        return None
    port = via.port or default_port(flow.transport)
    target = Flow(flow.transport, flow.local, (flow.remote[0], port))
    return None if target == flow else target


def answerable(flow: Flow) -> bool:
    """Whether a datagram may be sent there at all: one host, a real port."""
    host, port = flow.remote
    if not 0 < port < 65536:
        return False
    address = numeric(host)
    return address is None or not (
        address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255"
    )


def behind_nat(request: Request, flow: Flow) -> bool:
    """Whether the neighbour that sent this request has another address than it knows of."""
    claimed, seen = numeric(request.via.host), numeric(flow.remote[0])
    return claimed is not None and seen is not None and claimed != seen


def next_hop(uri: Uri, path: Flow, *, trust: bool) -> Flow:
    """The path of a request to `uri` in a dialog whose last request came along `path`.

    What began by TLS stays there: a Contact that does not speak of TLS is reached by the connection
    that is there, never in the clear.
    """
    if not trust or uri.opaque is not None:
        return path
    host = (uri.param("maddr") or uri.host).strip("[]")
    address, seen = numeric(host), numeric(path.remote[0])
    if address is None or (seen is not None and address.is_private and not seen.is_private):
        return path
    host = str(address)  # as sockets write it, and an IPv4 address as one
    transport = transport_of(uri)
    if path.secure and transport != "tls":
        return path
    if transport == path.transport != "udp" and host == path.remote[0]:
        return path  # §18: the connection that is there is used, whatever port it came from
    target = (host, uri.port or default_port(transport))
    if target == path.remote and transport == path.transport:
        return path
    local = (path.local[0], sips_port) if transport == "tls" != path.transport else path.local
    return Flow(transport, local, target)


def transport_of(uri: Uri) -> Literal["udp", "tcp", "tls"]:
    """What a URI asks for (§19.1.1, §26.2.2); UDP where it says nothing (RFC 3263 §4.1)."""
    if uri.scheme == "sips" or uri.transport == "tls":
        return "tls"
    return "tcp" if uri.transport == "tcp" else "udp"


@lru_cache(maxsize=4096)
def numeric(host: str) -> IPv4Address | IPv6Address | None:
    """The address, or None for a name; an IPv4 address mapped into IPv6 is the IPv4 address."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if address.version == 6 else address
