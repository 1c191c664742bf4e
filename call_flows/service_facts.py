"""What is known of the services that flows look up: what they need, and what may come of them.

The table is the contract of the doors in `docs/architecture.md`; the types are
those of prompts' slots, and a list's type is a table of its items' values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ValueType = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceFact:
    """One service: arguments it needs and takes, and the values of each outcome by type."""

    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    outcomes: Mapping[str, Mapping[str, ValueType]] = field(default_factory=dict)


_ACCOUNT = {"account": "digits", "kind": "phrase"}
_NOTICE = {
    "kind": "phrase",
    "area": "text",
    "starts": "datetime",
    "ends": "datetime",
    "text": "text",
}

_REFUSALS: Mapping[str, Mapping[str, ValueType]] = {
    fault: {}
    for fault in ("too_short", "too_long", "too_quiet", "no_speech", "overdriven", "unusable")
}
_SIGNED_OUT: Mapping[str, Mapping[str, ValueType]] = {"signed_out": {}}

SERVICES: Mapping[str, ServiceFact] = {
    "bills.find": ServiceFact(
        needs=frozenset({"account"}),
        takes=frozenset({"code"}),
        outcomes={
            "found": {
                **_ACCOUNT,
                "amount": "money",
                "due": "date",
                "state": "phrase",
                "count": "count",
            },
            "code_needed": {},
            "wrong_code": {"tries_left": "count"},
            "locked": {"until": "datetime"},
            "not_found": {},
            "nothing_owed": {**_ACCOUNT, "state": "phrase"},
        },
    ),
    "outages.current": ServiceFact(
        takes=frozenset({"area"}),
        outcomes={
            "found": {"items": _NOTICE, "count": "count"},
            "none": {},
            "unknown_area": {"area": "digits"},
        },
    ),
    "complaints.progress": ServiceFact(
        needs=frozenset({"ticket", "last4"}),
        outcomes={
            "found": {
                "ticket": "digits",
                "state": "phrase",
                "department": "text",
                "deadline": "date",
                "reply": "text",
            },
            "not_found": {},
        },
    ),
    "studio.enter": ServiceFact(
        needs=frozenset({"code"}),
        outcomes={
            "accepted": {},
            "wrong_code": {"tries_left": "count"},
            "locked": {"minutes": "count"},
        },
    ),
    "studio.find": ServiceFact(
        needs=frozenset({"number"}),
        outcomes={
            "found": {"variants": {"code": "text", "name": "text"}, "count": "count"},
            "not_found": {},
            "has_slots": {},
            **_SIGNED_OUT,
        },
    ),
    "studio.choose": ServiceFact(
        needs=frozenset({"tongue"}),
        outcomes={"ready": {"now": "recording"}, "no_text": {}, **_SIGNED_OUT},
    ),
    "studio.check": ServiceFact(
        needs=frozenset({"take"}),
        outcomes={"good": {"sound": "recording"}, **_REFUSALS, **_SIGNED_OUT},
    ),
    "studio.keep": ServiceFact(
        outcomes={"kept": {}, "changed": {}, "nothing": {}, **_SIGNED_OUT},
    ),
    "studio.drop": ServiceFact(outcomes={"dropped": {}}),
}
