"""A dialog: what two peers must remember to talk again (RFC 3261 §12).

It holds the tags, both sequence numbers, the route set and the peer's Contact, and makes the
requests we send inside it. Nothing here knows of calls or media.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ivr.sip.address import Flow
from ivr.sip.cseq import CSeq
from ivr.sip.errors import SipParseError
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response
from ivr.sip.name_addr import NameAddr
from ivr.sip.params import NO_PARAMS
from ivr.sip.routing import behind_nat, default_port, next_hop
from ivr.sip.uri import Uri

_max_forwards = "70"

DialogId = tuple[str, str, str]  # Call-ID, our tag, the peer's tag ("" for RFC 2543 peers)


@dataclass(slots=True)
class Dialog:
    """`local` and `remote` are whole From and To values, each with its tag."""

    call_id: str
    local_tag: str
    remote_tag: str
    local: str
    remote: str
    remote_target: Uri
    flow: Flow
    trust_addresses: bool  # False: the peer is behind a NAT, its addresses lead nowhere
    we_made_call_id: bool
    local_cseq: int
    remote_cseq: int | None = None
    routes: list[NameAddr] = field(default_factory=list)
    secure: bool = False  # §12.1.1: begun by TLS with a SIPS URI; our Contact is one, too

    @property
    def id(self) -> DialogId:
        return self.call_id, self.local_tag, self.remote_tag

    @classmethod
    def from_request(cls, request: Request, local_tag: str, flow: Flow, first_cseq: int) -> Dialog:
        """The dialog an INVITE to us makes (§12.1.1)."""
        contact = request.contact
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.from_.tag or "",
            local=tagged(request.headers.get("To") or "", local_tag),
            remote=request.headers.get("From") or "",
            # RFC 2543 peers may leave Contact out: then From is all there is.
            remote_target=contact.uri if contact else request.from_.uri,
            flow=flow,
            trust_addresses=not behind_nat(request, flow),
            we_made_call_id=False,
            local_cseq=first_cseq,
            remote_cseq=request.cseq.number,
            routes=list(request.record_route),
            secure=flow.secure and request.uri.scheme == "sips",
        )

    @classmethod
    def from_response(cls, request: Request, response: Response, flow: Flow) -> Dialog:
        """The dialog a 1xx with tag or a 2xx to our INVITE makes (§12.1.2)."""
        contact = response.contact
        return cls(
            call_id=request.call_id,
            local_tag=request.from_.tag or "",
            remote_tag=response.to.tag or "",
            local=request.headers.get("From") or "",
            remote=response.headers.get("To") or "",
            remote_target=contact.uri if contact else request.uri,
            flow=flow,
            trust_addresses=True,
            we_made_call_id=True,
            local_cseq=request.cseq.number,
            routes=list(reversed(response.record_route)),
            secure=flow.secure and request.uri.scheme == "sips",
        )

    def accepts(self, request: Request) -> bool:
        """Whether the sequence number is in order (§12.2.2); takes note of it if so."""
        number = request.cseq.number
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """A target refresh (re-INVITE, UPDATE, their 2xx) may move the peer's Contact (§12.2)."""
        if message.contact is not None:
            self.remote_target = message.contact.uri

    def request(self, method: str, *, cseq: int | None = None) -> Request:
        """A request inside the dialog, without Via (§12.2.1.1).

        `cseq` is given for ACK alone, which has the number of its INVITE (§13.2.2.4).
        """
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        headers = Headers()
        uri = self.remote_target
        if self.routes:
            first = self.routes[0]
            if first.uri.lr:
                routes = self.routes
            else:
                # A strict router wants its own address as the Request-URI, and the target at
                # the end of the route (§12.2.1.1).
                routes = [*self.routes[1:], NameAddr(uri)]
                uri = _as_request_uri(first.uri)
            for route in routes:
                headers.add("Route", route.serialize())
        headers.add("Max-Forwards", _max_forwards)
        headers.add("From", self.local)
        headers.add("To", self.remote)
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", CSeq(cseq, method).serialize())
        return Request(method, uri, headers, b"")

    def path(self) -> Flow:
        """Where the next request goes (§8.1.2)."""
        uri = self.routes[0].uri if self.routes else self.remote_target
        return next_hop(uri, self.flow, trust=self.trust_addresses)

    def flow_lost(self) -> None:
        """The connection is gone: go by the peer's Contact or route from now on."""
        uri = self.routes[0].uri if self.routes else self.remote_target
        port = uri.port or default_port(self.flow.transport)
        self.flow = Flow(self.flow.transport, self.flow.local, (self.flow.remote[0], port))


def tagged(value: str, tag: str) -> str:
    """A From or To value with our tag, unless it has one."""
    try:
        if NameAddr.parse(value).tag is not None:
            return value
    except SipParseError:
        return value
    return f"{value};tag={tag}"


def _as_request_uri(uri: Uri) -> Uri:
    """What §19.1.1 table 1 does not allow in a Request-URI is taken out."""
    return replace(
        uri, headers="", params=uri.params.without("method") if uri.params else NO_PARAMS
    )
