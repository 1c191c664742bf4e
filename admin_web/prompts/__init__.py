"""Prompts: what the line says, in both languages, edited, recorded and heard by staff."""

# Each of these adds its pages to the blueprint.
import admin_web.prompts.additions
import admin_web.prompts.take_views
import admin_web.prompts.variant_views
import admin_web.prompts.version_views
import admin_web.prompts.views  # noqa: F401
from admin_web.prompts.blueprint import blueprint

__all__ = ["blueprint"]
