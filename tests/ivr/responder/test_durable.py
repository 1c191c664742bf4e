"""A caller is told only what is on the disk: seen from outside, by the calls to the kernel.

SIGKILL cannot show what a power cut would lose, because the kernel keeps what was written. What
can be shown is the order: SQLite's log is written, then synced, and only then is the answer
given. strace tells, of the very code that files complaints.
"""

import re
import shutil
import subprocess
import sys

import pytest
from sqlalchemy import text

from ivr.records import Database
from tests.databases import environment, new_url

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed; apt-get install strace"
)

FILES_ONE = """
import os, sys
from datetime import UTC, datetime
from twisted.internet import reactor
from ivr.records import Database
from ivr.responder.database import Records
from ivr.services import complaints

def file(session):
    return complaints.file(
        session, category="roads", call_id=None, recording_id=None, caller="13800138000",
        callback_number="13800138000", finished=True, now=datetime.now(UTC),
    ).ticket

def told(ticket):
    os.write(1, f"told {ticket}\\n".encode())
    reactor.stop()

records = Records(reactor, Database(sys.argv[1]))
records.start()
def begin():
    os.write(1, b"asked\\n")
    records.write(file).addCallback(told)
reactor.callWhenRunning(begin)
reactor.run()
records.stop()
"""

CALL = re.compile(r"^\d+\s+(?:<\.\.\. )?(\w+)[ (].*")


def traced(url, *more, script=FILES_ONE):
    log = "-o", "/dev/stderr"
    calls = "trace=pwrite64,write,fsync,fdatasync,sendto"
    return subprocess.run(
        ["strace", "-f", "-y", *log, "-e", calls, *more, sys.executable, "-c", script, url],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_ticket_is_told_after_its_commit_is_written_and_synced(tmp_path):
    url = new_url("sqlite", tmp_path)
    done = traced(url)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stderr.splitlines()
    told = next(n for n, line in enumerate(lines) if "write(1" in line and '"told ' in line)
    asked = next(n for n, line in enumerate(lines) if "write(1" in line and '"asked' in line)
    between = [line for line in lines[asked:told] if "line.db-wal" in line]
    writes = [n for n, line in enumerate(between) if "pwrite64(" in line]
    syncs = [n for n, line in enumerate(between) if "sync(" in line]
    assert writes, "nothing was written before it was told"
    assert syncs
    assert syncs[-1] > writes[-1], "told before what was written last was synced"


@pytest.mark.parametrize("when", [1, 2])
def test_killed_at_a_sync_there_is_a_whole_complaint_or_none(tmp_path, when):
    url = new_url("sqlite", tmp_path)
    done = traced(url, "-e", f"inject=fdatasync,fsync:signal=SIGKILL:when={when}")
    told = re.findall(r"^told (\d+)", done.stdout, re.MULTILINE)
    database = Database(url)
    with database.read() as session:
        kept = session.execute(text("SELECT ticket FROM complaints")).scalars().all()
        lines = session.execute(text("SELECT ticket FROM complaint_events")).scalars().all()
        counter = session.execute(text("SELECT last FROM ticket_counters")).scalars().all()
        assert session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
    database.close()
    assert set(told) <= set(kept)
    assert kept == lines
    assert len(kept) == sum(counter)


def test_a_commit_that_cannot_be_synced_is_not_told(tmp_path):
    url = new_url("sqlite", tmp_path)
    script = FILES_ONE.replace(
        "records.write(file)", "records.write(file, patience_s=0.5)"
    ).replace(".addCallback(told)", ".addCallbacks(told, lambda f: told('refused'))")
    done = traced(url, "-e", "inject=fdatasync,fsync:error=EIO", script=script)
    assert "told refused" in done.stdout, done.stderr[-2000:]


def test_postgresql_is_asked_for_durable_commits(tmp_path):
    database = Database(new_url("postgresql", tmp_path))
    with database.begin() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "on"
    database.close()
