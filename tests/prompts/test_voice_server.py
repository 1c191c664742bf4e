"""The voice process over its socket: order, priorities, errors, clients that vanish, SIGTERM."""

import json
import multiprocessing
import os
import signal
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from prompts.clause import Clause, Words
from prompts.engines.engine import Samples
from prompts.errors import AudioError, VoiceError
from prompts.renderer import Patience, Renderer
from prompts.store import ClauseStore
from prompts.voice_client import VoiceClient
from prompts.voice_server import LONGEST_LINE, LONGEST_QUEUE, serve

FORK = multiprocessing.get_context("fork")


class FakeVoice:
    """Says anything; writes down what, and waits at 等 until the gate is opened."""

    name = "fake"
    language = "zh-CN"
    licence = "none"

    def __init__(self, said: Path, waiting: Event, gate: Event) -> None:
        self.said = said
        self.waiting = waiting
        self.gate = gate

    def synthesise(self, text: str, language: str, words: Words = ()) -> tuple[Samples, int]:
        with self.said.open("a", encoding="utf-8") as file:
            file.write(text + "".join(f"|{word} {said}" for word, said in words) + "\n")
        if "等" in text:
            self.waiting.set()
            self.gate.wait(20)
        if "坏" in text:
            raise RuntimeError("broken")
        t = np.arange(8000) / 16000
        return (0.3 * np.sin(2 * np.pi * 400 * t)).astype("f4"), 16000


