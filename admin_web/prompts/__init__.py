"""Prompts: what the line says, in both languages, edited, recorded and heard by staff."""

from admin_web.prompts import additions, take_views, variant_views, version_views, views
from admin_web.prompts.blueprint import blueprint

__all__ = ["additions", "blueprint", "take_views", "variant_views", "version_views", "views"]
