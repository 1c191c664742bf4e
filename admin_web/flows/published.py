"""The call flows as callers meet them now: those delivered, and what staff published."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy.orm import Session

from admin_web.desk import desk
from admin_web.languages import page_language
from call_flows import FlowError, FlowSet, default_texts, load, read_folder
from ivr.services import revisions

LINE = "line"  # what all flows share: languages, defaults, keys


def delivered() -> dict[str, str]:
    """Return the texts that came with the line, by flow."""
    folder = desk().settings.flows_dir
    return read_folder(folder) if folder else default_texts()


def texts(session: Session) -> dict[str, str]:
    """Return the texts in force, by flow."""
    newest = revisions.newest_flows(session)
    return {**delivered(), **{name: row.text for name, row in newest.items()}}


def flow_set(session: Session) -> FlowSet | None:
    """Return the flows in force, or None where they cannot be loaded."""
    return _loaded(tuple(sorted(texts(session).items())))


@lru_cache(maxsize=4)
def _loaded(texts: tuple[tuple[str, str], ...]) -> FlowSet | None:
    """Return the flows of these texts; kept, because reading them takes a third of a second."""
    try:
        return load(dict(texts))
    except FlowError:
        return None


def flow_names(session: Session) -> list[str]:
    """Return the names of the flows a number may start."""
    return sorted(name for name in texts(session) if name != LINE)


def flow_titles(session: Session) -> dict[str, str]:
    """Return what the flows are called in the page's language; a flow without a title is absent."""
    loaded = flow_set(session)
    found = loaded.flows.items() if loaded else ()
    titles = {name: flow.title.get(page_language(), "") for name, flow in found}
    return {name: title for name, title in titles.items() if title}
