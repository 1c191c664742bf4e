"""Keys heard as tones, for all legs that have no other way, in one numpy batch (ITU-T Q.23, Q.24).

Two steps, the second for few. Every 20 ms frame of every leg passes a gate: the
energy of its two 10 ms halves at the eight frequencies (a matrix product), of
which the strongest row and column must hold most of the frame. A frame of a
40 ms tone always lies wholly inside it, so the gate sees every lawful key.

A frame that passes is examined one frame later, in the middle of the 60 ms
around it. The phase between two windows 5 ms apart gives each tone's true
frequency; two sinusoids of these frequencies are fitted to the frame, and what
they leave over must be small, which speech hardly ever does. Last, the fitted
sum is held against the 60 ms in steps of 5 ms: how much of each it explains,
added up, is the length of the tone to within a millisecond or so.

A key held is one key until its tones have been gone for 20 ms.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ivr.rtp.g711 import ulaw_to_linear_table

Floats = NDArray[np.float32]

frame: Final = 160
_history: Final = 3
_half: Final = 80
_step: Final = 40  # 5 ms
_window: Final = 120
# Rows examined at once: what is in the cache, and a product small enough that OpenBLAS does not
# spread it over threads, which costs more CPU than it saves.
_batch: Final = 100
_rate_hz: Final = 8000

# Q.23: rows low, columns high.
_low_hz: Final = (697.0, 770.0, 852.0, 941.0)
_high_hz: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_keys: Final = ("123A", "456B", "789C", "*0#D")

# Q.24 table A-1: take what is within 1.5 %, never what is beyond 3.5 %.
_max_deviation: Final = 0.026
# Row louder than column by 8 dB, the other way by 4 dB (Q.24 for North America), with a margin.
_max_twist_db: Final = 9.5
_min_twist_db: Final = -5.5
# Accept from 40 ms, refuse up to 23 ms: between them, nearer to the former.
_min_tone_steps: Final = 32 / 5
_min_power: Final = 400.0  # mean square of 16-bit samples: -64 dB of full scale, both tones
_gate_share: Final = 0.55
_max_residue: Final = 0.08  # tones 11 dB over all else
_release_steps: Final = 4
_release_power: Final = 0.2

_linear: Final = np.array(ulaw_to_linear_table, dtype=np.float32)
_all_hz: Final = np.array(_low_hz + _high_hz)


def _gate_matrix() -> Floats:
    angles = 2 * np.pi * np.outer(np.arange(_half), _all_hz) / _rate_hz
    return np.concatenate((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)


def _step_matrix() -> Floats:
    angles = 2 * np.pi * np.outer(np.arange(_step), _all_hz) / _rate_hz
    return np.concatenate((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)


_gate: Final = _gate_matrix()
_steps: Final = _step_matrix()
_probe: Final = (
    np.hanning(_window + 2)[1:-1]
    * np.exp(-2j * np.pi * np.outer(_all_hz, np.arange(_window)) / _rate_hz)
).astype(np.complex64)
_probe_turn: Final = np.exp(-2j * np.pi * _all_hz * _step / _rate_hz)
_times: Final = np.arange(-frame, 2 * frame) / _rate_hz


class InbandReceiver:
    """Listens to any number of rows, one for each leg."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._whole: dict[int, bytes] = {}  # the next frame of each row that has one
        self._pending: dict[int, bytearray] = {}  # what came after it, or is not yet a frame
        self._past = np.zeros((0, _history, frame), np.float32)
        self._at = np.zeros(0, np.intp)  # slot of _past the next frame goes to
        self._suspect = np.zeros(0, np.int8)  # key the gate saw in the last frame, or -1
        self._held = np.zeros(0, np.int8)
        self._held_power = np.zeros((0, 2), np.float32)
        self._absent = np.zeros(0, np.int16)

    def add(self) -> int:
        """A row for a new leg."""
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._past[row] = 0
        self._suspect[row] = self._held[row] = -1
        self._absent[row] = 0
        return row

    def remove(self, row: int) -> None:
        """Give a row back."""
        self._whole.pop(row, None)
        self._pending.pop(row, None)
        self._free.append(row)

    def hear(self, row: int, ulaw: bytes) -> None:
        """Add what a leg received."""
        pending = self._pending.get(row)
        if len(ulaw) == frame and pending is None and row not in self._whole:
            self._whole[row] = ulaw
        elif pending is None:
            self._pending[row] = bytearray(ulaw)
        else:
            pending += ulaw

    def detect(self) -> list[tuple[int, str]]:
        """Examine what has come since the last call: (row, key), each row's in order of time."""
        pressed: list[tuple[int, str]] = []
        while True:
            self._cut_pending()
            if not self._whole:
                return pressed
            whole, self._whole = self._whole, {}
            rows = list(whole)
            for start in range(0, len(rows), _batch):
                batch = rows[start : start + _batch]
                frames = b"".join([whole[row] for row in batch])
                pressed += self._examine(np.array(batch), np.frombuffer(frames, np.uint8))

    def _cut_pending(self) -> None:
        """Take the next whole frame of each row that has one and is not yet in the batch."""
        for row, pending in list(self._pending.items()):
            if len(pending) >= frame and row not in self._whole:
                self._whole[row] = bytes(pending[:frame])
                del pending[:frame]
            if not pending:
                del self._pending[row]

    def _grow(self) -> None:
        old = len(self._at)
        new = max(64, old)
        self._free.extend(range(old + new - 1, old - 1, -1))
        self._past = np.concatenate((self._past, np.zeros((new, _history, frame), np.float32)))
        self._at = np.concatenate((self._at, np.zeros(new, np.intp)))
        self._suspect = np.concatenate((self._suspect, np.full(new, -1, np.int8)))
        self._held = np.concatenate((self._held, np.full(new, -1, np.int8)))
        self._held_power = np.concatenate((self._held_power, np.zeros((new, 2), np.float32)))
        self._absent = np.concatenate((self._absent, np.zeros(new, np.int16)))

    def _examine(self, rows: NDArray[np.intp], ulaw: NDArray[np.uint8]) -> list[tuple[int, str]]:
        """One frame of each row."""
        samples = _linear.take(ulaw).reshape(len(rows), frame)
        self._past[rows, self._at[rows]] = samples
        self._at[rows] = (self._at[rows] + 1) % _history

        earlier = self._suspect[rows]
        self._suspect[rows] = self._seen_by_gate(samples)
        held = self._held[rows]
        pressed = []
        fresh = np.flatnonzero((earlier >= 0) & (earlier != held))
        if len(fresh):
            pressed = self._judge(rows[fresh], earlier[fresh])
        # What was held before this frame; a key just accepted has its tone in it still.
        holding = np.flatnonzero((held >= 0) & (self._held[rows] == held))
        if len(holding):
            self._release(rows[holding], samples[holding])
        return pressed

    def _seen_by_gate(self, samples: Floats) -> NDArray[np.int8]:
        """The key that may be in each frame, or -1."""
        count = len(samples)
        parts = samples.reshape(2 * count, _half) @ _gate
        parts *= parts
        power = (parts[:, :8] + parts[:, 8:]).reshape(count, 2, 8).sum(axis=1)
        row = power[:, :4].argmax(axis=1)
        column = power[:, 4:].argmax(axis=1)
        everyone = np.arange(count)
        found = power[everyone, row] + power[everyone, 4 + column]
        energy = np.einsum("ij,ij->i", samples, samples)
        passes = (found > energy * (_gate_share * _half / 2)) & (energy > _min_power * frame)
        return np.where(passes, row * 4 + column, -1).astype(np.int8)

    def _judge(self, rows: NDArray[np.intp], suspects: NDArray[np.int8]) -> list[tuple[int, str]]:
        """Examine suspects in the middle frame of the three kept; hold and return the keys."""
        order = (self._at[rows][:, None] + np.arange(_history)) % _history
        around = self._past[rows[:, None], order].reshape(len(rows), -1).astype(np.float64)
        middle = around[:, frame : 2 * frame]
        tones = np.stack((suspects // 4, 4 + suspects % 4), axis=1).astype(np.intp)
        hz, near = _true_frequencies(middle, tones)

        angles = 2 * np.pi * hz[:, :, None] * _times
        basis = np.concatenate((np.cos(angles), np.sin(angles)), axis=1)  # n, 4, 480
        inside = basis[:, :, frame : 2 * frame]
        gram = inside @ inside.transpose(0, 2, 1)
        weights = np.linalg.solve(gram, inside @ middle[:, :, None])
        fitted = (weights.transpose(0, 2, 1) @ basis)[:, 0]
        power = np.square(weights[:, :2, 0]) + np.square(weights[:, 2:, 0])
        energy = np.square(middle).sum(axis=1)
        left_over = np.square(middle - fitted[:, frame : 2 * frame]).sum(axis=1)
        twist_db = 10 * np.log10((power[:, 0] + 1e-9) / (power[:, 1] + 1e-9))
        good = (
            near
            & (left_over < _max_residue * energy)
            & (twist_db <= _max_twist_db)
            & (twist_db >= _min_twist_db)
            & (_tone_steps(around, fitted) >= _min_tone_steps)
        )
        pressed = []
        for index in np.flatnonzero(good):
            row, key = int(rows[index]), int(suspects[index])
            self._held[row] = key
            self._held_power[row] = power[index]
            self._absent[row] = 0
            pressed.append((row, _keys[key // 4][key % 4]))
        return pressed

    def _release(self, rows: NDArray[np.intp], samples: Floats) -> None:
        """Let go the keys whose tones have been gone for long enough."""
        count = len(rows)
        parts = samples.reshape(count * (frame // _step), _step) @ _steps
        parts *= parts
        power = (parts[:, :8] + parts[:, 8:]).reshape(count, frame // _step, 8)
        held = self._held[rows]
        everyone = np.arange(count)
        # Amplitude a gives (a * steps / 2) squared.
        scale = (_step / 2) ** 2 * _release_power
        low = power[everyone, :, held // 4] < self._held_power[rows, :1] * scale
        high = power[everyone, :, 4 + held % 4] < self._held_power[rows, 1:] * scale
        absent = self._absent[rows]
        gone = np.zeros(count, bool)
        for step in range(frame // _step):
            absent = np.where(low[:, step] | high[:, step], absent + 1, 0)
            gone |= absent >= _release_steps
        self._absent[rows] = absent
        self._held[rows[gone]] = -1


def _true_frequencies(
    middle: NDArray[np.float64], tones: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Frequencies of the two tones in each frame, and whether both are near enough to be keys."""
    probes = _probe[tones]  # n, 2, window
    first = (probes @ middle[:, :_window, None])[:, :, 0]
    second = (probes @ middle[:, _step : _step + _window, None])[:, :, 0] * _probe_turn[tones]
    turned = np.angle(second * np.conj(first))
    nominal = _all_hz[tones]
    hz = nominal + turned * _rate_hz / (2 * np.pi * _step)
    return hz, (np.abs(hz - nominal) <= _max_deviation * nominal).all(axis=1)


def _tone_steps(around: NDArray[np.float64], fitted: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many 5 ms steps the fitted tone lasts, without a break, about the middle frame."""
    count = len(around)
    shape = (count, _history * frame // _step, _step)
    heard, ideal = around.reshape(shape), fitted.reshape(shape)
    match = (heard * ideal).sum(axis=2) / (np.square(ideal).sum(axis=2) + 1e-9)
    share = np.clip(match, 0, 1)
    first = frame // _step
    last = 2 * first
    length: NDArray[np.float64] = share[:, first:last].sum(axis=1)
    for steps in (range(first - 1, -1, -1), range(last, 3 * first)):
        unbroken = np.ones(count)
        for step in steps:
            length += share[:, step] * unbroken
            unbroken *= share[:, step] > 0.8
    return length
