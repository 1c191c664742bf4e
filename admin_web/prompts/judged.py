"""What the checks of the call flows say of a set of prompts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from call_flows import FlowSet
from call_flows.checks import Issue
from prompts.catalogue import Catalogue


def issues_of(session: Session, loaded: FlowSet, catalogue: Catalogue) -> list[Issue]:
    """Return the findings of ``loaded`` with ``catalogue`` as its prompts, errors first."""
    # Late: those checks read the published prompts, and so this package.
    from admin_web.flows import checks

    return checks.issues_of(session, loaded, catalogue)
