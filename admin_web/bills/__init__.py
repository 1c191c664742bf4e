"""Bills: what an account owes, and the import of a utility's file."""

from admin_web.bills import imports, views
from admin_web.bills.blueprint import blueprint

__all__ = ["blueprint", "imports", "views"]
