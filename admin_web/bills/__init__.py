"""Bills: what an account owes, and the import of a utility's file."""

from admin_web.bills.views import blueprint

__all__ = ["blueprint"]
