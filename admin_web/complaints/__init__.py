"""Complaints: what citizens said, how far each is, and what they hear of it."""

from admin_web.complaints import whole, work
from admin_web.complaints.views import blueprint

__all__ = ["blueprint", "whole", "work"]
