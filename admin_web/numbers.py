"""Telephone and account numbers on pages: whole for those whose work needs them, else masked.

Which roles those are is a setting (``IVR_NUMBERS_FOR``). Everybody else may have the numbers of
one record shown, and that is noted. How a number is masked is said in ``ivr.services.masking``.
"""

from __future__ import annotations

from flask import Flask
from flask_login import current_user

from admin_web.desk import desk
from ivr.services.masking import NumberView, in_text, masked, whole


def sees_whole() -> bool:
    """Say whether whoever is signed in is shown numbers whole."""
    if not (current_user.is_authenticated and current_user.role in desk().settings.numbers_for):
        return False
    return bool(getattr(current_user, "whole_numbers", True))  # a program's token may say no


def number_view() -> NumberView:
    """Return how numbers are shown to whoever is signed in."""
    return whole if sees_whole() else masked


def number(value: str | None) -> str:
    """Return a telephone or account number as whoever is signed in may see it."""
    return number_view()(value) if value else ""


def numbers_in(text: str | None) -> str:
    """Return a note with the numbers in it as whoever is signed in may see them."""
    return in_text(text or "", number_view())


def attach(app: Flask) -> None:
    """Offer these to the templates of ``app``."""
    app.jinja_env.filters["number"] = number
    app.jinja_env.filters["numbers_in"] = numbers_in
    app.jinja_env.globals["sees_whole"] = sees_whole
