"""How values are shown: moments, days, durations, money and numbers, by the page's language.

The one place that says so (CLDR's forms, by Babel): what is shown is for people, what the
``datetime`` of a ``<time>`` holds is ISO 8601, as in the API, in files and in addresses. Times are
those of the line's zone. What staff *write* into a form stays 2026-12-05, which no language reads
in two ways (``admin_web.forms``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_datetime_format
from babel.numbers import get_decimal_symbol
from flask import Flask
from flask_babel import format_decimal, format_percent, format_timedelta, get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from admin_web.desk import desk


def local(moment: datetime) -> datetime:
    """Return ``moment`` in the line's zone; a naive value is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(desk().zone)


def minute_text(moment: datetime) -> str:
    """Return a moment to the minute: 2026年11月22日 16:01, 22 Nov 2026, 16:01."""
    return _joined(local(moment), "short")


def clock_text(moment: datetime, *, seconds: bool = False) -> str:
    """Return the time of day: 16:01."""
    return format_time(local(moment), "medium" if seconds else "short", locale=_locale())


def day_text(day: date) -> str:
    """Return a day: 2026年11月22日, 22 Nov 2026."""
    return format_date(day, "medium", locale=_locale())


def weekday_text(day: date) -> str:
    """Return a day with its weekday: 2026年11月22日周日, Sun, 22 Nov 2026."""
    return format_skeleton("yMMMEd", day, locale=_locale())


def short_day_text(day: date) -> str:
    """Return a day without its year: 11月22日, 22 Nov."""
    return format_skeleton("MMMd", day, locale=_locale())


def month_text(first: date) -> str:
    """Return a month: 2026年11月, Nov 2026."""
    return format_skeleton("yMMM", first, locale=_locale())


def hour_text(hour: int) -> str:
    """Return an hour of the day: 16:00."""
    return format_time(time(hour), "short", locale=_locale())


def period_text(period: str) -> str:
    """Return a period of a bill, ``2026-11``, as a month; what is no month stays as it is."""
    year, _dash, month = period.partition("-")
    try:
        return month_text(date(int(year), int(month), 1))
    except ValueError:
        return period


def when(moment: datetime | None) -> Markup:
    """Return a ``<time>`` element to the second, or a dash where there is no time."""
    return _element(moment, lambda here: _joined(here, "medium"))


def minute(moment: datetime | None) -> Markup:
    """Return the time to the minute."""
    return _element(moment, minute_text)


def day(when: date | str | None) -> Markup:
    """Return a day, also one kept as 2026-11-22, as a ``<time>`` element; or a dash."""
    if when is None:
        return _NONE
    if isinstance(when, str):
        when = date.fromisoformat(when)
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), day_text(when))


def clock(moment: datetime | None) -> Markup:
    """Return the time of day with tenths, for steps within one call."""
    return _element(
        moment,
        lambda here: (
            clock_text(here, seconds=True)
            + get_decimal_symbol(_locale())
            + str(here.microsecond // 100_000)
        ),
        precision="milliseconds",
    )


def clock_s(moment: datetime | None) -> Markup:
    """Return the time of day to the second."""
    return _element(moment, lambda here: clock_text(here, seconds=True))


_NONE = Markup('<span class="none">—</span>')


def _element(
    moment: datetime | None, words: Callable[[datetime], str], precision: str = "seconds"
) -> Markup:
    """Words for whoever reads, the moment itself for programs."""
    if moment is None:
        return _NONE
    here = local(moment)
    return Markup('<time datetime="{}">{}</time>').format(
        here.isoformat(timespec=precision), words(here)
    )


def _joined(here: datetime, time_style: Literal["short", "medium"]) -> str:
    """Date and time of day, in the order of the page's language."""
    together = get_datetime_format("medium", locale=_locale())
    clock_of_it = format_time(here, time_style, locale=_locale())
    return str(together).format(clock_of_it, format_date(here, "medium", locale=_locale()))


def _locale() -> Locale:
    """The page's, or English where there is no page."""
    return get_locale() or Locale("en", "GB")


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
    return str(_("%(amount)s yuan", amount=format_decimal(amount, "#,##0.00")))


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
        *(when, minute, day, clock, clock_s, minute_text, day_text, weekday_text, hour_text),
        *(period_text, duration, ago, money, whole, short, share, exact_share, span),
    ):
        app.jinja_env.filters[function.__name__] = function
