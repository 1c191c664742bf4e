"""What the rooms below say is wrong, in the language of the page.

Errors and findings of ``ivr.services``, ``call_flows`` and ``prompts`` carry a message with its
template and values. The template is looked up in the catalogue of the pages like any text of
theirs; ``admin_web.messages`` collects them. A value may be a message itself, or a word of the
database that has a name on pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from flask import Flask
from flask_babel import gettext

from admin_web.names import word

# The words of the database that may stand in a message: the type's name, and its table.
_NAMED = {
    "ComplaintState": "complaint_state",
    "UtilityKind": "utility",
    "BillState": "bill_state",
    "ImportState": "import_state",
}


def said(reason: object) -> str:
    """Return an error, a message or a value in the language of the page."""
    if isinstance(reason, Exception):
        reason = getattr(reason, "message", str(reason))
    template, params = getattr(reason, "template", None), getattr(reason, "params", None)
    if isinstance(template, str) and isinstance(params, Mapping):
        if not template:
            return ""
        told = str(gettext(template))
        return told % {name: _value(value) for name, value in params.items()} if params else told
    if isinstance(reason, tuple):
        return str(gettext("; ")).join(said(one) for one in reason)
    return str(_value(reason))


def _value(value: object) -> object:
    """Return a value as a template fills it in; numbers and plain text stay what they are."""
    if isinstance(value, Enum):
        table = _NAMED.get(type(value).__name__)
        return word(value.value, table) if table else value.value
    if isinstance(value, Exception | tuple) or hasattr(value, "template"):
        return said(value)
    return value


def attach(app: Flask) -> None:
    """Offer ``said`` as a filter to the templates of ``app``."""
    app.jinja_env.filters["said"] = said
