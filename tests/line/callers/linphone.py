"""linphone on its console: commands go in by a pipe, what it says comes out by another.

It knows when it is answered and no more, so it presses keys by the clock of its script.
"""

import os
import queue
import subprocess
import threading
import time
import wave
from pathlib import Path

from tests.line.harness import free_port
from tests.line.heard import RATE_HZ, Samples, from_wav
from tests.line.jobs import Script

START_LIMIT_S = 30.0
END_LIMIT_S = 5.0


class Linphone:
    """One process without sound card: it plays one file and writes what it hears to another."""

    def __init__(
        self, folder: Path, number: str, *, speech: Path, heard: Path, six: bool = False
    ) -> None:
        settings = folder / "linphonerc"
        # Without this folder it cannot open its database, and then opens no port either.
        (folder / ".local" / "share" / "linphone").mkdir(parents=True, exist_ok=True)
        settings.write_text(
            "[sip]\n"
            f"sip_port={free_port()}\nsip_tcp_port=0\nsip_tls_port=0\n"
            f"contact=sip:{number}@127.0.0.1\nguess_hostname=0\n"
            f"use_ipv6={int(six)}\nipv6_migration_done=1\n"
            "use_rfc2833=1\nuse_info=0\nregister_only_when_network_is_up=0\n"
            "[rtp]\naudio_rtp_port=-1\n"
            "[audio_codec_0]\nmime=PCMU\nrate=8000\nenabled=1\n"
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            ["linphonec", "-c", str(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            cwd=folder,
            env={**os.environ, "HOME": str(folder)},
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.do("soundcard use files")
        self.do(f"record {heard}")
        self.do(f"play {speech}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def do(self, command: str) -> None:
        """One command, as typed."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def until(self, words: str, limit_s: float = START_LIMIT_S) -> None:
        """Read on until it says these words."""
        limit = time.monotonic() + limit_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.05, limit - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"linphone never said {words!r}: {self.said[-40:]}"
            self.said.append(line)
            if words in line:
                return

    def close(self) -> None:
        """Leave, whatever state the call is in."""
        try:
            self.do("quit")
            self._process.wait(END_LIMIT_S)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "Linphone":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def place_linphone(target: str, script: Script, folder: Path) -> Samples:
    """linphone: place a script's call, return what was heard."""
    speech, heard = folder / "spoken.wav", folder / "heard.wav"
    with wave.open(str(speech), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(2 * RATE_HZ * int(script.hang_up_at_s + 30)))
    with Linphone(folder, script.caller, speech=speech, heard=heard, six="[" in target) as phone:
        phone.do(f"call {target}")
        phone.until("Media streams established")
        answered = time.monotonic()
        for step in script.steps:
            # What it says is no sign of what it hears: a person would press now.
            time.sleep(max(0.0, answered + step.at_s - time.monotonic()))
            if step.keys:
                phone.do(step.keys)
        phone.do("terminate")
        phone.until("ended")
    return from_wav(heard)
