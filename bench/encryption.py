"""What encryption costs: a packet sealed and opened, and a TLS handshake, in processor time.

python -m bench.encryption
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL

from ivr.certificates import CertificateFiles
from ivr.media.srtp import Srtp
from ivr.responder.tls import Trust, client_context, server_context
from ivr.sdp.crypto import suites
from ivr.sdp.plan import SrtpKeys
from tests.certificates import Authority, Key

PACKETS = 20_000
HANDSHAKES = 100


def packets() -> None:
    """A packet of 20 ms G.711, out and in."""
    for suite in suites.values():
        ours, theirs = os.urandom(suite.key_bytes), os.urandom(suite.key_bytes)
        line = Srtp(SrtpKeys(suite.name, ours, theirs))
        peer = Srtp(SrtpKeys(suite.name, theirs, ours))
        plain = [
            b"\x80\0" + number.to_bytes(2, "big") + bytes(8) + b"\x55" * 160
            for number in range(PACKETS)
        ]
        began = time.process_time()
        sealed = [line.seal(packet) for packet in plain]
        middle = time.process_time()
        opened = [peer.open(packet) for packet in sealed]
        ended = time.process_time()
        assert opened == plain
        seal, unseal = ((middle - began) / PACKETS, (ended - middle) / PACKETS)
        print(f"{suite.name:24} {seal * 1e6:5.2f} µs out, {unseal * 1e6:5.2f} µs in")


def handshakes() -> None:
    """Our side of a handshake, the client's left out."""
    keys: dict[str, Callable[[], Key]] = {
        "ECDSA P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
        "RSA 4096": lambda: rsa.generate_private_key(65537, 4096),
    }
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        trust = Trust(authority.file)
        for name, key in keys.items():
            made = authority.make("localhost", key=key())
            server = server_context(CertificateFiles(made.file, made.key_file))
            spent, worst = 0.0, 0.0
            for _ in range(HANDSHAKES):
                total, longest = _shake(server, client_context(trust, None))
                spent += total
                worst = max(worst, longest)
            print(
                f"{name:24} {spent / HANDSHAKES * 1e3:5.2f} ms, longest step {worst * 1e3:.2f} ms"
            )


def _shake(server: SSL.Context, client: SSL.Context) -> tuple[float, float]:
    one, two = SSL.Connection(server, None), SSL.Connection(client, None)
    one.set_accept_state()
    two.set_connect_state()
    spent = longest = 0.0
    for _ in range(4):
        _step(two)
        _pass(two, one)
        began = time.process_time()
        _step(one)
        took = time.process_time() - began
        spent += took
        longest = max(longest, took)
        _pass(one, two)
    return spent, longest


def _step(side: SSL.Connection) -> None:
    try:
        side.do_handshake()
    except SSL.WantReadError:
        return


def _pass(giver: SSL.Connection, taker: SSL.Connection) -> None:
    try:
        taker.bio_write(giver.bio_read(1 << 16))
    except SSL.WantReadError:
        return


if __name__ == "__main__":
    packets()
    handshakes()
