"""How a draft stands, as its page needs it: text, picture, nodes, words and findings at once.

Everything on the page is made from one answer, so that picture, form and text cannot disagree.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from admin_web.flows.checks import Finding, judge
from admin_web.flows.drafted import companions, in_force, led_here, with_words
from admin_web.flows.published import LINE, texts
from admin_web.formatting import minute_text
from admin_web.prompts.published import published
from admin_web.reasons import said
from call_flows import FlowError
from call_flows.checks import Severity
from call_flows.editing import contents
from call_flows.loader import attempt
from call_flows.model import AskNode, InputNode, LookupNode, Node
from call_flows.picture import picture, said_by
from ivr.services import flow_drafts
from ivr.services.flow_drafts import Draft

_HEAD = ("title", "start", "back", "keys", "defaults", "variant", "picture")


def standing(session: Session, draft: Draft) -> dict[str, Any]:
    """Return how ``draft`` stands, as JSON."""
    name = draft.name
    together = companions(session, draft)
    beside = {one.name: one.text for one in together}
    whole = {**texts(session), **beside, name: draft.text}
    flow_set, _problems = attempt(whole)
    catalogue, unsaid = with_words(published(session), draft.words)
    for one in together:
        catalogue, problems = with_words(catalogue, one.words)
        unsaid += problems
    verdict = judge(session, name, draft.text, catalogue, beside)
    present, newest = in_force(session, name)
    flow = flow_set.flows.get(name)
    try:
        plain = contents(draft.text)
    except FlowError:
        plain = {}
    nodes = plain.get("nodes")
    findings = [_finding(one, name) for one in verdict.findings]
    findings += [
        {
            "severity": Severity.ERROR.value,
            "flow": name,
            "node": "",
            "prompt": one.prompt,
            "place": f"{one.prompt} ({one.language})",
            "line": 0,
            "text": said(one.reason),
        }
        for one in unsaid
    ]
    return {
        "name": name,
        "seq": draft.seq,
        "base": draft.base,
        "newest": newest,
        "stale": draft.base != newest,
        "text": draft.text,
        "changed": draft.changed or present is None,
        "saved": minute_text(draft.updated_at),
        "undo": draft.undoes,
        "redo": draft.redoes,
        "drawable": bool(flow and flow.nodes) or name == LINE,
        "picture": asdict(picture(flow)) if flow else None,
        "nodes": nodes if isinstance(nodes, dict) else {},
        "head": plain if name == LINE else {key: plain[key] for key in _HEAD if key in plain},
        "effective": {node.id: _effective(node) for node in flow.nodes.values()} if flow else {},
        "used": {node.id: said_by(node) for node in flow.nodes.values()} if flow else {},
        "words": {
            prompt: {language: kept["text"] for language, kept in by_language.items()}
            for prompt, by_language in draft.words.items()
        },
        "findings": findings,
        "led_here": led_here(session, draft),
        "together": sorted(beside),
        "refused": verdict.refused or bool(unsaid),
        "others": [
            {"author": row.author, "at": minute_text(row.updated_at)}
            for row in flow_drafts.others(session, name, draft.author)
        ],
    }


def _finding(one: Finding, name: str) -> dict[str, Any]:
    parts = one.place.split(".")
    inside = one.flow == name and len(parts) > 3 and parts[2] == "nodes"
    return {
        "severity": one.severity.value,
        "flow": one.flow,
        "node": parts[3] if inside else "",
        "place": one.place,
        "line": one.line,
        "text": one.text,
    }


def _effective(node: Node) -> dict[str, str]:
    """What holds at a node that does not say so itself."""
    found: dict[str, str] = {}
    if isinstance(node, InputNode):
        found["no_input_timeout"] = f"{node.no_input_timeout_s:g}s"
        found["inter_digit_timeout"] = f"{node.inter_digit_timeout_s:g}s"
        for event, retry in (("no_input", node.no_input), ("no_match", node.no_match)):
            if retry is not None:
                found[f"{event}.attempts"] = str(retry.attempts)
                found[f"{event}.say"] = ", ".join(one.prompt for one in retry.say)
    if isinstance(node, LookupNode):
        found |= {"timeout": f"{node.timeout_s:g}s", "retries": str(node.retries)}
    if isinstance(node, AskNode):
        found |= {"min_digits": str(node.min_digits), "max_digits": str(node.max_digits)}
    return found