class Running:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "voice.sock"
        self.store = ClauseStore(folder / "store")
        self.said = folder / "said"
        self.waiting = FORK.Event()
        self.gate = FORK.Event()
        self.process: ForkProcess = FORK.Process(target=self._serve)

    def _serve(self) -> None:
        voice = FakeVoice(self.said, self.waiting, self.gate)
        patience = Patience(first_s=20, stalled_s=20, work_s=20, longest_s=20)
        renderer = Renderer(self.store, {"zh-CN": [voice]}, patience=patience)
        serve(self.socket, self.store, renderer, warm=False)

    def client(self, timeout_s: float = 20) -> VoiceClient:
        return VoiceClient(self.socket, timeout_s)

    def raw(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(str(self.socket))
        return connection

    def lines(self) -> list[str]:
        return self.said.read_text(encoding="utf-8").splitlines() if self.said.exists() else []


@contextmanager
def running() -> Iterator[Running]:
    # Not pytest's folder: a Unix socket's path may have 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="voice") as folder:
        server = Running(Path(folder))
        server.process.start()
        try:
            _wait_for(server)
            yield server
        finally:
            if server.process.is_alive():  # a dead waiter would never take notice of the gate
                server.gate.set()
                server.process.terminate()
                server.process.join(20)
            assert server.process.exitcode == 0
            assert not server.socket.exists()


def _wait_for(server: Running) -> None:
    """Until it answers; each refused connection costs a short wait on the child itself."""
    for _ in range(400):
        try:
            server.raw().close()
        except OSError:
            server.process.join(0.05)
            assert server.process.is_alive()
        else:
            return
    pytest.fail("the voice process did not come up")


def request(number: int, text: str, **more: Any) -> bytes:
    return json.dumps({"id": number, "text": text, "language": "zh-CN", **more}).encode() + b"\n"


def answers(connection: socket.socket, count: int) -> list[dict[str, Any]]:
    file = connection.makefile("rb")
    return [json.loads(file.readline()) for _ in range(count)]


def test_a_clause_is_in_the_store_when_its_key_comes() -> None:
    with running() as server, server.client() as client:
        key = client.render(Clause("您好", "zh-CN"))
        assert server.store.read(key)
        assert client.render(Clause("您好", "zh-CN")) == key
        assert server.lines() == ["您好"]


def test_words_of_staff_reach_the_voice_and_the_key() -> None:
    words = (("长乐", "chang2 le4"),)
    with running() as server, server.client() as client:
        plain = client.render(Clause("长乐停水", "zh-CN"))
        assert client.render(Clause("长乐停水", "zh-CN", words=words)) != plain
        assert server.lines() == ["长乐停水", "长乐停水|长乐 chang2 le4"]


def test_a_waiting_caller_goes_before_bulk_work_and_each_answer_keeps_its_id() -> None:
    with running() as server, server.raw() as first, server.raw() as second:
        first.sendall(request(1, "等"))
        assert server.waiting.wait(20)
        first.sendall(b"".join(request(at, f"批量{at}", priority="bulk") for at in range(2, 5)))
        # A status is answered while the renderer waits: then all that was sent is in the queue.
        first.sendall(b'{"id": 9, "status": true}\n')
        (status,) = answers(first, 1)
        assert status["id"] == 9
        assert status["waiting"] == 3
        second.sendall(request(7, "来电"))
        second.sendall(b'{"id": 8, "status": true}\n')
        assert answers(second, 1)[0]["waiting"] == 4
        server.gate.set()
        assert [answer["id"] for answer in answers(first, 4)] == [1, 2, 3, 4]
        assert server.lines() == ["等", "来电", "批量2", "批量3", "批量4"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{\n", "not JSON"),
        (b"[]\n", "object"),
        (b"\xff\n", "not JSON"),
        (b'{"id": 5}\n', "needs"),
        (b'{"id": 5, "text": 1, "language": "en"}\n', "needs"),
        (b'{"id": 5, "text": "a", "language": "fr"}\n', "no voice"),
        (request(5, "a" * 5000), "at most"),
        (request(5, "a", priority="now"), "priority"),
        (request(5, "a", recorded=3), "recorded"),
        (request(5, "a", recorded="nowhere.wav"), "cannot be read"),
        (request(5, "a", words=[["长乐", "chang2"]]), "words"),
        (request(5, "a", words=[["长", "changg2"]]), "words"),
        (request(5, "a", words=[["长乐"]]), "words"),
        (request(5, "a", words=3), "words"),
        (request(5, "坏"), "broken"),
        (b"[" * 20000 + b"\n", "not JSON"),
        # Found by fuzzing: each of these ended the connection without an answer.
        (request(5, "a", priority=["live"]), "priority"),
        (request(5, "\ud800"), "whole characters"),
        (b'{"id": "\\udfff", "text": 5}\n', "whole characters"),
    ],
)
def test_a_bad_request_is_answered_in_words_and_the_next_is_served(line: bytes, says: str) -> None:
    with running() as server, server.raw() as connection:
        connection.sendall(line)
        connection.sendall(b'{"id": 6, "status": true}\n')
        found = {answer["id"]: answer for answer in answers(connection, 2)}
        (error,) = (answer for number, answer in found.items() if number != 6)
        assert says in error["error"]
        assert 6 in found


def take(number: int, file: Path, folder: Path, **more: Any) -> bytes:
    asked = {"id": number, "take": str(file), "folder": str(folder), "prompt": "greeting"}
    return json.dumps({**asked, "language": "zh-CN", **more}).encode() + b"\n"


def spoken(file: Path, seconds: float = 1.0, level: float = 0.2) -> Path:
    time_s = np.arange(int(8000 * seconds)) / 8000
    sound = level * np.sin(2 * np.pi * 440 * time_s) * np.sin(2 * np.pi * 3 * time_s) ** 2
    soundfile.write(str(file), sound.astype("f4"), 8000, subtype="PCM_16")
    return file


def test_a_take_is_kept_and_is_in_the_store_as_callers_will_hear_it(tmp_path: Path) -> None:
    with running() as server, server.raw() as connection:
        file = spoken(tmp_path / "take.wav")
        connection.sendall(take(1, file, tmp_path / "kept", variant="north"))
        (answer,) = answers(connection, 1)
        kept = Path(answer["path"])
        assert kept.read_bytes() == file.read_bytes()
        assert kept.name.startswith("greeting.zh-CN.north.")
        # The key under which the prompt itself is looked for, once the take is in use.
        assert answer["key"] == Clause("您好", "zh-CN", 250, kept).key("any voice")
        sound = server.store.read(answer["key"])
        assert sound is not None
        assert answer["heard_s"] == len(sound) / 8000
        assert answer["seconds"] == pytest.approx(1.0)
        assert file.exists()
        assert server.lines() == []


@pytest.mark.parametrize(
    ("seconds", "level", "fault"),
    [
        (0.1, 0.2, "too_short"),
        (181.0, 0.2, "too_long"),
        (1.0, 0.003, "too_quiet"),
        (1.0, 0.0, "no_speech"),
        (1.0, 9.0, "overdriven"),
    ],
)
def test_what_is_wrong_with_a_take_comes_as_a_word(
    tmp_path: Path, seconds: float, level: float, fault: str
) -> None:
    with running() as server, server.raw() as connection:
        file = spoken(tmp_path / "take.wav", seconds, level)
        connection.sendall(take(1, file, tmp_path / "kept") + take(2, tmp_path, tmp_path / "kept"))
        refused, unreadable = answers(connection, 2)
        assert refused["fault"] == fault
        assert unreadable["fault"] == "unusable"
        assert "template" in refused["message"]
        assert not (tmp_path / "kept").exists()


def test_a_client_gets_the_kept_take_or_the_fault_in_a_word(tmp_path: Path) -> None:
    with running() as server, server.client() as client:
        file = spoken(tmp_path / "take.wav")
        kept = client.take(file, tmp_path / "kept", prompt="greeting", language="en")
        assert kept.path.read_bytes() == file.read_bytes()
        assert kept.sha256[:24] in kept.path.name
        assert Clause("", "en", 0, kept.path).key("") in server.store
        spoken(file, 0.1)
        with pytest.raises(AudioError, match="lasts") as refused:
            client.take(file, tmp_path / "kept", prompt="greeting", language="en")
        assert refused.value.fault == "too_short"
        with pytest.raises(VoiceError, match="needs"):
            client.take(file, tmp_path / "kept", prompt="", language="en")


@pytest.mark.parametrize("missing", ["take", "folder", "prompt", "language"])
def test_a_take_without_its_names_is_refused(tmp_path: Path, missing: str) -> None:
    with running() as server, server.raw() as connection:
        asked = json.loads(take(1, tmp_path, tmp_path)) | {missing: ""}
        connection.sendall(json.dumps(asked).encode() + b"\n")
        (answer,) = answers(connection, 1)
        assert "needs take, folder" in answer["error"]


def test_a_line_without_an_end_closes_that_client_only() -> None:
    with running() as server, server.raw() as noisy, server.client() as client:
        try:
            noisy.sendall(b"x" * (LONGEST_LINE * 3))
            left = noisy.makefile("rb").read()
        except ConnectionError:
            left = b""
        assert left == b"" or b"at most" in left
        assert client.render(Clause("您好", "zh-CN"))


def test_a_client_that_vanishes_takes_its_waiting_clauses_with_it() -> None:
    with running() as server, server.client() as client:
        gone = server.raw()
        gone.sendall(request(1, "等") + request(2, "没人听"))
        assert server.waiting.wait(20)
        gone.sendall(b'{"id": 3, "status": true}\n')
        answers(gone, 1)
        gone.close()
        # The loop has seen the close once it has answered a later client.
        client.status()
        server.gate.set()
        assert client.render(Clause("您好", "zh-CN"))
        assert server.lines() == ["等", "您好"]


def test_more_than_the_queue_holds_is_refused_at_once() -> None:
    with running() as server, server.raw() as connection:
        connection.sendall(request(0, "等"))
        assert server.waiting.wait(20)
        flood = b"".join(request(at, "您好") for at in range(1, LONGEST_QUEUE + 3))
        threading.Thread(target=connection.sendall, args=(flood,)).start()
        refused = answers(connection, 1)
        assert "waiting" in refused[0]["error"]


def test_several_clients_are_served_at_once() -> None:
    with running() as server:
        keys: list[str] = []

        def ask(number: int) -> None:
            with server.client() as client:
                keys.append(client.render(Clause(f"第{number}位", "zh-CN")))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(set(keys)) == 8


def test_sigterm_ends_it_even_while_a_clause_is_rendered() -> None:
    with running() as server, server.raw() as connection:
        connection.sendall(request(1, "等"))
        assert server.waiting.wait(20)
        assert server.process.pid is not None
        os.kill(server.process.pid, signal.SIGTERM)
        assert connection.makefile("rb").read() == b""
        server.process.join(20)
        assert server.process.exitcode == 0
        assert not server.gate.is_set()


def test_a_socket_left_by_a_killed_process_is_taken_over() -> None:
    with tempfile.TemporaryDirectory(prefix="voice") as folder:
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(Path(folder) / "voice.sock"))
        stale.close()
        server = Running(Path(folder))
        server.process.start()
        try:
            _wait_for(server)
        finally:
            server.process.terminate()
            server.process.join(20)
        assert server.process.exitcode == 0


def test_a_socket_in_use_is_not_taken_away() -> None:
    with running() as server:
        store = ClauseStore(server.store.folder)
        with pytest.raises(VoiceError, match="already serving"):
            serve(server.socket, store, Renderer(store, {}))


def test_the_socket_is_for_its_owner_only() -> None:
    with running() as server:
        assert stat.S_IMODE(server.socket.stat().st_mode) & 0o077 == 0


def test_a_client_says_that_the_process_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="is not there"):
        VoiceClient(tmp_path / "none.sock").render(Clause("您好", "zh-CN"))


def test_a_client_gives_up_in_time_and_can_be_used_again() -> None:
    with running() as server, server.client(timeout_s=0.3) as client:
        with pytest.raises(VoiceError, match="nothing in"):
            client.render(Clause("等", "zh-CN"))
        server.gate.set()
        with server.client() as patient:
            patient.render(Clause("等", "zh-CN"))
        assert client.render(Clause("等", "zh-CN"))
