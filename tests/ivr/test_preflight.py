"""What stops a line before it starts, in one line that says how to mend it."""

import os
import socket

import pytest

from ivr.preflight import (
    check_sip_ports,
    check_state_dir,
    check_web_port,
    hold_lock,
    too_few_sound_ports,
)
from ivr.settings import load
from ivr.wording import OperatorError


def settings_with(tmp_path, **variables):
    return load({"IVR_STATE_DIR": str(tmp_path / "var"), **variables}, tmp_path)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_taken_sip_port_is_named_with_its_protocol(tmp_path, kind):
    with socket.socket(type=kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        settings = settings_with(tmp_path, IVR_SIP_HOST="127.0.0.1", IVR_SIP_PORT=str(port))
        with pytest.raises(OperatorError) as caught:
            check_sip_ports(settings)
    name = "TCP" if kind == socket.SOCK_STREAM else "UDP"
    assert f"{name} port {port} on 127.0.0.1 is taken" in caught.value.wording.en
    assert f"{name} 端口 {port} 已被" in caught.value.wording.zh


def test_free_ports_pass_and_stay_free(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = settings_with(
        tmp_path, IVR_SIP_HOST="127.0.0.1", IVR_SIP_PORT=port, IVR_WEB_PORT=port
    )
    check_sip_ports(settings)
    check_sip_ports(settings)
    check_web_port(settings)


def test_an_address_of_another_machine_is_named(tmp_path):
    with pytest.raises(OperatorError, match="not an address of this machine"):
        check_web_port(settings_with(tmp_path, IVR_WEB_HOST="203.0.113.7"))


def test_too_few_ports_for_sound_are_said_with_the_calls_they_suffice_for(tmp_path):
    few = settings_with(tmp_path, IVR_RTP_PORTS="20000-20099", IVR_MAX_CALLS="51")
    wording = too_few_sound_ports(few)
    assert wording is not None
    assert "enough for 50 calls" in wording.en
    assert "只够 50 通" in wording.zh
    enough = settings_with(tmp_path, IVR_RTP_PORTS="20000-20099", IVR_MAX_CALLS="50")
    assert too_few_sound_ports(enough) is None
    assert too_few_sound_ports(settings_with(tmp_path)) is None


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot be written"):
        check_state_dir(tmp_path / "file" / "var")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_of_somebody_else_is_named(tmp_path):
    (tmp_path / "var").mkdir(mode=0o500)
    with pytest.raises(OperatorError, match="cannot be written"):
        check_state_dir(tmp_path / "var")


def test_the_state_folder_is_private(tmp_path):
    check_state_dir(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_one_folder_serves_one_line_and_is_free_again_afterwards(tmp_path):
    settings = settings_with(tmp_path)
    check_state_dir(settings.state_dir)
    with hold_lock(settings):
        with pytest.raises(OperatorError) as caught:
            hold_lock(settings)
        assert f"process {os.getpid()}" in caught.value.wording.en
    hold_lock(settings).close()
