"""Once a night, where `IVR_BACKUP_DIR` is set, a backup into that folder; the newest few are kept.

`ivr backup --nightly` does it, in a process of its own that the desk starts at `IVR_BACKUP_AT` (or
once the machine is on again). A backup is read back whole before an older one goes.
"""

from __future__ import annotations

import logging
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from pathlib import Path

from ivr import backup as room
from ivr.nightly import Nightly
from ivr.settings import Settings
from ivr.wording import OperatorError, Wording

COMMAND = (sys.executable, "-m", "ivr", "backup", "--nightly")
_NAME = re.compile(r"minsheng-line-(\d{8}T\d{6})Z\.tar\.gz")
SCRATCH_AGE_S = 24 * 3600.0

log = logging.getLogger(__name__)


def kept(folder: Path) -> list[tuple[datetime, Path]]:
    """The nightly backups of a folder and when they were made, oldest first."""
    found = []
    for path in folder.glob("minsheng-line-*.tar.gz"):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            found.append((datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), path))
    return sorted(found)


def make(settings: Settings, now: datetime) -> room.BackupReport:
    """Make tonight's, read it back, and let go of the oldest. Raises OperatorError."""
    folder = settings.backup_dir
    if folder is None:
        raise OperatorError(
            Wording(
                "IVR_BACKUP_DIR is not set: there is no folder for nightly backups; "
                "set it, or name a file",
                "未设置 IVR_BACKUP_DIR：没有存放每晚备份的文件夹；请设置，或给出文件名",
            )
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OperatorError(
            Wording(
                f"IVR_BACKUP_DIR={folder}: cannot be made ({error.strerror or error})",
                f"IVR_BACKUP_DIR={folder}：无法建立（{error.strerror or error}）",
            )
        ) from error
    _sweep(folder)
    file = folder / f"minsheng-line-{now.astimezone(UTC):%Y%m%dT%H%M%S}Z.tar.gz"
    room.backup(settings, file, now)
    report = room.check(file)
    # By their order and not their age: a clock that was set wrong must not remove what is good.
    others = [path for _made, path in kept(folder) if path != file]
    for path in others[: max(0, len(others) + 1 - settings.keep_backups)]:
        path.unlink(missing_ok=True)
        log.info("backup: %s is let go", path.name)
    return report


def _sweep(folder: Path) -> None:
    """Remove what a backup that was killed left."""
    for path in folder.glob(f"{room.SCRATCH}*"):
        if path.is_dir() and time.time() - path.stat().st_mtime > SCRATCH_AGE_S:
            shutil.rmtree(path, ignore_errors=True)


class NightlyBackup(Nightly):
    """Has `ivr backup --nightly` run when it is due; `folder` says when it last was made."""

    def __init__(
        self,
        folder: Path,
        at: time_of_day,
        zone: tzinfo,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        command: Sequence[str] = COMMAND,
        quiet_start: timedelta | None = None,
    ) -> None:
        more = {} if quiet_start is None else {"quiet_start": quiet_start}
        super().__init__(None, at, zone, now=now, command=command, **more)
        self._folder = folder

    def last_done(self) -> datetime | None:
        """When the newest was made; one from the future (a clock set back) does not count."""
        made = [at for at, _path in kept(self._folder) if at <= self._now()]
        return made[-1] if made else None
