"""The line's settings: environment `IVR_*` over `ivr.toml` over defaults.

`load()` reads them once per process; every part takes the frozen `Settings`
as an argument and reads no environment itself. An attribute is named as its
row in `setting_table` (`IVR_SIP_PORT` is `settings.sip_port`). Trunks are
tables and so only in the file: `[[trunks]]`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ivr import setting_values as values
from ivr.setting_table import BY_NAME, SETTINGS, Setting
from ivr.wording import OperatorError, Wording

# Variables that are read outside this table: the file's place, the test data's,
# and the two that the supervisor hands to its children.
_OTHER_VARIABLES = frozenset({"IVR_CONFIG", "IVR_TESTDATA", "IVR_READY_FD", "IVR_LIFELINE_FD"})
_SHOWN_CHARACTERS = 60
_TABLES = ("trunks", "callers")


Encryption = Literal["off", "preferred", "required"]


class SettingsError(OperatorError):
    """A setting that cannot be used: which, its value, what is allowed, how to mend it."""


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """One `[[trunks]]` table: a PBX or provider to register with."""

    name: str
    registrar: str
    username: str = ""
    password: str = field(default="", repr=False)
    transport: Literal["udp", "tcp", "tls"] = "udp"
    register: bool = True
    keepalive: float = 30.0
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where its calls come from, beside the registrar's address."""
    srtp: Encryption | None = None
    """Whether its sound is encrypted; None: as all others' (`Settings.srtp`)."""
    tls_ca: Path | None = None
    """The authority its certificate is of; None: those that the system believes."""
    tls_verify: bool = True
    """Whether its certificate is looked at; without, anybody could stand in for it."""


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """One `[[callers]]` table: a telephone or PBX that may call from anywhere, by its password."""

    username: str
    password: str = field(repr=False)
    trunk: str | None = None
    """The name its calls are recorded under."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the line runs with. Durations are in seconds."""

    state_dir: Path
    database_url: str = field(repr=False)
    sip_host: str
    sip_port: int
    tls_certificate: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    sip_tls_port: int
    srtp: Encryption
    public_address: str | None
    rtp_ports: range
    max_calls: int
    max_late_ms: int
    who_may_call: Literal["anyone", "trunks"]
    strangers: Literal["answer", "silence"]
    trusted_networks: tuple[IPv4Network | IPv6Network, ...]
    source_calls: int
    source_requests: int
    sip_product: str | None
    operator: str
    operator_timeout: float
    web_host: str
    web_port: int
    browser_calls: int
    https: bool
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    https_certificate: Path | None
    https_key: Path | None
    admin_password: str | None = field(repr=False)
    api_token: str | None = field(repr=False)
    api_rate: int
    sample_data: bool
    timezone: ZoneInfo
    voice_zh: str
    voice_en: str
    say_yao: bool
    transcripts: bool
    transcript_calls: int
    media_silence: float
    listening_in: Literal["off", "silent", "tone"]
    drain_seconds: float
    sip_trace_mb: int
    bench_flows: bool
    session_idle: float
    session_max: float
    second_factor_for: frozenset[str]
    numbers_for: frozenset[str]
    keep_calls: int
    keep_recordings: int
    keep_transcripts: int
    keep_complaints: int
    keep_audit: int
    keep_clauses: int
    keep_traces: int
    purge_at: time | None
    backup_dir: Path | None
    backup_at: time
    keep_backups: int
    summary_to: tuple[str, ...]
    summary_at: time | None
    smtp_host: str | None
    smtp_port: int
    smtp_security: Literal["starttls", "tls", "none"]
    smtp_user: str | None
    smtp_password: str | None = field(repr=False)
    smtp_from: str
    log_level: str
    log_format: Literal["text", "json"]
    trunks: tuple[TrunkSettings, ...] = ()
    callers: tuple[CallerSettings, ...] = ()
    # name -> "environment", the file's path or "default"; for `ivr config`.
    sources: tuple[tuple[str, str], ...] = ()
    # Variables that look like ours and are not; for a warning.
    unknown_variables: tuple[str, ...] = ()

    @property
    def clauses_dir(self) -> Path:
        """Rendered clauses, one file each; may be deleted at any time."""
        return self.state_dir / "clauses"

    @property
    def traces_dir(self) -> Path:
        """What signalling said, some days back; may be deleted at any time."""
        return self.state_dir / "traces"

    @property
    def recordings_dir(self) -> Path:
        """What callers said."""
        return self.state_dir / "recordings"

    @property
    def prompts_dir(self) -> Path:
        """Prompts recorded by staff."""
        return self.state_dir / "prompts"

    @property
    def voice_socket(self) -> Path:
        """The Unix socket of the voice process."""
        return self.state_dir / "voice.sock"

    @property
    def listening_socket(self) -> Path:
        """The Unix socket by which the desk hears a call that somebody listens in to."""
        return self.state_dir / "listening.sock"

    def voice_of(self, language: str) -> str:
        """The voice that is part of each clause's key; empty where none is installed."""
        # Late: the voices' package is needed only by processes that speak.
        from ivr import voices

        return voices.voice_of(self.voice_zh, self.voice_en, language)

    @property
    def lock_file(self) -> Path:
        """Held by the running supervisor."""
        return self.state_dir / "ivr.lock"


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read the settings; `folder` is where `ivr.toml` is looked for.

    Raises `SettingsError`.
    """
    environ = os.environ if environ is None else environ
    file = _config_file(environ, folder or Path.cwd())
    table = _read_file(file) if file else {}
    found: dict[str, Any] = {}
    sources: list[tuple[str, str]] = []
    for setting in SETTINGS:
        raw: object
        if setting.variable in environ:
            raw, source = environ[setting.variable], "environment"
        elif setting.name in table:
            raw, source = table[setting.name], str(file)
        else:
            raw, source = setting.default, "default"
        found[setting.name] = _parse(setting, raw, source)
        sources.append((setting.name, source))
    if not found["database_url"]:
        found["database_url"] = f"sqlite:///{found['state_dir'] / 'ivr.db'}"
    _check_database_url(found["database_url"])
    return Settings(
        **found,
        trunks=_trunks(table.get("trunks", []), file),
        callers=_callers(table.get("callers", []), file),
        sources=tuple(sources),
        unknown_variables=_unknown_variables(environ),
    )


def closest_variable(name: str) -> str | None:
    """The setting most like a misspelt variable."""
    matches = difflib.get_close_matches(name, [s.variable for s in SETTINGS], n=1)
    return matches[0] if matches else None


def _config_file(environ: Mapping[str, str], folder: Path) -> Path | None:
    named = environ.get("IVR_CONFIG", "").strip()
    if not named:
        usual = folder / "ivr.toml"
        return usual if usual.is_file() else None
    file = Path(named).expanduser()
    if not file.is_file():
        raise SettingsError(
            Wording(
                f"IVR_CONFIG={_shown(named)}: there is no such file; "
                "copy ivr.example.toml there, or unset IVR_CONFIG",
                f"IVR_CONFIG={_shown(named)}：没有这个文件；"
                "请把 ivr.example.toml 复制到该处，或取消 IVR_CONFIG",
            )
        )
    return file


def _read_file(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        detail = " ".join(str(error).split())
        raise SettingsError(
            Wording(
                f"{file}: cannot be read ({detail}); mend that line (see ivr.example.toml)",
                f"{file}：无法读取（{detail}）；请改正该行（参见 ivr.example.toml）",
            )
        ) from error
    for key in table:
        if key not in _TABLES and key not in BY_NAME:
            near = difflib.get_close_matches(key, [*BY_NAME, *_TABLES], n=1)
            raise SettingsError(
                Wording(
                    f"{file}: there is no setting {_shown(key)}"
                    + (f"; did you mean {near[0]}?" if near else "; see ivr.example.toml"),
                    f"{file}：没有设置项 {_shown(key)}"
                    + (f"；是否指 {near[0]}？" if near else "；参见 ivr.example.toml"),
                )
            )
    return table


def _parse(setting: Setting, raw: object, source: str) -> Any:
    try:
        return setting.parse(raw)
    except ValueError as error:
        shown = "***" if setting.secret else _shown(str(raw))
        place = setting.variable if source in ("environment", "default") else setting.name
        where = Wording("", "")
        if source not in ("environment", "default"):
            where = Wording(f" in {source}", f"（{source}）")
        mend = setting.default or Wording("nothing", "空").en
        raise SettingsError(
            Wording(
                f"{place}={shown}{where.en}: not allowed; give {setting.allowed.en} "
                f"(default: {mend})",
                f"{place}={shown}{where.zh}：无效；应为{setting.allowed.zh}"
                f"（默认：{setting.default or '空'}）",
            )
        ) from error


def _check_database_url(url: str) -> None:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("sqlite", "postgresql") or not rest:
        raise SettingsError(
            Wording(
                f"IVR_DATABASE_URL={_shown(without_password(url))}: not allowed; "
                f"give {BY_NAME['database_url'].allowed.en}",
                f"IVR_DATABASE_URL={_shown(without_password(url))}：无效；"
                f"应为{BY_NAME['database_url'].allowed.zh}",
            )
        )


def without_password(url: str) -> str:
    """A database URL fit to be shown."""
    scheme, separator, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    if not separator or not at:
        return url
    user, colon, _password = credentials.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}@{place}"


def _unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = {setting.variable for setting in SETTINGS} | _OTHER_VARIABLES
    return tuple(sorted(name for name in environ if name.startswith("IVR_") and name not in known))


_TRUNK_KEYS: dict[str, Callable[[object], Any]] = {
    "name": values.text,
    "registrar": values.text,
    "username": values.text,
    "password": str,
    "transport": lambda raw: values.one_of(raw, ("udp", "tcp", "tls")),
    "register": values.switch,
    "keepalive": values.seconds,
    "networks": values.networks,
    "srtp": values.encryption,
    "tls_ca": values.optional_file,
    "tls_verify": values.switch,
}


def _trunks(tables: object, file: Path | None) -> tuple[TrunkSettings, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(
            Wording(
                f"{file}: trunks are written as [[trunks]] tables; see ivr.example.toml",
                f"{file}：中继要写成 [[trunks]] 表；参见 ivr.example.toml",
            )
        )
    trunks: list[TrunkSettings] = []
    for number, table in enumerate(tables, 1):
        trunk = _trunk(table, f"{file}: trunks[{number}]")
        if any(other.name == trunk.name for other in trunks):
            raise _trunk_error(f"{file}: trunks[{number}].name={trunk.name}", "used twice", "重复")
        trunks.append(trunk)
    return tuple(trunks)


def _trunk(table: dict[str, Any], place: str) -> TrunkSettings:
    for key in table:
        if key not in _TRUNK_KEYS:
            raise _trunk_error(f"{place}.{key}", "no such key", "没有这一项")
    # Who is not registered with needs no account: it is known by its address.
    account = ("username", "password") if table.get("register", True) is not False else ()
    for key in ("name", "registrar", *account):
        if not str(table.get(key, "")).strip():
            raise _trunk_error(f"{place}.{key}", "missing", "缺少")
    found: dict[str, Any] = {}
    for key, raw in table.items():
        try:
            found[key] = _TRUNK_KEYS[key](raw)
        except ValueError as error:
            raise _trunk_error(
                f"{place}.{key}={_shown(str(raw))}", "not allowed", "无效"
            ) from error
    return TrunkSettings(**found)


def _trunk_error(place: str, en: str, zh: str) -> SettingsError:
    return SettingsError(
        Wording(
            f"{place}: {en}; a trunk has name, registrar, username, password (unless register is "
            "false) and, if needed, "
            "transport (udp, tcp or tls), register (true or false), keepalive (seconds), "
            "networks (where its calls come from), srtp (off, preferred or required), "
            "tls_ca (a file), tls_verify (true or false)",
            f"{place}：{zh}；中继有 name、registrar、username、password"
            "（register 为 false 时可省略），以及可选的 "
            "transport（udp、tcp 或 tls）、register（true 或 false）、keepalive（秒）、"
            "networks（来电所自的网段）、srtp（off、preferred 或 required）、"
            "tls_ca（文件）、tls_verify（true 或 false）",
        )
    )


_CALLER_KEYS = frozenset({"username", "password", "trunk"})


def _callers(tables: object, file: Path | None) -> tuple[CallerSettings, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _caller_error(f"{file}: callers", "not a list of tables", "不是表的列表")
    callers: list[CallerSettings] = []
    for number, table in enumerate(tables, 1):
        place = f"{file}: callers[{number}]"
        for key in table:
            if key not in _CALLER_KEYS:
                raise _caller_error(f"{place}.{key}", "no such key", "没有这一项")
        for key in ("username", "password"):
            if not str(table.get(key, "")).strip():
                raise _caller_error(f"{place}.{key}", "missing", "缺少")
        try:
            caller = CallerSettings(
                values.text(table["username"]),
                str(table["password"]),
                values.optional_text(table.get("trunk", "")),
            )
        except ValueError as error:
            raise _caller_error(place, "not allowed", "无效") from error
        if any(other.username == caller.username for other in callers):
            raise _caller_error(f"{place}.username={caller.username}", "used twice", "重复")
        callers.append(caller)
    return tuple(callers)


def _caller_error(place: str, en: str, zh: str) -> SettingsError:
    return SettingsError(
        Wording(
            f"{place}: {en}; callers are written as [[callers]] tables with username, password "
            "and, if wanted, trunk (the name its calls are recorded under)",
            f"{place}：{zh}；写成 [[callers]] 表，有 username、password，"
            "以及可选的 trunk（通话记录里的中继名）",
        )
    )


def _shown(value: str) -> str:
    """A value fit for one line."""
    cut = value[:_SHOWN_CHARACTERS] + ("…" if len(value) > _SHOWN_CHARACTERS else "")
    return "".join(c if c.isprintable() else "?" for c in cut)
