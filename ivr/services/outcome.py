"""What a lookup answers: the name of the outcome and the values a prompt can speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

Spoken: TypeAlias = str | int | Decimal | date | datetime
Value: TypeAlias = Spoken | list[dict[str, Spoken]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`name` is one of `lookups.OUTCOMES[service]`."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)
