"""Counts within sentences: "12,345 calls", as the page's language writes the number.

gettext picks the plural by the number itself and Flask-Babel would print it with ``%d``, bare.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import Domain, format_decimal
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


class CountingDomain(Domain):  # type: ignore[misc]
    """The catalogue of the pages, with ``%(num)d`` filled in by the page's language."""

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """Return the plural for ``num``, filled in."""
        return self._plural(singular, plural, num) % self._with(num, variables)

    def on_pages(self, autoescape: bool, forms: tuple[str, str], num: int, more: Any) -> str:
        """The same in a template, where what is filled in must be escaped."""
        told = self._plural(*forms, num)
        return (Markup(told) if autoescape else told) % self._with(num, more)

    def _plural(self, singular: str, plural: str, num: int) -> str:
        told: str = self.get_translations().ungettext(singular, plural, num)
        return told.replace("%(num)d", "%(num)s")

    def _with(self, num: int, variables: dict[str, Any]) -> dict[str, Any]:
        return {"num": format_decimal(num), **variables}


def attach(app: Flask) -> None:
    """Let the pages and the code of ``app`` count so; after Babel is there."""
    domain = CountingDomain()
    app.extensions["babel"].instance.domain_instance = domain

    @pass_eval_context
    def ngettext(context: EvalContext, singular: str, plural: str, num: int, **more: Any) -> str:
        return domain.on_pages(context.autoescape, (singular, plural), num, more)

    app.jinja_env.globals["ngettext"] = ngettext
