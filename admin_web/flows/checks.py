"""What should be looked at in the flows: the checks of ``call_flows`` with the prompts of now."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from admin_web.prompts.published import published
from call_flows import FlowSet
from call_flows.checks import Issue, PromptFact, check
from ivr.services import numbers


def issues_of(session: Session, flow_set: FlowSet) -> list[Issue]:
    """Return the findings of ``flow_set``, errors first."""
    listed = {
        row.called: row.flow for row in numbers.all_numbers(session) if row.flow in flow_set.flows
    }
    facts = {
        prompt.id: PromptFact(
            languages=frozenset({*prompt.texts, *prompt.recordings}),
            slots={name: kind.value for name, kind in prompt.slots.items()},
        )
        for prompt in published(session)
    }
    return check(replace(flow_set, numbers={**flow_set.numbers, **listed}), facts)
