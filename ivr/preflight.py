"""What is looked at before anything is started: one clear line, status 2, no half-started line.

Every check raises `OperatorError`, naming what is wrong and how to mend it.
The state folder's lock is held for as long as the line runs, so that two
lines never write one folder, and a restore never runs under a line.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from ivr.settings import Settings
from ivr.wording import OperatorError, Wording

PORTS_PER_CALL = 2  # RTP and RTCP, RFC 3550 §11


def check_state_dir(folder: Path) -> None:
    """Make the state folder, private to its user, and see that it can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".write-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OperatorError(
            Wording(
                f"IVR_STATE_DIR={folder}: cannot be written ({_reason(error)}); "
                "give its folder to the user that runs the line, or choose another folder",
                f"IVR_STATE_DIR={folder}：无法写入（{_reason(error)}）；"
                "请把该文件夹交给运行本线路的用户，或改用别的文件夹",
            )
        ) from error


def hold_lock(settings: Settings) -> IO[str]:
    """Take the state folder for this process until the returned file is closed."""
    file = settings.lock_file.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "?"
        file.close()
        raise OperatorError(
            Wording(
                f"IVR_STATE_DIR={settings.state_dir}: another Minsheng Line (process {holder}) "
                "uses this folder; stop it first, or choose another folder",
                f"IVR_STATE_DIR={settings.state_dir}：另一个民声热线（进程 {holder}）正在使用"
                "这个文件夹；请先停止它，或改用别的文件夹",
            )
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def check_sip_ports(settings: Settings) -> None:
    """The SIP port must be free on UDP and TCP."""
    for kind, name in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
        _check_port("SIP", settings.sip_host, settings.sip_port, kind, name)


def check_web_port(settings: Settings) -> None:
    """The port of the staff pages must be free."""
    _check_port("WEB", settings.web_host, settings.web_port, socket.SOCK_STREAM, "TCP")


def too_few_sound_ports(settings: Settings) -> Wording | None:
    """What to say where the ports for sound end before `max_calls` does; None where they suffice.

    The line serves in spite of it: callers beyond the ports are told that it is busy.
    """
    calls = len(settings.rtp_ports) // PORTS_PER_CALL
    if calls >= settings.max_calls:
        return None
    low, high = settings.rtp_ports[0], settings.rtp_ports[-1]
    return Wording(
        f"IVR_RTP_PORTS={low}-{high} is enough for {calls} calls, IVR_MAX_CALLS is "
        f"{settings.max_calls}: give {PORTS_PER_CALL} ports a call (and as many for one that is "
        "connected to a person), or lower IVR_MAX_CALLS",
        f"IVR_RTP_PORTS={low}-{high} 只够 {calls} 通电话，而 IVR_MAX_CALLS 是 "
        f"{settings.max_calls}：每通电话要 {PORTS_PER_CALL} 个端口（转接人工时加倍），"
        "请扩大范围，或减小 IVR_MAX_CALLS",
    )


def _check_port(setting: str, host: str, port: int, kind: socket.SocketKind, name: str) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise OperatorError(
            Wording(
                f"IVR_{setting}_HOST={host}: this name has no address ({_reason(error)}); "
                "give an IP address of this machine",
                f"IVR_{setting}_HOST={host}：找不到该主机名的地址（{_reason(error)}）；"
                "请填写本机的 IP 地址",
            )
        ) from error
    family, _, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        if kind == socket.SOCK_STREAM:
            # Else connections of a line that has just ended would count as "taken".
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
        except OSError as error:
            raise OperatorError(_port_wording(setting, host, port, name, error)) from error


def _port_wording(setting: str, host: str, port: int, name: str, error: OSError) -> Wording:
    if error.errno == errno.EADDRNOTAVAIL:
        return Wording(
            f"IVR_{setting}_HOST={host}: not an address of this machine; "
            "give one of its addresses, or 0.0.0.0 for all",
            f"IVR_{setting}_HOST={host}：不是本机的地址；请填写本机地址，或用 0.0.0.0 表示全部",
        )
    if error.errno == errno.EADDRINUSE:
        return Wording(
            f"IVR_{setting}_PORT={port}: {name} port {port} on {host} is taken by another program; "
            f"stop that program, or set IVR_{setting}_PORT to a free port",
            f"IVR_{setting}_PORT={port}：{host} 的 {name} 端口 {port} 已被别的程序占用；"
            f"请停止那个程序，或把 IVR_{setting}_PORT 改为空闲端口",
        )
    return Wording(
        f"IVR_{setting}_PORT={port}: {name} port {port} on {host} cannot be opened "
        f"({_reason(error)}); ports below 1024 need a privilege, choose a higher one",
        f"IVR_{setting}_PORT={port}：无法打开 {host} 的 {name} 端口 {port}"
        f"（{_reason(error)}）；1024 以下的端口需要特权，请改用更高的端口",
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
