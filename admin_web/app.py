"""The desk as a Flask application: put together here, from one module per concern.

Order matters once: the role table is asked before any page, and after the person is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from admin_web import (
    alarms,
    announcements,
    api,
    areas,
    audit_log,
    bills,
    call_backs,
    calls,
    complaints,
    dashboard,
    errors,
    flows,
    formatting,
    health,
    home,
    languages,
    line_settings,
    names,
    numbers,
    outages,
    people,
    prompts,
    pronunciations,
    protection,
    reasons,
    retention,
    roles,
    sample_banner,
    schedules,
    security,
    shown_numbers,
    sign_in,
    sound,
    telephone,
    telephone_code,
    transcripts,
    trunks,
)
from admin_web.desk import EXTENSION, Desk
from admin_web.row_numbers import RowNumber
from admin_web.settings import DeskSettings
from ivr.records import Database

FOLDER = Path(__file__).parent
PAGES = (
    home,
    sign_in,
    dashboard,
    calls,
    complaints,
    call_backs,
    transcripts,
    outages,
    areas,
    bills,
    prompts,
    pronunciations,
    flows,
    schedules,
    announcements,
    trunks,
    protection,
    people,
    telephone,
    telephone_code,
    audit_log,
    retention,
    line_settings,
    shown_numbers,
    health,
    api,
)
MIB = 1024 * 1024


def create_app(
    settings: DeskSettings,
    database: Database,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """Return the desk, ready for a WSGI server; ``now`` is its clock (aware)."""
    app = Flask("admin_web", root_path=str(FOLDER), template_folder=".", static_folder="static")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_upload_mib * MIB,
        MAX_FORM_MEMORY_SIZE=2 * MIB,  # the longest call flow fits with room to spare
        PERMANENT_SESSION_LIFETIME=settings.sessions.idle,
        # `__Host-`: no other host of the domain and no page without HTTPS can set it (RFC 6265bis).
        SESSION_COOKIE_NAME="__Host-desk_session" if settings.https else "desk_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        WTF_CSRF_TIME_LIMIT=None,  # a form stays good as long as the session does
        WTF_CSRF_SSL_STRICT=settings.https,
    )
    app.url_map.converters["int"] = RowNumber
    app.extensions[EXTENSION] = Desk(settings, database, ZoneInfo(settings.timezone), now)
    health.pages.attach(app)
    security.attach(app, settings)
    languages.attach(app)
    sign_in.attach(app)
    roles.attach(app)
    # Programs show a token and no cookie counts (admin_web.api.program): nothing to forge.
    CSRFProtect(app).exempt(api.blueprint)
    for part in (
        alarms.banner,
        announcements.banner,
        errors,
        formatting,
        names,
        numbers,
        reasons,
        sample_banner,
        sound,
    ):
        part.attach(app)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    _add_layout_facts(app)
    return app


def _add_layout_facts(app: Flask) -> None:
    version = _asset_version()

    @app.context_processor
    def layout_facts() -> dict[str, object]:
        here = request.full_path.rstrip("?") if request.method == "GET" else url_for("home.home")
        return {"asset_version": version, "back_to_here": here}

    @app.get("/favicon.ico")
    def favicon() -> ResponseReturnValue:
        return redirect(url_for("static", filename="favicon.svg"))


def _asset_version() -> str:
    """Return a mark that changes with the look, so that no browser keeps an old one."""
    digest = hashlib.sha256()
    for file in sorted((FOLDER / "static").rglob("*.[cj]s*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
