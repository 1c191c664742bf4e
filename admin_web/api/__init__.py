"""Every page's data for programs: JSON by pages, CSV as a whole, with a token (docs/api.md)."""

from admin_web.api import (
    bans,
    bills,
    call_backs,
    calls,
    complaint_work,
    complaints,
    content,
    figures,
    guard,
    hours,
    line,
    outage_lists,
    outages,
    people,
    prompt_takes,
    reference,
    searches,
    watch,
)
from admin_web.api.operation import blueprint

# Imported for what they declare.
PARTS = (
    calls,
    searches,
    complaints,
    complaint_work,
    call_backs,
    outages,
    outage_lists,
    bills,
    content,
    prompt_takes,
    figures,
    line,
    hours,
    bans,
    watch,
    people,
    guard,
    reference,
)

__all__ = ["blueprint"]
