"""Transcripts: what a machine wrote down of a recording, mended and checked by staff."""

from admin_web.transcripts.views import blueprint

__all__ = ["blueprint"]
