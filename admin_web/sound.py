"""Recordings to the browser: only WAV files, only from the recordings folder, by ranges."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, abort, jsonify, request, send_file

from admin_web.desk import desk
from admin_web.waveform import NoWaveformError, waveform

OUTLINE = "outline"
"""Asks the address of a sound for its outline instead: the same people may see it."""


def recording_path(stored: str | Path | None) -> Path | None:
    """Return the file a record names, if it is a WAV inside the recordings folder, else None.

    Records hold paths relative to the state folder. Symbolic links are resolved before the
    check, so that none leads out.
    """
    if not stored:
        return None
    settings = desk().settings
    folder = settings.recordings.resolve()
    path = (settings.state_dir.resolve() / stored).resolve()
    if path.suffix.lower() != ".wav" or not path.is_relative_to(folder) or not path.is_file():
        return None
    return path


def asks_for_outline() -> bool:
    """Say whether the page asks for what its player draws, not for the sound."""
    return OUTLINE in request.args


def send_outline(path: Path) -> Response:
    """Send what a player draws of a WAV file; 404 where there is nothing to be drawn."""
    try:
        drawn = waveform(path)
    except (NoWaveformError, OSError):
        abort(404)
    return jsonify(seconds=drawn.seconds, levels=drawn.levels)


def send_recording(stored: str | Path | None, name: str) -> Response:
    """Send a recording (RFC 9110 §14 ranges); 404 where it is not there."""
    path = recording_path(stored)
    if path is None:
        abort(404)
    if asks_for_outline():
        return send_outline(path)
    return send_file(
        path,
        mimetype="audio/wav",
        conditional=True,
        download_name=f"{name}.wav",
        as_attachment=False,
        max_age=0,
    )


def send_wav(data: bytes) -> Response:
    """Send sound made for this request."""
    return Response(data, mimetype="audio/wav")


def attach(app: Flask) -> None:
    """Let templates of ``app`` ask whether the file of a recording is there."""
    app.jinja_env.filters["is_there"] = lambda row: (
        row is not None and recording_path(row.path) is not None
    )
