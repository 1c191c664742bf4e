"""What a flood of 20,000 packets a second costs: at the gate, and where each were parsed.

    python -m bench.gate_flood [--packets 200000]

Processor time only, in one process, so that a busy machine changes little: microseconds for each
packet, the share of one core at 20,000 a second, and the ratio to what the parser costs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from ipaddress import ip_network

from ivr.gate import Gate, Limits, Networks, Offence
from ivr.sip.message import parse

FLOOD = 20_000
INVITE = (
    b"INVITE sip:96001@192.0.2.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK776asdhds;rport\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:100@203.0.113.7>;tag=1928301774\r\n"
    b"To: <sip:96001@192.0.2.1>\r\nCall-ID: a84b4c76e66710@203.0.113.7\r\n"
    b"CSeq: 314159 INVITE\r\nContact: <sip:100@203.0.113.7>\r\n"
    b"User-Agent: telephone\r\nContent-Length: 0\r\n\r\n"
)


def cost_us(work: Callable[[int], object], times: int) -> float:
    """Processor time of one turn, in microseconds."""
    began = time.process_time()
    for number in range(times):
        work(number)
    return (time.process_time() - began) / times * 1e6


def gate() -> Gate:
    """A gate as a line has it."""
    return Gate(Limits(), trusted=Networks([ip_network("127.0.0.0/8")]))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--packets", type=int, default=200_000)
    packets = options.parse_args().packets
    size = len(INVITE)
    one, banned, forged, six = gate(), gate(), gate(), gate()
    banned.offence("203.0.113.7", Offence.SCANNER, 0.0, proven=True)
    addresses = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(100_000)]
    prefixes = [f"2001:db8:{n >> 8:x}:{n & 255:x}::1" for n in range(20_000)]
    step = 1 / FLOOD
    rows = {
        "trusted source": cost_us(lambda n: one.admits("127.0.0.1", size, n * step), packets),
        "one source over its rate": cost_us(
            lambda n: one.admits("198.51.100.9", size, n * step), packets
        ),
        "a banned source": cost_us(lambda n: banned.admits("203.0.113.7", size, 1.0), packets),
        "100,000 forged sources": cost_us(
            lambda n: forged.admits(addresses[n % 100_000], size, n * step), packets
        ),
        "20,000 forged IPv6 /64": cost_us(
            lambda n: six.admits(prefixes[n % 20_000], size, n * step), packets
        ),
    }
    parsing = cost_us(lambda _n: parse(INVITE), max(1000, packets // 20))
    print(f"{'':28}{'us/packet':>10}{'core at 20,000/s':>18}{'of parsing':>12}")
    for name, cost in rows.items():
        print(f"{name:28}{cost:10.2f}{cost * FLOOD / 1e4:17.1f}%{cost / parsing:11.1%}")
    print(f"{'parsing (were there no gate)':28}{parsing:10.2f}{parsing * FLOOD / 1e4:17.1f}%")
    print(f"sources remembered after 100,000 forged: {forged.sources}")


if __name__ == "__main__":
    main()
