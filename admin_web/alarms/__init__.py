"""What is wrong with the line, on every page and by mail (``ivr.services.alarms``)."""

from admin_web.alarms import banner

__all__ = ["banner"]
