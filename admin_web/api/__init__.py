"""Every page's data for programs: JSON by pages, CSV as a whole, with a token (docs/api.md)."""

from admin_web.api import (
    bills,
    call_backs,
    calls,
    complaints,
    content,
    figures,
    guard,
    hours,
    line,
    outages,
    people,
    reference,
)
from admin_web.api.operation import blueprint

# Imported for what they declare.
PARTS = (
    calls,
    complaints,
    call_backs,
    outages,
    bills,
    content,
    figures,
    line,
    hours,
    people,
    guard,
    reference,
)

__all__ = ["blueprint"]
