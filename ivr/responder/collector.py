"""Gathering keys for one `Collect`: lengths, terminators and the two clocks.

Pure: keys and times come in, at most one result comes out. VoiceXML 2.0
§6.3.3 names the properties (`termchar`, `interdigittimeout`, `timeout`).
"""

from call_flows.instructions import Collect, Digits, NoInput


class Collector:
    """Keys pressed while one `Collect` waits.

    `started` is the time at which the no-input clock starts, or None while a
    prompt still plays (`playback_ended` starts it then).
    """

    def __init__(self, collect: Collect, *, started: float | None) -> None:
        self.collect = collect
        self._keys = ""
        self._started = started
        self._last_key: float | None = None

    @property
    def deadline(self) -> float | None:
        """When `expire` is due, or None while no clock runs."""
        if self._last_key is not None:
            return self._last_key + self.collect.inter_digit_timeout_s
        if self._started is not None:
            return self._started + self.collect.no_input_timeout_s
        return None

    def playback_ended(self, now: float) -> None:
        """Start the no-input clock: what played has ended without a key."""
        if self._started is None:
            self._started = now

    def press(self, key: str, now: float) -> Digits | None:
        """Take one key; return the digits once they are complete."""
        if key in self.collect.terminators:
            return Digits(self._keys, ended_by=key)
        self._keys += key
        self._last_key = now
        if len(self._keys) >= self.collect.max_digits:
            return Digits(self._keys)
        return None

    def expire(self) -> Digits | NoInput:
        """Say what the wait amounts to when its clock has run out."""
        return Digits(self._keys) if self._keys else NoInput()
