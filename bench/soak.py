"""An hour of calls as callers make them, and what is left of the memory afterwards.

    python -m bench.soak [minutes, default 60] [calls an hour, default 10000]

Whole calls by the generator of bench/line_load.py (menu, digits, lookup, a recording of 10 s, the
line hangs up after half a minute), in rounds of ten minutes, as many at once as the rate makes.
After each round, with no call up, a row: what each process holds. Memory is flat where the last
rows are like the second one. Ends by itself; a stop (Ctrl-C) ends it earlier.
"""

import os
import sys
import time

from bench.family import Watch, family, part
from bench.line_load import finish, folder, start
from bench.served import served

CALL_S = 31.2
ROUND_S = 600.0
SETTLE_S = 15.0
"""The line collects and writes its last records; then it is looked at."""
_RAMP_S = CALL_S + 2 + 3  # the generator's, before and after its window


def rounds(minutes: float) -> list[float]:
    """The windows of the rounds, in seconds."""
    left, found = minutes * 60, []
    while left > _RAMP_S + CALL_S:
        found.append(min(ROUND_S, left - _RAMP_S))
        left -= found[-1] + _RAMP_S
    return found or [CALL_S]


def row(name: str, answered: str, watch: Watch | None, top: int, p99: object) -> None:
    """Print what there is now."""
    held = {one.name: one for one in family(top).values()}
    memory = "; ".join(f"{name} {one.resident_kb / 1024:.1f}" for name, one in held.items())
    open_now = "; ".join(f"{name} {one.descriptors}" for name, one in held.items())
    cpu = "" if watch is None else f"{sum(watch.cpu_s(0, time.monotonic()).values()):.0f}"
    print(f"| {name} | {answered} | {cpu} | {p99} | {memory} | {open_now} |", flush=True)


def main(minutes: float, an_hour: float) -> None:
    """Run the rounds."""
    at_once = max(1, round(an_hour / 3600 * CALL_S))
    print("| round | calls answered | CPU-s | pacing p99 ms | MB held | descriptors |")
    print("|---|---|---|---|---|---|")
    answered = asked = 0
    with served(IVR_DRAIN_SECONDS="5") as (port, top):
        pid = part(top, "responder")
        row("before", "", None, top, "")
        for number, window_s in enumerate(rounds(minutes), start=1):
            watch = Watch(top)
            # Longer than the generator's own patience: it starts calls for the whole window.
            found = finish(start(folder(), port, pid, "ivr", at_once, window_s), window_s + 300)
            watch.stop()
            time.sleep(SETTLE_S)
            answered, asked = answered + found["ok"], asked + found["calls"]
            row(
                str(number),
                f"{found['ok']} of {found['calls']}",
                watch,
                top,
                found["rtp"]["dev_ms_p99"],
            )
    print(f"{answered} of {asked} calls answered and heard to their end")


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    os.environ.setdefault("LOAD_RT", "1")
    main(*[*given, *(60.0, 10_000.0)[len(given) :]])
