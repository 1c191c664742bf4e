"""Publishing: a text is checked, every scenario is played, and only then do callers meet it.

The flow and the words of its prompts are published in one transaction: a caller never hears a
menu that names a key which is not there yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_login import current_user
from sqlalchemy.orm import Session

from admin_web.audit import note
from admin_web.desk import desk
from admin_web.flows import checks
from admin_web.flows.checks import Verdict
from admin_web.flows.drafted import WordProblem, spoken, with_words
from admin_web.flows.playing import ScenarioFault, faults
from admin_web.flows.published import texts
from admin_web.prompts.published import published
from ivr.services import prompt_additions, revisions
from ivr.services.errors import RefusedError
from ivr.services.flow_drafts import Words


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text was not published."""

    verdict: Verdict
    unsaid: tuple[WordProblem, ...] = ()
    scenarios: tuple[ScenarioFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be published: ``base`` is the revision it began from."""

    name: str
    text: str
    base: int
    message: str
    words: Words


def judged(session: Session, proposal: Proposal, *along: Proposal) -> Refusal:
    """Say what is wrong with proposals; scenarios are played only where all can be loaded."""
    catalogue, unsaid = published(session), list[WordProblem]()
    for one in (proposal, *along):
        catalogue, problems = with_words(catalogue, one.words)
        unsaid += problems
    beside = {one.name: one.text for one in along}
    verdict = checks.judge(session, proposal.name, proposal.text, catalogue, beside)
    if verdict.refused or unsaid:
        return Refusal(verdict, tuple(unsaid))
    found = faults(session, {**texts(session), **beside, proposal.name: proposal.text})
    return Refusal(verdict, (), tuple(found))


def publish(proposal: Proposal, *along: Proposal) -> Refusal | int:
    """Publish; the new revision (the old where only words changed), or why not.

    ``along`` are drafts of other flows that fit only together with it: all are in force with one
    transaction, or none. StaleEditError where somebody published one of the flows or prompts
    since it began.
    """
    if not proposal.message.strip():
        raise RefusedError("say in a few words what was changed")
    while True:  # again only where somebody published something else between check and write
        with desk().database.read() as session:
            checked_at = revisions.stamp(session)
            refusal = judged(session, proposal, *along)
        if refusal.verdict.refused or refusal.unsaid or refusal.scenarios:
            return refusal
        done = _write((proposal, *along), checked_at)
        if done is not None:
            return done


def _write(proposals: Sequence[Proposal], checked_at: revisions.Stamp) -> int | None:
    """Publish; None where something was published since it was checked."""
    with desk().database.begin() as session:
        fresh = all(one.base == _newest(session, one.name) for one in proposals)
        if fresh and revisions.stamp(session) != checked_at:
            return None
        written = [_write_one(session, one) for one in proposals]
    return written[0]


def _write_one(session: Session, proposal: Proposal) -> int:
    name, number = proposal.name, _newest(session, proposal.name)
    _publish_words(session, proposal)
    if proposal.text != texts(session).get(name) or proposal.base != number:
        row = revisions.publish_flow(
            session,
            name,
            proposal.text,
            base=proposal.base,
            author=current_user.username,
            message=proposal.message,
            now=desk().now(),
        )
        number = row.revision
        note(session, "flow_published", name, revision=str(number))
    return number


def _newest(session: Session, name: str) -> int:
    newest = revisions.newest_flow(session, name)
    return newest.revision if newest else 0


def _publish_words(session: Session, proposal: Proposal) -> None:
    present = published(session)
    who, now = current_user.username, desk().now()
    for prompt in proposal.words:
        if prompt not in present:
            prompt_additions.add(session, prompt, note=proposal.message, who=who, now=now)
    for prompt, language, text in spoken(proposal.words):
        if prompt in present and present.prompt(prompt).texts.get(language) == text:
            continue
        row = revisions.publish_prompt(
            session,
            prompt,
            language,
            text,
            base=int(proposal.words[prompt][language]["base"]),
            author=who,
            message=proposal.message,
            now=now,
        )
        note(session, "prompt_published", f"{prompt} {language}", revision=str(row.revision))
