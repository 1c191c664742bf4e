"""The commands: `python -m ivr serve · call · simulate · check · say · render · migrate ...`.

Here the parts are put together, and nothing else: each command reads its
words, calls one function of a room, and prints. What the operator can mend is
one line and status 2; a check that finds errors, or a probe that fails, is
status 1. Rooms are imported when their command runs, so that each starts
quickly and with nothing that it does not need.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ivr import trust_commands
from ivr.settings import Settings, load
from ivr.wording import Language, OperatorError, Wording, operator_language

_MENDABLE_STATUS = 2
_LANGUAGE_NAMES = ("zh-CN", "en")


class _OneLineErrors(click.Group):
    """What an operator can mend is said in one line; a traceback is kept for our own faults."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            self._end(error.wording.in_language(operator_language(os.environ)))
        except BrokenPipeError:
            # `ivr config | head`: the reader has had enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except Exception as error:
            if not isinstance(error, _mendable()):
                raise
            self._end(" ".join(str(error).split()))

    @staticmethod
    def _end(line: str) -> None:
        click.echo(line, err=True)
        sys.exit(_MENDABLE_STATUS)


def _mendable() -> tuple[type[Exception], ...]:
    """The families whose text says what is wrong and how to mend it."""
    from call_flows.errors import FlowError
    from ivr.records.errors import RecordsError
    from ivr.services.errors import ServiceError
    from prompts.errors import PromptError, VoiceError

    return (FlowError, PromptError, RecordsError, ServiceError, VoiceError)


def _settings() -> tuple[Settings, Language]:
    return load(), operator_language(os.environ)


def _echo(wording: Wording, language: Language) -> None:
    click.echo(wording.in_language(language))


