"""How long one step of a call flow takes: `python -m bench.flow_session [--calls N]`.

Holds calls of the default line one after the other (a bill, the notices, a
complaint) without sound or network, and prints microseconds per `resume()`,
which runs on the reactor thread for every key pressed. Reach: p99 under 200.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, date, datetime
from decimal import Decimal

from call_flows import CallFacts, Session, default_texts, load
from call_flows.instructions import Digits, Filed, Input, LookupResult, Recorded

BILL = {
    "kind": "electricity",
    "amount": Decimal("128.50"),
    "due": date(2026, 12, 1),
    "state": "unpaid",
}
NOTICE = {
    "kind": "water",
    "area": "East",
    "starts": datetime(2026, 11, 22, 8, tzinfo=UTC),
    "text": "repair",
}
CALL: tuple[Input, ...] = (
    *(Digits("2"), Digits("1"), Digits("880123", "#"), LookupResult("found", BILL), Digits("*")),
    *(Digits("2"), Digits("1"), LookupResult("found", {"items": [NOTICE] * 5, "count": 5})),
    *(Digits("1"), Digits("1"), Digits("9"), Digits("*"), Digits("*"), Digits("7")),
    *(Digits("3"), Digits("1"), Recorded("r", 9.0, "terminator"), Digits("2"), Digits("1")),
    *(Digits("1"), Filed("202611220001"), Digits("*")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    calls = parser.parse_args().calls
    began = time.perf_counter()
    flow_set = load(default_texts())
    load_ms = (time.perf_counter() - began) * 1e3
    taken = []
    for _ in range(calls):
        session = Session(flow_set)
        session.start(CallFacts("13800138000", "12345"))
        for given in CALL:
            start = time.perf_counter_ns()
            out = session.resume(given)
            taken.append(time.perf_counter_ns() - start)
            assert out, given
        session.take_steps()
    taken.sort()
    figures = {
        "resumes": len(taken),
        "load_ms": round(load_ms, 1),
        **{
            f"p{share}_us": round(taken[int(len(taken) * share / 100)] / 1e3, 1)
            for share in (50, 99)
        },
        "max_us": round(taken[-1] / 1e3, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
