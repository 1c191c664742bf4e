"""One's own code for recording prompts by telephone."""

from admin_web.telephone_code.views import blueprint

__all__ = ["blueprint"]
