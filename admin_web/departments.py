"""A clerk sees and works on the complaints of their own department, and of no other."""

from __future__ import annotations

from dataclasses import replace

from flask_login import current_user

from admin_web.numbers import sees_whole
from admin_web.roles import CLERK, MAY_SEE_CONFIDENTIAL
from ivr.records.tables import Complaint
from ivr.services.complaint_search import ComplaintFilter

# No department has this code: a clerk without one, which the accounts do not allow, sees nothing.
NOWHERE = "-"


def own_department() -> str | None:
    """Return the department whoever is signed in is kept to; None for all others."""
    if current_user.role != CLERK:
        return None
    return current_user.department or NOWHERE


def sees_confidential() -> bool:
    """Say whether the role of whoever is signed in is one that sees confidential complaints."""
    if not (current_user.is_authenticated and current_user.role in MAY_SEE_CONFIDENTIAL):
        return False
    return bool(getattr(current_user, "confidential", True))  # a program's token may say no


def own_only(complaint: Complaint) -> bool:
    """Say whether whoever is signed in may see ``complaint``."""
    if complaint.confidential and not sees_confidential():
        return False
    return own_department() in (None, complaint.department)


def kept_to_own(wanted: ComplaintFilter) -> ComplaintFilter:
    """Return a search that finds nothing of other departments, nothing confidential or masked."""
    if not sees_confidential():
        wanted = replace(wanted, confidential=False)
    wanted = replace(wanted, masked=not sees_whole())
    own = own_department()
    return wanted if own is None else replace(wanted, department=own)
