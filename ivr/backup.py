"""`ivr backup` and `ivr restore`: everything that cannot be made again, in one file.

The archive holds the database as of one moment, what callers said, what staff
recorded, and the signing key; rendered clauses are left out, since `ivr
render` makes them. Files go straight into it: a backup needs the room of the
archive and of one copy of the database, no more. A manifest with a SHA-256 of every file comes
last (first in those of former releases), and a
restore reads and checks the whole archive before it touches anything. It puts
what was there aside instead of deleting it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from sqlalchemy import make_url

from ivr.preflight import check_state_dir, hold_lock
from ivr.secret_key import FILE_NAME as KEY_FILE
from ivr.settings import Settings
from ivr.wording import OperatorError, Wording

FORMAT = 2
"""In format 1 the manifest came first."""
MANIFEST = "manifest.json"
SQLITE_MEMBER = "database.sqlite3"
POSTGRESQL_MEMBER = "database.pgdump"
_FOLDERS = ("recordings", "prompts")
_LARGEST_MANIFEST = 64 * 2**20
_PIECE = 1 << 20
_RESERVE = 64 * 2**20
"""Bytes of the disk that unpacking leaves alone."""
SCRATCH = "ivr-backup-"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What an archive holds."""

    file: Path
    made: str
    files: int
    size_bytes: int


def backup(settings: Settings, file: Path, now: datetime) -> BackupReport:
    """Write an archive of the line, which may be running; raises OperatorError."""
    if file.exists():
        raise _error(f"{file} is there already; name a new file", f"{file} 已存在；请换一个文件名")
    if not settings.state_dir.is_dir():
        raise _error(
            f"IVR_STATE_DIR={settings.state_dir}: no line has run here yet; nothing to keep",
            f"IVR_STATE_DIR={settings.state_dir}：此处尚无运行过的线路，没有可备份的内容",
        )
    try:
        return _write(settings, file, now)
    except OSError as error:
        raise _error(
            f"{file}: the backup could not be written ({error.strerror or error})",
            f"{file}：无法写入备份（{error.strerror or error}）",
        ) from error


def check(file: Path) -> BackupReport:
    """Read a whole archive and see that it could be restored; raises OperatorError."""
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=file.absolute().parent) as scratch:
        folder = Path(scratch)
        manifest = _unpack(file, folder, only=(SQLITE_MEMBER, POSTGRESQL_MEMBER))
        _check_database(file, folder)
    return BackupReport(file, manifest["made"], len(manifest["files"]), file.stat().st_size)


def _write(settings: Settings, file: Path, now: datetime) -> BackupReport:
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=file.absolute().parent) as scratch:
        folder = Path(scratch)
        # The database first: a recording it names is then there when the files are read.
        members = [(_dump_database(settings, folder), folder)]
        members += [(path, settings.state_dir) for path in _state_files(settings)]
        part = folder / "archive"
        files: dict[str, str] = {}
        with part.open("xb") as raw:
            os.fchmod(raw.fileno(), 0o600)
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as archive:
                for path, base in members:
                    name = path.relative_to(base).as_posix()
                    digest = _add(archive, path, name)
                    if digest is not None:
                        files[name] = digest
                manifest = {
                    "format": FORMAT,
                    "made": now.isoformat(timespec="seconds"),
                    "files": files,
                }
                text = json.dumps(manifest, indent=1, sort_keys=True).encode()
                archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, file)
        _sync_folder(file.absolute().parent)
    return BackupReport(file, str(manifest["made"]), len(files), file.stat().st_size)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str | None:
    """Put a file in, as long as it is now; None where it went meanwhile."""
    try:
        source = path.open("rb")
    except FileNotFoundError:
        return None  # the nightly removal of what is kept no longer took it
    with source:
        size = os.fstat(source.fileno()).st_size
        reading = _Digesting(source, size)
        archive.addfile(_member(name, size), cast(IO[bytes], reading))
        return reading.hexdigest()


class _Digesting:
    """Reads so many bytes of a file, and their SHA-256 on the way."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source, self._left = source, size
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        self._digest.update(data)
        return data

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _sync_folder(folder: Path) -> None:
    """A new name survives a power cut once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore(settings: Settings, file: Path, now: datetime, *, replace: bool) -> BackupReport:
    """Put an archive back; the line must not be running. Raises OperatorError.

    Where there is data already it is refused, or with `replace` put aside.
    """
    check_state_dir(settings.state_dir)
    with hold_lock(settings), tempfile.TemporaryDirectory(dir=settings.state_dir) as scratch:
        folder = Path(scratch)
        manifest = _unpack(file, folder)
        _check_kind(settings, manifest, file)
        _check_database(file, folder)
        present = [path for path in _places(settings) if path.exists()]
        if present and not replace:
            raise _error(
                f"IVR_STATE_DIR={settings.state_dir} holds data already; "
                "--replace puts it aside and restores the backup",
                f"IVR_STATE_DIR={settings.state_dir} 已有数据；加 --replace 可先移开旧数据再恢复",
            )
        if present:
            aside = settings.state_dir / f"before-restore-{now:%Y%m%d-%H%M%S}"
            aside.mkdir(mode=0o700)
            for path in present:
                shutil.move(path, aside / path.name)
        for name in (*_FOLDERS, KEY_FILE):
            if (folder / name).exists():
                os.replace(folder / name, settings.state_dir / name)
        _load_database(settings, folder)
    return BackupReport(file, manifest["made"], len(manifest["files"]), file.stat().st_size)


def _places(settings: Settings) -> Iterator[Path]:
    for name in (*_FOLDERS, KEY_FILE):
        yield settings.state_dir / name
    database = _sqlite_file(settings)
    if database is not None:
        for suffix in ("", "-wal", "-shm"):
            yield database.with_name(database.name + suffix)


