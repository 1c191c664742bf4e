"""Backup and restore: what is kept, what is refused, what is put aside."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
import zlib
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from ivr.backup import MANIFEST, backup, check, restore
from ivr.backup_database import POSTGRESQL_MEMBER, SQLITE_MEMBER
from ivr.preflight import hold_lock
from ivr.records import Database, migrate
from ivr.secret_key import secret_key
from ivr.services import staff
from ivr.settings import Settings, load
from ivr.wording import OperatorError
from tests import postgresql

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def lived_in(folder: Path, **variables: str) -> Settings:
    """A state folder with a database, a recording, a recorded prompt and a key."""
    settings = load({"IVR_STATE_DIR": str(folder), **variables}, folder.parent)
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


def empty(folder: Path, **variables: str) -> Settings:
    return load({"IVR_STATE_DIR": str(folder), **variables}, folder.parent)


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


# --- an archive that is not what `backup` wrote


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a small archive."""
    folder = tmp_path_factory.mktemp("whole")
    backup(lived_in(folder / "var"), folder / "line.tar.gz", NOW)
    return (folder / "line.tar.gz").read_bytes()


def refuses(folder: Path, content: bytes) -> None:
    """`check` and `restore` say what is wrong in one line, and nothing is left or touched."""
    file = folder / "line.tar.gz"
    file.write_bytes(content)
    after = empty(folder / "after")
    with pytest.raises(OperatorError, match="nothing was changed"):
        check(file)
    with pytest.raises(OperatorError, match="nothing was changed"):
        restore(after, file, NOW, replace=False)
    assert [path.name for path in after.state_dir.iterdir()] == ["ivr.lock"]
    assert {path.name for path in folder.iterdir()} == {"line.tar.gz", "after"}


SOME = hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SOME
@given(st.floats(0.0, 0.9999))
def test_an_archive_that_was_cut_short_anywhere_is_refused(tmp_path, whole, part):
    refuses(tmp_path, whole[: int(len(whole) * part)])


# Before it stand gzip's head and a file name, which tell nothing that is restored.
TOLD_FROM = 18


@SOME
@given(st.floats(0.0, 0.9999), st.integers(1, 255))
@example(0.9999, 255)
def test_a_flipped_byte_anywhere_is_refused(tmp_path, whole, part, mask):
    place = TOLD_FROM + int(part * (len(whole) - TOLD_FROM))
    flipped = whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :]
    with suppress(OSError, EOFError, zlib.error):
        # Some bits between deflate's last blocks mean nothing: all is as it was.
        assume(gzip.decompress(flipped) != gzip.decompress(whole))
    refuses(tmp_path, flipped)


def archive(*members: tuple[tarfile.TarInfo, bytes], **manifest: object) -> bytes:
    """An archive of these, with a manifest that fits them but for what is given."""
    files = {info.name: hashlib.sha256(content).hexdigest() for info, content in members}
    told = {"format": 2, "made": "2026-11-22T09:00:00+00:00", "files": files, **manifest}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as written:
        for info, content in members:
            written.addfile(info, io.BytesIO(content))
        text_of = json.dumps(told).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text_of)
        written.addfile(info, io.BytesIO(text_of))
    return out.getvalue()


