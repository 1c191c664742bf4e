"""How values are shown: times in the line's zone, durations, money, keys, names of codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flask import Flask
from flask_babel import format_decimal, format_percent, format_timedelta, ngettext
from flask_babel import gettext as _
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


def clock_s(moment: datetime | None) -> Markup:
    """Return the time of day to the second."""
    return when(moment, "%H:%M:%S")


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


def whole(number: float | None) -> str:
    """Return a count as this language writes it: 12,345."""
    return "—" if number is None else str(format_decimal(number))


def short(number: int) -> str:
    """Return a count in few characters: 12345 as 12k."""
    return str(number) if number < 10_000 else f"{number // 1000}k"


def share(part: float | None) -> str:
    """Return a part of one as per cent."""
    return "—" if part is None else str(format_percent(part, "0.#%"))


def exact_share(part: float | None) -> str:
    """Return a part of one as per cent with two decimals, never rounded up to all of it."""
    if part is None:
        return "—"
    cut = part if part >= 1 else min(part, 0.9999)
    return str(format_percent(cut, "0.00%"))


def span(seconds: float) -> str:
    """Return a length of time in words, by its largest unit."""
    return str(format_timedelta(timedelta(seconds=round(seconds)), threshold=1.5))


def attach(app: Flask) -> None:
    """Offer these as filters to the templates of ``app``."""
    for function in (
        *(when, minute, clock, clock_s, duration, ago, money),
        *(whole, short, share, exact_share, span),
    ):
        app.jinja_env.filters[function.__name__] = function
