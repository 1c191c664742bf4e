"""The settings as a listing for the terminal and as a table for the READMEs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from ivr.setting_table import SETTINGS, Setting
from ivr.settings import Settings, without_password
from ivr.wording import Language, Wording

_HIDDEN = "********"
_SOURCES = {
    "environment": Wording("environment", "环境变量"),
    "default": Wording("default", "默认值"),
}


def listing(settings: Settings, language: Language) -> Iterator[str]:
    """Each setting with its value, where that came from, and what it means."""
    sources = dict(settings.sources)
    for setting in SETTINGS:
        source = sources.get(setting.name, "default")
        shown_source = _SOURCES[source].in_language(language) if source in _SOURCES else source
        yield f"{setting.variable}={shown_value(settings, setting)}  [{shown_source}]"
        yield f"    {setting.meaning.in_language(language)}"
    yield Wording(
        f"trunks (only in ivr.toml): {len(settings.trunks)}",
        f"中继（只在 ivr.toml 里设置）：{len(settings.trunks)} 条",
    ).in_language(language)
    for trunk in settings.trunks:
        yield f"    {trunk.name}: {trunk.username}@{trunk.registrar} ({trunk.transport})"
    yield Wording(
        f"callers by password (only in ivr.toml): {len(settings.callers)}",
        f"凭密码来电者（只在 ivr.toml 里设置）：{len(settings.callers)} 个",
    ).in_language(language)
    for caller in settings.callers:
        yield f"    {caller.username}"


def shown_value(settings: Settings, setting: Setting) -> str:
    """The value fit to be shown; secrets are hidden, of a database URL only the password."""
    value = getattr(settings, setting.name)
    if setting.name == "database_url":
        return without_password(str(value))
    if setting.secret:
        return _HIDDEN if value else ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, range):
        return f"{value.start}-{value.stop - 1}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    if setting.name in ("trusted_networks", "trusted_proxies"):
        return ",".join(str(network) for network in value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return "" if value is None else str(value)


def markdown_table(language: Language) -> str:
    """The settings table of the READMEs."""
    heading = Wording(
        "| setting | default | allowed | meaning |", "| 设置 | 默认值 | 取值 | 含义 |"
    )
    lines = [heading.in_language(language), "|---|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        allowed = setting.allowed.in_language(language)
        meaning = setting.meaning.in_language(language)
        lines.append(f"| `{setting.variable}` | {default} | {allowed} | {meaning} |")
    return "\n".join(lines) + "\n"
