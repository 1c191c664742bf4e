"""What was just published is rendered at once, so that no caller waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from admin_web.desk import desk
from admin_web.prompts.published import published
from prompts.clause import Clause
from prompts.errors import PromptError
from prompts.render_all import clauses_of
from prompts.voice_client import VoiceClient

# Behind everybody who waits: a long prompt on a busy machine may take this long.
TIMEOUT_S = 120.0

log = logging.getLogger(__name__)


def render_ahead(prompt_id: str, language: str) -> None:
    """Have the present words and recordings of a prompt rendered, in a thread of their own.

    Where the voice process is away nothing is lost: the first caller's is rendered then.
    """
    with desk().database.read() as session:
        catalogue = published(session)
    prompt = catalogue.prompt(prompt_id)
    variants = ["", *(code for tongue, code in prompt.variants if tongue == language)]
    try:
        clauses = [
            clause
            for variant in variants
            for clause in clauses_of(catalogue, prompt, language, variant)
        ]
    except PromptError as error:
        log.info("%s is not rendered ahead: %s", prompt_id, error)
        return
    threading.Thread(
        target=_render, args=(desk().settings.voice, clauses), name="render ahead", daemon=True
    ).start()


def _render(socket: Path, clauses: Sequence[Clause]) -> None:
    try:
        with VoiceClient(socket, TIMEOUT_S) as voice:
            for clause in clauses:
                voice.render(clause, priority="bulk")
    except PromptError as error:
        log.info("What was published is rendered when it is first said: %s", error)
