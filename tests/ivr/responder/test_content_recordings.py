"""What a call takes along: the words, recordings and variants of the moment it began."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from call_flows import default_texts
from ivr.records import Database
from ivr.responder.content import Snapshot, Source
from ivr.services import prompt_additions, prompt_recordings, prompt_variants, revisions
from prompts.catalogue import Catalogue
from prompts.compose import compose
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WORDS = Catalogue.load_folder(Path(__file__).parents[3] / "prompts" / "text")
GREETING = WORDS.prompt("greeting").texts["zh-CN"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(new_url("sqlite", tmp_path))
    yield database
    database.close()


def source() -> Source:
    return Source(default_texts(), WORDS, {}, Path("state"))


def read(database: Database) -> Snapshot:
    with database.read() as session:
        return source().read(session)


def keep(database: Database, name: str, variant: str = "", text: str = GREETING) -> None:
    with database.begin() as session:
        prompt_recordings.keep(
            session,
            prompt="greeting",
            language="zh-CN",
            variant=variant,
            path=f"prompts/{name}.wav",
            sha256="0" * 64,
            text=text,
            author="li",
            now=NOW,
        )


def publish(database: Database, text: str, base: int) -> None:
    with database.begin() as session:
        revisions.publish_prompt(
            session, "greeting", "zh-CN", text, base=base, author="li", message="x", now=NOW
        )


def said(snapshot: Snapshot, variant: str = "") -> str:
    """The recording of the greeting that is played, or the words that the voice says."""
    clauses = compose(snapshot.catalogue, "greeting", "zh-CN", {}, variant)
    recorded = clauses[0].recorded
    return str(recorded) if recorded else "".join(clause.text for clause in clauses)


def test_a_recording_is_played_only_while_it_says_the_present_words(database: Database) -> None:
    keep(database, "old")
    before = read(database)
    assert said(before) == "state/prompts/old.wav"
    publish(database, "欢迎致电。", 0)
    assert said(read(database)) == "欢迎致电。"
    publish(database, GREETING, 1)
    assert said(read(database)) == "state/prompts/old.wav"
    assert said(before) == "state/prompts/old.wav"  # a call in progress keeps what it began with


def test_a_variant_is_played_where_it_is_recorded_and_else_the_language(database: Database) -> None:
    with database.begin() as session:
        prompt_variants.add(
            session,
            "north",
            language="zh-CN",
            name_zh="北乡话",
            name_en="North",
            who="li",
            now=NOW,
        )
    assert read(database).variants == {"north": "zh-CN"}
    keep(database, "mandarin")
    assert said(read(database), "north") == "state/prompts/mandarin.wav"
    keep(database, "north", "north")
    snapshot = read(database)
    assert said(snapshot, "north") == "state/prompts/north.wav"
    assert said(snapshot) == "state/prompts/mandarin.wav"


def test_a_deleted_prompt_with_a_recording_keeps_nobody_from_calling(database: Database) -> None:
    with database.begin() as session:
        prompt_additions.add(session, "notice", note="", who="li", now=NOW)
        revisions.publish_prompt(session, "notice", "en", "Away.", base=0, author="li", now=NOW)
        prompt_recordings.keep(
            session,
            prompt="notice",
            language="en",
            path="prompts/n.wav",
            sha256="0" * 64,
            text="Away.",
            author="li",
            now=NOW,
        )
    before = read(database)
    assert "notice" in before.catalogue
    with database.begin() as session:
        prompt_additions.delete(session, "notice", who="li", now=NOW)
    after = read(database)
    assert "notice" not in after.catalogue
    assert after.version != before.version
