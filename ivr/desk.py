"""The desk's process: the staff pages of `admin_web`, and the streams beside them, on one port.

An event loop holds every connection (`ivr.web_server`); pages get one of a few threads when their
request is complete, and streams (`admin_web.streams`) get none at all. A telephone on a bad
network cannot hold the desk up, nor a hundred open live pages.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Literal

from flask import Flask

from admin_web import DeskSettings, create_app
from admin_web.alarms.mailing import AlarmMail
from admin_web.desk import EXTENSION
from admin_web.settings import ListedSetting, MailSettings
from admin_web.streams.door import Streams
from admin_web.streams.routes import STREAMS
from ivr.browser_calls import BrowserLine
from ivr.certificates import CertificateFiles
from ivr.desk_chores import Chore, Chores, counting, mailing
from ivr.lifeline import announce_ready, keep_beating
from ivr.nightly import Nightly
from ivr.nightly_backup import NightlyBackup
from ivr.purging import periods
from ivr.records import Database
from ivr.secret_key import secret_key
from ivr.setting_table import SETTINGS
from ivr.settings import Settings
from ivr.settings_listing import shown_value
from ivr.transcripts import installed
from ivr.watch import Watch
from ivr.web_server import HttpsCertificate, Pages, Proxies, serve
from ivr.web_server.asgi import Receive, Scope, Send

# A recording of five minutes and its form; admin_web limits each page further.
LARGEST_REQUEST = 64 * 2**20


def desk_settings(settings: Settings) -> DeskSettings:
    """What the desk is told of the line's settings."""
    return DeskSettings(
        state_dir=settings.state_dir,
        secret_key=secret_key(settings.state_dir),
        timezone=settings.timezone.key,
        https=settings.https or settings.https_certificate is not None,
        voice_socket=settings.voice_socket,
        recordings_dir=settings.recordings_dir,
        prompts_dir=settings.prompts_dir,
        api_token=settings.api_token,
        api_rate=settings.api_rate,
        transcripts=_transcripts(settings),
        voice_of=settings.voice_of,
        listening_in=settings.listening_in,
        say_yao=settings.say_yao,
        mail=_mail(settings),
        line=_line(settings),
        session_idle_s=settings.session_idle,
        session_max_s=settings.session_max,
        second_factor_for=settings.second_factor_for,
        numbers_for=settings.numbers_for,
        periods=periods(settings),
        keep_clauses=settings.keep_clauses,
        keep_traces=settings.keep_traces,
        traces=settings.sip_trace_mb > 0,
        purge_at=settings.purge_at,
        listed=_listed(settings),
    )


def _listed(settings: Settings) -> tuple[ListedSetting, ...]:
    """All settings for the page that lists them, secrets hidden."""
    sources = dict(settings.sources)
    return tuple(
        ListedSetting(
            row.variable,
            shown_value(settings, row),
            sources.get(row.name, "default"),
            {"en": row.meaning.en, "zh-CN": row.meaning.zh},
        )
        for row in SETTINGS
    )


def _mail(settings: Settings) -> MailSettings | None:
    """How the daily summary is mailed; None where nobody is to get it, or nothing can send it."""
    if not (settings.smtp_host and settings.summary_to and settings.summary_at):
        return None
    return MailSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_user or "",
        password=settings.smtp_password or "",
        sender=settings.smtp_from or settings.summary_to[0],
        recipients=settings.summary_to,
        at=settings.summary_at,
    )


def _line(settings: Settings) -> BrowserLine | None:
    """The line as the telephone in the pages dials it."""
    if not settings.browser_calls:
        return None
    return BrowserLine(settings.sip_host, settings.sip_port, settings.browser_calls)


def _transcripts(settings: Settings) -> Literal["on", "off", "not_installed"]:
    """As the supervisor decided at the same start."""
    if not settings.transcripts:
        return "off"
    return "not_installed" if installed.missing() else "on"


def _chores(application: Flask, database: Database, settings: Settings) -> list[Chore]:
    chores = [counting(database, settings.timezone)]
    mail = _mail(settings)
    return [*chores, mailing(application, mail)] if mail else chores


def _nightly(database: Database, settings: Settings) -> dict[str, Nightly]:
    found: dict[str, Nightly] = {}
    if settings.purge_at is not None:
        found["Purging"] = Nightly(database, settings.purge_at, settings.timezone)
    if settings.backup_dir is not None:
        found["Backing up"] = NightlyBackup(
            settings.backup_dir, settings.backup_at, settings.timezone
        )
    return found


def _watch(
    application: Flask,
    settings: Settings,
    backing_up: Nightly | None,
    https: HttpsCertificate | None,
) -> Watch:
    mail = _mail(settings)
    board = application.extensions[EXTENSION].settings.alarms
    return Watch(
        settings,
        board,
        told=AlarmMail(application, mail).tell if mail else lambda _raised, _over: None,
        backup_failed=lambda: backing_up is not None and backing_up.failed,
        https=https,
    )


def _serves() -> None:
    """In the loop that holds every connection, once it listens."""
    announce_ready()
    keep_beating(asyncio.get_running_loop().call_later)


def main(settings: Settings) -> None:
    """Serve the staff pages until SIGTERM."""
    database = Database(settings.database_url)
    application = create_app(desk_settings(settings), database)
    pages, streams = Pages(application, LARGEST_REQUEST), Streams(application, STREAMS)

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        await (streams if streams.serves(scope) else pages)(scope, receive, send)

    https = None
    if settings.https_certificate is not None:
        https = HttpsCertificate(CertificateFiles(settings.https_certificate, settings.https_key))
    nightly = _nightly(database, settings)
    chores = _chores(application, database, settings)
    chores += [Chore(name, night.tend) for name, night in nightly.items()]
    watch = _watch(application, settings, nightly.get("Backing up"), https)
    # All that was loaded stays: looking through it took a full collection 160 to 220 ms, in
    # which no page was answered.
    gc.collect()
    gc.freeze()
    try:
        # The watch has a thread of its own: what it looks for is what holds the other chores up.
        with Chores(chores), Chores([Chore("Watching", watch.look)]):
            serve(
                Proxies(front, settings.trusted_proxies if settings.https else ()),
                settings.web_host,
                settings.web_port,
                when_listening=_serves,
                when_stopping=streams.stop,
                https=https,
            )
    finally:
        pages.close()
        for night in nightly.values():
            night.close()
        watch.close()
        database.close()
