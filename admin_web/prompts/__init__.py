"""Prompts: what the line says, in both languages, edited and heard by staff."""

from admin_web.prompts.views import blueprint

__all__ = ["blueprint"]
