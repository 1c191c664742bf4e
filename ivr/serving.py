"""From `ivr serve` to a line that answers: look, open the database, supervise, say where it is."""

from __future__ import annotations

import faulthandler
import ipaddress
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from ivr import logs, rendered_mark
from ivr.lifeline import end_with_supervisor, supervised
from ivr.preflight import (
    check_sip_ports,
    check_state_dir,
    check_web_port,
    hold_lock,
    too_few_sound_ports,
)
from ivr.records import Database, RecordsError, migrate
from ivr.settings import Settings, closest_variable
from ivr.wording import Language, Wording

PART_NAMES = ("responder", "voice", "desk", "transcripts")
log = logging.getLogger(__name__)

_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - looked for, not bound


def serve(settings: Settings, language: Language, *, render: bool = False) -> int:
    """Run the whole line until a signal; returns the exit status. Raises OperatorError.

    With `render` the prompts are rendered first, where that has not been done.
    """
    # Imported here: the children begin in this module too, and each start counts.
    from ivr.service_notify import ServiceManager
    from ivr.supervisor import Supervisor, parts

    logs.set_up(settings.log_level, settings.log_format, "supervisor")
    _warn_of_unknown_variables(settings, language)
    check_state_dir(settings.state_dir)
    with hold_lock(settings):
        check_sip_ports(settings)
        check_web_port(settings)
        if (few := too_few_sound_ports(settings)) is not None:
            print(few.in_language(language), file=sys.stderr)
        password = open_database(settings, datetime.now(UTC))
        # Said before anything can go wrong with the children: it is shown only once.
        if password is not None:
            _say(_password_wording(password), language)
        if render and not rendered_mark.is_complete(settings):
            # A process of its own, so that its models leave no memory behind. Where it fails it
            # has said why; the line runs on what is there.
            subprocess.run([sys.executable, "-m", "ivr", "render"], check=False)
        supervisor = Supervisor(
            parts(settings.drain_seconds, transcripts=transcribes(settings)),
            on_ready=lambda: _say(addresses(settings), language),
            manager=ServiceManager(),
        )
        return supervisor.run()


def transcribes(settings: Settings) -> bool:
    """Whether recordings are transcribed: switched on, and the recogniser is installed."""
    from ivr.transcripts import installed

    return settings.transcripts and not installed.missing()


def open_database(settings: Settings, now: datetime) -> str | None:
    """Migrate, load the sample town where asked, make the first administrator.

    Returns the password that was generated for it, if one was.
    """
    from ivr.services import sample_town, staff

    migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        if settings.sample_data:
            with database.begin() as session:
                sample_town.load(session, now, zone=settings.timezone)
        return staff.ensure_first_administrator(database, settings.admin_password, now)
    finally:
        database.close()


def serve_part(name: str, settings: Settings) -> None:
    """Run one part in this process: a child of the supervisor, or alone for a test."""
    logs.set_up(settings.log_level, settings.log_format, name)
    if not supervised():
        check_state_dir(settings.state_dir)
        _part(name)(settings)
        return
    end_with_supervisor()
    # Where it hangs, it is asked to say where (`ivr.supervisor`): every thread's place, on stderr.
    faulthandler.enable()
    try:
        _part(name)(settings)
    except RecordsError as error:
        # Not status 2: a database that is away comes back, and the supervisor tries again.
        log.error("%s: %s", name, error)
        sys.exit(1)


def _part(name: str) -> Callable[[Settings], None]:
    # Each process imports its own part alone: Flask has no place in the responder.
    if name == "responder":
        from ivr.responder.main import main
    elif name == "voice":
        from ivr.voice import main
    elif name == "transcripts":
        from ivr.transcripts.main import main
    else:
        from ivr.desk import main
    return main


def addresses(settings: Settings) -> Wording:
    """What to dial and what to open."""
    host = settings.public_address or settings.sip_host
    dial = sip_address(own_address() if host in _ANY_ADDRESS else host, settings.sip_port)
    web_host = "127.0.0.1" if settings.web_host in _ANY_ADDRESS else settings.web_host
    scheme = "http" if settings.https_certificate is None else "https"
    page = f"{scheme}://{_in_url(web_host)}:{settings.web_port}/"
    return Wording(
        f"The line answers.\n  dial       {dial}\n  staff page {page}\n  stop       Ctrl-C",
        f"线路已接通。\n  拨打     {dial}\n  管理页面 {page}\n  停止     Ctrl-C",
    )


def sip_address(host: str, port: int) -> str:
    """The URI of the line; the usual port is left out."""
    return f"sip:line@{_in_url(host)}" + ("" if port == 5060 else f":{port}")


def own_address() -> str:
    """The address of this machine on its network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # TEST-NET-3 (RFC 5737): routed like any outside address, answered by nobody.
            probe.connect(("203.0.113.1", 9))
            address: str = probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"
        return address


def _in_url(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


def _password_wording(password: str) -> Wording:
    from ivr.services import staff

    return Wording(
        f"First administrator (shown only this once): user {staff.FIRST_USERNAME}, "
        f"password {password}",
        f"第一个管理员（只显示这一次）：用户名 {staff.FIRST_USERNAME}，密码 {password}",
    )


def _warn_of_unknown_variables(settings: Settings, language: Language) -> None:
    for name in settings.unknown_variables:
        near = closest_variable(name)
        wording = Wording(
            f"{name} is not a setting and is ignored" + (f"; did you mean {near}?" if near else ""),
            f"{name} 不是设置项，已忽略" + (f"；是否指 {near}？" if near else ""),
        )
        print(wording.in_language(language), file=sys.stderr)


def _say(wording: Wording, language: Language) -> None:
    print(wording.in_language(language), flush=True)
