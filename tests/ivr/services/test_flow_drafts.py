"""Drafts keep every edit, scenarios keep calls, and numbers come from what was counted."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.records.tables import StepDay
from ivr.services import flow_drafts, flow_numbers, flow_scenarios, live_calls
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.flow_drafts import DraftMovedError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = timedelta(minutes=1)


def write(session, seq, text, *, what="put", now=NOW, words=None, subject=""):
    return flow_drafts.change(
        session,
        "main",
        "li",
        seq=seq,
        text=text,
        words=words or {},
        what=what,
        subject=subject,
        now=now,
    )


def started(session):
    return flow_drafts.begin(session, "main", "li", text="old", base=3, now=NOW)


def test_a_draft_begins_with_what_is_published_and_goes_on_where_it_was_left(database):
    with database.begin() as session:
        draft = started(session)
        assert (draft.text, draft.base, draft.changed, draft.undoes) == ("old", 3, False, None)
        write(session, draft.seq, "new")
    with database.begin() as session:
        again = flow_drafts.begin(session, "main", "li", text="other", base=9, now=NOW)
        assert (again.text, again.base, again.base_text, again.changed) == ("new", 3, "old", True)


def test_edits_are_undone_and_done_again_one_by_one(database):
    with database.begin() as session:
        draft = started(session)
        for text in ("one", "two", "three"):
            draft = write(session, draft.seq, text, subject=text)
        draft = flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
        draft = flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
        assert (draft.text, draft.undoes, draft.redoes) == ("one", ("put", "one"), ("put", "two"))
        draft = flow_drafts.redo(session, "main", "li", seq=draft.seq, now=NOW)
        assert draft.text == "two"
        draft = write(session, draft.seq, "four")
        assert draft.redoes is None
        for _ in range(5):  # and no further than the beginning
            draft = flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
        assert draft.text == "old"


def test_typing_on_is_one_step_and_a_pause_begins_another(database):
    with database.begin() as session:
        draft = started(session)
        for n, text in enumerate(("h", "he", "hel")):
            draft = write(session, draft.seq, text, what="text", now=NOW + timedelta(seconds=n))
        draft = write(session, draft.seq, "hello", what="text", now=NOW + LATER)
        draft = flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
        assert draft.text == "hel"
        draft = flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
        assert draft.text == "old"


def test_another_window_does_not_write_over_what_it_has_not_seen(database):
    with database.begin() as session:
        draft = started(session)
        write(session, draft.seq, "first window", what="text")
        with pytest.raises(DraftMovedError):
            write(session, draft.seq, "second window", what="text")
        with pytest.raises(DraftMovedError):
            flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
    with database.read() as session:
        assert flow_drafts.find(session, "main", "li").text == "first window"


def test_many_edits_leave_as_many_steps_as_are_kept(database, monkeypatch):
    monkeypatch.setattr(flow_drafts, "MOST_STEPS", 5)
    with database.begin() as session:
        draft = started(session)
        for n in range(12):
            draft = write(session, draft.seq, f"text {n}")
        seen = [draft.text]
        while draft.undoes:
            draft = flow_drafts.undo(session, "main", "li", seq=draft.seq, now=NOW)
            seen.append(draft.text)
        assert seen == [f"text {n}" for n in range(11, 5, -1)]


def test_drafts_of_others_are_told_and_one_that_says_nothing_new_is_none(database):
    with database.begin() as session:
        started(session)
        flow_drafts.begin(session, "main", "wang", text="old", base=3, now=NOW)
        assert [row.author for row in flow_drafts.others(session, "main", "li")] == ["wang"]
        assert flow_drafts.of_author(session, "li") == []
        words = {"greeting": {"en": {"text": "Hello", "base": 0}}}
        write(session, 0, "old", what="words", words=words)
        (draft,) = flow_drafts.of_author(session, "li")
        assert draft.words == words
        flow_drafts.discard(session, "main", "li")
        assert flow_drafts.find(session, "main", "li") is None
        assert flow_drafts.find(session, "main", "wang") is not None


def test_a_text_that_no_database_keeps_is_refused(database):
    with database.begin() as session, pytest.raises(RefusedError):
        write(session, started(session).seq, "a\x00b")


def test_scenarios_have_titles_of_their_own(database):
    given = {"flow": "main", "text": "steps: []", "author": "li", "now": NOW}
    with database.begin() as session:
        row = flow_scenarios.add(session, title=" A bill ", **given)
        with pytest.raises(RefusedError):
            flow_scenarios.add(session, title="A bill", **given)
        with pytest.raises(RefusedError):
            flow_scenarios.add(session, title="  ", **given)
        flow_scenarios.rewrite(session, row.id, "steps: [1]", author="wang", now=NOW + LATER)
    with database.begin() as session:
        (kept,) = flow_scenarios.every(session)
        assert (kept.title, kept.text, kept.author) == ("A bill", "steps: [1]", "wang")
        flow_scenarios.remove(session, kept.id)
        with pytest.raises(NotFoundError):
            flow_scenarios.get(session, kept.id)


def test_numbers_are_those_of_yesterday_in_the_lines_zone_and_of_now(database):
    zone = ZoneInfo("Asia/Shanghai")
    now = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # the 22nd, one in the morning, there

    def day(on, node, steps, abandoned, outcome="match"):
        return StepDay(
            day=on,
            called="",
            entry="main",
            flow="main",
            node=node,
            kind="menu",
            outcome=outcome,
            steps=steps,
            abandoned=abandoned,
        )

    with database.begin() as session:
        session.add_all(
            [
                day(date(2026, 11, 21), "menu", 7, 2),
                day(date(2026, 11, 21), "menu", 3, 1, "no_input"),
                day(date(2026, 11, 20), "menu", 100, 100),
            ]
        )
        live_calls.note(session, {"a": ("main", "greeting", now), "b": ("bills", "tell", now)}, now)
    with database.read() as session:
        found = flow_numbers.of_flow(session, "main", now=now, zone=zone)
    assert {name: (n.now, n.passed, n.left) for name, n in found.items()} == {
        "menu": (0, 10, 3),
        "greeting": (1, 0, 0),
    }
