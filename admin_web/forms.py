"""What the forms of several pages share."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, DateTimeField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import TextInput


class DeskForm(FlaskForm):  # type: ignore[misc]
    """A form of the desk.

    ``CSRFProtect`` asks every POST for the token of the session, before any form is read; so
    no form asks for one of its own.
    """

    class Meta:
        csrf = False


class SearchForm(DeskForm):
    """A form sent by GET."""

    def query(self) -> dict[str, str]:
        """Return what was asked for, for the addresses of further pages and downloads."""
        return {
            name: field.raw_data[0]
            for name, field in self._fields.items()
            if field.raw_data and field.raw_data[0]
        }


YEARS = range(1900, 2200)


class _Written:
    """A day written as 2026-12-05 in every browser; the script adds a calendar to choose from.

    A native date field follows the browser and not the page: 12/07 on one desk is 7 December,
    on another 12 July.
    """

    widget = TextInput()
    wrong: ClassVar[LazyString]
    forms: ClassVar[tuple[str, ...]]
    shown: ClassVar[Mapping[str, str | LazyString]]
    data: Any

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("render_kw", {**self.shown, "autocomplete": "off"})
        super().__init__(label, validators, format=list(self.forms), **kwargs)  # type: ignore[call-arg]

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was entered; what is none is said in the language of the page."""
        given = [unicodedata.normalize("NFKC", value).strip() for value in valuelist]
        try:
            super().process_formdata(given if any(given) else [])  # type: ignore[misc]
        except ValueError:
            raise ValueError(self.wrong) from None
        # Of other years no moment in another zone need exist.
        if self.data is not None and self.data.year not in YEARS:
            self.data = None
            raise ValueError(self.wrong)


class Day(_Written, DateField):  # type: ignore[misc]
    """A day."""

    wrong = _l("Write the day as 2026-12-05.")
    forms = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")
    shown: ClassVar[Mapping[str, str | LazyString]] = {
        "data-date": "date",
        "placeholder": _l("YYYY-MM-DD"),
        "inputmode": "numeric",
    }


class Moment(_Written, DateTimeField):  # type: ignore[misc]
    """A day and a time of day, as 2026-12-05 18:30."""

    wrong = _l("Write day and time as 2026-12-05 18:30.")
    forms = (
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y/%m/%d %H:%M",
        "%Y年%m月%d日 %H:%M",
        "%Y年%m月%d日%H:%M",
    )
    shown: ClassVar[Mapping[str, str | LazyString]] = {
        "data-date": "datetime-local",
        "placeholder": _l("YYYY-MM-DD HH:MM"),
    }


class Choice(SelectField):  # type: ignore[misc]
    """One of a list, or any: what is not given is the first, empty choice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, default="", **kwargs)


def required() -> DataRequired:
    """A value must be given; blanks are none."""
    return DataRequired(_l("Fill this in."))


def at_most(length: int) -> Length:
    """A text of at most ``length`` characters."""
    return Length(max=length, message=_l("At most %(max)d characters."))


def strip(value: Any) -> Any:
    """Filter: white space at the ends is never meant."""
    return value.strip() if isinstance(value, str) else value


def choices(table: Mapping[str, Any], first: Any | None = None) -> list[SelectChoice]:
    """Return ``table`` (value: name) as the choices of a list, with ``first`` for "any"."""
    any_of_them = [SelectChoice("", first)] if first is not None else []
    return any_of_them + [SelectChoice(value, name) for value, name in table.items()]
