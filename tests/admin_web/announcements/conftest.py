"""The voice, for the tests of this page."""

from tests.admin_web.prompts.fake_voice import voice

__all__ = ["voice"]
