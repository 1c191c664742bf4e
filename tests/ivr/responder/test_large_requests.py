"""A request too large for a datagram over real sockets: RFC 3261 §18.1.1."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.sip.message import Request, parse

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60
CALLER = """
import os, sys
from twisted.internet import reactor
from ivr.responder.transport import LocalAddresses, SipTransport
from ivr.sip.config import UserAgentConfig
from ivr.sip.user_agent import UserAgent
own, peer = int(sys.argv[1]), int(sys.argv[2])
agent = UserAgent(UserAgentConfig(), os.urandom)
sip = SipTransport(reactor, agent, LocalAddresses("127.0.0.1", None), own)
def begin():
    sip.listen("127.0.0.1")
    agent.invite("sip:desk@127.0.0.1", b"v=0\\r\\n" + b"a=x:" + b"x" * 1400 + b"\\r\\n",
        sip.flow_from("udp", "127.0.0.1", peer), reactor.seconds(), from_uri="sip:line@127.0.0.1")
    sip.pump()
sip.listener = lambda event: None
reactor.callWhenRunning(begin)
reactor.run()
"""


def free_port() -> int:
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        return int(tcp.getsockname()[1])


def called(udp: socket.socket, tcp: socket.socket | None) -> tuple[str, Request]:
    """What a neighbour gets that takes connections, or does not."""
    command = [sys.executable, "-c", CALLER, str(free_port()), str(udp.getsockname()[1])]
    caller = subprocess.Popen(command, cwd=ROOT)
    try:
        if tcp is None:
            data, transport = udp.recv(65_535), "udp"
        else:
            connection, _ = tcp.accept()
            with connection, connection.makefile("rb") as stream:
                transport = "tcp"
                head = b"".join(iter(stream.readline, b"\r\n")) + b"\r\n"
                length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n", 1)[0])
                data = head + stream.read(length)
    finally:
        caller.terminate()
        caller.wait(PATIENCE_S)
    message = parse(data, stream=transport == "tcp")
    assert isinstance(message, Request)
    return transport, message


@pytest.mark.rfc("3261 §18.1.1")
@pytest.mark.parametrize("connects", [True, False])
def test_a_large_invite_arrives_with_a_neighbour_that_takes_connections_or_not(
    connects: bool,
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.settimeout(PATIENCE_S)
        tcp.settimeout(PATIENCE_S)
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        if connects:
            tcp.listen()
        transport, invite = called(udp, tcp if connects else None)
    assert transport == invite.via.transport.lower() == ("tcp" if connects else "udp")
    assert len(invite.body) > 1400
