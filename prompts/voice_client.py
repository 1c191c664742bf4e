"""The blocking client of the voice process, for the desk and the command line."""

from __future__ import annotations

import itertools
import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from prompts.clause import Clause
from prompts.errors import AudioError, VoiceError, from_parts

CONNECT_TIMEOUT_S = 2.0
_LONGEST_ANSWER = 256 << 10


@dataclass(frozen=True, slots=True)
class KeptTake:
    """What `takes.Take` says of a take, without loading what reads sound into this process."""

    path: Path
    sha256: str
    seconds: float


class VoiceClient:
    """One connection, opened at the first request and again after a failure.

    Not for two threads at once.
    """

    def __init__(self, socket_path: Path, timeout_s: float = 15.0) -> None:
        self._path = socket_path
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)
        self._socket: socket.socket | None = None
        self._received = b""

    def render(self, clause: Clause, *, priority: str = "live") -> str:
        """Have a clause rendered and give its key in the store; VoiceError where it cannot be."""
        answer = self._ask(
            {
                "text": clause.text,
                "language": clause.language,
                "recorded": str(clause.recorded) if clause.recorded else None,
                "tempo": clause.tempo,
                "words": clause.words,
                "priority": priority,
            }
        )
        if "key" not in answer:
            raise _refusal(answer)
        return str(answer["key"])

    def take(
        self, file: Path, folder: Path, *, prompt: str, language: str, variant: str = ""
    ) -> KeptTake:
        """Have `takes.keep` done by the voice process, and the take rendered for callers.

        AudioError, with its `fault`, where it cannot be a prompt; VoiceError where the process
        cannot be asked.
        """
        answer = self._ask(
            {
                "take": str(file),
                "folder": str(folder),
                "prompt": prompt,
                "language": language,
                "variant": variant,
            }
        )
        if "fault" in answer:
            reason = _refusal(answer).message
            raise AudioError(reason, fault=answer["fault"])
        if "key" not in answer:
            raise _refusal(answer)
        return KeptTake(Path(answer["path"]), str(answer["sha256"]), float(answer["seconds"]))

    def status(self) -> dict[str, Any]:
        """Voices, failures and the length of the queue."""
        return self._ask({"status": True})

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._received = b""

    def __enter__(self) -> VoiceClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        request_id = next(self._ids)
        deadline = time.monotonic() + self._timeout_s
        try:
            connection = self._connected()
            connection.settimeout(self._timeout_s)
            connection.sendall(json.dumps({"id": request_id, **request}).encode() + b"\n")
            while True:
                answer = self._line(connection, deadline)
                if answer.get("id") in (request_id, None):
                    return answer
        except TimeoutError:
            self.close()
            raise VoiceError(
                "the voice process gave nothing in %(seconds)s s", seconds=self._timeout_s
            ) from None
        except OSError as error:
            self.close()
            reason = error.strerror or error
            raise VoiceError(
                "the voice process at %(path)s is not there: %(reason)s",
                path=self._path,
                reason=reason,
            ) from None
        except ValueError:
            self.close()
            raise VoiceError("the voice process answered something else than JSON") from None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(CONNECT_TIMEOUT_S)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                raise
            self._socket = connection
        return self._socket

    def _line(self, connection: socket.socket, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            data = connection.recv(65536)
            if not data:
                raise ConnectionResetError("it closed the connection")
            self._received += data
            if len(self._received) > _LONGEST_ANSWER:
                raise ValueError("the answer is too long")
        line, _, self._received = self._received.partition(b"\n")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("not an object")
        return answer


def _refusal(answer: dict[str, Any]) -> VoiceError:
    try:
        return VoiceError(from_parts(answer.get("message")))
    except ValueError:
        reason = str(answer.get("error", "it gave no key"))
        return VoiceError("the voice process answered: %(reason)s", reason=reason)
