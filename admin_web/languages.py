"""Chinese and English pages by one switch.

The choice lives in a cookie, and with the account of whoever is signed in; Chinese where nothing
was chosen.
Pages are written in English and translated by ``translations/zh`` (gettext). The names of
languages in data are ``zh-CN`` and ``en``, as everywhere in the project; Babel's are beside.
"""

from __future__ import annotations

from flask import Blueprint, Flask, g, has_request_context, redirect, request
from flask_babel import Babel
from flask_login import current_user
from werkzeug.wrappers import Response

from admin_web import counting
from admin_web.desk import desk
from admin_web.links import same_site
from ivr.services import staff

LANGUAGES = {"zh-CN": "中文", "en": "English"}
DEFAULT = "zh-CN"
COOKIE = "desk_language"
COOKIE_MAX_AGE_S = 365 * 24 * 3600
# English as it is written where days come before months and the clock has 24 hours, as the
# line itself says times.
_BABEL = {"zh-CN": "zh", "en": "en_GB"}

blueprint = Blueprint("languages", __name__)


def page_language() -> str:
    """Return the language of this page: ``zh-CN`` or ``en``."""
    if not has_request_context():
        return DEFAULT
    chosen: str | None = g.get("page_language")
    if chosen is None:
        chosen = request.cookies.get(COOKIE, DEFAULT)
        if chosen not in LANGUAGES:
            chosen = DEFAULT
        g.page_language = chosen
    return chosen


@blueprint.post("/language")
def switch() -> Response:
    """Keep the chosen language, for this browser and for whoever is signed in; go back."""
    chosen = request.form.get("language", DEFAULT)
    answer = redirect(same_site(request.form.get("next")))
    if chosen in LANGUAGES:
        keep(answer, chosen)
        if current_user.is_authenticated and current_user.language != chosen:
            who = current_user.username
            with desk().database.begin() as session:
                staff.edit(session, who, language=chosen, who=who, now=desk().now())
    return answer


def keep(answer: Response, language: str) -> None:
    """Let ``answer`` leave the choice in a cookie."""
    answer.set_cookie(
        COOKIE,
        language,
        max_age=COOKIE_MAX_AGE_S,
        secure=desk().settings.https,
        httponly=True,
        samesite="Lax",
    )


def attach(app: Flask) -> None:
    """Let pages of ``app`` speak both languages."""
    Babel(
        app,
        default_locale="zh",
        default_translation_directories="translations",
        locale_selector=lambda: _BABEL[page_language()],
    )
    counting.attach(app)
    app.register_blueprint(blueprint)

    @app.context_processor
    def languages() -> dict[str, object]:
        return {"page_language": page_language(), "languages": LANGUAGES}
