"""What a token may be good for, one word each; its role decides on every request, too."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

CONFIDENTIAL = "complaints:confidential"

# scope: what it opens, in words
SCOPES: Mapping[str, LazyString] = {
    "calls:read": _l("Read call records and calls in progress"),
    "calls:write": _l("Write notes on calls, keep searches"),
    "recordings:read": _l("Hear recordings"),
    "complaints:read": _l("Read complaints, their history and transcripts"),
    "complaints:write": _l(
        "Work on complaints: departments, state, reply, notes, corrections, merging"
    ),
    CONFIDENTIAL: _l("See confidential complaints, too"),
    "call-backs:read": _l("Read call-back tasks"),
    "call-backs:write": _l("Take call-backs, note tries, mark them as done"),
    "outages:read": _l("Read outage notices and areas"),
    "outages:write": _l("Publish, change and end outage notices, templates, lists and areas"),
    "bills:read": _l("Read accounts and bills"),
    "bills:write": _l("Import bills, undo imports, lift locks of accounts"),
    "content:read": _l("Read prompts, call flows and pronunciations"),
    "figures:read": _l("Read figures and daily summaries"),
    "line:read": _l("Read how the line stands: trunks, numbers, settings, retention"),
    "content:write": _l("Give recordings of prompts"),
    "line:write": _l("Put out and end emergency announcements"),
    "people:read": _l("Read staff accounts, sessions and tokens"),
    "audit:read": _l("Read the audit log"),
}

# What the token of the setting IVR_API_TOKEN may: read, but nothing of who works here.
OF_THE_SETTING = frozenset(SCOPES) - {
    CONFIDENTIAL,
    "people:read",
    "audit:read",
    *(scope for scope in SCOPES if scope.endswith(":write")),
}
