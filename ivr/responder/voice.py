"""Asking the voice process for a clause that is not in the store.

One JSON object a line over a Unix socket (`prompts.voice_server` is the other
end). The responder never renders: it asks, and reads the file when told that
it is there.
"""

import json
import logging
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from prompts.clause import Clause
from prompts.errors import from_parts, without_words

log = logging.getLogger(__name__)


PATIENCE_S = 10.0
"""A clause that takes longer is passed over: the caller has heard "please wait" once."""


class VoiceUnavailableError(Exception):
    """The voice process is away or could not render the clause."""


def _gave_up(_result: Any, seconds: float) -> Any:
    raise VoiceUnavailableError(f"the voice process did not answer within {seconds:.0f} s")


def _reason(answer: dict[str, Any]) -> str:
    """Why there is no clause, without its words: it is logged, and they may hold an account."""
    try:
        return without_words(from_parts(answer["message"]))
    except (KeyError, ValueError):
        return str(answer.get("error"))


class VoiceClient:
    """One connection to the voice process, made anew when it is needed and gone."""

    def __init__(self, reactor: Any, socket: Path) -> None:
        self._reactor = reactor
        self._endpoint = UNIXClientEndpoint(reactor, str(socket), timeout=2)
        self._protocol: _VoiceProtocol | None = None
        self._connecting: list[Deferred[_VoiceProtocol]] = []

    def render(self, clause: Clause, *, bulk: bool = False) -> "Deferred[str]":
        """Have a clause rendered; fires with its key in the store, or VoiceUnavailableError.

        With `bulk`, behind every caller who waits.
        """
        asked: Deferred[str] = self._connect().addCallback(
            lambda protocol: protocol.ask(clause, bulk=bulk)
        )
        return asked.addTimeout(PATIENCE_S, self._reactor, _gave_up)

    def _connect(self) -> "Deferred[_VoiceProtocol]":
        waiting: Deferred[_VoiceProtocol] = Deferred()
        if self._protocol is not None:
            waiting.callback(self._protocol)
            return waiting
        self._connecting.append(waiting)
        if len(self._connecting) == 1:
            attempt = self._endpoint.connect(Factory.forProtocol(lambda: _VoiceProtocol(self)))
            attempt.addCallbacks(self._connected, self._failed)
        return waiting

    def _connected(self, protocol: "_VoiceProtocol") -> None:
        self._protocol = protocol
        waiting, self._connecting = self._connecting, []
        for deferred in waiting:
            deferred.callback(protocol)

    def _failed(self, failure: Failure) -> None:
        waiting, self._connecting = self._connecting, []
        for deferred in waiting:
            deferred.errback(VoiceUnavailableError(failure.getErrorMessage()))

    def lost(self) -> None:
        """The connection is gone; the next clause makes another."""
        self._protocol = None


class _VoiceProtocol(LineReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 65536

    def __init__(self, client: VoiceClient) -> None:
        self._client = client
        self._asked: dict[int, Deferred[str]] = {}
        self._last_id = 0

    def ask(self, clause: Clause, *, bulk: bool = False) -> "Deferred[str]":
        self._last_id += 1
        answer: Deferred[str] = Deferred()
        self._asked[self._last_id] = answer
        recorded = None if clause.recorded is None else str(clause.recorded)
        request = {
            "id": self._last_id,
            "text": clause.text,
            "language": clause.language,
            "recorded": recorded,
            "tempo": clause.tempo,
            "words": clause.words,
            "priority": "bulk" if bulk else "live",
        }
        self.sendLine(json.dumps(request, ensure_ascii=False).encode())
        return answer

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        try:
            answer: dict[str, Any] = json.loads(line)
            waiting = self._asked.pop(int(answer["id"]))
        except (ValueError, KeyError, TypeError) as error:
            log.error("The voice process answered what was not asked: %s", error)
            return
        if "key" in answer:
            waiting.callback(str(answer["key"]))
        else:
            waiting.errback(VoiceUnavailableError(_reason(answer)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        self._client.lost()
        asked, self._asked = self._asked, {}
        for waiting in asked.values():
            waiting.errback(VoiceUnavailableError(reason.getErrorMessage()))
