"""What the forms of several pages share."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import InputRequired, Length


class DeskForm(FlaskForm):  # type: ignore[misc]
    """A form of the desk; its CSRF token is checked before every POST."""


class SearchForm(DeskForm):
    """A form sent by GET: it changes nothing, so it needs no CSRF token."""

    class Meta:
        csrf = False

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


def required() -> InputRequired:
    """A value must be given."""
    return InputRequired(_l("Fill this in."))


def at_most(length: int) -> Length:
    """A text of at most ``length`` characters."""
    return Length(max=length, message=_l("At most %(max)d characters."))


def strip(value: Any) -> Any:
    """Filter: white space at the ends is never meant."""
    return value.strip() if isinstance(value, str) else value


def choices(table: dict[str, Any], first: Any | None = None) -> list[tuple[str, Any]]:
    """Return ``table`` as the choices of a list, with ``first`` for "any"."""
    return ([("", first)] if first is not None else []) + list(table.items())
