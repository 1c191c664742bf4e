"""Meeting digest challenges for one account (RFC 3261 §22, RFC 7616, RFC 8760).

A challenge is met once; met again only where the peer says that our nonce was stale, since any
other second challenge means that the password is wrong. What a peer has challenged for once is
signed in advance from then on, with the same nonce and a rising count.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.sip.auth import Credentials, DigestSession, challenges
from ivr.sip.message import Request, Response

_nonce_bytes = 12


class Authenticator:
    """The account's sessions, one for each realm and kind of server."""

    __slots__ = ("_credentials", "_entropy", "_sessions")

    def __init__(self, credentials: Credentials, entropy: Callable[[int], bytes]) -> None:
        self._credentials = credentials
        self._entropy = entropy
        self._sessions: dict[tuple[bool, str], DigestSession] = {}

    def meet(self, request: Request, response: Response, *, tries: int) -> bool:
        """Take the challenges of a 401 or 407 into account; False where no retry can help.

        `tries` is how many challenges this request has met before.
        """
        found = challenges(response)
        if not found or tries > 1 or (tries == 1 and not all(c.stale for c in found)):
            return False
        for challenge in found:
            session = DigestSession(challenge, self._credentials)
            self._sessions[challenge.proxy, challenge.realm] = session
        return True

    def sign(self, request: Request) -> None:
        """Put the answer to every challenge known on a request about to be sent."""
        request.headers.remove("Authorization")
        request.headers.remove("Proxy-Authorization")
        uri = request.uri.serialize()
        for session in self._sessions.values():
            value = session.authorize(
                request.method, uri, request.body, self._entropy(_nonce_bytes)
            )
            request.headers.add(session.header, value)
