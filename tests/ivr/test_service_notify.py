"""What is said to systemd, where, and by whom it is asked for (sd_notify(3))."""

import os
import socket
from pathlib import Path

import pytest

from ivr.service_notify import ServiceManager


@pytest.mark.parametrize("abstract", [False, True])
def test_a_datagram_of_lines_goes_to_the_socket_that_was_named(tmp_path: Path, abstract: bool):
    name = f"@minsheng-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:] if abstract else name)
        ear.settimeout(20.0)
        environment = {"NOTIFY_SOCKET": name, "HOME": "/"}
        manager = ServiceManager(environment)
        assert environment == {"HOME": "/"}, "children have nobody to tell"
        manager.ready()
        assert ear.recv(4096) == b"READY=1\nSTATUS=The line answers"
        manager.alive()
        assert ear.recv(4096) == b"WATCHDOG=1"
        manager.stopping(65.0)
        assert ear.recv(4096).splitlines()[0::2] == [b"STOPPING=1", b"EXTEND_TIMEOUT_USEC=65000000"]


def test_nobody_is_told_where_nobody_asked_and_nobody_listens(tmp_path: Path):
    for environment in ({}, {"NOTIFY_SOCKET": "nonsense"}, {"NOTIFY_SOCKET": f"{tmp_path}/gone"}):
        ServiceManager(environment).ready()


def test_what_a_busy_manager_did_not_take_is_said_with_the_next_sign_of_life(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(20.0)
        manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(10_000):  # more than any kernel holds for one socket
            manager.alive()
        manager.ready()
        while True:
            held = ear.recv(4096)
            manager.alive()
            if held.startswith(b"READY=1"):
                break
        assert ear.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("variables", "every_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_it_is_alive_twice_as_often_as_asked(variables: dict[str, str], every_s: float | None):
    assert ServiceManager({"NOTIFY_SOCKET": "/run/n", **variables}).alive_every_s == every_s
