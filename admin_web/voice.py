"""What a caller would hear, for the "hear it" buttons: the voice process speaks, the desk sends.

The clauses come from the same store that the line plays from, so that what is heard here is
what is heard there; only the file is 16-bit PCM, which every browser plays.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

import numpy as np
from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin_web.desk import desk
from admin_web.manner import manner
from admin_web.reasons import said
from prompts import g711
from prompts.clause import Clause, silence
from prompts.compose import compose_text
from prompts.errors import PromptError
from prompts.store import ClauseStore
from prompts.voice_client import VoiceClient

TIMEOUT_S = 20.0


def spoken(text: str, language: str) -> ResponseReturnValue:
    """Answer with ``text`` as sound, or say why it cannot be spoken."""
    if not text.strip():
        return not_spoken(_("There is no text to speak yet."), 422)
    with desk().database.read() as session:
        speaking = manner(session)
    return spoken_clauses(compose_text(text, language, speaking))


def spoken_clauses(clauses: Sequence[Clause]) -> ResponseReturnValue:
    """Answer with ``clauses`` as sound, or say why they cannot be spoken."""
    try:
        sound = render(clauses)
    except PromptError as error:
        return not_spoken(_("The voice cannot say this: %(reason)s", reason=said(error)), 503)
    return Response(sound, mimetype="audio/wav")


def not_spoken(told: str, status: int) -> ResponseReturnValue:
    """Say why there is no sound: to the page's script as JSON, to a reader as a page."""
    if "application/json" in request.headers.get("Accept", ""):
        return jsonify(error=told), status
    heading = _("This cannot be heard just now")
    return render_template("templates/error.html", heading=heading, advice=told), status


def render(clauses: Sequence[Clause]) -> bytes:
    """Return ``clauses`` with their pauses as a WAV file; PromptError where one fails."""
    store = ClauseStore(desk().settings.clauses)
    parts: list[bytes] = []
    with VoiceClient(desk().settings.voice, TIMEOUT_S) as voice:
        for clause in clauses:
            key = voice.render(clause)
            audio = store.read(key)
            if audio is None:
                raise PromptError(
                    _("“%(text)s” was rendered and is gone; try again", text=clause.text)
                )
            parts += [audio, silence(clause.pause_after_ms)]
    return _wav(b"".join(parts))


def _wav(ulaw: bytes) -> bytes:
    samples = np.rint(g711.decode(ulaw) * 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(g711.RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()
