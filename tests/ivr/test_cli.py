"""The commands as a user runs them: what they print, and their exit status."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli import main

ROOT = Path(__file__).parents[2]
NAMES = (
    *("serve", "call", "simulate", "check", "say", "render", "migrate"),
    *("import", "backup", "restore", "config"),
)


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """A state folder of the test's own, and an English terminal."""
    for name in list(os.environ):
        if name.startswith(("IVR_", "LC_", "LANG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)


def run(*words: str, **variables: str) -> tuple[int, str, str]:
    done = CliRunner(mix_stderr=False, env=variables).invoke(main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def one_line(status: int, out: str, err: str) -> str:
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_the_design_is_there_and_has_help(name):
    status, out, _ = run(name, "--help")
    assert status == 0
    assert "Usage:" in out


def test_a_bad_setting_is_one_line_and_status_2():
    err = one_line(*run("migrate", IVR_SIP_PORT="abc"))
    assert err.startswith("IVR_SIP_PORT=abc: not allowed; give a port")


def test_a_chinese_terminal_is_answered_in_chinese():
    err = one_line(*run("migrate", IVR_SIP_PORT="abc", LANG="zh_CN.UTF-8"))
    assert "无效；应为1 到 65535 的端口" in err


def test_config_prints_each_setting_with_its_source():
    status, out, _ = run("config", IVR_SIP_PORT="5070")
    assert status == 0
    assert "IVR_SIP_PORT=5070  [environment]\n    SIP port, UDP and TCP\n" in out
    assert "IVR_WEB_PORT=8080  [default]" in out
    assert "SIP 端口（UDP 和 TCP）" in run("config", "--language", "zh-CN")[1]


@pytest.mark.parametrize("target", ["line", "sip:line", "sip:line@host:99999", "sips:a@b", "-x"])
def test_a_target_that_cannot_be_called_is_refused_with_an_example(target):
    err = one_line(*run("call", "--", target))
    assert "sip:line@127.0.0.1:5060" in err


def test_keys_that_cannot_be_pressed_are_refused_with_an_example():
    assert "880123#:9" in one_line(*run("call", "sip:line@127.0.0.1", "--keys", "1;2"))


def test_a_probe_of_nothing_says_so_in_one_line_of_json():
    with socket.socket(type=socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    status, out, _ = run("call", f"sip:line@127.0.0.1:{port}", "--probe")
    assert status == 1
    assert len(out.splitlines()) == 1
    found = json.loads(out)
    assert not found["ok"]
    assert found["answer_ms"] is None
    assert "nobody listens" in found["how"]


def test_migrate_makes_the_database_and_may_be_repeated(tmp_path):
    assert run("migrate")[0] == 0
    assert (tmp_path / "var" / "ivr.db").is_file()
    status, out, _ = run("migrate", "--quiet")
    assert (status, out) == (0, "")


def test_the_line_as_it_comes_has_no_mistakes():
    status, out, _ = run("check")
    assert status == 0, out
    assert re.search(r"\d+ flows, \d+ prompts", out)


def test_flows_that_cannot_be_loaded_are_status_1_with_their_place(tmp_path):
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "main.yaml").write_text("spec_version: 1\nstart: nowhere\nnodes: {}\n")
    status, _, err = run("check", str(folder))
    assert status == 1
    assert "flows.main" in err


def test_a_call_can_be_held_in_the_terminal():
    status, out, _ = run("simulate", "--keys", "2 1 880123# h")
    assert status == 0
    assert "Please enter your account number" in out or "account" in out
    assert "880123" in out
    assert "bills.tell" in out


def test_the_query_code_is_masked_in_a_simulated_call():
    _, out, _ = run("simulate", "--keys", "1 1 880456# 4321# h")
    assert "4321" not in out


def test_the_recording_room_can_be_tried_in_the_terminal():
    keys = "2 1234567890 101# 1 speak 9 1 999# h"
    status, out, _ = run("simulate", "--flow", "studio", "--keys", keys)
    assert status == 0
    heard = ["Code accepted", "what callers hear now", "what callers will hear", "It is kept"]
    places = [out.find(words) for words in (*heard, "There is no prompt with that number")]
    assert -1 not in places
    assert places == sorted(places)
    # The made-up code stands in the first line, for whoever tries it, and nowhere else.
    assert out.count("1234567890") == 1


def test_bad_lines_of_bills_are_reported_and_good_ones_kept(tmp_path):
    assert run("migrate")[0] == 0
    file = tmp_path / "bills.csv"
    file.write_text(
        "account,kind,period,amount,due_on\n"
        "990001,water,2026-10,12.50,2026-12-01\n"
        "990002,water,2026-10,a lot,2026-12-01\n",
        encoding="utf-8",
    )
    status, out, err = run("import", "bills", str(file))
    assert status == 1
    assert f"{file}:3: amount:" in err
    assert "1 of 2 lines imported" in out
    file.write_text(file.read_text().replace("a lot", "3.00"), encoding="utf-8")
    assert run("import", "bills", str(file), "--all-or-nothing")[0] == 0


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    assert run("migrate")[0] == 0
    assert "nowhere.csv" in one_line(*run("import", "bills", str(tmp_path / "nowhere.csv")))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--prompt", "no_such_prompt"), "no_such_prompt"),
        (("--prompt", "ticket_number", "ticket=abc"), "ticket"),
        (("--prompt", "ticket_number", "tickets=1"), "tickets"),
        (("--text", "你好", "ticket=1"), "ticket=1"),
        ((), "prompt"),
    ],
)
def test_what_cannot_be_said_is_refused_in_one_line(tmp_path, words, named):
    err = one_line(*run("say", "zh-CN", *words, "--out", str(tmp_path / "x.wav")))
    assert named in err


def test_a_taken_port_stops_serve_with_one_line_and_status_2(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "ivr", "serve"],
            cwd=ROOT,
            env={
                **os.environ,
                "IVR_SIP_HOST": "127.0.0.1",
                "IVR_SIP_PORT": str(port),
                "IVR_STATE_DIR": str(tmp_path / "var"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"IVR_SIP_PORT={port}" in done.stderr
    assert "stop that program, or set IVR_SIP_PORT" in done.stderr


def test_what_is_said_is_a_telephone_wav(tmp_path):
    out = tmp_path / "heard.wav"
    status, printed, err = run("say", "en", "--text", "Hello.", "--out", str(out))
    if "no voice speaks it" in err:
        pytest.skip(err)
    assert status == 0, err
    assert "heard.wav" in printed
    header = out.read_bytes()[:40]
    assert header[:4] == b"RIFF"
    assert int.from_bytes(header[20:22], "little") == 7, "µ-law"
    assert int.from_bytes(header[24:28], "little") == 8000
