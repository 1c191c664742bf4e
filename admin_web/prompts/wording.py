"""Whether a text may be published: it can be spoken, and the call flows can fill it in."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.flows.published import flow_set
from admin_web.prompts.judged import issues_of
from admin_web.prompts.published import delivered
from admin_web.prompts.uses import filled
from admin_web.reasons import said
from call_flows.checks import Issue, Severity
from prompts.catalogue import Catalogue
from prompts.errors import PromptError
from prompts.slots import SlotType, parse_text, slots_of

# A value that the prompt no longer says does no harm: the flow can be tidied up afterwards.
_HARMLESS = frozenset({"unknown_slot"})


def refusal(
    session: Session, catalogue: Catalogue, prompt_id: str, texts: Mapping[str, str]
) -> str:
    """Return why ``texts`` (by language) cannot be published for a prompt; empty: they can."""
    try:
        after = catalogue.with_overrides({(prompt_id, key): text for key, text in texts.items()})
        slots = [slot for text in texts.values() for slot in slots_of(parse_text(text)).items()]
    except PromptError as error:
        return str(_("This text cannot be spoken: %(reason)s", reason=said(error)))
    asked = _asked(session, prompt_id)
    for name, kind in slots:
        if asked is not None and name not in asked:
            return _no_value(name, asked)
        wanted = asked.get(name) if asked else None
        if wanted is not None and wanted is not kind:
            return str(
                _(
                    "“%(name)s” must be written as {%(name)s:%(kind)s}.",
                    name=name,
                    kind=wanted.value,
                )
            )
    for issue in _new_issues(session, catalogue, after):
        return str(
            _(
                "The call flows could not say this. At %(place)s: %(reason)s",
                place=issue.place.removeprefix("flows.").replace(".nodes.", "."),
                reason=said(issue.text),
            )
        )
    return ""


def _asked(session: Session, prompt_id: str) -> dict[str, SlotType | None] | None:
    """Return the slots that calls fill in, with the type where it is fixed; None: not known.

    Those of the delivered texts, and those that every place in the flows fills in.
    """
    here = filled(session, prompt_id)
    everywhere = frozenset.intersection(*here) if here else frozenset()
    asked: dict[str, SlotType | None] = dict.fromkeys(sorted(everywhere))
    try:
        asked.update(delivered().prompt(prompt_id).slots)
    except PromptError:
        return asked if here else None
    return asked


def _no_value(name: str, asked: Mapping[str, SlotType | None]) -> str:
    there = ", ".join(f"{{{one}:{kind.value if kind else '…'}}}" for one, kind in asked.items())
    return str(
        _(
            "No call fills in “%(name)s”. This prompt may use: %(there)s",
            name=name,
            there=there or _("nothing"),
        )
    )


def _new_issues(session: Session, before: Catalogue, after: Catalogue) -> list[Issue]:
    """Return the errors of the flows that come with a change of the prompts."""
    loaded = flow_set(session)
    if loaded is None:
        return []
    known = {(issue.code, issue.place, issue.text) for issue in issues_of(session, loaded, before)}
    return [
        issue
        for issue in issues_of(session, loaded, after)
        if issue.severity is Severity.ERROR
        and issue.code not in _HARMLESS
        and (issue.code, issue.place, issue.text) not in known
    ]
