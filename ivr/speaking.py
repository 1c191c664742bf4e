"""`ivr say` and `ivr render`: the catalogue as published, and the voices as set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from ivr import rendered_mark, voices
from ivr.records import Database, RecordsError
from ivr.responder.content import Snapshot
from ivr.responder.main import source
from ivr.settings import Settings
from ivr.wording import OperatorError, Wording
from prompts.engines import available
from prompts.render_all import RenderReport, render_all
from prompts.renderer import Renderer, default_renderer
from prompts.say import say_to_wav
from prompts.store import ClauseStore

# A Mandarin voice takes about 300 MB; beyond four the memory goes before the time does.
MOST_WORKERS = 4


def published(settings: Settings) -> Snapshot:
    """Flows and prompts as new calls get them; those of the program where no database is yet."""
    url = make_url(settings.database_url)
    there = url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()
    source_of_line = source(settings)
    if there:
        database = Database(settings.database_url)
        try:
            with database.read() as session:
                return source_of_line.read(session)
        except RecordsError:
            # Not migrated, or away: what comes with the program can be said all the same.
            pass
        finally:
            database.close()
    from call_flows import load

    flows = load(source_of_line.flows)
    return Snapshot((), flows, source_of_line.catalogue, flows.numbers, {})


def renderer_of(settings: Settings) -> Renderer:
    """The renderer that the voice process has, too."""
    store = ClauseStore(settings.clauses_dir)
    return default_renderer(store, voices.order(settings.voice_zh, settings.voice_en))


def say(
    settings: Settings,
    language: str,
    out: Path,
    *,
    prompt: str | None,
    text: str | None,
    words: tuple[str, ...],
) -> float:
    """Write what a caller would hear; returns its seconds. `words` are SLOT=VALUE."""
    values: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or prompt is None:
            raise OperatorError(
                Wording(
                    f"{word!r}: slots are given as NAME=VALUE after --prompt ID",
                    f"{word!r}：变量要写成 名称=值，并用 --prompt 指定提示语",
                )
            )
        values[name] = value
    return say_to_wav(
        published(settings).catalogue,
        language,
        out,
        renderer_of(settings),
        prompt_id=prompt,
        text=text,
        values=values,
    )


def render(settings: Settings, progress: Callable[[int, int, str], None]) -> RenderReport:
    """Have everything foreseeable in the store, before the first call."""
    workers = max(1, min(MOST_WORKERS, os.cpu_count() or 1))
    report = render_all(
        published(settings).catalogue,
        ClauseStore(settings.clauses_dir),
        renderer_of(settings),
        progress,
        workers=workers,
    )
    if not report.faults:
        rendered_mark.note_complete(settings)
    return report


def missing_voices(settings: Settings) -> list[Wording]:
    """A line for each language whose first voice is not installed, with the command for it."""
    found = []
    wanted = voices.order(settings.voice_zh, settings.voice_en)
    statuses = {(status.language, status.name): status for status in available()}
    for language, names in wanted.items():
        status = statuses.get((language, names[0]))
        if status is not None and not status.usable:
            found.append(
                Wording(
                    f"{language}: the voice {status.name} is not installed: {status.remedy}",
                    f"{language}：没有安装语音 {status.name}：{status.remedy}",
                )
            )
    return found
