"""`ivr backup` and `ivr restore`: everything that cannot be made again, in one file.

The archive holds the database as of one moment, what callers said, what staff
recorded, and the signing key; rendered clauses are left out, since `ivr
render` makes them. A manifest with a SHA-256 of every file comes first, and a
restore reads and checks the whole archive before it touches anything. It puts
what was there aside instead of deleting it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import make_url

from ivr.preflight import check_state_dir, hold_lock
from ivr.secret_key import FILE_NAME as KEY_FILE
from ivr.settings import Settings
from ivr.wording import OperatorError, Wording

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_MEMBER = "database.sqlite3"
POSTGRESQL_MEMBER = "database.pgdump"
_FOLDERS = ("recordings", "prompts")
_LARGEST_MANIFEST = 64 * 2**20


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


def _write(settings: Settings, file: Path, now: datetime) -> BackupReport:
    with tempfile.TemporaryDirectory(prefix="ivr-backup-", dir=file.absolute().parent) as scratch:
        folder = Path(scratch)
        # The database first: a recording it names is then there when the files are read.
        members = [(_dump_database(settings, folder), folder)]
        members += [(path, settings.state_dir) for path in _state_files(settings)]
        part = folder / "archive"
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "made": now.isoformat(timespec="seconds"),
            "files": {},
        }
        names: list[tuple[str, Path]] = []
        for path, base in members:
            name = path.relative_to(base).as_posix()
            # A recording in progress grows: what is kept is a copy of this moment.
            kept = folder / "files" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, kept)
            manifest["files"][name] = _digest(kept)
            names.append((name, kept))
        with tarfile.open(part, "w:gz", compresslevel=3) as archive:
            text = json.dumps(manifest, indent=1, sort_keys=True).encode()
            info = tarfile.TarInfo(MANIFEST)
            info.size, info.mode = len(text), 0o600
            archive.addfile(info, io.BytesIO(text))
            for name, kept in names:
                archive.add(kept, name, recursive=False, filter=_anonymous)
        part.chmod(0o600)
        os.replace(part, file)
    return BackupReport(file, manifest["made"], len(names), file.stat().st_size)


def restore(settings: Settings, file: Path, now: datetime, *, replace: bool) -> BackupReport:
    """Put an archive back; the line must not be running. Raises OperatorError.

    Where there is data already it is refused, or with `replace` put aside.
    """
    check_state_dir(settings.state_dir)
    with hold_lock(settings), tempfile.TemporaryDirectory(dir=settings.state_dir) as scratch:
        folder = Path(scratch)
        manifest = _unpack(file, folder)
        _check_kind(settings, manifest, file)
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
    wanted = POSTGRESQL_MEMBER if _sqlite_file(settings) is None else SQLITE_MEMBER
    if wanted not in manifest["files"]:
        raise _error(
            f"{file} was made from another kind of database; "
            "set IVR_DATABASE_URL to the kind it was made from",
            f"{file} 来自另一种数据库；请把 IVR_DATABASE_URL 设为备份时所用的种类",
        )


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Read and check the whole archive into `folder`."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            first = archive.next()
            if first is None or first.name != MANIFEST or first.size > _LARGEST_MANIFEST:
                raise ValueError("no manifest")
            text = archive.extractfile(first)
            manifest: dict[str, Any] = json.loads(text.read() if text else b"")
            if manifest["format"] != FORMAT:
                raise ValueError(f"format {manifest['format']}")
            waiting = dict(manifest["files"])
            while (member := archive.next()) is not None:
                digest = waiting.pop(member.name, None)
                if digest is None or not member.isfile() or not _inside(member.name):
                    raise ValueError(member.name)
                # Not `extract(filter="data")`: Debian 12's Python 3.11.2 does not have it.
                content = archive.extractfile(member)
                kept = folder / member.name
                kept.parent.mkdir(parents=True, exist_ok=True)
                with kept.open("xb") as file_kept:
                    shutil.copyfileobj(content or io.BytesIO(), file_kept)
                kept.chmod(0o600)
                if _digest(kept) != digest:
                    raise ValueError(member.name)
            if waiting:
                raise ValueError(next(iter(waiting)))
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        detail = getattr(error, "strerror", None) or error
        raise _error(
            f"{file}: not a whole backup of the line ({detail}); nothing was changed",
            f"{file}：不是完整的备份（{detail}）；未作任何改动",
        ) from error
    return manifest


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    known = path.parts[0] in (*_FOLDERS, KEY_FILE, SQLITE_MEMBER, POSTGRESQL_MEMBER)
    return known and not path.is_absolute() and ".." not in path.parts


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    command = [program, f"--dbname={place}", *arguments]
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
