"""Where each prompt is said: in the call flows, and by the line itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_web.flows.published import LINE, flow_set
from admin_web.languages import page_language
from admin_web.prompts.judged import issues_of
from call_flows import FlowSet
from call_flows.graph import spots, utterances
from call_flows.model import LanguageNode, Utterance
from prompts.catalogue import PHRASE, Catalogue, Prompt


@dataclass(frozen=True, slots=True)
class Use:
    """One place: ``place`` is ``flow.node``, ``flow`` its title; ``address`` empty: no flow."""

    place: str
    flow: str = ""
    address: str = ""


Uses = dict[str, tuple[Use, ...]]

# Said whether or not a flow names it (ivr.responder.interpreter).
SAID_BY_THE_LINE = ("please_wait",)


def uses(session: Session, catalogue: Catalogue) -> Uses:
    """Return where each prompt is said; one that is absent is said nowhere."""
    found: dict[str, dict[str, Use]] = {}
    loaded = flow_set(session)
    for said, use in _said(loaded) if loaded else ():
        if said.prompt:
            found.setdefault(said.prompt, {}).setdefault(use.place, use)
    for prompt in catalogue:
        for phrase in _phrases(prompt, catalogue):
            if phrase in catalogue:
                place = _("inside “%(prompt)s”", prompt=prompt.id)
                address = url_for("prompts.prompt", prompt_id=prompt.id)
                found.setdefault(phrase, {})[prompt.id] = Use(place, "", address)
    for prompt_id, place in _of_checks(session, loaded, catalogue) if loaded else ():
        flow, _sep, node = place.removeprefix("flows.").replace(".nodes.", ".").partition(".")
        found.setdefault(prompt_id, {}).setdefault(place, _use(flow, node, ""))
    for prompt_id in SAID_BY_THE_LINE:
        found.setdefault(prompt_id, {})[""] = Use(_("by the line itself, while the caller waits"))
    return {prompt_id: tuple(by_place.values()) for prompt_id, by_place in found.items()}


def filled(session: Session, prompt_id: str) -> list[frozenset[str]]:
    """Return which slots each place in the flows fills in when it says a prompt."""
    loaded = flow_set(session)
    said = [utterance for utterance, _use in _said(loaded)] if loaded else []
    return [frozenset(one.slots) for one in said if one.prompt == prompt_id]


def uses_of_variant(session: Session, code: str) -> list[Use]:
    """Return where the flows choose a variant."""
    loaded = flow_set(session)
    if loaded is None:
        return []
    found = [_use(LINE, "", "")] if loaded.variant == code else []
    for flow in loaded.flows.values():
        title = flow.title.get(page_language(), "")
        if flow.variant == code:
            found.append(_use(flow.id, "", title))
        found += [
            _use(flow.id, node.id, title, node.line)
            for node in flow.nodes.values()
            if isinstance(node, LanguageNode) and node.variant == code
        ]
    return found


def _said(loaded: FlowSet) -> Iterator[tuple[Utterance, Use]]:
    for (flow_id, node_id), flow, node in spots(loaded):
        use = _use(flow_id, node_id, flow.title.get(page_language(), ""), node.line)
        for utterance in utterances(node):
            yield utterance, use
    for flow in loaded.flows.values():
        for utterance in flow.back.say if flow.back is not None else ():
            yield utterance, _use(flow.id, "back", flow.title.get(page_language(), ""))
    for part in fields(loaded):
        if part.name != "flows":  # what all flows share
            for utterance in _utterances(getattr(loaded, part.name)):
                yield utterance, _use(LINE, part.name, "")


def _use(flow: str, node: str, title: str, line: int = 0) -> Use:
    anchor = f"L{line}" if line else None
    address = url_for("flows.flow", name=flow, _anchor=anchor)
    return Use(f"{flow}.{node}" if node else flow, title, address)


def _phrases(prompt: Prompt, catalogue: Catalogue) -> Iterator[str]:
    for names in prompt.phrases.values():
        for name in names:
            yield PHRASE + name


def _of_checks(
    session: Session, loaded: FlowSet, catalogue: Catalogue
) -> Iterator[tuple[str, str]]:
    """Yield the phrases that a flow may put into a slot by setting a word, with the place."""
    without = Catalogue(
        {prompt.id: prompt for prompt in catalogue if not prompt.id.startswith(PHRASE)},
        catalogue.languages,
    )
    for issue in issues_of(session, loaded, without):
        named = str(issue.text.params.get("prompt", ""))
        if issue.code == "unknown_prompt" and named.startswith(PHRASE):
            yield named, issue.place


def _utterances(value: object) -> Iterator[Utterance]:
    """Yield what is said anywhere in a value of the model, however deep."""
    if isinstance(value, Utterance):
        yield value
    elif is_dataclass(value):
        for part in fields(value):
            yield from _utterances(getattr(value, part.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _utterances(inner)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            yield from _utterances(inner)
