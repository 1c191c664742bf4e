"""Via (RFC 3261 §20.42), `rport` (RFC 3581), and where a response goes (§18.2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ivr.sip.errors import SipParseError
from ivr.sip.lexing import HOST, PORT_MAX, TOKEN, WSP, elements, host, number, written_host
from ivr.sip.params import NO_PARAMS, Params

MAGIC_COOKIE = "z9hG4bK"
_SENT = re.compile(
    rf"{WSP}({TOKEN}){WSP}/{WSP}({TOKEN}){WSP}/{WSP}({TOKEN})[ \t]++({HOST})"
    rf"(?:{WSP}:{WSP}([0-9]++))?"
)
_BRANCH = re.compile(rf";branch=({TOKEN})")
_DEFAULT_PORT = {"TLS": 5061, "WSS": 443, "WS": 80}


@dataclass(frozen=True, slots=True)
class Via:
    """One hop: the transport (upper case), what it was sent by, and parameters."""

    transport: str
    host: str
    port: int | None = None
    params: Params = NO_PARAMS
    protocol: str = "SIP/2.0"

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one Via element; SipParseError(400)."""
        via, end = cls._sent(text)
        if end == len(text):
            return via
        via = replace(via, params=Params.parse(text[end:], "Via"))
        rport, ttl = via.params.get("rport"), via.params.get("ttl")
        if rport:
            number(rport, PORT_MAX, "Via rport")
        if ttl is not None:
            number(ttl, 255, "Via ttl")
        return via

    @classmethod
    def _sent(cls, text: str) -> tuple[Via, int]:
        match = _SENT.match(text)
        if match is None:
            raise SipParseError(400, "Via is malformed")
        name, version, transport, where, port = match.groups()
        return (
            cls(
                transport.upper(),
                host(where, "Via"),
                None if port is None else number(port, PORT_MAX, "Via port"),
                NO_PARAMS,
                "SIP/2.0" if name == "SIP" and version == "2.0" else f"{name}/{version}",
            ),
            match.end(),
        )

    @classmethod
    def salvage(cls, text: str) -> str | None:
        """What an answer to a malformed request can copy of the topmost Via; None if nothing.

        The text itself where its first element can be read, else that element up to
        its first fault, with the branch if there is one.
        """
        try:
            cls.top(text)
        except SipParseError:
            try:
                via, end = cls._sent(text)
            except SipParseError:
                return None
            branch = _BRANCH.search(text, end)
            return via.serialize() + (f";branch={branch[1]}" if branch else "")
        return text

    @classmethod
    def top(cls, value: str) -> Via:
        """Read the first element of a header value; SipParseError(400)."""
        return cls.parse(elements(value, "Via")[0])

    @property
    def branch(self) -> str | None:
        """The `branch` parameter."""
        return self.params.get("branch")

    @property
    def has_cookie(self) -> bool:
        """Whether the branch identifies the transaction (§17.2.3).

        The bare cookie does not: it is the same for everybody (RFC 4475 §3.2.1).
        """
        branch = self.params.get("branch") or ""
        return branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE)

    @property
    def received(self) -> str | None:
        """The `received` parameter without brackets."""
        value = self.params.get("received")
        return value and value.strip("[]")

    @property
    def rport(self) -> int | None:
        """The port that `rport` holds; None where it is absent or only asked for."""
        value = self.params.get("rport")
        return int(value) if value else None

    @property
    def wants_rport(self) -> bool:
        """Whether the peer asks for `rport` (RFC 3581 §3)."""
        return self.params.get("rport") == ""

    @property
    def sent_by(self) -> tuple[str, int]:
        """Host and port, the transport's default filled in (§18.2.2)."""
        return self.host, self.port or _DEFAULT_PORT.get(self.transport, 5060)

    def from_source(self, address: str, port: int) -> Via:
        """Note where the request really came from (§18.2.1, RFC 3581 §4).

        A `received` that the peer wrote itself is dropped: it could point our answer
        at somebody else.
        """
        params = self.params
        if "received" in params:
            params = params.without("received")
        if "rport" in params:
            params = params.having("rport", str(port)).having("received", address)
        elif address != self.host:
            params = params.having("received", address)
        return self if params is self.params else replace(self, params=params)

    def serialize(self) -> str:
        """The element as text."""
        port = "" if self.port is None else f":{self.port}"
        where = written_host(self.host)
        return f"{self.protocol}/{self.transport} {where}{port}{self.params.serialize()}"

    def __str__(self) -> str:
        return self.serialize()
