"""Who did what to which record, for administrators."""

from admin_web.audit_log.views import blueprint

__all__ = ["blueprint"]
