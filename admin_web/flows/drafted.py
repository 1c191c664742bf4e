"""What a draft means: its text among the flows in force, its words among the prompts in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.flows.published import texts
from admin_web.prompts.published import published
from call_flows import FlowSet
from call_flows.editing import lead_elsewhere, leads
from call_flows.loader import attempt
from ivr.services import flow_drafts, revisions
from ivr.services.errors import Message
from ivr.services.flow_drafts import Draft, Words
from prompts.catalogue import Catalogue
from prompts.errors import CatalogueError, PromptError


@dataclass(frozen=True, slots=True)
class WordProblem:
    """A text of a prompt that cannot be said."""

    prompt: str
    language: str
    reason: Message | object


def in_force(session: Session, name: str) -> tuple[str | None, int]:
    """Return a flow's text and revision; None where there is no such flow."""
    newest = revisions.newest_flow(session, name)
    return texts(session).get(name), newest.revision if newest else 0


def own(session: Session, name: str) -> Draft | None:
    """Return the draft of whoever is signed in."""
    return flow_drafts.find(session, name, current_user.username)


def begin(session: Session, name: str, text: str | None = None) -> Draft | None:
    """Return the draft of whoever is signed in, begun where there is none; None: no such flow.

    ``text`` begins the draft of a flow that does not exist yet.
    """
    found = own(session, name)
    known, base = in_force(session, name)
    if found is not None and (found.changed or known is None or found.base == base):
        return found
    if found is not None:  # nothing was written in it, and something newer is in force
        flow_drafts.discard(session, name, current_user.username)
    if known is None and text is None:
        return None
    return flow_drafts.begin(
        session,
        name,
        current_user.username,
        text=known if known is not None else str(text),
        base=base,
        now=desk().now(),
    )


def companions(session: Session, draft: Draft) -> list[Draft]:
    """Return the own drafts that only fit together with this one, and are published with it.

    Those are they whose ways to this flow's nodes were changed, and those to whose nodes this
    one's ways were: a node renamed here and the ways there that lead to it.
    """
    others = flow_drafts.of_author(session, draft.author)
    return [
        one
        for one in others
        if one.name != draft.name
        and (
            _ways_to(one.text, draft.name) != _ways_to(one.base_text, draft.name)
            or _ways_to(draft.text, one.name) != _ways_to(draft.base_text, one.name)
        )
    ]


def _ways_to(text: str, flow: str) -> set[str]:
    return {one.place for one in leads(text) if one.place.startswith(f"{flow}.")}


def led_here(session: Session, draft: Draft) -> dict[str, list[dict[str, Any]]]:
    """Return, by node of this flow, the ways of other flows that lead to it."""
    here = {**texts(session)}
    here |= {one.name: one.text for one in flow_drafts.of_author(session, draft.author)}
    found: dict[str, list[dict[str, Any]]] = {}
    for name, text in sorted(here.items()):
        for one in leads(text) if name != draft.name else ():
            flow, _dot, node = one.place.partition(".")
            if flow == draft.name and node:
                found.setdefault(node, []).append(
                    {"flow": name, "node": one.node, "line": one.line}
                )
    return found


def lead_others(session: Session, name: str, old: str, new: str) -> list[str]:
    """Lead the ways of all other flows from one node to another, in own drafts; their names."""
    changed = []
    for other, text in sorted(texts(session).items()):
        draft = own(session, other)
        if other == name or not any(
            one.place == f"{name}.{old}" for one in leads(draft.text if draft else text)
        ):
            continue
        begun = begin(session, other)
        if begun is not None:
            flow_drafts.change(
                session,
                other,
                current_user.username,
                seq=begun.seq,
                text=lead_elsewhere(begun.text, f"{name}.{old}", f"{name}.{new}"),
                words=begun.words,
                what="connect",
                subject=f"{name}.{new}",
                now=desk().now(),
            )
            changed.append(other)
    return changed


def with_words(catalogue: Catalogue, words: Words) -> tuple[Catalogue, list[WordProblem]]:
    """Return the prompts with a draft's words; those that cannot be said are told and left out."""
    problems = []
    for prompt, language, text in spoken(words):
        try:
            catalogue = catalogue.with_overrides({(prompt, language): text})
        except (PromptError, CatalogueError) as error:
            problems.append(WordProblem(prompt, language, error))
    return catalogue, problems


def spoken(words: Words) -> Iterator[tuple[str, str, str]]:
    """Yield prompt, language and text of a draft's words."""
    for prompt, by_language in words.items():
        for language, kept in by_language.items():
            yield prompt, language, str(kept["text"])


def prompts_of(session: Session, draft: Draft | None) -> Catalogue:
    """Return the prompts as the draft has them."""
    return with_words(published(session), draft.words if draft else {})[0]


def flows_of(session: Session, name: str, draft: Draft | None) -> tuple[FlowSet, bool]:
    """Return all flows with the draft among them, as far as they load, and whether all did."""
    whole: Mapping[str, str] = texts(session)
    if draft is not None:
        whole = {**whole, name: draft.text}
    flow_set, problems = attempt(whole)
    return flow_set, not problems
