"""The numbers of one record, shown to somebody who sees them masked otherwise; it is noted."""

from admin_web.shown_numbers.views import blueprint

__all__ = ["blueprint"]
