"""Louder for who hears badly: 6 dB more, and no sample beyond full scale.

One byte to one byte, so that a packet costs one `bytes.translate` and a call that wants it
nothing else; for a peer that speaks A-law the two tables are one. Below the knee the curve is a
straight line; above it bends towards a ceiling under full scale (a tanh, continuous in value
and slope), so that the few peaks of speech that would be cut off are rounded instead. Speech at
-20 dBov is over the knee for one sample in a hundred or so.
"""

from math import tanh
from typing import Final

from ivr.rtp.g711 import linear_to_ulaw, ulaw_to_alaw_table, ulaw_to_linear_table

_gain: Final = 10 ** (6.2 / 20)  # the rounded peaks cost the 0.2 dB again
_full_scale: Final = 32_124  # the loudest µ-law sample
_ceiling: Final = 0.98 * _full_scale
_knee: Final = 0.6 * _full_scale


def _louder(sample: int) -> int:
    magnitude = abs(sample) * _gain
    if magnitude > _knee:
        room = _ceiling - _knee
        magnitude = _knee + room * tanh((magnitude - _knee) / room)
    return round(magnitude) if sample > 0 else -round(magnitude)


def _table() -> bytes:
    samples = (
        _louder(sample).to_bytes(2, "little", signed=True) for sample in ulaw_to_linear_table
    )
    table = bytearray(linear_to_ulaw(b"".join(samples)))
    # Both zeros of µ-law stay what they are: silence is silence.
    table[0x7F], table[0xFF] = 0x7F, 0xFF
    return bytes(table)


louder_table: Final = _table()
louder_to_alaw_table: Final = louder_table.translate(ulaw_to_alaw_table)


def outgoing_table(*, alaw: bool, loud: bool) -> bytes | None:
    """What turns our µ-law into what a peer is sent; None where nothing is to be done."""
    if loud:
        return louder_to_alaw_table if alaw else louder_table
    return ulaw_to_alaw_table if alaw else None
