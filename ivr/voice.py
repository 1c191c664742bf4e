"""The voice's process: renders what no prompt has said before, for responder and desk."""

from __future__ import annotations

import asyncio
import os

from ivr import voices
from ivr.lifeline import announce_ready, keep_beating
from ivr.settings import Settings
from prompts.renderer import default_renderer
from prompts.store import ClauseStore
from prompts.voice_server import serve

# Below the responder: a clause may wait a little, a packet may not.
NICENESS = 5


def main(settings: Settings) -> None:
    """Serve the Unix socket until SIGTERM."""
    os.nice(NICENESS)
    store = ClauseStore(settings.clauses_dir)
    renderer = default_renderer(store, voices.order(settings.voice_zh, settings.voice_en))
    serve(settings.voice_socket, store, renderer, serving=_serves)


def _serves() -> None:
    announce_ready()
    keep_beating(asyncio.get_running_loop().call_later)
