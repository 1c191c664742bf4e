"""How values are shown: times in the line's zone, durations, money, keys, names of codes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from flask import Flask
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from admin_web.desk import desk


def local(moment: datetime) -> datetime:
    """Return ``moment`` in the line's zone; a naive value is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(desk().zone)


def when(moment: datetime | None, style: str = "%Y-%m-%d %H:%M:%S") -> Markup:
    """Return a ``<time>`` element, or a dash where there is no time."""
    if moment is None:
        return Markup('<span class="none">—</span>')
    here = local(moment)
    return Markup('<time datetime="{}">{}</time>').format(
        here.isoformat(timespec="seconds"), here.strftime(style)
    )


def minute(moment: datetime | None) -> Markup:
    """Return the time to the minute."""
    return when(moment, "%Y-%m-%d %H:%M")


def clock(moment: datetime | None) -> Markup:
    """Return the time of day with tenths, for steps within one call."""
    if moment is None:
        return when(None)
    here = local(moment)
    return Markup('<time datetime="{}">{}.{}</time>').format(
        here.isoformat(timespec="milliseconds"),
        here.strftime("%H:%M:%S"),
        here.microsecond // 100_000,
    )


def duration(seconds: float | None) -> str:
    """Return ``65.2`` as ``1:05``; a dash where there is none."""
    if seconds is None:
        return "—"
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


def ago(seconds: float) -> str:
    """Return how long ago in words."""
    whole = max(0, int(seconds))
    if whole < 60:
        return str(ngettext("%(num)d second ago", "%(num)d seconds ago", whole))
    if whole < 3600:
        return str(ngettext("%(num)d minute ago", "%(num)d minutes ago", whole // 60))
    if whole < 86400:
        return str(ngettext("%(num)d hour ago", "%(num)d hours ago", whole // 3600))
    return str(ngettext("%(num)d day ago", "%(num)d days ago", whole // 86400))


def money(amount: Decimal) -> str:
    """Return an amount in yuan with two decimals."""
    return str(_("%(amount)s yuan", amount=f"{amount:,.2f}"))


def attach(app: Flask) -> None:
    """Offer these as filters to the templates of ``app``."""
    for function in (when, minute, clock, duration, ago, money):
        app.jinja_env.filters[function.__name__] = function
