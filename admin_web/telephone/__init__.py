"""The browser telephone: the line is called from the page, as a citizen calls it."""

from admin_web.telephone import views  # noqa: F401 - it adds its pages
from admin_web.telephone.blueprint import blueprint

__all__ = ["blueprint"]
