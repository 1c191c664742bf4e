"""Each independent caller behind one function: place a script's call, return what was heard.

`place_*` blocks until the call is over and raises AssertionError with the
caller's own words where it was not answered.
"""

import json
import os
import select
import socket
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np

from tests.line.callers.rtp_peer import RtpPeer
from tests.line.harness import ROOT, free_port
from tests.line.heard import RATE_HZ, Samples, from_ulaw, from_wav
from tests.line.jobs import Script

HERE = Path(__file__).parent
BARESIP_MODULES = Path("/usr/lib/baresip/modules")
QUIET_S = 0.9
LEAST_LIMIT_S = 30.0


def limit_s(script: Script) -> float:
    """When a call that has not ended is given up."""
    return max(LEAST_LIMIT_S, 2 * script.hang_up_at_s)


def place_pjsip(target: str, script: Script, folder: Path) -> Samples:
    """PJSIP: it listens, and presses keys when the line is quiet."""
    heard = folder / "heard.wav"
    steps: list[dict[str, object]] = []
    for step in script.steps:
        taken: dict[str, object] = {}
        if step.after_quiet:
            taken["after_quiet_s"] = QUIET_S
        else:
            taken["after_s"] = step.after_s
        if step.keys:
            taken["keys"] = step.keys
        if step.speak:
            taken["speak"] = str(script.speech)
        steps.append(taken)
    content = {"target": target, "caller": script.caller, "heard": str(heard), "steps": steps}
    content["rtp_port"] = free_port() & ~1
    path = folder / "script.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(HERE / "pjsip_caller.py"), str(path)],
        capture_output=True,
        text=True,
        timeout=2 * limit_s(script),
        check=False,
    )
    assert done.returncode == 0, f"PJSIP: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    return from_wav(heard)


def place_pyvoip(target: str, script: Script, folder: Path) -> Samples:
    """pyVoIP: `ivr call`, as a user runs it."""
    heard = folder / "heard.wav"
    keys = ",".join(f"{step.keys}:{step.at_s:.2f}" for step in script.steps if step.keys)
    command = [sys.executable, "-m", "ivr", "call", target, "--keys", keys]
    command += ["--record", str(heard), "--caller", script.caller]
    command += ["--duration", f"{script.hang_up_at_s:.2f}"]
    for step in script.steps:
        if step.speak:
            command += ["--play", str(script.speech), "--play-at", f"{step.at_s:.2f}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=limit_s(script), check=False
    )
    assert done.returncode == 0, f"pyVoIP: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    return from_wav(heard)


