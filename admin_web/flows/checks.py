"""What is wrong with the flows, or should be looked at, and whether a text may be published.

A text is judged together with all other flows, the prompts and the table of numbers as they
are in force: alone it may look right and still lead nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from admin_web.flows.published import LINE, flow_set, texts
from admin_web.prompts.published import published
from admin_web.reasons import said
from call_flows import FlowError, FlowSet, load
from call_flows.checks import Issue, PromptFact, Severity, check
from ivr.services import numbers, prompt_variants, schedules
from prompts.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Finding:
    """One place to mend or to look at, as a page shows it; ``excerpt`` is the line itself."""

    severity: Severity
    flow: str
    place: str
    line: int
    text: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a text found; ``refused`` says that callers must not meet it."""

    findings: tuple[Finding, ...]
    refused: bool


def issues_of(session: Session, loaded: FlowSet, catalogue: Catalogue | None = None) -> list[Issue]:
    """Return the findings of ``loaded``, errors first; prompts are those in force, or given."""
    listed = {
        row.called: row.flow for row in numbers.all_numbers(session) if row.flow in loaded.flows
    }
    facts = {
        prompt.id: PromptFact(
            languages=frozenset({*prompt.texts, *prompt.recordings}),
            slots={name: kind.value for name, kind in prompt.slots.items()},
        )
        for prompt in (published(session) if catalogue is None else catalogue)
    }
    variants = {row.code: row.language for row in prompt_variants.all_variants(session)}
    return check(
        replace(loaded, numbers={**loaded.numbers, **listed}),
        facts,
        variants=variants,
        schedules=[row.code for row in schedules.all_schedules(session)],
    )


def judge(
    session: Session,
    name: str,
    text: str,
    catalogue: Catalogue | None = None,
    beside: Mapping[str, str] | None = None,
) -> Verdict:
    """Check ``text`` as the flow ``name``, among all others as they are in force.

    ``catalogue`` are the prompts, where others are to be published with the text; ``beside`` are
    the texts of other flows that are.

    Errors of this flow refuse it, and errors that it brings to another one; an error that
    another flow has in any case does not keep this one from being mended.
    """
    whole = {**texts(session), **(beside or {}), name: text}
    try:
        loaded = load(whole)
    except FlowError as error:
        problems = [(Severity.ERROR, one.place, one.line, one.message) for one in error.problems]
        return Verdict(tuple(_finding(*problem, whole) for problem in problems), refused=True)
    present = flow_set(session)
    known = {_sameness(issue) for issue in issues_of(session, present)} if present else set()
    found = [
        issue
        for issue in issues_of(session, loaded, catalogue)
        if flow_of(issue.place) in (name, *(beside or ())) or _sameness(issue) not in known
    ]
    return Verdict(
        tuple(_finding(i.severity, i.place, i.line, i.text, whole) for i in found),
        refused=any(issue.severity is Severity.ERROR for issue in found),
    )


def findings_of(session: Session, loaded: FlowSet, name: str, text: str) -> list[Finding]:
    """Return what should be looked at in one flow as it is in force."""
    return [
        _finding(i.severity, i.place, i.line, i.text, {name: text})
        for i in issues_of(session, loaded)
        if flow_of(i.place) == name
    ]


def flow_of(place: str) -> str:
    """Return the flow a place is in: ``flows.bills.nodes.ask`` is in ``bills``."""
    parts = place.split(".")
    return parts[1] if parts[0] == "flows" and len(parts) > 1 else LINE


def _sameness(issue: Issue) -> tuple[str, str, str]:
    # Not the line: what is added above moves it.
    return issue.code, issue.place, issue.text


def _finding(
    severity: Severity, place: str, line: int, reason: object, whole: Mapping[str, str]
) -> Finding:
    flow = flow_of(place)
    lines = whole.get(flow, "").splitlines()
    excerpt = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return Finding(severity, flow, place, line, said(reason), excerpt)
