"""What a draft means: its text among the flows in force, its words among the prompts in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.flows.published import texts
from admin_web.prompts.published import published
from call_flows import FlowSet
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
