"""Microseconds to read, answer and write one INVITE with an SDP body.

    .venv/bin/python -m bench.sip_parse [--seconds 1.0]

The reading includes the fields that route a message: top Via, From and To tag, Call-ID
and CSeq. Where `sipmessage` is installed it is measured on the same bytes.
"""

from __future__ import annotations

import argparse
import importlib
import timeit
from collections.abc import Callable

from ivr.sip.framing import StreamFramer
from ivr.sip.message import Request, Response, parse, serialize

SDP = (
    b"v=0\r\no=- 3971030400 3971030400 IN IP4 192.0.2.15\r\ns=call\r\nc=IN IP4 192.0.2.15\r\n"
    b"t=0 0\r\nm=audio 40010 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
)
INVITE = (
    b"INVITE sip:line@192.0.2.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.15:5062;rport;branch=z9hG4bKPj0c7d2a1e8b5f4f0d9a66\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Zhang San" <sip:13800138000@192.0.2.15>;tag=5f2b9f0c3d\r\n'
    b"To: <sip:line@192.0.2.1>\r\n"
    b"Contact: <sip:13800138000@192.0.2.15:5062;ob>\r\n"
    b"Call-ID: 8d1f0b6a-4f0e-4d4c-9a55-0c6f3e1d2b7a\r\n"
    b"CSeq: 12345 INVITE\r\n"
    b"Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, SUBSCRIBE, NOTIFY, REFER, MESSAGE\r\n"
    b"Supported: replaces, 100rel, timer, norefersub\r\n"
    b"Session-Expires: 1800\r\nMin-SE: 90\r\n"
    b"User-Agent: Phone/1.0\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: " + str(len(SDP)).encode() + b"\r\n\r\n" + SDP
)


def read() -> Request | Response:
    """What the user agent reads of every request."""
    message = parse(INVITE)
    _ = message.via.branch, message.from_.tag, message.to.tag, message.call_id, message.cseq
    return message


def read_all() -> Request | Response:
    """What it reads of an INVITE besides."""
    message = read()
    _ = message.contact, message.require, message.supported, message.session_expires
    _ = message.content_type, message.record_route, message.allow
    return message


def report(name: str, task: Callable[[], object], seconds: float) -> None:
    """Print the best of five runs."""
    timer = timeit.Timer(task)
    count, _ = timer.autorange()
    count = max(1, int(count * seconds / 5 / 0.2))
    best = min(timer.repeat(5, count)) / count
    print(f"{name:44} {best * 1e6:7.1f} µs")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=1.0)
    seconds: float = options.parse_args().seconds
    request = read()
    assert isinstance(request, Request)
    response = request.response(200, to_tag="7a9b")
    report("parse an INVITE, routing fields", read, seconds)
    report("parse an INVITE, all we use", read_all, seconds)
    report("serialize an INVITE", lambda: serialize(request), seconds)
    report("make and serialize a 200", lambda: serialize(request.response(200)), seconds)
    wire = serialize(response)
    report("parse a 200", lambda: parse(wire), seconds)
    report("frame an INVITE from a stream", lambda: StreamFramer().feed(INVITE), seconds)
    try:
        rival = importlib.import_module("sipmessage")
    except ImportError:
        print("sipmessage is not installed: not compared")
        return

    def rival_read() -> object:
        message = rival.Message.parse(INVITE)
        _ = message.via, message.from_address, message.to_address, message.call_id, message.cseq
        return message

    report("sipmessage: parse an INVITE, routing fields", rival_read, seconds)
    rival_message = rival.Message.parse(INVITE)
    report("sipmessage: serialize", lambda: bytes(rival_message), seconds)


if __name__ == "__main__":
    main()
