"""SIP messages, the cutting of streams, and the bodies of INFO."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ivr.responder.keys import key_of_info
from ivr.sip.acceptance import without_what_is_malformed
from ivr.sip.errors import SipError, SipParseError
from ivr.sip.framing import StreamFramer
from ivr.sip.message import MESSAGE_MAX_BYTES, Request, Response, parse, serialize
from tests.fuzz.target import HERE, Target
from tests.ivr.sip.peers import OFFER, request

# What is read only when it is asked for.
_LATE = tuple(
    name for name in dir(Request) if not name.startswith("_") and name not in ("response",)
)
WORDS = tuple(
    word.encode()
    for word in (
        *("SIP/2.0", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE"),
        *("INFO", "REFER", "NOTIFY", "SUBSCRIBE", "sip:", "sips:", "tel:", "Via: ", "v: "),
        *("From: ", "f: ", "To: ", "t: ", "Call-ID: ", "i: ", "CSeq: ", "Contact: ", "m: "),
        *("Max-Forwards: ", "Content-Length: ", "l: ", "Content-Type: ", "c: ", "Expires: "),
        *("Require: ", "Supported: ", "k: ", "Session-Expires: ", "x: ", "Min-SE: ", "RSeq: "),
        *("RAck: ", "Record-Route: ", "Route: ", "Refer-To: ", "Event: ", "Reason: ", "Date: "),
        *("WWW-Authenticate: Digest ", "Authorization: Digest ", "Allow: ", "Accept: "),
        *(";branch=z9hG4bK", ";tag=", ";rport", ";received=", ";maddr=", ";ttl=", ";lr"),
        *(";transport=tcp", ";expires=", ";q=0.", "realm=", "nonce=", "qop=", "stale="),
        *("UDP", "TCP", "TLS", "[2001:db8::1]", "192.0.2.9", "application/sdp", "100rel"),
        *("timer", "application/dtmf-relay", "Signal=", "Duration=", "*", "%41", "\r\n\t"),
    )
)


def torture() -> list[bytes]:
    """The messages of RFC 4475 where they are at hand: they are not ours to copy."""
    given = os.environ.get("IVR_TESTDATA")
    folders = [Path(given)] if given else [p / "shared/testdata" for p in HERE.parents]
    found = next((f / "rfc4475" for f in folders if (f / "rfc4475").is_dir()), None)
    return [] if found is None else [path.read_bytes() for path in sorted(found.glob("*.dat"))]


def seeds() -> Iterable[bytes]:
    methods = ("INVITE", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "REFER", "ACK")
    yield from (request(method, body=OFFER, to_tag="x") for method in methods)
    yield (
        b"SIP/2.0 401 No\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nWWW-Authenticate: Digest "
        b'realm="r", nonce="n", algorithm=SHA-256, qop="auth,auth-int", stale=true\r\n'
        b"Contact: <sip:a@b>;expires=60;q=0.5\r\nRetry-After: 5 (soon);duration=9\r\n"
        b"Session-Expires: 90;refresher=uas\r\nRSeq: 7\r\nRequire: 100rel\r\nMin-Expires: 60\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    yield (
        b"invite sip:%61:p@[2001:db8::1]:5060;transport=tcp SIP/2.0\r\nv:SIP / 2.0 / TCP [::1]:1 "
        b';branch=z9hG4bK-1;rport,SIP/2.0/UDP a;ttl=1\r\nf:"\xe6\xb0\x91\\"" <sip:a@b;lr>;tag=a\r\n'
        b"t :\r\n <tel:+86-10;phone-context=x>\r\ni:a@b\r\nCSeq: 1 invite\r\nm:*\r\nl:0\r\n\r\n"
    )
    yield from torture()


def message(data: bytes) -> None:
    """Read; what is read can be written and reads the same; what is refused can be answered."""
    refused: SipParseError | None = None
    for stream in (True, False):
        try:
            found = parse(data, stream=stream)
        except SipParseError as error:
            if error.partial is not None:
                parse_answer(error.partial.response(error.status, error.reason, to_tag="t"))
            refused = error
            continue
        refused = None
        assert parse(serialize(found)) == found
        for name in _LATE:
            try:
                getattr(found, name, None)
            except SipParseError:
                continue
        if isinstance(found, Response):
            without_what_is_malformed(found)
        else:
            found.received_from("2001:db8::7", 5060)
            parse_answer(found.response(200, to_tag="t"))
    if refused is not None:
        raise refused


def parse_answer(answer: Response) -> None:
    """An answer of ours can be written, and its status and Via read again."""
    written = serialize(answer)
    assert written.startswith(b"SIP/2.0 ")
    assert len(written) <= MESSAGE_MAX_BYTES + 1000


def stream(data: bytes) -> None:
    """The same bytes in any pieces give the same messages, and no more is kept than one."""
    if len(data) < 2:
        return
    whole, pieces = StreamFramer(), StreamFramer()
    step = data[0] % 64 + 1
    data = data[1:]
    expected = _fed(whole, [data])
    found = _fed(pieces, [data[at : at + step] for at in range(0, len(data), step)])
    assert found == expected, "cut otherwise when it comes in pieces"
    assert (whole.failed is None) == (pieces.failed is None)
    assert len(whole._buffer) <= MESSAGE_MAX_BYTES
    for one in found[0]:
        try:
            parse(one, stream=True)
        except SipParseError:
            continue


def _fed(framer: StreamFramer, pieces: Iterable[bytes]) -> tuple[list[bytes], int]:
    found: list[bytes] = []
    for piece in pieces:
        try:
            found += framer.feed(piece)
        except SipParseError:
            break
    return found, framer.take_pings()


def info(data: bytes) -> None:
    kind, _, body = data.partition(b"\n")
    key_of_info(kind.decode("latin-1"), body)


TARGETS = (
    Target("sip_message", message, (SipParseError,), seeds, WORDS, 8192),
    Target(
        "sip_stream",
        stream,
        (SipError,),
        lambda: (b"\x05" + one + one + b"\r\n\r\n" + one for one in seeds()),
        WORDS,
        16384,
    ),
    Target(
        "sip_info",
        info,
        (),
        lambda: (
            b"application/dtmf-relay\nSignal=5\r\nDuration=160\r\n",
            b"application/dtmf; x=y\n#",
            b"Application/DTMF\n signal = 11 \n",
        ),
        WORDS,
    ),
)
