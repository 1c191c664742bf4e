"""The commands of people and trust: `ivr audit ...`, `ivr purge`, `ivr staff ...`."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime

import click

from ivr.settings import Settings, load
from ivr.wording import Language, Wording, operator_language

WHO = "operator"


def _settings() -> tuple[Settings, Language]:
    return load(), operator_language(os.environ)


def _echo(wording: Wording, language: Language, *, err: bool = False) -> None:
    click.echo(wording.in_language(language), err=err)


@click.group()
def audit() -> None:
    """The audit log: check it, note its head. 操作日志。"""


@audit.command(name="check")
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="NUMBER:SEAL",
    help="A head noted earlier, which the log must still hold. May be given again.",
)
def audit_check(heads: tuple[str, ...]) -> None:
    """Compute every seal anew; status 1 names the first broken entry. 核对操作日志。"""
    from ivr.records import Database
    from ivr.services.audit_check import Head, check

    settings, language = _settings()
    database = Database(settings.database_url)
    try:
        found = check(database, [Head.parse(head) for head in heads])
    finally:
        database.close()
    if found.fault is not None:
        _echo(
            Wording(
                f"the audit log is not what was written: {found.fault}",
                f"操作日志已被改动：第 {found.broken} 条不符（{found.fault}）",
            ),
            language,
            err=True,
        )
        sys.exit(1)
    _echo(
        Wording(
            f"{found.entries} entries are sound; head {found.head}",
            f"{found.entries} 条记录完好；链首 {found.head}",
        ),
        language,
    )


@audit.command(name="head")
def audit_head() -> None:
    """Print where the log ends now, to be kept elsewhere. 显示当前链首，请另行保存。"""
    from ivr.records import Database
    from ivr.services.audit_check import head

    settings, _ = _settings()
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            click.echo(str(head(session)))
    finally:
        database.close()


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and touch nothing.")
def purge(dry_run: bool) -> None:
    """Remove what is kept no longer, and check the audit log. 清理到期数据。"""
    from ivr import logs, purging
    from ivr.records import Database

    settings, language = _settings()
    logs.set_up(settings.log_level, settings.log_format, "purge")
    # One line for each clause read is nobody's wish.
    logging.getLogger("prompts").setLevel(logging.WARNING)
    database = Database(settings.database_url)
    now = datetime.now(UTC)
    try:
        work = purging.would_purge if dry_run else purging.purge
        found = work(settings, database, now)
    finally:
        database.close()
    for kind, number in found.removed.items():
        _echo(Wording(f"{number} {kind}", f"{_KINDS.get(kind, kind)} {number}"), language)
    if not found.removed:
        _echo(Wording("nothing is old enough", "没有到期的数据"), language)
    for fault in found.faults:
        click.echo(fault, err=True)
    broken = found.audit is not None and not found.audit.sound
    sys.exit(1 if found.faults or broken else 0)


_KINDS = {
    "calls": "通话记录",
    "call_backs": "已完成回拨",
    "recordings": "录音",
    "transcripts": "转写文本",
    "complaints": "投诉",
    "audit": "操作日志",
    "clauses": "合成语句",
    "sessions": "已结束的登录",
}


@click.group()
def staff() -> None:
    """Accounts, for whoever is locked out of the staff pages. 管理页面账号。"""


@staff.command(name="reset")
@click.argument("username")
@click.option("--second-factor", is_flag=True, help="Take the second factor away, too.")
def staff_reset(username: str, second_factor: bool) -> None:
    """Give USERNAME a new first password, shown once. 重置密码。"""
    from ivr.records import Database
    from ivr.services import passwords, staff
    from ivr.services import second_factor as factors

    settings, language = _settings()
    password = passwords.generate_password()
    hashed = passwords.hash_password(password)
    database = Database(settings.database_url)
    now = datetime.now(UTC)
    try:
        with database.begin() as session:
            person = staff.set_password(
                session, username, hashed, must_change=True, who=WHO, now=now
            )
            if second_factor:
                factors.turn_off(session, person, who=WHO, now=now)
    finally:
        database.close()
    _echo(
        Wording(
            f"{person.username}: the password is now {password} (to be changed at the sign-in)",
            f"{person.username}：新密码 {password}（登录后须修改）",
        ),
        language,
    )
