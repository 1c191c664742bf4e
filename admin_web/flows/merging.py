"""A stale edit: what stood there, what somebody published meanwhile, and the draft, together.

Lines that only one of both changed are taken by themselves; where both changed the same lines, the
clerk chooses. Nothing is published here: the draft takes in what was published, and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from merge3 import Merge3
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.flows.blueprint import blueprint
from admin_web.flows.drafted import in_force, own
from admin_web.prompts.published import published
from admin_web.reasons import said
from ivr.services import flow_drafts, revisions
from ivr.services.errors import ServiceError
from ivr.services.flow_drafts import Draft

THEIRS, MINE, BOTH = "theirs", "mine", "both"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of lines. ``kind``: same, theirs, mine (only one changed it), or clash."""

    kind: str
    base: tuple[str, ...]
    theirs: tuple[str, ...]
    mine: tuple[str, ...]

    def chosen(self, choice: str = "") -> tuple[str, ...]:
        """The lines that are taken; ``choice`` is asked for a clash."""
        if self.kind == "clash":
            return {MINE: self.mine, BOTH: self.theirs + self.mine}.get(choice, self.theirs)
        return self.mine if self.kind == MINE else self.theirs


@dataclass(frozen=True, slots=True)
class WordClash:
    """A prompt whose text somebody published while the draft had another."""

    prompt: str
    language: str
    revision: int
    author: str
    theirs: str
    mine: str


def parts(base: str, theirs: str, mine: str) -> list[Part]:
    """Return the three texts as stretches of lines."""
    old, a, b = (text.splitlines(keepends=True) for text in (base, theirs, mine))
    found = []
    for region in Merge3(old, a, b).merge_regions():
        found.append(_part(region, old, a, b))
    return found


def _part(region: Sequence[Any], old: list[str], a: list[str], b: list[str]) -> Part:
    kind = region[0]
    if kind == "conflict":
        _kind, low, high, a_low, a_high, b_low, b_high = region
        return Part("clash", tuple(old[low:high]), tuple(a[a_low:a_high]), tuple(b[b_low:b_high]))
    low, high = region[1], region[2]
    lines = tuple({"unchanged": old, "a": a, "same": a, "b": b}[kind][low:high])
    if kind == "b":
        return Part(MINE, (), (), lines)
    return Part(THEIRS if kind == "a" else "same", (), lines, lines)


def merged(found: Sequence[Part], choices: Mapping[int, str]) -> str:
    """Return the text that comes of the choices, by the number of the clash."""
    lines: list[str] = []
    for number, part in enumerate(found):
        lines += part.chosen(choices.get(number, ""))
    return "".join(lines)


@blueprint.route("/<name>/merge", methods=["GET", "POST"])
def merge(name: str) -> ResponseReturnValue:
    """Show the three texts, and take what was published into the draft."""
    with desk().database.read() as session:
        draft = own(session, name)
        present, newest = in_force(session, name)
        if draft is None or present is None:
            abort(404)
        clashes = word_clashes(session, draft)
        row = revisions.newest_flow(session, name)
    if draft.base == newest and not clashes:
        flash(_("Nothing was published since this draft began."))
        return redirect(url_for("flows.edit", name=name))
    found = parts(draft.base_text, present, draft.text)
    if request.method == "GET":
        return render_template(
            "flows/merge.html",
            name=name,
            draft=draft,
            parts=found,
            clashes=clashes,
            newest=row,
            seq=draft.seq,
            open=any(part.kind == "clash" for part in found) or bool(clashes),
        )
    if request.form.get("seq") != str(draft.seq) or request.form.get("newest") != str(newest):
        flash(_("Something changed meanwhile; look at the comparison again."), "error")
        return redirect(url_for("flows.merge", name=name))
    choices = {
        number: request.form.get(f"part-{number}", "")
        for number, part in enumerate(found)
        if part.kind == "clash"
    }
    try:
        with desk().database.begin() as session:
            flow_drafts.rebase(
                session,
                name,
                current_user.username,
                seq=draft.seq,
                text=merged(found, choices),
                base=newest,
                base_text=present,
                words=_words(draft, clashes),
                now=desk().now(),
            )
    except ServiceError as error:
        flash(said(error), "error")
        return redirect(url_for("flows.merge", name=name))
    flash(_("Your draft now holds what was published too. Look at it, then publish."))
    return redirect(url_for("flows.edit", name=name))


def word_clashes(session: Session, draft: Draft) -> list[WordClash]:
    """Return the prompts of a draft that somebody published since."""
    catalogue = published(session)
    found = []
    for prompt, by_language in draft.words.items():
        for language, kept in by_language.items():
            row = revisions.newest_prompt(session, prompt, language)
            if (row.revision if row else 0) != kept["base"]:
                theirs = catalogue.prompt(prompt).texts.get(language, "")
                found.append(
                    WordClash(
                        prompt,
                        language,
                        row.revision if row else 0,
                        row.author if row else "",
                        theirs,
                        kept["text"],
                    )
                )
    return found


def _words(draft: Draft, clashes: Sequence[WordClash]) -> dict[str, dict[str, dict[str, Any]]]:
    words = {
        prompt: {language: dict(kept) for language, kept in by_language.items()}
        for prompt, by_language in draft.words.items()
    }
    for clash in clashes:
        if request.form.get(f"word-{clash.prompt}-{clash.language}") == MINE:
            words[clash.prompt][clash.language]["base"] = clash.revision
        else:
            del words[clash.prompt][clash.language]
    return {prompt: by_language for prompt, by_language in words.items() if by_language}