@click.group(
    cls=_OneLineErrors,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """Minsheng Line 民声热线: a telephone service line for a local government."""


for command in (trust_commands.audit, trust_commands.purge, trust_commands.staff):
    main.add_command(command)


@main.command()
@click.option(
    "--only",
    type=click.Choice(["responder", "voice", "desk", "transcripts"]),
    help="Run one part in this process (the supervisor does so).",
)
@click.option("--render", is_flag=True, help="Render missing prompts first.")
def serve(only: str | None, render: bool) -> None:
    """Answer calls and serve the staff pages until stopped. 启动线路与管理页面。"""
    from ivr import serving

    settings, language = _settings()
    if only:
        serving.serve_part(only, settings)
    else:
        sys.exit(serving.serve(settings, language, render=render))


@main.command()
@click.argument("target")
@click.option("--keys", default="", help="KEYS:SECONDS after the answer, e.g. 1:2,1:6,880123#:9")
@click.option("--record", type=click.Path(path_type=Path), help="Write what is heard (WAV).")
@click.option("--play", type=click.Path(path_type=Path, exists=True), help="Say this WAV.")
@click.option("--play-at", type=float, default=0.0, help="Seconds after the answer.")
@click.option("--duration", type=click.FloatRange(0.1, 3600), help="Hang up after seconds.")
@click.option("--timeout", type=click.FloatRange(0.1, 32), default=10.0, show_default=True)
@click.option("--caller", default="", help="User part of the caller's address.")
@click.option("--probe", is_flag=True, help="For monitoring: one line of JSON, status 0 or 1.")
def call(
    target: str,
    keys: str,
    record: Path | None,
    play: Path | None,
    play_at: float,
    duration: float | None,
    timeout: float,
    caller: str,
    probe: bool,
) -> None:
    """Place a scripted call, e.g. sip:line@127.0.0.1. 按脚本拨打一通电话。"""
    from ivr.caller import launch
    from ivr.caller.script import ScriptError, parse_keys, parse_target

    try:
        parse_target(target)
        parse_keys(keys)
    except ScriptError as error:
        raise OperatorError(Wording(str(error), str(error))) from error
    if probe:
        found = launch.probe(target, timeout_s=timeout)
        click.echo(json.dumps(found, ensure_ascii=False))
        sys.exit(0 if found["ok"] else 1)
    plan = launch.CallPlan(
        target, keys, record, duration, timeout, caller, play=play, play_at_s=play_at
    )
    last: dict[str, Any] = {}
    for last in launch.place(plan):
        click.echo(launch.described(last))
    sys.exit(_MENDABLE_STATUS if last["event"] == "error" else 0 if last["ok"] else 1)


@main.command()
@click.option("--quiet", is_flag=True, help="Say nothing when all is well.")
@click.option("--back-to", help="An older release's revision, before that release is installed.")
def migrate(quiet: bool, back_to: str | None) -> None:
    """Bring the database to this release's tables. 升级数据库结构。"""
    from ivr.preflight import check_state_dir
    from ivr.records import migrate as migrate_database
    from ivr.settings import without_password

    settings, language = _settings()
    check_state_dir(settings.state_dir)
    revision = migrate_database(settings.database_url, back_to=back_to)
    if not quiet:
        place = without_password(settings.database_url)
        _echo(
            Wording(f"{place} is up to date ({revision})", f"{place} 已是最新结构（{revision}）"),
            language,
        )


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--check", is_flag=True, help="Write nothing: read FILE whole and say if it is good.")
@click.option("--nightly", is_flag=True, help="Into IVR_BACKUP_DIR, as the line does every night.")
def backup(file: Path | None, check: bool, nightly: bool) -> None:
    """Write database, recordings and keys into FILE (.tar.gz). 备份。"""
    from ivr import backup as room
    from ivr import nightly_backup

    if (file is None) != nightly or (check and nightly):
        raise click.UsageError("give a FILE, or --nightly")
    settings, language = _settings()
    now = datetime.now(UTC)
    if file is None:
        done = nightly_backup.make(settings, now)
    else:
        done = room.check(file) if check else room.backup(settings, file, now)
    size = f"{done.size_bytes / 1e6:.1f} MB"
    en, zh = f"{done.files} files, {size}", f"{done.files} 个文件，{size}"
    if check:
        en, zh = f"a whole backup of {done.made}: {en}", f"完整的备份（{done.made}）：{zh}"
    _echo(Wording(f"{done.file}: {en}", f"{done.file}：{zh}"), language)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Put present data aside first.")
def restore(file: Path, replace: bool) -> None:
    """Bring back what `backup` wrote. 恢复备份。"""
    from ivr import backup as room

    settings, language = _settings()
    done = room.restore(settings, file, datetime.now(UTC), replace=replace)
    _echo(
        Wording(
            f"restored {done.files} files of {done.made}; run `python -m ivr migrate`, then serve",
            f"已恢复 {done.made} 的 {done.files} 个文件；请执行 python -m ivr migrate 后再启动",
        ),
        language,
    )


@main.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on.")
@click.option("--force", is_flag=True, help="Also days of which calls were removed since.")
def recount(since: datetime | None, force: bool) -> None:
    """Make the figures of supervisors again from the calls. 由通话记录重新统计。"""
    from ivr import recounting

    settings, language = _settings()
    done = recounting.recount(settings, since=since.date() if since else None, force=force)
    _echo(
        Wording(
            f"{done.calls} calls of {done.days} days counted anew; {done.left} days left as they "
            "were, because calls of them are kept no longer (--force counts what there is)",
            f"已重新统计 {done.days} 天的 {done.calls} 通电话；{done.left} 天因部分记录已清理而"
            "保持不变（--force 按现有记录统计）",
        )
        if done.left
        else Wording(
            f"{done.calls} calls of {done.days} days counted anew",
            f"已重新统计 {done.days} 天的 {done.calls} 通电话",
        ),
        language,
    )


@main.command()
@click.option("--language", type=click.Choice(_LANGUAGE_NAMES), help="Default: by LANG.")
@click.option("--markdown", is_flag=True, help="The table of the README.")
def config(language: Language | None, markdown: bool) -> None:
    """Print each setting with its source and meaning. 显示全部设置。"""
    from ivr.settings_listing import listing, markdown_table

    language = language or operator_language(os.environ)
    if markdown:
        click.echo(markdown_table(language), nl=False)
        return
    for line in listing(load(), language):
        click.echo(line)


@main.group(name="import")
def import_group() -> None:
    """Bring data in. 导入数据。"""


@import_group.command(name="bills")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--all-or-nothing", is_flag=True, help="Keep nothing if any line is bad.")
def import_bills(file: Path, all_or_nothing: bool) -> None:
    """Import bills from a CSV file; every bad line is reported. 导入账单（CSV）。"""
    from ivr.records import Database
    from ivr.services import bill_import

    settings, language = _settings()
    database = Database(settings.database_url)
    try:
        report = bill_import.import_bills(database.begin, file, all_or_nothing, read=database.read)
    finally:
        database.close()
    for problem in report.problems:
        column = f" {problem.column}:" if problem.column else ""
        click.echo(f"{file}:{problem.line}:{column} {problem.message}", err=True)
    _echo(
        Wording(
            f"{report.imported} of {report.lines} lines imported, {len(report.problems)} problems",
            f"共 {report.lines} 行，导入 {report.imported} 行，问题 {len(report.problems)} 处",
        ),
        language,
    )
    sys.exit(1 if report.problems else 0)


@main.command(context_settings={"ignore_unknown_options": False})
@click.argument("language", type=click.Choice(_LANGUAGE_NAMES))
@click.argument("slots", nargs=-1)
@click.option("--prompt", help="A prompt's id; its slots follow as NAME=VALUE.")
@click.option("--text", help="Any text instead of a prompt.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
def say(
    language: str, slots: tuple[str, ...], prompt: str | None, text: str | None, out: Path
) -> None:
    """Write what a caller would hear as a WAV file (8 kHz µ-law). 试听：写成 WAV 文件。"""
    from ivr import speaking

    settings, terminal = _settings()
    seconds = speaking.say(settings, language, out, prompt=prompt, text=text, words=slots)
    _echo(Wording(f"{out}: {seconds:.1f} s", f"{out}：{seconds:.1f} 秒"), terminal)


@main.command()
def render() -> None:
    """Render all prompts that are not rendered yet. 预先合成全部提示语。"""
    from ivr import speaking

    settings, language = _settings()
    for wording in speaking.missing_voices(settings):
        click.echo(wording.in_language(language), err=True)
    label = Wording("Rendering prompts", "正在合成提示语").in_language(language)
    bar: Any
    with click.progressbar(length=1, label=label, show_pos=True, width=30) as bar:

        def progress(done: int, total: int, _text: str) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        report = speaking.render(settings, progress)
    for fault in report.faults:
        click.echo(fault, err=True)
    if report.rendered:
        _echo(
            Wording(
                f"{report.rendered} clauses rendered in {report.seconds:.0f} s",
                f"合成 {report.rendered} 句，用时 {report.seconds:.0f} 秒",
            ),
            language,
        )


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), nargs=-1)
def check(folder: tuple[Path, ...]) -> None:
    """Check the published call flows and prompts, or the flows of FOLDER. 检查流程与提示语。"""
    from call_flows import FlowError
    from ivr import rehearsal

    settings, language = _settings()
    try:
        found = rehearsal.check_line(settings, folder[0] if folder else None)
    except FlowError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    for finding in (*found.issues, *found.problems):
        click.echo(str(finding))
    _echo(
        Wording(
            f"{found.flows} flows, {found.prompts} prompts: {len(found.issues)} issues of flows, "
            f"{len(found.problems)} of prompts",
            f"{found.flows} 个流程、{found.prompts} 条提示语："
            f"流程问题 {len(found.issues)} 处，提示语问题 {len(found.problems)} 处",
        ),
        language,
    )
    sys.exit(1 if found.failed else 0)


@main.command()
@click.option("--keys", help="A whole call: groups of keys, '-' for silence. 例：1 1 880123# -")
@click.option("--flow", default="main", show_default=True)
@click.option("--caller", default="13800138000", show_default=True)
@click.option("--flows", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--live", is_flag=True, help="Look up in the line's database, not the sample town.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
    help="At this time of the line's zone, e.g. '2026-11-22 03:00' (default: now).",
)
def simulate(
    keys: str | None,
    flow: str,
    caller: str,
    flows: Path | None,
    live: bool,
    at: datetime | None,
) -> None:
    """Hold a call in the terminal by typing keys. 在终端里模拟通话。"""
    from ivr import rehearsal

    settings, _ = _settings()
    rehearsal.simulate_call(
        settings,
        keys=keys,
        folder=flows,
        flow=flow,
        caller=caller,
        live=live,
        out=click.echo,
        at=at.replace(tzinfo=settings.timezone) if at is not None else None,
    )
