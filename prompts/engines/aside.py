"""What a voice prepares in a process of its own: raw dictionaries and models never touch ours.

A dictionary of a hundred thousand words read from JSON, or the tree of a model, takes ten
times the memory of what is made of it, and memory once used is rarely given back. So the
reading is done by a child, which writes the result to its standard output and ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from prompts.engines.engine import EngineUnavailableError

_TIME_LIMIT_S = 60.0  # a second on an idle machine; a busy one must still get there
_LENGTH_BYTES = 4


def made_aside(module: str, *arguments: str) -> bytes:
    """What `module.main()` writes in a process of its own; EngineUnavailableError says why not."""
    command = [sys.executable, "-c", f"import {module} as made; made.main()", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_TIME_LIMIT_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailableError(
            "the data of a voice were not prepared: %(reason)s", reason=error
        ) from None
    if done.returncode != 0 or not done.stdout:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise EngineUnavailableError(
            "the data of a voice were not prepared: %(reason)s", reason=last
        )
    return done.stdout


def write_blocks(blocks: Sequence[bytes]) -> None:
    """Write several blocks to standard output, for `read_blocks` in the parent."""
    head = json.dumps([len(block) for block in blocks]).encode()
    sys.stdout.buffer.write(len(head).to_bytes(_LENGTH_BYTES, "big") + head)
    for block in blocks:
        sys.stdout.buffer.write(block)


def read_blocks(written: bytes) -> list[bytes]:
    """The blocks of `write_blocks`."""
    at = _LENGTH_BYTES + int.from_bytes(written[:_LENGTH_BYTES], "big")
    blocks = []
    for length in json.loads(written[_LENGTH_BYTES:at]):
        blocks.append(written[at : at + length])
        at += length
    return blocks