def member(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = ""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content if kind == tarfile.REGTYPE else b""


@pytest.mark.parametrize(
    "members",
    [
        [member("../escaped.wav")],
        [member("/etc/escaped.wav")],
        [member("recordings/../../escaped.wav")],
        [member("recordings/a.wav", kind=tarfile.SYMTYPE, link="/etc/passwd")],
        [member("recordings/a.wav", kind=tarfile.LNKTYPE, link="secret.key")],
        [member("recordings", kind=tarfile.SYMTYPE, link="/tmp"), member("recordings/a.wav")],
        [member("recordings/a.wav", kind=tarfile.FIFOTYPE)],
        [member("recordings/a.wav", kind=tarfile.CHRTYPE)],
        [member("recordings/a.wav"), member("recordings/a.wav", b"y")],
        [member("ivr.toml")],
        [member("recordings/a"), member("recordings/a/b.wav")],
        [member("recordings/" + "a" * 300)],
        [member(SQLITE_MEMBER, b"not a database at all" * 100)],
        [member("recordings/a.wav")],  # and no database
    ],
    ids=lambda members: repr(members[0][0].name)[:40] + str(members[0][0].type),
)
def test_a_crafted_archive_is_refused_whatever_its_manifest_says(tmp_path, members):
    refuses(tmp_path, archive(*members))
    assert not (tmp_path.parent / "escaped.wav").exists()


@pytest.mark.parametrize(
    "manifest",
    [{"format": 3}, {"files": []}, {"files": "x"}, {"files": None}, {"files": {"a": 1}}],
    ids=str,
)
def test_a_manifest_of_another_shape_is_refused(tmp_path, manifest):
    refuses(tmp_path, archive(member(SQLITE_MEMBER), **manifest))


def test_a_manifest_nested_too_deep_is_refused(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as written:
        deep = b"[" * 200_000
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(deep)
        written.addfile(info, io.BytesIO(deep))
    refuses(tmp_path, out.getvalue())


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path):
    head = tarfile.TarInfo("recordings/bomb.wav")
    head.size = shutil.disk_usage(tmp_path).free + 1
    refuses(tmp_path, gzip.compress(head.tobuf() + bytes(1 << 20)))


def test_a_database_damaged_before_it_was_kept_is_refused(tmp_path, whole):
    with tarfile.open(fileobj=io.BytesIO(whole)) as old:
        found = {m.name: old.extractfile(m).read() for m in old.getmembers()}
    database = bytearray(found[SQLITE_MEMBER])
    for page in range(4096 * 3, len(database) - 4096, 4096):
        database[page : page + 64] = os.urandom(64)
    refuses(tmp_path, archive(member(SQLITE_MEMBER, bytes(database))))


def test_a_backup_of_a_former_release_with_its_manifest_first_comes_back(tmp_path, whole):
    with tarfile.open(fileobj=io.BytesIO(whole)) as old:
        found = [(m, old.extractfile(m).read()) for m in old.getmembers()]
    told = json.loads(found[-1][1]) | {"format": 1}
    text_of = json.dumps(told).encode()
    with tarfile.open(tmp_path / "old.tar.gz", "w:gz") as written:
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text_of)
        written.addfile(info, io.BytesIO(text_of))
        for info, content in found[:-1]:
            written.addfile(info, io.BytesIO(content))
    after = empty(tmp_path / "after")
    restore(after, tmp_path / "old.tar.gz", NOW, replace=False)
    assert people(after) == ["admin"]


# --- while the line works


def test_what_grows_comes_and_goes_while_it_is_kept_does_no_harm(tmp_path):
    settings = lived_in(tmp_path / "var")
    stop = threading.Event()

    def live() -> None:
        for number in range(1_000_000):
            path = settings.recordings_dir / f"{number % 40}.wav"
            if path.exists():
                path.unlink()
            else:
                path.write_bytes(bytes(20_000))
            with (settings.recordings_dir / "growing.wav").open("ab") as growing:
                growing.write(bytes(3200))
            if stop.is_set():
                return

    living = threading.Thread(target=live)
    living.start()
    try:
        for number in range(5):
            file = tmp_path / f"{number}.tar.gz"
            backup(settings, file, NOW)
            check(file)
    finally:
        stop.set()
        living.join()
    restore(empty(tmp_path / "after"), tmp_path / "4.tar.gz", NOW, replace=False)


def test_nothing_is_written_by_a_check(tmp_path, whole):
    file = tmp_path / "line.tar.gz"
    file.write_bytes(whole)
    report = check(file)
    assert report.files == 4
    assert [path.name for path in tmp_path.iterdir()] == ["line.tar.gz"]


# --- PostgreSQL


def on_postgresql() -> dict[str, str]:
    """A database of its own, still empty."""
    return {"IVR_DATABASE_URL": postgresql.new_database(migrated=False)}


def execute(settings: Settings, statement: str) -> None:
    database = Database(settings.database_url)
    with closing(database), database.begin() as session:
        session.execute(text(statement))


