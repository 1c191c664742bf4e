"""What the page of a flow may choose from: prompts, flows, services with examples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.flows.published import LINE, flow_set, texts
from admin_web.formatting import local
from admin_web.languages import page_language
from admin_web.names import named
from admin_web.prompts.published import published
from call_flows.fields import VARIABLE
from call_flows.service_facts import SERVICES, ValueType
from ivr.services import schedules
from prompts.catalogue import PHRASE, Catalogue

_ITEMS = 2  # examples in a list

# What a value of a type is in an example; a value's own name wins over its type.
_BY_NAME: Mapping[str, str] = {
    "account": "880123",
    "kind": "electricity",
    "state": "unpaid",
    "amount": "128.50",
    "count": "1",
    "tries_left": "2",
    "ticket": "202611220001",
}
_BY_TYPE: Mapping[str, str] = {
    "digits": "12345678",
    "phone": "13800138000",
    "money": "128.50",
    "count": "2",
    "number": "12",
    "ordinal": "1",
    "letters": "A12",
    "phrase": "paid",
}
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "zh-CN": {
        "text": "设备检修，请提前储水。",
        "area": "西山乡",
        "department": "市城市管理局",
        "reply": "已安排检修，预计三日内完成。",
    },
    "en": {
        "text": "Maintenance; please store water.",
        "area": "West Hill",
        "department": "Urban Management Bureau",
        "reply": "Repair is arranged and will take three days.",
    },
}
_STATES = {"complaints.progress": "handling"}


def catalogue_of(session: Session) -> dict[str, Any]:
    """Return every prompt in force with its texts and slots; parts of speech are left out."""
    return {
        prompt.id: {
            "texts": dict(prompt.texts),
            "slots": {name: kind.value for name, kind in prompt.slots.items()},
            "recorded": sorted(language for language, _ in _spoken(prompt.recordings)),
        }
        for prompt in published(session)
        if not prompt.id.startswith(PHRASE)
    }


def _spoken(recordings: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    return [
        (key if isinstance(key, str) else str(key[0]), value) for key, value in recordings.items()
    ]


def flows_offered(session: Session, name: str) -> dict[str, Any]:
    """Return the other flows with their titles and nodes, as places to go on."""
    loaded = flow_set(session)
    known = loaded.flows if loaded else {}
    return {
        flow: {
            "title": known[flow].title.get(page_language(), "") if flow in known else "",
            "nodes": list(known[flow].nodes) if flow in known else [],
        }
        for flow in sorted(texts(session))
        if flow not in (name, LINE)
    }


def services_offered(session: Session) -> dict[str, Any]:
    """Return the services a flow may ask, and for each outcome its values with examples."""
    catalogue = published(session)
    return {
        service: {
            "needs": sorted(fact.needs),
            "takes": sorted(fact.takes),
            "outcomes": {
                outcome: [_value(service, name, kind, catalogue) for name, kind in values.items()]
                for outcome, values in fact.outcomes.items()
            },
        }
        for service, fact in SERVICES.items()
    }


def schedules_offered(session: Session) -> dict[str, str]:
    """Return the schedules a node may ask, with their names."""
    return {row.code: named(row) for row in schedules.all_schedules(session)}


def _value(service: str, name: str, kind: ValueType, catalogue: Catalogue) -> dict[str, Any]:
    if not isinstance(kind, str):
        fields = [_value(service, inner, of, catalogue) for inner, of in kind.items()]
        return {"name": name, "type": "list", "fields": fields, "items": _ITEMS}
    found: dict[str, Any] = {"name": name, "type": kind, "example": _example(service, name, kind)}
    if kind == "phrase":
        found["options"] = _phrases(catalogue)
    return found


def _phrases(catalogue: Catalogue) -> list[list[str]]:
    here = page_language()
    return [
        [prompt.id.removeprefix(PHRASE), prompt.texts.get(here, "")]
        for prompt in catalogue
        if prompt.id.startswith(PHRASE) and "." not in prompt.id.removeprefix(PHRASE)
    ]


def _example(service: str, name: str, kind: str) -> str:
    now = local(desk().now())
    if kind == "date":
        return (now + timedelta(days=13)).date().isoformat()
    if kind == "datetime":
        hours = 1 if name == "starts" else 6
        return (now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:00")
    if kind == "text":
        return _TEXTS[page_language()].get(name, _TEXTS[page_language()]["text"])
    if name == "state":
        return _STATES.get(service, _BY_NAME["state"])
    if kind == "count" and name == "count" and service == "outages.current":
        return str(_ITEMS)
    return _BY_NAME.get(name, _BY_TYPE.get(kind, ""))


class UnreadableValueError(ValueError):
    """A value that cannot be read as its type."""

    def __init__(self, name: str, given: object) -> None:
        super().__init__(name)
        self.name, self.given = name, given


def typed(service: str, outcome: str, given: object) -> dict[str, Any]:
    """Return an outcome's values as the service would give them, from what a page sends."""
    facts = SERVICES[service].outcomes.get(outcome, {}) if service in SERVICES else {}
    values = given if isinstance(given, dict) else {}
    found: dict[str, Any] = {}
    for name, value in values.items():
        kind = facts.get(name)
        if not isinstance(name, str) or not VARIABLE.fullmatch(name):
            raise UnreadableValueError(str(name), value)
        if kind is None or isinstance(kind, str):
            found[name] = _read(name, kind or "text", value)
        elif isinstance(value, list):
            found[name] = [
                {inner: _read(inner, kind.get(inner, "text"), one) for inner, one in item.items()}
                for item in value
                if isinstance(item, dict)
            ]
        else:
            raise UnreadableValueError(name, value)
    return found


def _read(name: str, kind: str, value: object) -> Any:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise UnreadableValueError(name, value)
    text = str(value).strip()
    if text == "":
        return ""
    try:
        if kind == "money":
            return Decimal(text.removesuffix(" yuan"))
        if kind == "count":
            return int(text)
        if kind == "date":
            return datetime.fromisoformat(text).date()
        if kind == "datetime":
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=desk().zone)
    except (ValueError, InvalidOperation):
        raise UnreadableValueError(name, value) from None
    return text


def as_typed_by_hand(value: Any) -> Any:
    """Return a value of a service as the page's fields hold it."""
    if isinstance(value, datetime):
        return local(value).strftime("%Y-%m-%dT%H:%M") if value.tzinfo else value.isoformat()[:16]
    if isinstance(value, list | tuple):
        return [as_typed_by_hand(one) for one in value]
    if isinstance(value, Mapping):
        return {key: as_typed_by_hand(one) for key, one in value.items()}
    return str(value)