def place_sipp(target: str, script: Script, folder: Path) -> Samples:
    """SIPp signals; a small RTP peer presses, speaks and hears."""
    speech = None
    for step in script.steps:
        if step.speak and script.speech is not None:
            speech = (step.at_s, _ulaw_of(script.speech))
    peer = RtpPeer([(s.at_s, s.keys) for s in script.steps if s.keys], speech)
    host, port = target.removeprefix("sip:line@").split(":")
    try:
        done = subprocess.run(
            [
                *("sipp", f"{host}:{port}", "-sf", str(HERE / "sipp_call.xml"), "-s", "line"),
                *("-i", "127.0.0.1", "-p", str(free_port()), "-m", "1", "-nostdin"),
                *("-key", "rtp_port", str(peer.port), "-key", "caller", script.caller),
                *("-d", str(int(script.hang_up_at_s * 1000)), "-trace_err", "-error_file"),
                *(str(folder / "sipp-errors.log"), "-timeout", f"{int(limit_s(script))}s"),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s(script) + 10,
            check=False,
        )
    finally:
        sound = peer.stop()
    errors = folder / "sipp-errors.log"
    words = errors.read_text(errors="replace")[-2000:] if errors.exists() else ""
    assert done.returncode == 0, f"SIPp ended with {done.returncode}: {words}"
    return from_ulaw(sound)


def place_baresip(
    target: str, script: Script, folder: Path, *, authority: Path | None = None
) -> Samples:
    """baresip, told what to do over its control socket.

    With an `authority` that it believes, by TLS, and with no sound that is not encrypted.
    """
    encrypted = ";transport=tls;mediaenc=srtp-mand" if authority is not None else ""
    believed = f"sip_cafile {authority}\nmodule srtp.so\n" if authority is not None else ""
    source = folder / "spoken.wav"
    _write_wav(source, _source_of(script))
    port = free_port()
    (folder / "accounts").write_text(
        f"<sip:{script.caller}@127.0.0.1>;regint=0;audio_codecs=PCMU/8000/1{encrypted}\n"
    )
    (folder / "contacts").touch()
    (folder / "config").write_text(
        f"""poll_method epoll
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
audio_player aubridge,nil
audio_source aufile,{source}
auplay_format s16
ausrc_format s16
audio_buffer 20-160
module_path {BARESIP_MODULES}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{port}
snd_path {folder}
{believed}"""
    )
    log = (folder / "baresip.log").open("wb")
    process = subprocess.Popen(
        ["baresip", "-f", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
    )
    log.close()
    try:
        with _connected(port, process) as control:
            _follow(_Baresip(control), target, script)
    finally:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    found = list(folder.glob("dump-*-dec.wav"))
    assert found, (folder / "baresip.log").read_text(errors="replace")[-2000:]
    return from_wav(found[0])


class _Baresip:
    """baresip's control connection: JSON in netstrings."""

    def __init__(self, control: socket.socket) -> None:
        self._socket = control
        self._buffer = b""
        self.ended = False

    def command(self, name: str, parameters: str = "") -> None:
        body = json.dumps({"command": name, "params": parameters}).encode()
        self._socket.sendall(b"%d:%s," % (len(body), body))

    def event(self, limit: float) -> str | None:
        """The next event's type, or None when `limit` (monotonic) has come."""
        while True:
            length, colon, rest = self._buffer.partition(b":")
            if colon and len(rest) > int(length):
                body, self._buffer = rest[: int(length)], rest[int(length) + 1 :]
                message = json.loads(body)
                if message.get("event"):
                    self.ended = self.ended or message["type"] == "CALL_CLOSED"
                    return str(message["type"])
                continue
            wait = limit - time.monotonic()
            if wait <= 0 or not select.select([self._socket], [], [], wait)[0]:
                return None
            data = self._socket.recv(65536)
            if not data:
                self.ended = True
                return None
            self._buffer += data


def _follow(phone: _Baresip, target: str, script: Script) -> None:
    phone.command("dial", target)
    limit = time.monotonic() + LEAST_LIMIT_S
    while phone.event(limit) != "CALL_ESTABLISHED":
        assert not phone.ended, "baresip: the call was refused"
        assert time.monotonic() < limit, "baresip: no answer"
    answered = time.monotonic()
    for step in script.steps:
        while time.monotonic() < answered + step.at_s and not phone.ended:
            phone.event(answered + step.at_s)
        if step.keys and not phone.ended:
            phone.command("sndcode", step.keys)
    phone.command("hangup")
    limit = time.monotonic() + 2.0
    while not phone.ended and time.monotonic() < limit:
        phone.event(limit)
    phone.command("quit")


def _connected(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    limit = time.monotonic() + LEAST_LIMIT_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=LEAST_LIMIT_S)
        except ConnectionRefusedError:
            assert process.poll() is None, "baresip did not start"
            assert time.monotonic() < limit, "baresip opened no control port"
            # It gives no sign of its own when the port is open.
            time.sleep(0.05)


def _source_of(script: Script) -> np.ndarray:
    """Silence for the whole call with the speech in its place: aufile plays from the answer on."""
    sound = np.zeros(int((script.hang_up_at_s + 30) * RATE_HZ), "<i2")
    for step in script.steps:
        if step.speak and script.speech is not None:
            speech = from_wav(script.speech).astype("<i2")
            first = int(step.at_s * RATE_HZ)
            sound[first : first + len(speech)] = speech
    return sound


def _write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def _ulaw_of(path: Path) -> bytes:
    """Linear to µ-law by the nearest of the 256 values."""
    values = from_ulaw(bytes(range(256)))
    order = np.argsort(values)
    samples = from_wav(path)
    place = np.clip(np.searchsorted(values[order], samples), 1, 255)
    lower, upper = values[order][place - 1], values[order][place]
    nearest = np.where(samples - lower < upper - samples, place - 1, place)
    return order[nearest].astype(np.uint8).tobytes()


PLACE = {
    "pjsip": place_pjsip,
    "pyvoip": place_pyvoip,
    "baresip": place_baresip,
    "sipp": place_sipp,
}
