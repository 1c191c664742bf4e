"""A private PostgreSQL cluster of Debian's postgresql, for tests: its own folder, user and socket.

Nothing of a server that may run on the machine is touched. PostgreSQL refuses
to run as root, so root lends it the user `postgres` (or `nobody`).
"""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

import psycopg
import pytest

from ivr.records import migrate

MISSING = "PostgreSQL is not installed; `apt-get install postgresql` lets these tests run"
TEMPLATE = "line_template"


def programs() -> Path | None:
    """The newest version's folder with initdb and pg_ctl, where there is one."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _user() -> str | None:
    """Whom to run it as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _run(folder: Path, *command: str) -> None:
    user = _user()
    done = subprocess.run(
        command,
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _pg_ctl(folder: Path, *words: str) -> None:
    where = programs()
    assert where is not None
    _run(folder, str(where / "pg_ctl"), "-D", str(folder / "data"), "-w", *words)


def _start(folder: Path) -> None:
    # No durability: it is thrown away. No TCP: nothing else can reach it.
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
    _pg_ctl(folder, "-l", str(folder / "log"), "-o", options, "start")


def stop(folder: Path | None = None, *, immediately: bool = False) -> None:
    """Take a cluster (this process's) away: in order, or as a crash of the server would."""
    _pg_ctl(folder or cluster(), "-m", "immediate" if immediately else "fast", "stop")


def start(folder: Path | None = None) -> None:
    """Bring it back, with what was committed."""
    _start(folder or cluster())


@cache
def cluster() -> Path:
    """Start the cluster once in this process and end it at exit; the folder of its socket."""
    return new_cluster()


def new_cluster() -> Path:
    """Another one, for a test that stops it; ended at exit too."""
    where = programs()
    if where is None:
        pytest.skip(MISSING)
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="ivr-postgresql-"))
    if user is not None:
        shutil.chown(folder, user)

    data = str(folder / "data")
    initdb = ("-U", "line", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    _run(folder, str(where / "initdb"), "-D", data, *initdb)
    _start(folder)
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            with suppress(AssertionError):  # a test may have stopped it
                _pg_ctl(folder, "-m", "immediate", "stop")
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    _execute(folder, f"CREATE DATABASE {TEMPLATE}")
    migrate(url(folder, TEMPLATE))
    return folder


def url(folder: Path, name: str) -> str:
    """The address of a database of the cluster."""
    return f"postgresql://line@/{name}?host={folder}"


def _execute(folder: Path, statement: str) -> None:
    with psycopg.connect(host=str(folder), user="line", dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(statement)


def new_database(*, migrated: bool = True, folder: Path | None = None) -> str:
    """The URL of a database of its own, with the tables (a copy of a migrated one) or empty."""
    folder = folder or cluster()
    name = f"t{uuid.uuid4().hex}"
    _execute(folder, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template0'}")
    return url(folder, name)
