"""How words are to be said: published, taken back, brought back, and never lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ivr.records import Database
from ivr.services import pronunciations
from ivr.services.errors import NotFoundError, RefusedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def said(database: Database, how: str, base: int = 0, word: str = "长乐路") -> None:
    with database.begin() as session:
        pronunciations.publish(
            session,
            "zh-CN",
            word,
            how,
            base=base,
            author="li.na",
            now=NOW + timedelta(minutes=base),
        )


def in_force(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        return pronunciations.in_force(session)


def stamp(database: Database) -> int:
    with database.read() as session:
        return pronunciations.stamp(session)


def test_the_newest_of_a_word_counts(database: Database) -> None:
    said(database, "chang2 le4 lu4")
    said(database, "zhang3 le4 lu4", base=1)
    assert in_force(database) == [("zh-CN", "长乐路", "zhang3 le4 lu4")]
    with database.read() as session:
        rows = pronunciations.history(session, "zh-CN", "长乐路")
    assert [(row.revision, row.said, row.author) for row in rows] == [
        (2, "zhang3 le4 lu4", "li.na"),
        (1, "chang2 le4 lu4", "li.na"),
    ]


def test_a_word_taken_back_can_be_brought_back(database: Database) -> None:
    said(database, "chang2 le4 lu4")
    with database.begin() as session:
        pronunciations.take_back(session, "zh-CN", "长乐路", author="wang", now=NOW)
    assert in_force(database) == []
    with database.begin() as session:
        pronunciations.bring_back(session, "zh-CN", "长乐路", author="wang", now=NOW)
    assert in_force(database) == [("zh-CN", "长乐路", "chang2 le4 lu4")]
    with database.read() as session:
        (row,) = pronunciations.everything(session)
    assert (row.revision, row.author) == (3, "wang")


def test_every_change_changes_the_stamp(database: Database) -> None:
    seen = [stamp(database)]
    said(database, "chang2 le4 lu4")
    seen.append(stamp(database))
    with database.begin() as session:
        pronunciations.take_back(session, "zh-CN", "长乐路", author="wang", now=NOW)
    seen.append(stamp(database))
    assert len(set(seen)) == 3


def test_who_began_from_an_older_one_is_refused(database: Database) -> None:
    said(database, "chang2 le4 lu4")
    with pytest.raises(RefusedError, match="somebody else"):
        said(database, "zhang3 le4 lu4", base=0)
    with pytest.raises(RefusedError, match="already"):
        said(database, "chang2 le4 lu4", base=1)
    with pytest.raises(RefusedError, match="say how"):
        said(database, "  ", base=1)


def test_of_two_at_once_one_is_refused_and_none_is_lost(database: Database) -> None:
    def attempt(how: str) -> bool:
        try:
            said(database, how)
        except RefusedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(attempt, ("chang2 le4 lu4", "zhang3 le4 lu4")))
    assert sorted(done) == [False, True]
    assert len(in_force(database)) == 1


def test_a_word_nobody_spoke_for_cannot_be_taken_or_brought_back(database: Database) -> None:
    for change in (pronunciations.take_back, pronunciations.bring_back):
        with pytest.raises(NotFoundError), database.begin() as session:
            change(session, "zh-CN", "长乐路", author="wang", now=NOW)


def test_the_same_word_is_another_in_another_language(database: Database) -> None:
    said(database, "应用", word="APP")
    with database.begin() as session:
        pronunciations.publish(session, "en", "APP", "app", base=0, author="li.na", now=NOW)
    assert sorted(in_force(database)) == [("en", "APP", "app"), ("zh-CN", "APP", "应用")]