def test_a_line_on_postgresql_comes_back_on_an_empty_database(tmp_path):
    before = lived_in(tmp_path / "before", **on_postgresql())
    backup(before, tmp_path / "line.tar.gz", NOW)
    check(tmp_path / "line.tar.gz")
    after = empty(tmp_path / "after", **on_postgresql())
    restore(after, tmp_path / "line.tar.gz", NOW, replace=False)
    assert people(after) == ["admin"]
    assert (after.state_dir / "recordings/2026/11/one.wav").read_bytes().endswith(b"one.wav")
    assert not list(after.state_dir.glob("before-restore-*"))
    migrate(after.database_url)  # nothing to do, and nothing in its way


def test_a_postgresql_database_with_data_is_put_aside_only_when_asked(tmp_path):
    before = lived_in(tmp_path / "before", **on_postgresql())
    backup(before, tmp_path / "line.tar.gz", NOW)
    variables = on_postgresql()
    after = empty(tmp_path / "after", **variables)
    migrate(after.database_url)
    execute(after, "INSERT INTO settings (name, value) VALUES ('theirs', '1')")
    # A table of a later release, which the archive knows nothing of.
    execute(after, "CREATE TABLE later (staff_id integer REFERENCES staff (id))")
    with pytest.raises(OperatorError, match="IVR_DATABASE_URL holds data already; --replace"):
        restore(after, tmp_path / "line.tar.gz", NOW, replace=False)
    assert people(after) == []
    restore(after, tmp_path / "line.tar.gz", NOW, replace=True)
    assert people(after) == ["admin"]
    with pytest.raises(Exception, match="later"):
        execute(after, "SELECT * FROM later")
    (aside,) = after.state_dir.glob("before-restore-*")
    again = postgresql.new_database(migrated=False)
    subprocess.run(
        ["pg_restore", "--no-owner", f"--dbname={again}", aside / POSTGRESQL_MEMBER], check=True
    )
    database = Database(again)
    with closing(database), database.read() as session:
        assert list(session.scalars(text("SELECT name FROM settings"))) == ["theirs"]


def test_a_dump_that_the_server_cannot_read_changes_nothing(tmp_path):
    before = lived_in(tmp_path / "before", **on_postgresql())
    backup(before, tmp_path / "line.tar.gz", NOW)
    with tarfile.open(tmp_path / "line.tar.gz") as old:
        dumped = old.extractfile(POSTGRESQL_MEMBER).read()
    crafted = tmp_path / "crafted.tar.gz"
    crafted.write_bytes(archive(member(POSTGRESQL_MEMBER, dumped[: len(dumped) * 9 // 10])))
    with pytest.raises(OperatorError, match="pg_restore failed"):
        restore(before, crafted, NOW, replace=True)
    assert people(before) == ["admin"]
    assert (before.state_dir / "recordings/2026/11/one.wav").exists()


@pytest.mark.parametrize("kept", ["sqlite", "postgresql"])
def test_another_kind_of_database_is_refused_with_what_to_do(tmp_path, kept):
    kinds = {"sqlite": {}, "postgresql": on_postgresql()}
    (other,) = kinds.keys() - {kept}
    before = lived_in(tmp_path / "before", **kinds[kept])
    backup(before, tmp_path / "line.tar.gz", NOW)
    after = empty(tmp_path / "after", **kinds[other])
    with pytest.raises(OperatorError, match=f"begins with {kept}:.*nothing was changed"):
        restore(after, tmp_path / "line.tar.gz", NOW, replace=True)
    assert [path.name for path in after.state_dir.iterdir()] == ["ivr.lock"]


def test_a_database_that_is_away_is_told_before_anything_is_touched(tmp_path):
    before = lived_in(tmp_path / "before", **on_postgresql())
    backup(before, tmp_path / "line.tar.gz", NOW)
    nowhere = {"IVR_DATABASE_URL": f"postgresql://line@/line?host={tmp_path}"}
    with pytest.raises(OperatorError, match="IVR_DATABASE_URL"):
        restore(empty(tmp_path / "after", **nowhere), tmp_path / "line.tar.gz", NOW, replace=True)
    assert [path.name for path in (tmp_path / "after").iterdir()] == ["ivr.lock"]
