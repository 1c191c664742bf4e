"""What the desk must be told before it starts.

The lead process builds this from ``IVR_*`` settings; the desk itself reads no environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ivr.services.alarms import Board
from ivr.services.retention import Periods
from ivr.services.sessions import SessionLimits

if TYPE_CHECKING:
    from admin_web.telephone.line import Line


def _no_voice(language: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The server that takes the desk's mail, who gets the daily summary, and from when on."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: str = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    at: time


# What is kept for how many days where nothing else is said.
KEPT = Periods(calls=730, recordings=365, transcripts=365, complaints=1825, audit=1095)


@dataclass(frozen=True, slots=True)
class ListedSetting:
    """A setting of the line as a page lists it; a secret is hidden already.

    ``source`` is ``environment``, ``default`` or a file; ``meaning`` is by language.
    """

    variable: str
    value: str
    source: str
    meaning: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Everything the desk needs that is not in the database.

    ``https`` says users reach the desk by HTTPS: cookies are then marked Secure and HSTS is sent
    (what proxies say is judged before, by ``ivr.web_server.proxies``). ``api_token`` opens ``/api``
    beside the tokens made on the page, and a program may ask ``api_rate`` times a minute.
    ``prompts_dir`` holds what staff recorded; ``texts_dir`` and ``flows_dir`` replace the texts and
    flows that come with the line. ``voice_of`` names the voice of a language as the store's keys do
    (empty: none is installed), and ``say_yao`` how Mandarin says 1 in numbers. Whether sample data
    are there is read from the database. ``line`` is what the telephone in the pages calls;
    without one they have no telephone. ``alarms`` is where the watch puts up what is wrong.
    """

    state_dir: Path
    secret_key: str
    timezone: str = "Asia/Shanghai"
    https: bool = False
    voice_socket: Path | None = None
    recordings_dir: Path | None = None
    prompts_dir: Path | None = None
    texts_dir: Path | None = None
    flows_dir: Path | None = None
    api_token: str | None = None
    api_rate: int = 1200
    session_idle_s: float = 3600.0
    session_max_s: float = 12 * 3600.0
    second_factor_for: frozenset[str] = frozenset()
    numbers_for: frozenset[str] = frozenset({"administrator", "supervisor", "clerk"})
    periods: Periods = KEPT
    keep_clauses: int = 90
    keep_traces: int = 7
    traces: bool = True
    purge_at: time | None = time(3, 30)
    listed: tuple[ListedSetting, ...] = ()
    max_upload_mib: int = 20
    transcripts: Literal["on", "off", "not_installed"] = "on"
    listening_in: Literal["off", "silent", "tone"] = "off"
    voice_of: Callable[[str], str] = _no_voice
    say_yao: bool = True
    mail: MailSettings | None = None
    line: Line | None = None
    alarms: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        if len(self.secret_key) < 16:
            raise ValueError("secret_key: give at least 16 characters, random and kept secret")

    @property
    def sessions(self) -> SessionLimits:
        """How long somebody stays signed in."""
        return SessionLimits(
            timedelta(seconds=self.session_idle_s), timedelta(seconds=self.session_max_s)
        )

    @property
    def recordings(self) -> Path:
        """The only folder recordings are ever served from."""
        return self.recordings_dir or self.state_dir / "recordings"

    @property
    def clauses(self) -> Path:
        """Where the voice process keeps rendered clauses."""
        return self.state_dir / "clauses"

    @property
    def sip_traces(self) -> Path:
        """Where the line keeps what signalling said."""
        return self.state_dir / "traces"

    @property
    def recorded_prompts(self) -> Path:
        """Prompts spoken by staff; inside the state folder, which records name them relative to."""
        return self.prompts_dir or self.state_dir / "prompts"

    @property
    def listening(self) -> Path:
        """The socket by which the line lets a call be listened in to."""
        return self.state_dir / "listening.sock"

    @property
    def voice(self) -> Path:
        """The socket of the voice process."""
        return self.voice_socket or self.state_dir / "voice.sock"
