"""Schedules: when people are there, and the calendar of holidays and moved working days."""

from admin_web.schedules import days, views
from admin_web.schedules.blueprint import blueprint

__all__ = ["blueprint", "days", "views"]
