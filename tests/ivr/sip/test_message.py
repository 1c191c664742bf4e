"""Messages in and out (RFC 3261 §7, §8.1.1, §8.2.6, §18.3, §25)."""

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.headers import Headers
from ivr.sip.message import (
    HEADER_LINE_MAX_CHARS,
    HEADERS_MAX,
    MESSAGE_MAX_BYTES,
    VIAS_MAX,
    Request,
    Response,
    parse,
    serialize,
)
from ivr.sip.uri import Uri

FIELDS = {
    "Via": "SIP/2.0/UDP 192.0.2.15:5062;rport;branch=z9hG4bKabc",
    "Max-Forwards": "70",
    "From": '"Zhang San" <sip:zhang@192.0.2.15>;tag=5f2b',
    "To": "<sip:line@192.0.2.1>",
    "Call-ID": "8d1f0b6a@192.0.2.15",
    "CSeq": "1 INVITE",
    "Contact": "<sip:zhang@192.0.2.15:5062>",
    "Content-Type": "text/plain",
    "Content-Length": "5",
}


def invite(
    *extra: str,
    start: str = "INVITE sip:line@192.0.2.1 SIP/2.0",
    without: str = "",
    body: bytes = b"hello",
    **changed: str,
) -> bytes:
    """An INVITE with some of its fields changed (`To=...`, `Call_ID=...`) and lines added."""
    fields = {name: changed.get(name.replace("-", "_"), value) for name, value in FIELDS.items()}
    lines = [start, *(f"{k}: {v}" for k, v in fields.items() if k != without), *extra]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def request_of(data: bytes, *, stream: bool = False) -> Request:
    message = parse(data, stream=stream)
    assert isinstance(message, Request)
    return message


def read_everything(message: Request | Response) -> None:
    for name in dir(type(message)):
        if isinstance(getattr(type(message), name), property):
            with contextlib.suppress(SipParseError):
                getattr(message, name)


def test_a_request_is_read() -> None:
    request = request_of(invite())
    assert (request.method, request.uri.user, request.body) == ("INVITE", "line", b"hello")
    assert (request.via.branch, request.from_.tag, request.to.tag) == ("z9hG4bKabc", "5f2b", None)
    assert (request.call_id, request.cseq.number) == ("8d1f0b6a@192.0.2.15", 1)
    assert request.from_.display == "Zhang San"


def test_a_response_is_read() -> None:
    response = parse(invite(start="SIP/2.0 486 Busy Here"))
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.cseq.method) == (486, "Busy Here", "INVITE")


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("SIP/2.0 100 ", 100, ""),
        ("SIP/2.0 200", 200, ""),
        ("sip/2.0 200 OK", 200, "OK"),
        ("SIP/2.0 200 = 2**3 * 5**2 но сто", 200, "= 2**3 * 5**2 но сто"),
        ("SIP/2.0 480 \udcff\udcfe", 480, "\udcff\udcfe"),
        ("SIP/2.0 699 x", 699, "x"),
    ],
)
def test_a_status_line_is_read(line: str, status: int, reason: str) -> None:
    response = parse(invite(start=line))
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (status, reason)
    assert parse(serialize(response)) == response


@pytest.mark.parametrize(
    "line",
    [
        "SIP/2.0 4294967301 better not break the receiver",
        "SIP/2.0 20 OK",
        "SIP/2.0 099 OK",
        "SIP/2.0 700 OK",
        "SIP/2.0 2000 OK",
        "SIP/2.0 -200 OK",
        "SIP/2.0 ２００ OK",
        "SIP/2.0  200 OK",
        "SIP/2.0 200\tOK",
        "SIP/2.0 200 O\0K",
        "SIP/2.0",
        "SIP/7.0 200 OK",
        "SIP/2.0/UDP 200 OK",
    ],
)
def test_a_malformed_status_line_is_refused_and_never_answered(line: str) -> None:
    with pytest.raises(SipParseError) as caught:
        parse(invite(start=line))
    assert caught.value.partial is None


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (400, "INVITE <sip:line@192.0.2.1> SIP/2.0"),
        (400, "INVITE sip:line@192.0.2.1; lr SIP/2.0"),
        (400, "INVITE  sip:line@192.0.2.1 SIP/2.0"),
        (400, "INVITE sip:line@192.0.2.1  SIP/2.0"),
        (400, "INVITE sip:line@192.0.2.1 SIP/2.0 "),
        (400, "INVITE\tsip:line@192.0.2.1\tSIP/2.0"),
        (400, "INVITE sip:line@192.0.2.1?Route=%3Csip:a%3E SIP/2.0"),
        (400, "INVITE sip:line@192.0.2.1"),
        (400, "INVITE"),
        (400, "INVITE sip: SIP/2.0"),
        (400, "INVITE sip:a@b:70000 SIP/2.0"),
        (400, "INVITE sip:a@b SIP/2"),
        (400, "INVITE sip:a@b HTTP/1.1"),
        (505, "INVITE sip:a@b SIP/7.0"),
        (505, "INVITE sip:a@b SIP/2.1"),
        (505, "INVITE sip:a@b SIP/02.00"),
    ],
)
def test_a_malformed_request_line_is_answered(status: int, line: str) -> None:
    with pytest.raises(SipParseError) as caught:
        parse(invite(start=line))
    assert caught.value.status == status
    assert caught.value.partial is not None
    assert caught.value.partial.headers.get("CSeq") == "1 INVITE"


@pytest.mark.parametrize(
    "line", ["INV ITE", "INV(ITE sip:a@b SIP/2.0", " sip:a@b SIP/2.0", "民 sip:a@b SIP/2.0"]
)
def test_a_malformed_method_is_refused(line: str) -> None:
    with pytest.raises(SipParseError):
        parse(invite(start=line))


def test_the_version_is_read_in_any_case() -> None:
    assert request_of(invite(start="INVITE sip:a@b sip/2.0")).method == "INVITE"


@pytest.mark.rfc("3261 §21.4.1")
@pytest.mark.parametrize(
    ("defect", "data"),
    [
        ("From missing", invite(without="From")),
        ("To missing", invite(without="To")),
        ("Call-ID missing", invite(without="Call-ID")),
        ("CSeq missing", invite(without="CSeq")),
        ("From twice", invite("f: <sip:a@b>;tag=2")),
        ("To twice", invite("t: <sip:a@b>")),
        ("Call-ID twice", invite("i: 2")),
        ("CSeq twice", invite("CSEQ: 1 INVITE")),
        ("Max-Forwards twice", invite("Max-Forwards: 5")),
        ("From of two addresses", invite(From="<sip:a@b>;tag=1, <sip:c@d>;tag=2")),
        ("From malformed", invite(From='"a <sip:a@b>;tag=1')),
        ("To malformed", invite(To="nobody")),
        ("Call-ID with a space", invite(Call_ID="a b")),
        ("CSeq of another method", invite(CSeq="1 BYE")),
        ("CSeq of the method in another case", invite(CSeq="1 invite")),
        ("CSeq over 2**31-1", invite(CSeq="2147483648 INVITE")),
        ("CSeq in other digits", invite(CSeq="١ INVITE")),
        ("Max-Forwards over 255", invite(Max_Forwards="256")),
        ("Max-Forwards negative", invite(Max_Forwards="-1")),
        ("Expires over 2**32-1", invite("Expires: 4294967296")),
        ("Content-Length negative", invite(Content_Length="-5")),
        ("Content-Length signed", invite(Content_Length="+5")),
        ("Content-Length empty", invite(Content_Length="")),
        ("Content-Length hexadecimal", invite(Content_Length="0x5")),
        ("Content-Length in other digits", invite(Content_Length="５")),
        ("Content-Length too large", invite(Content_Length="6")),
        ("Content-Length overlong", invite(Content_Length="9" * 5000)),
        ("Content-Length of two values", invite("l: 4")),
        ("Content-Length a list", invite(Content_Length="5, 5")),
        ("header does not end", b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n"),
        ("bare LF ends a line", invite("X: a\nY: b")),
        ("bare CR in a line", invite("X: a\rY: b")),
        ("line without colon", invite("rubbish")),
        ("header name with a space", invite("My Header: x")),
        ("header name empty", invite(": x")),
        ("header name of other letters", invite("Käse: x")),
        ("NUL in a value", invite("Subject: a\0b")),
        ("NUL in a quoted value", invite('Subject: "a\0b"')),
        ("second Via malformed", invite("v: SIP/2.0/UDP")),
        ("lower Via with a bad port", invite("v: SIP/2.0/UDP a:65536")),
        ("too many Via", invite(*["v: SIP/2.0/UDP a;branch=1"] * VIAS_MAX)),
        ("too many headers", invite(*["X: a"] * HEADERS_MAX)),
        ("too long a header", invite("X: " + "a" * HEADER_LINE_MAX_CHARS)),
        ("too long when unfolded", invite("X: " + "a\r\n " * HEADER_LINE_MAX_CHARS)),
    ],
)  # fmt: skip
def test_a_malformed_request_is_answered_400(defect: str, data: bytes) -> None:
    with pytest.raises(SipParseError) as caught:
        parse(data)
    assert caught.value.status == 400, defect
    partial = caught.value.partial
    assert partial is not None, defect
    assert partial.via.transport == "UDP"
    answer = serialize(partial.response(400, to_tag="t"))
    assert answer.startswith(b"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP "), defect
    with pytest.raises(SipParseError) as caught:
        parse(data.replace(b"INVITE sip", b"ACK sip", 1))
    assert caught.value.partial is None, defect
    if not defect.startswith("CSeq of"):  # a response has no method of its own to differ from
        with pytest.raises(SipParseError) as caught:
            parse(re.sub(rb"^INVITE \S+ SIP/2.0", b"SIP/2.0 200 OK", data))
        assert caught.value.partial is None, defect


@pytest.mark.parametrize(
    ("defect", "data"),
    [
        ("no Via", invite(without="Via")),
        ("Via without host", invite(Via="SIP/2.0/UDP")),
        ("Via port over 65535", invite(Via="SIP/2.0/UDP a:65536;branch=z9hG4bK1")),
        ("empty", b""),
        ("keep-alive", b"\r\n\r\n"),
        ("NUL keep-alive", b"\0\0\0\0"),
        ("RTP", bytes.fromhex("80000001000000a012345678") + bytes(160)),
        ("STUN", bytes.fromhex("000100002112a442") + bytes(12)),
        ("a start line alone", b"INVITE sip:a@b SIP/2.0\r\n\r\n"),
    ],
)
def test_what_names_no_way_back_is_not_answered(defect: str, data: bytes) -> None:
    with pytest.raises(SipParseError) as caught:
        parse(data)
    assert caught.value.partial is None, defect


def test_a_message_over_the_limit_is_refused_and_one_at_the_limit_is_read() -> None:
    def sized(total: int) -> bytes:
        bare = invite(without="Content-Length", body=b"")
        return bare + b"x" * (total - len(bare))

    assert len(request_of(sized(MESSAGE_MAX_BYTES)).body) > 60000
    with pytest.raises(SipParseError) as caught:
        parse(sized(MESSAGE_MAX_BYTES + 1))
    assert caught.value.status == 513


@pytest.mark.rfc("3261 §18.3")
def test_what_follows_the_body_of_a_datagram_is_cut_off() -> None:
    assert request_of(invite(Content_Length="2")).body == b"he"
    assert request_of(invite(without="Content-Length")).body == b"hello"
    assert request_of(invite("l: 005")).body == b"hello"


@pytest.mark.rfc("3261 §18.3")
@pytest.mark.parametrize(
    "data",
    [
        invite(Content_Length="4"),
        invite(without="Content-Length"),
        invite("l: 5"),
        b"\r\n" + invite(Content_Length="9"),
    ],
)
def test_on_a_stream_the_length_must_be_exact(data: bytes) -> None:
    assert request_of(invite(), stream=True).body == b"hello"
    with pytest.raises(SipParseError):
        parse(data, stream=True)


@pytest.mark.rfc("3261 §7.5")
def test_empty_lines_before_a_message_are_passed_over() -> None:
    assert request_of(b"\r\n\r\n" + invite()) == request_of(invite())


@pytest.mark.rfc("3261 §7.3.1")
def test_folded_lines_are_one_value() -> None:
    request = request_of(invite("Subject: a\r\n\tb\r\n   c", "X:\r\n  y"))
    assert request.headers.get("Subject") == "a b c"
    assert request.headers.get("X") == "y"


def test_names_with_space_before_the_colon_and_in_any_case_are_read() -> None:
    data = invite(without="To").replace(b"Max-F", b"tO \t: <sip:x@y>;tag=1\r\nMAX-f")
    request = request_of(data)
    assert request.to.tag == "1"
    assert request.max_forwards == 70


def test_a_field_we_do_not_need_fails_no_request() -> None:
    request = request_of(invite("Date: Fri, 01 Jan 2010 16:00:00 EST", "RSeq: no", "X: ;;,;"))
    read_everything(request)
    assert request.headers.get("Date") == "Fri, 01 Jan 2010 16:00:00 EST"


def test_bytes_that_are_not_utf_8_leave_as_they_came() -> None:
    data = invite("Subject: \udcff\udcc0 民声", From='"\udce9t\udce9" <sip:a@b>;tag=1')
    assert b"\xff\xc0 \xe6\xb0\x91\xe5\xa3\xb0" in data
    again = serialize(request_of(data))
    assert b"Subject: \xff\xc0 \xe6\xb0\x91\xe5\xa3\xb0\r\n" in again
    assert b'From: "\xe9t\xe9" <sip:a@b>;tag=1\r\n' in again


def test_a_quoted_pair_of_nul_is_text() -> None:
    request = request_of(invite(To='"NUL:\\\0" <sip:a@b>'))
    assert request.to.display == "NUL:\0"
    assert b'To: "NUL:\\\0" <sip:a@b>\r\n' in serialize(request)


def test_a_message_is_written_with_via_first_and_the_length_counted() -> None:
    request = Request(
        "OPTIONS",
        Uri.sip("b"),
        Headers([("To", "x"), ("Content-Length", "99"), ("Via", "1"), ("Own", "o"), ("v", "2")]),
        b"abc",
    )
    assert serialize(request) == (
        b"OPTIONS sip:b SIP/2.0\r\nVia: 1\r\nVia: 2\r\nTo: x\r\nOwn: o\r\n"
        b"Content-Length: 3\r\n\r\nabc"
    )
    assert serialize(Response(200, "OK")) == b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "message",
    [
        Request("INVITE", Uri.sip("b"), Headers([("Subject", "a\r\nRoute: <sip:evil>")])),
        Request("INVITE", Uri.sip("b"), Headers([("Subject", "a\n b")])),
        Request("INVITE", Uri.sip("b"), Headers([("Subject", "a\rb")])),
        Request("INVITE", Uri.sip("b"), Headers([("Subject", "a\0b")])),
        Request("INVITE", Uri.sip("b"), Headers([("Subject", '"a\0b"')])),
        Request("INVITE", Uri.sip("b"), Headers([("Via", "a\r\n\r\n")])),
        Request("INVITE", Uri.sip("b"), Headers([("Sub ject", "a")])),
        Request("INVITE", Uri.sip("b"), Headers([("", "a")])),
        Request("INVITE", Uri.sip("b"), Headers([("A:", "a")])),
        Request("INVITE", Uri.sip("b"), Headers([("A\r\nB", "a")])),
        Request("INVITE", Uri.sip("b"), Headers([("Subject", "\ud800")])),
        Request("INV ITE", Uri.sip("b")),
        Request("", Uri.sip("b")),
        Request("INVITE", Uri("sip", "a b")),
        Request("INVITE", Uri("sip", "a>b")),
        Request("INVITE", Uri("sip", "b\r\nVia: x")),
        Request("INVITE", Uri("sip", "民")),
        Response(99, "x"),
        Response(700, "x"),
        Response(200, "OK\r\nX: y"),
        Response(200, "O\0K"),
    ],
)  # fmt: skip
def test_what_would_not_be_one_message_is_never_written(message: Request | Response) -> None:
    with pytest.raises(SipUsageError):
        serialize(message)


@pytest.mark.rfc("3261 §8.2.6.2")
def test_an_answer_copies_what_every_answer_copies() -> None:
    request = request_of(invite("v: SIP/2.0/UDP b;branch=2", "Timestamp: 54", "Subject: x"))
    answer = request.response(486, to_tag="t7")
    assert (answer.status, answer.reason) == (486, "Busy Here")
    assert list(answer.headers) == [
        ("Via", FIELDS["Via"]),
        ("Via", "SIP/2.0/UDP b;branch=2"),
        ("From", FIELDS["From"]),
        ("To", f"{FIELDS['To']};tag=t7"),
        ("Call-ID", FIELDS["Call-ID"]),
        ("CSeq", "1 INVITE"),
    ]
    assert request.response(100).headers.get("Timestamp") == "54"
    assert request.response(100).to.tag is None
    assert request.response(299, "So So").reason == "So So"
    assert request.response(299).reason == "OK"


def test_an_answer_leaves_a_tag_that_is_there() -> None:
    request = request_of(invite(To="sip:a@b;x=1;Tag=there"))
    assert request.response(200, to_tag="mine").to.tag == "there"
    bare = request_of(invite(To="sip:a@b;x=1"))
    assert bare.response(200, to_tag="mine").to.tag == "mine"


@pytest.mark.rfc("3261 §18.2.1")
def test_the_source_is_noted_in_the_topmost_via_alone() -> None:
    request = request_of(
        invite("v: SIP/2.0/UDP c;branch=3", Via="SIP/2.0/UDP a;rport;branch=1, SIP/2.0/UDP b")
    )
    request.received_from("203.0.113.9", 4711)
    assert request.headers.get_all("Via") == [
        "SIP/2.0/UDP a;rport=4711;branch=1;received=203.0.113.9",
        "SIP/2.0/UDP b",
        "SIP/2.0/UDP c;branch=3",
    ]
    assert (request.via.received, request.via.rport) == ("203.0.113.9", 4711)


# --- properties

tokens = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=10)
values = (
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
    | st.binary(max_size=20)
    .filter(lambda raw: not re.search(rb"[\r\n\0]", raw))
    .map(lambda raw: raw.decode("utf-8", "surrogateescape"))
).map(lambda text: text.strip(" \t"))
own_fields = st.lists(st.tuples(tokens.map("X-{}".format), values), max_size=6)
common = st.fixed_dictionaries(
    {
        "From": st.sampled_from(["<sip:a@b>;tag=1", '"民, 声" <sip:a@b>;tag=2', "tel:+861;tag=3"]),
        "To": st.sampled_from(["<sip:l@b>", "sip:l@b;tag=4"]),
        "Call-ID": tokens,
    }
)
vias = st.lists(
    st.sampled_from(["SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/TCP [::1]:5, SIP/2.0/UDP b;rport"]),
    min_size=1,
    max_size=3,
)


@st.composite
def messages(draw: st.DrawFn) -> Request | Response:
    method = draw(st.sampled_from(["INVITE", "BYE", "OPTIONS"]) | tokens)
    number = draw(st.integers(0, 2**31 - 1))
    fields = [*draw(own_fields), *draw(common).items(), ("CSeq", f"{number} {method}")]
    fields += [("Via", via) for via in draw(vias)]
    headers = Headers(draw(st.permutations(fields)))
    body = draw(st.binary(max_size=60))
    if draw(st.booleans()):
        user = draw(st.none() | values.filter(bool))
        return Request(method, Uri.sip("example.com", 5060, user), headers, body)
    reason = draw(values.filter(lambda text: re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text) is None))
    return Response(draw(st.integers(100, 699)), reason, headers, body)


@given(messages(), st.booleans())
def test_what_is_written_reads_the_same(message: Request | Response, stream: bool) -> None:
    again = parse(serialize(message), stream=stream)
    assert again == message
    assert again.headers.get("Content-Length") == str(len(message.body))
    assert serialize(again) == serialize(message)


def attempt(data: bytes, stream: bool) -> Request | Response | SipParseError:
    try:
        return parse(data, stream=stream)
    except SipParseError as error:
        return error


def judge(data: bytes) -> None:
    """Reading raises nothing but a parse error, and what was read can be written."""
    for stream in (False, True):
        message = attempt(data, stream)
        if isinstance(message, SipParseError):
            assert 400 <= message.status < 600
            assert message.reason.isascii()
            if message.partial is not None:
                assert message.partial.method != "ACK"
                message.partial.received_from("192.0.2.9", 5060)
                assert message.partial.via.host
                serialize(message.partial.response(message.status, message.reason, to_tag="t"))
            continue
        read_everything(message)
        assert parse(serialize(message)) == message
        if isinstance(message, Request):
            serialize(message.response(200, to_tag="t"))


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_parse_error(data: bytes) -> None:
    judge(data)
    judge(invite(body=b"") + data)
    judge(data + invite())


SEEDS = [
    invite(),
    invite(start="SIP/2.0 200 OK"),
    invite(
        "Record-Route: <sip:p1;lr>, <sip:p2;lr>",
        'Contact: "a, b" <sip:a@[::1]:5060;transport=tcp>;q=0.5;expires=7',
        "Session-Expires: 1800;refresher=uas",
        "Supported: timer, 100rel",
        'Subject: folded\r\n "quo\\"ted"',
        Via='SIP/2.0/UDP a;x="1,2";branch=z9hG4bK1, SIP/2.0/TCP b:5;rport',
    ),
]
SPLICES = [b"", b"\r\n", b"\n", b" ", b"\t", b",", b";", b":", b'"', b"<", b">", b"\\", b"\0",
           b"\xff", b"%", b"=", b"@", b"/", b"9" * 12, b"\r\n ", b"\r\n\r\n", b"sip:", b"[",
           "٣".encode()]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        cut = draw(st.sampled_from([0, 0, 1, 2, 5, 40]))
        data = data[:place] + draw(st.sampled_from(SPLICES)) + data[place + cut :]
    if draw(st.booleans()):
        lines = data.split(b"\r\n")
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(lines)))
        data = b"\r\n".join(lines)
    return data


@settings(max_examples=400)
@given(mutated())
def test_no_mutilated_message_raises_anything_but_a_parse_error(data: bytes) -> None:
    judge(data)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "filling",
    [b" " * 65000, b'"' * 65000, b"\r\n " * 21000, b"\r\n" * 32000, b"a:\r\n" * 16000,
     b'\\"\0' * 21000, b"\t\r\n" * 21000, b"v: SIP/2.0/UDP a\r\n" * 3500, b"," * 65000],
)  # fmt: skip
def test_a_full_datagram_of_one_thing_is_judged_at_once(filling: bytes) -> None:
    for data in (filling, b"X: " + filling, b'To: "\0' + filling):
        judge((b"INVITE sip:a@b SIP/2.0\r\n" + data)[:MESSAGE_MAX_BYTES])
        judge((b"INVITE sip:a@b SIP/2.0\r\n" + data[:65000] + b"\r\n\r\n")[:MESSAGE_MAX_BYTES])


def test_an_error_says_what_and_with_which_status() -> None:
    error: Any = SipParseError(400, "To is missing")
    assert str(error) == "400: To is missing"
