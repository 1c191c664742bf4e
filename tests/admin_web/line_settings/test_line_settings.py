"""The settings of the line, to be read by those who oversee it."""

from __future__ import annotations

from pathlib import Path

from ivr.desk import desk_settings
from ivr.settings import load
from tests.admin_web.builders import make_desk


def test_every_setting_is_listed_with_where_it_came_from_and_no_secret(tmp_path: Path) -> None:
    settings = load(
        {
            "IVR_STATE_DIR": str(tmp_path),
            "IVR_API_TOKEN": "a token nobody may read",
            "IVR_ADMIN_PASSWORD": "a password nobody may read",
            "IVR_NUMBERS_FOR": "clerk",
        },
        tmp_path,
    )
    told = desk_settings(settings)
    desk = make_desk(tmp_path, listed=told.listed)
    page = desk.as_("auditor").get("/settings/").text
    assert "nobody may read" not in page
    assert "<code>IVR_NUMBERS_FOR</code>" in page
    assert "<code>clerk</code>" in page
    assert "环境变量" in page
    english = desk.as_("administrator").english().get("/settings/").text
    assert "how long somebody stays signed in" in english
    assert told.numbers_for == {"clerk"}
    assert told.sessions.idle.total_seconds() == 3600
