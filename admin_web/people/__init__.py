"""Staff: who may sign in, with which role; and the tokens of programs that read the data."""

from admin_web.people.views import blueprint

__all__ = ["blueprint"]
