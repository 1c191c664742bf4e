"""The voice process's socket, in a thread of the test."""

from __future__ import annotations

import json
import queue
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompts.store import ClauseStore
from tests.admin_web.builders import DeskUnderTest


class FakeVoice(socketserver.ThreadingUnixStreamServer):
    """Keeps what it was asked to say, and gives one second of sound for each."""

    daemon_threads = True

    def __init__(self, path: Path, store: ClauseStore) -> None:
        self.store = store
        self.said: list[str] = []
        self.recorded: list[str | None] = []
        self.ahead: queue.SimpleQueue[str] = queue.SimpleQueue()  # what nobody waits for
        super().__init__(str(path), _Talk)


class _Talk(socketserver.StreamRequestHandler):
    server: FakeVoice

    def handle(self) -> None:
        for line in self.rfile:
            asked = json.loads(line)
            if asked.get("status"):
                voices = [{"name": "hibari", "language": "en", "usable": True, "remedy": ""}]
                answer = {"id": asked["id"], "voices": voices}
            else:
                if asked["priority"] != "bulk":
                    self.server.said.append(asked["text"])
                self.server.recorded.append(asked["recorded"])
                if asked["priority"] == "bulk":
                    self.server.ahead.put(asked["text"])
                key = f"{len(self.server.recorded):040x}"
                self.server.store.put(key, b"\x80\x00" * 4000)
                answer = {"id": asked["id"], "key": key}
            self.wfile.write(json.dumps(answer).encode() + b"\n")


@pytest.fixture
def voice(desk: DeskUnderTest) -> Iterator[FakeVoice]:
    server = FakeVoice(desk.state_dir / "voice.sock", ClauseStore(desk.state_dir / "clauses"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
