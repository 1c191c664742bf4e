import threading
from datetime import UTC, datetime

import pytest

from ivr.services import prompt_recordings, revisions
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.revisions import StaleEditError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WHO = {"author": "li", "message": "shorter", "now": NOW}


def test_each_publication_is_the_next_revision_and_the_old_ones_stay(database):
    with database.begin() as session:
        assert revisions.newest_flow(session, "main") is None
        for base in range(3):
            revisions.publish_flow(session, "main", f"text {base + 1}", base=base, **WHO)
        revisions.publish_flow(session, "bill", "bill 1", base=0, **WHO)
    with database.read() as session:
        newest = revisions.newest_flows(session)
        assert {name: (r.revision, r.text) for name, r in newest.items()} == {
            "main": (3, "text 3"),
            "bill": (1, "bill 1"),
        }
        assert [r.revision for r in revisions.flow_history(session, "main")] == [3, 2, 1]
        assert revisions.flow_revision(session, "main", 1).text == "text 1"
        with pytest.raises(NotFoundError):
            revisions.flow_revision(session, "main", 4)


def test_a_stale_edit_is_refused_with_both_texts(database):
    with database.begin() as session:
        revisions.publish_flow(session, "main", "theirs", base=0, **WHO)
        with pytest.raises(StaleEditError) as refused:
            revisions.publish_flow(session, "main", "mine", base=0, **WHO)
        assert (refused.value.newest_text, refused.value.given_text) == ("theirs", "mine")
        assert (refused.value.base, refused.value.newest) == (0, 1)
        assert revisions.newest_flow(session, "main").text == "theirs"


def test_of_many_who_publish_at_once_one_succeeds_and_the_others_are_told(database):
    start = threading.Barrier(5)
    published, refused = [], []

    def publish(text: str) -> None:
        start.wait()
        try:
            with database.begin() as session:
                revisions.publish_prompt(session, "greeting", "en", text, base=0, **WHO)
            published.append(text)
        except StaleEditError as error:
            refused.append(error.newest_text)

    threads = [threading.Thread(target=publish, args=(f"text {n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(published) == 1
    assert refused == published * 4


def test_a_published_revision_cannot_be_changed_or_removed(database):
    with database.begin() as session:
        row = revisions.publish_flow(session, "main", "text", base=0, **WHO)
    with pytest.raises(ValueError, match="publish a new one"), database.begin() as session:
        session.merge(row).text = "other"
    with pytest.raises(ValueError, match="publish a new one"), database.begin() as session:
        session.delete(session.merge(row))


@pytest.mark.parametrize(
    "changes", [{"text": ""}, {"text": " \n"}, {"text": "a\x00b"}, {"message": " "}]
)
def test_what_is_empty_or_cannot_be_kept_is_refused(database, changes):
    given = {"name": "main", "text": "text", "base": 0} | WHO | changes
    with database.begin() as session, pytest.raises(RefusedError):
        revisions.publish_flow(session, given.pop("name"), given.pop("text"), **given)


def test_prompts_are_numbered_for_each_language(database):
    with database.begin() as session:
        revisions.publish_prompt(session, "greeting", "en", "Hello", base=0, **WHO)
        revisions.publish_prompt(session, "greeting", "zh-CN", "您好", base=0, **WHO)
        revisions.publish_prompt(session, "greeting", "en", "Welcome", base=1, **WHO)
        newest = revisions.newest_prompts(session)
        assert {key: row.text for key, row in newest.items()} == {
            ("greeting", "en"): "Welcome",
            ("greeting", "zh-CN"): "您好",
        }
        history = revisions.prompt_history(session, "greeting", "en")
        assert [row.text for row in history] == ["Welcome", "Hello"]


def test_the_stamp_changes_with_everything_that_is_published(database):
    stamps = []
    with database.begin() as session:
        stamps.append(revisions.stamp(session))
        revisions.publish_flow(session, "main", "text", base=0, **WHO)
        stamps.append(revisions.stamp(session))
        revisions.publish_prompt(session, "greeting", "en", "Hello", base=0, **WHO)
        stamps.append(revisions.stamp(session))
        add_recording(session)
        stamps.append(revisions.stamp(session))
        prompt_recordings.withdraw(session, "greeting", "en", who="li", now=NOW)
        stamps.append(revisions.stamp(session))
        assert revisions.stamp(session) == stamps[-1]
    assert len(set(stamps)) == 5


def add_recording(session):
    prompt_recordings.keep(
        session,
        prompt="greeting",
        language="en",
        text="Hello",
        path="prompts/1.wav",
        sha256="0" * 64,
        author="li",
        now=NOW,
    )
