"""What is fuzzed: a parser, or a room that takes a stranger's bytes, behind one function of bytes.

A target's `run` takes anything at all. It may refuse it with an exception of the room's own
family (`ours`); whatever else it raises is a finding. So is an input that takes longer than
`slow_ms`, with `slow_ms_per_kb` more for each kilobyte where the format is a file that a clerk
uploads and not a packet, and memory that is still held when the input is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"

# Where each target is defined. Modules are imported late: coverage is recorded by changing
# their bytecode as they are imported.
MODULES = {
    "sip_message": "sip",
    "sip_stream": "sip",
    "sip_agent": "sip_agent",
    "sip_info": "sip",
    "sdp_offer": "sdp",
    "sdp_answer": "sdp",
    "rtp_packet": "rtp",
    "rtp_reception": "rtp",
    "rtcp": "rtp",
    "telephone_event": "rtp",
    "media_leg": "media",
    "flow_yaml": "flows",
    "flow_session": "session",
    "scenario_yaml": "flows",
    "prompt_yaml": "prompts",
    "prompt_text": "prompts",
    "pronunciation": "prompts",
    "sound_file": "sound",
    "bill_list": "lists",
    "bill_workbook": "lists",
    "outage_list": "lists",
    "schedule_list": "lists",
    "api_body": "desk",
    "desk_page": "desk",
    "telephone_page": "desk",
    "voice_line": "sockets",
    "listening_question": "sockets",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to fuzz; `words` are what its language is made of."""

    name: str
    run: Callable[[bytes], object]
    ours: tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]
    words: Sequence[bytes] = ()
    max_bytes: int = 4096
    slow_ms: float = 50.0
    slow_ms_per_kb: float = 0.0
    # How many mutations the test suite runs: fewer where one takes long.
    tried_in_tests: int = 300
    close: Callable[[], None] = field(default=lambda: None)

    def slow_s(self, data: bytes) -> float:
        """Seconds of processor time an input may take."""
        return (self.slow_ms + self.slow_ms_per_kb * len(data) / 1024) / 1000


def find(name: str) -> Target:
    """The target of a name; KeyError where there is none."""
    module = import_module(f"tests.fuzz.targets.{MODULES[name]}")
    return next(one for one in module.TARGETS if one.name == name)


def corpus(name: str) -> list[bytes]:
    """Inputs kept in the repository: minimised, and what was found once."""
    folder = CORPUS / name
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []
