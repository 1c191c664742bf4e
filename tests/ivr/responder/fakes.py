"""Doubles of what stands around one call: a leg and a world that answers when told to."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from call_flows.instructions import Say


class FakeLeg:
    """Keeps what was asked of it; a clip is heard once the one before it is over."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.held: deque[tuple[bytes, object]] = deque()
        """What plays, and what was handed over ahead."""
        self.stopped = 0
        self.recordings_stopped = 0
        self.loud = False

    def louder(self, wanted: bool) -> None:
        self.loud = wanted

    def play(self, audio: Sequence[bytes], token: object = None) -> None:
        self.held.append((b"".join(audio), token))
        if len(self.held) == 1:
            self.heard.append(self.held[0][0])

    def end_of_clip(self) -> object:
        """What plays is over: its token."""
        _audio, token = self.held.popleft()
        if self.held:
            self.heard.append(self.held[0][0])
        return token

    def stop_playing(self) -> None:
        self.stopped += 1
        self.held.clear()

    def stop_recording(self) -> None:
        self.recordings_stopped += 1


class FakeSession:
    """A flow as a script: each input is noted and answered with the next list."""

    def __init__(self, *answers: list[Any]) -> None:
        self._answers = list(answers)
        self.given: list[Any] = []
        self.language = "zh-CN"
        self.variant = ""
        self.failures: list[Exception] = []

    def _next(self) -> list[Any]:
        answer = self._answers.pop(0) if self._answers else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    def start(self, facts: Any) -> list[Any]:
        return self._next()

    def resume(self, given: Any) -> list[Any]:
        self.given.append(given)
        return self._next()

    def take_steps(self) -> list[Any]:
        return []


class FakeWorld:
    """The call, the database and the voices as one object."""

    def __init__(self) -> None:
        self.sound: dict[str, Any] = {}
        self.asked: dict[str, Deferred[Any]] = {}
        self.done: list[tuple[str, Any]] = []
        self.transfer_ended: Callable[[str], None] = lambda _outcome: None

    def audio(self, content: Any, language: str, *, slow: bool) -> list[Any]:
        if not isinstance(content, Say):
            return [(b"replayed",)]
        name = f"{content.prompt} slowly" if slow else content.prompt
        return [self.sound.get(name, (name.encode(),))]

    def steps(self, steps: Any) -> None:
        pass

    def _ask(self, name: str, what: Any) -> "Deferred[Any]":
        self.done.append((name, what))
        self.asked[name] = Deferred()
        return self.asked[name]

    def look_up(self, lookup: Any, language: str) -> "Deferred[Any]":
        return self._ask("look_up", lookup)

    def begin_recording(self, record: Any) -> "Deferred[str]":
        return self._ask("begin_recording", record)

    def end_recording(self, recording: str, ended: Any) -> "Deferred[None]":
        return self._ask("end_recording", recording)

    def file_complaint(self, filing: Any, patience_s: float) -> "Deferred[str]":
        return self._ask("file_complaint", filing)

    def create_call_back(self, task: Any, patience_s: float) -> "Deferred[str]":
        return self._ask("create_call_back", task)

    def transfer(self, transfer: Any, ended: Callable[[str], None]) -> None:
        self.done.append(("transfer", transfer))
        self.transfer_ended = ended

    def hang_up(self, reason: str) -> None:
        self.done.append(("hang_up", reason))

    def finished(self) -> None:
        self.done.append(("finished", None))

    @property
    def names(self) -> list[str]:
        return [name for name, _what in self.done]


RECORDING_PATH = Path("recordings/one.wav")
