"""Recordings to the browser: only WAV files, only from the recordings folder, by ranges."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, abort, send_file

from admin_web.desk import desk


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


def send_recording(stored: str | Path | None, name: str) -> Response:
    """Send a recording (RFC 9110 §14 ranges); 404 where it is not there."""
    path = recording_path(stored)
    if path is None:
        abort(404)
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
