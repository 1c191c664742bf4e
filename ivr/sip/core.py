"""What the calls and trunks of one user agent share: settings, identifiers, events, tables."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING

from ivr.sip.address import Flow
from ivr.sip.config import UserAgentConfig
from ivr.sip.dialog import DialogId
from ivr.sip.events import Event
from ivr.sip.matching import Transactions
from ivr.sip.message import Request, Response, serialize
from ivr.sip.responses import Fields, needed_fields, respond, session_description
from ivr.sip.routing import response_flow
from ivr.sip.timers import TimerQueue
from ivr.sip.uri import Uri

if TYPE_CHECKING:
    from ivr.sip.call import Call

_id_bytes = 12  # 96 bits: nobody guesses a tag or branch, and none is made twice


class Core:
    """Held by the user agent, its calls and its trunks; knows none of them."""

    def __init__(self, config: UserAgentConfig, entropy: Callable[[int], bytes]) -> None:
        self.config = config
        self.entropy = entropy
        self.timers = TimerQueue()
        self.transactions = Transactions(
            config.durations, self.timers, self.new_id, datagram_max=config.datagram_max_bytes
        )
        self.events: deque[Event] = deque()
        self.ends_untold: set[int] = set()  # calls whose CallEnded nobody has taken yet
        self.counters: Counter[str] = Counter()
        self.calls: dict[int, Call] = {}  # those the program may give commands to
        self.dialogs: dict[DialogId, Call] = {}  # those a peer may still send requests to
        # Call-ID and From tag of the calls made to us: merged requests (§8.2.2.2) and ACKs
        # with a To tag of the peer's own making are told by them.
        self.callers: dict[tuple[str, str], Call] = {}
        # Calls by the connection they use: one that breaks is told to them without a search.
        self.on_connection: dict[Flow, set[Call]] = {}
        self.draining = False
        self.overloaded = False
        self._numbers = count(1)
        self._tag_key = entropy(32)
        product = config.product
        self.server_fields: Fields = () if product is None else (("Server", product),)
        self.client_fields: Fields = () if product is None else (("User-Agent", product),)

    def new_id(self) -> str:
        """A tag, branch or Call-ID."""
        return self.entropy(_id_bytes).hex()

    def new_number(self) -> int:
        """The number of a new call."""
        return next(self._numbers)

    def fraction(self) -> float:
        """Evenly spread over [0, 1), from entropy."""
        return int.from_bytes(self.entropy(4), "big") / 2**32

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def contact(self, flow: Flow, user: str | None = None, *, sips: bool = False) -> str:
        """Our Contact on a path; nothing in it but what every peer can read.

        A SIPS URI where the request has one (RFC 3261 §8.1.1.8, §12.1.1). Otherwise TLS is
        `transport=tls`: deprecated (§26.2.2), and what deployed peers understand (RFC 5630 §3.1.4).
        """
        return _contact(flow.local, flow.transport, user or self.config.contact_user, sips)

    def stateless_tag(self, request: Request) -> str:
        """A To tag that is the same for every copy of a request, with nothing remembered
        (§8.2.7)."""
        headers = request.headers
        digest = blake2b(key=self._tag_key, digest_size=_id_bytes)
        for name in ("Via", "From", "Call-ID", "CSeq"):
            value = headers.get(name) or ""
            digest.update(value.encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()

    def answer_statelessly(
        self,
        request: Request,
        flow: Flow,
        status: int,
        headers: Fields = (),
        *,
        reason: str = "",
        tag: str | None = None,
    ) -> None:
        """Answer and forget: a copy of the request gets the same answer again (§8.2.7)."""
        response = self.response(
            request,
            status,
            tag or self.stateless_tag(request),
            headers=headers,
            reason=reason,
        )
        self.counters[f"answered {status}"] += 1
        self.transactions.send(response_flow(flow, request.via), serialize(response))

    def response(
        self,
        request: Request,
        status: int,
        tag: str | None,
        *,
        headers: Fields = (),
        body: bytes = b"",
        reason: str = "",
    ) -> Response:
        """An answer with the fields its status needs and those we always put on."""
        fields = [*headers]
        if status > 100:
            given = {name for name, _ in fields}
            fields += [field for field in needed_fields(status) if field[0] not in given]
            fields += self.server_fields
        return respond(
            request,
            status,
            tag if status > 100 else None,
            reason=reason or None,
            headers=fields,
            body=body,
            content_type=session_description,
        )


@lru_cache(maxsize=1024)
def _contact(local: tuple[str, int], transport: str, user: str, sips: bool) -> str:
    sips = sips and transport == "tls"
    uri = Uri.sip(*local, user, transport=None if sips or transport == "udp" else transport)
    if sips:
        uri = replace(uri, scheme="sips")
    return f"<{uri.serialize()}>"
