"""What the forms of several pages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length


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
