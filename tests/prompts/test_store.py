"""The clause store: whole clauses or none, whoever dies when."""

import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.clause import Clause
from prompts.errors import VoiceError
from prompts.store import ClauseStore

KEY = Clause("您好", "zh-CN").key("voice")


def test_what_was_put_is_read_and_the_rest_is_not_there(tmp_path: Path) -> None:
    store = ClauseStore(tmp_path)
    assert store.read(KEY) is None
    assert KEY not in store
    store.put(KEY, b"\xff\x00" * 400)
    assert store.read(KEY) == b"\xff\x00" * 400
    assert KEY in store


def test_clauses_are_spread_over_folders(tmp_path: Path) -> None:
    ClauseStore(tmp_path).put(KEY, b"x")
    assert (tmp_path / KEY[:2] / f"{KEY}.ulaw").is_file()


def test_a_write_that_fails_leaves_the_old_clause_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ClauseStore(tmp_path)
    store.put(KEY, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(VoiceError, match="No space left"):
        store.put(KEY, b"new")
    assert store.read(KEY) == b"old"
    assert list(tmp_path.rglob("*.part")) == []


def _die_before_the_rename(folder: Path) -> None:
    os.replace = lambda *_: os._exit(9)  # type: ignore[assignment]
    ClauseStore(folder).put(KEY, b"half a clause")


def test_a_process_killed_while_writing_leaves_no_clause(tmp_path: Path) -> None:
    dying = multiprocessing.get_context("fork").Process(
        target=_die_before_the_rename, args=(tmp_path,)
    )
    dying.start()
    dying.join(20)
    store = ClauseStore(tmp_path)
    assert dying.exitcode == 9
    assert store.read(KEY) is None
    assert store.sweep() == 1
    assert list(tmp_path.rglob("*.part")) == []


def test_a_file_emptied_by_a_power_cut_is_rendered_again(tmp_path: Path) -> None:
    store = ClauseStore(tmp_path)
    store.put(KEY, b"x")
    store.path(KEY).write_bytes(b"")
    assert store.read(KEY) is None


def test_nothing_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="empty"):
        ClauseStore(tmp_path).put(KEY, b"")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(VoiceError, match="cannot write"):
        ClauseStore(file).put(KEY, b"x")


@given(st.text(max_size=50))
def test_a_key_never_leads_out_of_the_folder(key: str) -> None:
    store = ClauseStore(Path("store"))
    try:
        path = store.path(key)
    except VoiceError:
        return
    assert path.parent.parent == Path("store")


def test_a_removed_clause_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    store = ClauseStore(tmp_path)
    key = "ab" * 20
    store.put(key, b"sound")
    store.remove(key)
    store.remove(key)
    assert store.read(key) is None
    assert key not in store
