"""Who really asks, where a proxy stands in front (the X-Forwarded headers).

What a proxy of the settings says is believed; from anybody else the same headers are taken out
before anything reads them, so that nobody writes another's address into the audit log or gets
around a limit. Of a chain of proxies the last is believed about the one before it, and so on, as
far as they are ours: the first address that is no proxy's is the user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from ivr.web_server.asgi import Application, Receive, Scope, Send

Networks = Sequence[IPv4Network | IPv6Network]

_SPOKEN = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_PREFIX = b"x-forwarded-"
_LONGEST = 64  # addresses of a chain that are looked at


class Proxies:
    """An application behind proxies: it sees the user's address, scheme and host."""

    def __init__(self, application: Application, trusted: Networks) -> None:
        self._application = application
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as if it had come without a proxy."""
        if scope["type"] in ("http", "websocket"):
            scope = self._seen(scope)
        await self._application(scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        client = scope.get("client")
        said = {name: _values(scope["headers"], name) for name in _SPOKEN}
        headers = [(name, v) for name, v in scope["headers"] if not name.startswith(_PREFIX)]
        seen = {**scope, "headers": headers}
        if client is None or not self._is_ours(client[0]):
            return seen
        address = self._user(said[b"x-forwarded-for"])
        if address is not None:
            seen["client"] = (address, 0)
        if (proto := said[b"x-forwarded-proto"]) and proto[-1] in ("http", "https"):
            plain, secure = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
            seen["scheme"] = secure if proto[-1] == "https" else plain
        if host := said[b"x-forwarded-host"]:
            others = [(name, value) for name, value in headers if name != b"host"]
            seen["headers"] = [(b"host", host[-1].encode("latin-1")), *others]
        return seen

    def _is_ours(self, address: str) -> bool:
        try:
            given = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        given = getattr(given, "ipv4_mapped", None) or given
        return any(given in network for network in self._trusted)

    def _user(self, chain: list[str]) -> str | None:
        """The last of the chain that is no proxy of ours; None where it cannot be told."""
        found = None
        for said in reversed(chain[-_LONGEST:]):
            address = _bare(said)
            try:
                found = str(ip_address(address))
            except ValueError:
                return found
            if not self._is_ours(found):
                return found
        return found


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    lines = [value.decode("latin-1") for known, value in headers if known == name]
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def _bare(address: str) -> str:
    """Without the port that some proxies write behind it."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
