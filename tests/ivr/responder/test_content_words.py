"""Pronunciations reach new calls; a call in progress keeps those it began with."""

from datetime import UTC, datetime
from pathlib import Path

from call_flows import default_texts
from ivr.records import Database
from ivr.responder.content import Source
from ivr.services import pronunciations
from prompts.catalogue import Catalogue
from prompts.compose import compose
from prompts.manner import Manner
from tests.databases import new_url

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TEXTS = Path(__file__).parents[3] / "prompts" / "text"


def test_a_new_snapshot_says_the_word_anew_and_the_old_one_as_before(tmp_path: Path) -> None:
    database = Database(new_url("sqlite", tmp_path))
    catalogue = Catalogue.load_folder(TEXTS).with_manner(Manner(yao=False))
    source = Source(default_texts(), catalogue, {}, tmp_path)
    with database.read() as session:
        before = source.read(session)
    with database.begin() as session:
        pronunciations.publish(
            session, "zh-CN", "民声", "min2 sheng4", base=0, author="li.na", now=NOW
        )
    with database.read() as session:
        assert source.version(session) != before.version
        after = source.read(session)
    (old,) = compose(before.catalogue, "greeting", "zh-CN", {})
    (new,) = compose(after.catalogue, "greeting", "zh-CN", {})
    assert (old.words, new.words) == ((), (("民声", "min2 sheng4"),))
    assert old.text == new.text
    assert old.key("voice") != new.key("voice")
    # The setting stays with it.
    assert after.catalogue.manner.yao is False
    database.close()
