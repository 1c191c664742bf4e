"""Pronunciations: words the voices say wrongly, and how they are to be said."""

from admin_web.pronunciations.views import blueprint

__all__ = ["blueprint"]
