"""WAV files of 16-bit PCM, 8 kHz, mono, that grow while they are valid (RIFF WAVE).

The header is written first and its two lengths brought up to date after every
append, data before lengths: whenever the process dies, the header tells of no
more than is there. `repair_wav` then counts what came after the last update.
"""

import os
import struct
from pathlib import Path
from typing import Final

rate_hz: Final = 8000
bytes_per_sample: Final = 2
header_bytes: Final = 44
_header = struct.Struct("<4sI4s4sIHHIIHH4sI")


def header(data_bytes: int) -> bytes:
    """The 44 bytes before the samples."""
    return _header.pack(
        b"RIFF",
        header_bytes - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate_hz,
        rate_hz * bytes_per_sample,
        bytes_per_sample,
        8 * bytes_per_sample,
        b"data",
        data_bytes,
    )


def seconds(data_bytes: int) -> float:
    """How long so many bytes of samples last."""
    return data_bytes / (rate_hz * bytes_per_sample)


def repair_wav(path: Path) -> float:
    """Make a recording cut off by a crash whole; returns its seconds of sound.

    For files that recording wrote; ValueError for any other, OSError from the disk.
    """
    with path.open("r+b") as file:
        found = file.read(header_bytes)
        size = file.seek(0, os.SEEK_END)
        # The crash may have come before the first header was on the disk.
        if len(found) == header_bytes and any(found):
            expected = header(0)
            if found[:4] + found[8:40] != expected[:4] + expected[8:40]:
                raise ValueError(f"{path} is not a recording of this line; left as it is")
        data_bytes = max(size - header_bytes, 0)
        data_bytes -= data_bytes % bytes_per_sample
        file.seek(0)
        file.write(header(data_bytes))
        file.truncate(header_bytes + data_bytes)
        file.flush()
        os.fsync(file.fileno())
    return seconds(data_bytes)
