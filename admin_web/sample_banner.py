"""The banner that says, on every page, that the data are the sample town's."""

from __future__ import annotations

from flask import Flask, g

from admin_web.desk import desk
from ivr.services import facts


def attach(app: Flask) -> None:
    """Let the layout of ``app`` ask once a page whether sample data are there."""

    def sample_data_present() -> bool:
        if "sample_data" not in g:
            with desk().database.read() as session:
                g.sample_data = facts.is_sample(session)
        return bool(g.sample_data)

    app.jinja_env.globals["sample_data_present"] = sample_data_present