def _state_files(settings: Settings) -> Iterator[Path]:
    for name in _FOLDERS:
        yield from (
            path
            for path in sorted((settings.state_dir / name).rglob("*"))
            if path.is_file() and not path.is_symlink()
        )
    key = settings.state_dir / KEY_FILE
    if key.is_file():
        yield key


def _dump_database(settings: Settings, folder: Path) -> Path:
    source = _sqlite_file(settings)
    if source is None:
        target = folder / POSTGRESQL_MEMBER
        _run_postgresql(settings, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")
        return target
    if not source.is_file():
        raise _error(
            f"IVR_DATABASE_URL: there is no database at {source}; nothing to keep",
            f"IVR_DATABASE_URL：{source} 处没有数据库，没有可备份的内容",
        )
    target = folder / SQLITE_MEMBER
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
    return target


def _load_database(settings: Settings, folder: Path) -> None:
    target = _sqlite_file(settings)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / SQLITE_MEMBER, target)
        return
    _run_postgresql(
        settings,
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        str(folder / POSTGRESQL_MEMBER),
    )


def _check_kind(settings: Settings, manifest: dict[str, Any], file: Path) -> None:
    other = SQLITE_MEMBER if _sqlite_file(settings) is None else POSTGRESQL_MEMBER
    if other in manifest["files"]:
        raise _error(
            f"{file} was made from another kind of database; "
            "set IVR_DATABASE_URL to the kind it was made from",
            f"{file} 来自另一种数据库；请把 IVR_DATABASE_URL 设为备份时所用的种类",
        )


def _unpack(file: Path, folder: Path, *, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Read and check the whole archive; into `folder`, of which `only` these files are kept."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            manifest: dict[str, Any] | None = None
            found: dict[str, str] = {}
            while (member := archive.next()) is not None:
                # Not `extract(filter="data")`: Debian 12's Python 3.11.2 does not have it.
                content = archive.extractfile(member) if member.isfile() else None
                if content is None or member.name in found:
                    raise ValueError(member.name)
                if member.name == MANIFEST:
                    if manifest is not None or member.size > _LARGEST_MANIFEST:
                        raise ValueError(MANIFEST)
                    manifest = dict(json.loads(content.read()))
                    continue
                if not _inside(member.name):
                    raise ValueError(member.name)
                kept = folder / member.name if only is None or member.name in only else None
                found[member.name] = _copied(content, member.size, kept)
            if manifest is None or manifest["format"] not in (1, FORMAT):
                raise ValueError("no manifest")
            str(manifest["made"])
            differing = found.items() ^ dict(manifest["files"]).items()
            if differing:
                raise ValueError(min(differing)[0])
            # The checksum of the whole is behind the last member: gzip looks at it at the end.
            while archive.fileobj is not None and archive.fileobj.read(_PIECE):
                pass
    except (
        OSError,
        EOFError,
        zlib.error,
        tarfile.TarError,
        ValueError,
        LookupError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise _damaged(file, str(getattr(error, "strerror", None) or error)) from error
    return manifest


def _copied(content: IO[bytes], size: int, kept: Path | None) -> str:
    """The SHA-256 of a member, which is also written to `kept` where one is given."""
    digest = hashlib.sha256()
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        if size > shutil.disk_usage(kept.parent).free - _RESERVE:
            raise OSError(errno.ENOSPC, "not enough room on the disk")
    with contextlib.ExitStack() as files:
        target = files.enter_context(kept.open("xb")) if kept is not None else None
        if target is not None:
            os.fchmod(target.fileno(), 0o600)
        while piece := content.read(_PIECE):
            digest.update(piece)
            if target is not None:
                target.write(piece)
    return digest.hexdigest()


def _check_database(file: Path, folder: Path) -> None:
    """See that the database in an archive is one, before anything is touched."""
    database = folder / SQLITE_MEMBER
    if database.exists():
        try:
            with closing(sqlite3.connect(database)) as reading:
                said = [str(row[0]) for row in reading.execute("PRAGMA integrity_check(1)")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
        if said != ["ok"]:
            raise _damaged(file, said[0])
    elif (dump := folder / POSTGRESQL_MEMBER).exists():
        _run("pg_restore", "--list", str(dump))
    else:
        raise _damaged(file, "no database")


def _damaged(file: Path, detail: str) -> OperatorError:
    return _error(
        f"{file}: not a whole backup of the line ({detail}); nothing was changed",
        f"{file}：不是完整的备份（{detail}）；未作任何改动",
    )


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    known = path.parts[:1] and path.parts[0] in (
        *_FOLDERS,
        KEY_FILE,
        SQLITE_MEMBER,
        POSTGRESQL_MEMBER,
    )
    return bool(known) and not path.is_absolute() and ".." not in path.parts


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "").absolute()


def _run_postgresql(settings: Settings, program: str, *arguments: str) -> None:
    url = make_url(settings.database_url).set(drivername="postgresql")
    # The password goes by the environment: a command line can be read by every user.
    place = url.set(password=None).render_as_string()
    environment = dict(os.environ)
    if url.password is not None:
        environment["PGPASSWORD"] = str(url.password)
    _run(program, f"--dbname={place}", *arguments, environment=environment)


def _run(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    command = [program, *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise _error(
            f"{program} was not found; apt install postgresql-client",
            f"找不到 {program}；请执行 apt install postgresql-client",
        ) from error
    if done.returncode:
        detail = " ".join(done.stderr.split())[:300]
        raise _error(f"{program} failed: {detail}", f"{program} 失败：{detail}")


def _error(en: str, zh: str) -> OperatorError:
    return OperatorError(Wording(en, zh))
