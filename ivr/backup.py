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
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from ivr import backup_database
from ivr.backup_database import POSTGRESQL_MEMBER, SQLITE_MEMBER
from ivr.preflight import check_state_dir, hold_lock
from ivr.secret_key import FILE_NAME as KEY_FILE
from ivr.settings import Settings
from ivr.wording import OperatorError, Wording

FORMAT = 2
"""In format 1 the manifest came first."""
MANIFEST = "manifest.json"
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
        members = [(backup_database.dump(settings, folder), folder)]
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
        backup_database.check_kind(settings, manifest["files"], file)
        _check_database(file, folder)
        present = [path for path in _places(settings) if path.exists()]
        tables = backup_database.tables(settings)
        if (present or tables) and not replace:
            place = "IVR_DATABASE_URL" if not present else f"IVR_STATE_DIR={settings.state_dir}"
            raise _error(
                f"{place} holds data already; --replace puts it aside and restores the backup",
                f"{place} 已有数据；加 --replace 可先移开旧数据再恢复",
            )
        aside = settings.state_dir / f"before-restore-{now:%Y%m%d-%H%M%S}"
        if present or tables:
            aside.mkdir(mode=0o700)
        if tables:
            backup_database.dump(settings, aside)
        # A server may refuse; that is known before the first file is moved.
        backup_database.load_postgresql(settings, folder, tables)
        for path in present:
            shutil.move(path, aside / path.name)
        for name in (*_FOLDERS, KEY_FILE):
            if (folder / name).exists():
                os.replace(folder / name, settings.state_dir / name)
        backup_database.load_sqlite(settings, folder)
    return BackupReport(file, manifest["made"], len(manifest["files"]), file.stat().st_size)


def _places(settings: Settings) -> Iterator[Path]:
    for name in (*_FOLDERS, KEY_FILE):
        yield settings.state_dir / name
    database = backup_database.sqlite_file(settings)
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
        backup_database.check_dump(dump)
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


def _error(en: str, zh: str) -> OperatorError:
    return OperatorError(Wording(en, zh))
