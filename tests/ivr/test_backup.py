"""Backup and restore: what is kept, what is refused, what is put aside."""

import io
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from ivr.backup import backup, restore
from ivr.preflight import hold_lock
from ivr.records import Database, migrate
from ivr.secret_key import secret_key
from ivr.services import staff
from ivr.settings import Settings, load
from ivr.wording import OperatorError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def lived_in(folder: Path) -> Settings:
    """A state folder with a database, a recording, a recorded prompt and a key."""
    settings = load({"IVR_STATE_DIR": str(folder)}, folder.parent)
    folder.mkdir()
    migrate(settings.database_url)
    database = Database(settings.database_url)
    staff.ensure_first_administrator(database, "a long one for tests", NOW)
    database.close()
    for name in ("recordings/2026/11/one.wav", "prompts/greeting.wav", "clauses/ab/ab.ulaw"):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    secret_key(folder)
    return settings


def empty(folder: Path) -> Settings:
    return load({"IVR_STATE_DIR": str(folder)}, folder.parent)


def people(settings: Settings) -> list[str]:
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            return list(session.scalars(text("SELECT username FROM staff")))
    finally:
        database.close()


def test_what_was_kept_comes_back(tmp_path):
    before = lived_in(tmp_path / "before")
    report = backup(before, tmp_path / "line.tar.gz", NOW)
    after = empty(tmp_path / "after")
    restored = restore(after, tmp_path / "line.tar.gz", NOW, replace=False)
    assert report.files == restored.files == 4
    assert people(after) == ["admin"]
    assert (after.state_dir / "recordings/2026/11/one.wav").read_bytes().endswith(b"one.wav")
    assert secret_key(after.state_dir) == secret_key(before.state_dir)
    assert not (after.state_dir / "clauses").exists()


def test_the_archive_is_its_owners_alone(tmp_path):
    settings = lived_in(tmp_path / "var")
    backup(settings, tmp_path / "line.tar.gz", NOW)
    assert (tmp_path / "line.tar.gz").stat().st_mode & 0o077 == 0


def test_a_backup_may_be_made_while_the_line_writes(tmp_path):
    settings = lived_in(tmp_path / "var")
    database = Database(settings.database_url)
    with closing(database), hold_lock(settings), database.begin() as session:
        session.execute(text("UPDATE staff SET username = 'half'"))
        backup(settings, tmp_path / "line.tar.gz", NOW)
    after = empty(tmp_path / "after")
    restore(after, tmp_path / "line.tar.gz", NOW, replace=False)
    assert people(after) == ["admin"]


def test_an_existing_file_is_not_overwritten(tmp_path):
    settings = lived_in(tmp_path / "var")
    (tmp_path / "line.tar.gz").write_bytes(b"precious")
    with pytest.raises(OperatorError, match="name a new file"):
        backup(settings, tmp_path / "line.tar.gz", NOW)
    assert (tmp_path / "line.tar.gz").read_bytes() == b"precious"


def test_data_that_is_there_is_put_aside_only_when_asked(tmp_path):
    settings = lived_in(tmp_path / "var")
    backup(settings, tmp_path / "line.tar.gz", NOW)
    with pytest.raises(OperatorError, match="--replace"):
        restore(settings, tmp_path / "line.tar.gz", NOW, replace=False)
    restore(settings, tmp_path / "line.tar.gz", NOW, replace=True)
    aside = settings.state_dir / "before-restore-20261122-090000"
    assert {path.name for path in aside.iterdir()} >= {"ivr.db", "recordings", "secret.key"}
    assert people(settings) == ["admin"]


def test_a_running_line_is_not_restored_under(tmp_path):
    settings = lived_in(tmp_path / "var")
    backup(settings, tmp_path / "line.tar.gz", NOW)
    with hold_lock(settings), pytest.raises(OperatorError, match="another Minsheng Line"):
        restore(settings, tmp_path / "line.tar.gz", NOW, replace=True)


@pytest.mark.parametrize("damage", ["cut", "changed", "no archive", "escape"])
def test_a_damaged_archive_changes_nothing(tmp_path, damage):
    settings = lived_in(tmp_path / "var")
    file = tmp_path / "line.tar.gz"
    backup(settings, file, NOW)
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "no archive":
        file.write_bytes(b"not an archive")
    else:
        rewrite(file, damage)
    after = empty(tmp_path / "after")
    with pytest.raises(OperatorError, match="nothing was changed"):
        restore(after, file, NOW, replace=False)
    assert [path.name for path in after.state_dir.iterdir()] == ["ivr.lock"]
    assert not (tmp_path / "escaped.wav").exists()


def rewrite(file: Path, damage: str) -> None:
    """The same archive with one recording changed, or one that would land outside."""
    with tarfile.open(file) as old:
        members = [(m, old.extractfile(m).read()) for m in old.getmembers()]
    with tarfile.open(file, "w:gz") as new:
        for member, found in members:
            content = found
            if member.name.startswith("recordings/"):
                if damage == "changed":
                    content = b"X" + found[1:]
                else:
                    member.name = "../escaped.wav"
            new.addfile(member, io.BytesIO(content))


def test_there_is_nothing_to_keep_before_the_first_start(tmp_path):
    with pytest.raises(OperatorError, match="nothing to keep"):
        backup(empty(tmp_path / "var"), tmp_path / "line.tar.gz", NOW)
