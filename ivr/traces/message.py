"""One SIP message as a trace keeps it, and its line in a trace file.

A line is JSON, so that a file which a crash cut short is readable up to its last whole line and an
administrator can look into it with any tool. Bytes are kept as Latin-1, which maps all of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_CALL_ID = re.compile(rb"(?:^|\n)(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TracedMessage:
    """What went over the wire, when (Unix seconds), between which addresses."""

    at: float
    incoming: bool
    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    call_id: str
    data: bytes

    def line(self) -> bytes:
        """Return it as a line of a trace file."""
        row = [
            round(self.at, 6),
            int(self.incoming),
            self.transport,
            *self.local,
            *self.remote,
            self.call_id,
            self.data.decode("latin-1"),
        ]
        return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> TracedMessage:
        """Read a line; ValueError where it is none, as the last one after a crash may be."""
        row: Any = json.loads(line)
        try:
            at, incoming, transport, host, port, far_host, far_port, call_id, data = row
            return cls(
                float(at),
                bool(incoming),
                str(transport),
                (str(host), int(port)),
                (str(far_host), int(far_port)),
                str(call_id),
                data.encode("latin-1"),
            )
        except (TypeError, AttributeError) as error:
            raise ValueError("not a line of a trace") from error


def relation(call_id: str, other: str) -> bytes:
    """Return the line that says: who asks for the first dialog wants the other one too."""
    return json.dumps([call_id, other], separators=(",", ":")).encode("ascii") + b"\n"


def related(line: bytes) -> tuple[str, str] | None:
    """Return the two dialogs of such a line; None for any other."""
    try:
        row: Any = json.loads(line)
    except ValueError:
        return None
    match row:
        case [str(call_id), str(other)]:
            return call_id, other
    return None


def as_written(call_id: str) -> bytes:
    """Return a Call-ID as the lines have it, to be looked for without reading them."""
    return json.dumps(call_id).encode("ascii")


def call_id_of(data: bytes) -> str:
    """Return the Call-ID (RFC 3261 §20.8) of a message as it stands; empty where there is none."""
    found = _CALL_ID.search(data)
    return found[1].strip().decode("utf-8", "replace") if found else ""
