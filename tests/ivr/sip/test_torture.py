"""The messages of RFC 4475, judged by the class that its expect.tsv gives them."""

import csv
import os
from pathlib import Path

import pytest

from ivr.sip.errors import SipParseError
from ivr.sip.framing import StreamFramer
from ivr.sip.message import Request, Response, parse, serialize


def corpus() -> Path | None:
    """The folder of the messages: IVR_TESTDATA, or a folder `shared` beside the project."""
    given = os.environ.get("IVR_TESTDATA")
    if given:
        return Path(given) / "rfc4475"
    for parent in Path(__file__).resolve().parents:
        folder = parent / "shared" / "testdata" / "rfc4475"
        if folder.is_dir():
            return folder
    return None


FOLDER = corpus()
CASES: dict[str, dict[str, str]] = {}
if FOLDER is not None and FOLDER.is_dir():
    with (FOLDER / "expect.tsv").open(encoding="utf-8") as rows:
        CASES = {row["name"]: row for row in csv.DictReader(rows, delimiter="\t")}

pytestmark = pytest.mark.skipif(
    not CASES, reason="no RFC 4475 messages: set IVR_TESTDATA to the folder of test data"
)

# §3.1.2.12: a Date we do not need fails nothing. §3.1.2.13: Contact is read when asked for.
READ_THOUGH_INVALID = {"baddate", "regbadct"}
# §3.3: refused where it is read; the rest of §3.2 to §3.4 is for the layers above.
REFUSED_THOUGH_READABLE = {"insuf", "multi01", "mcl01"}


def message_of(name: str) -> bytes:
    assert FOLDER is not None
    return (FOLDER / f"{name}.dat").read_bytes()


def read(name: str) -> Request | Response:
    return parse(message_of(name))


def request(name: str) -> Request:
    message = read(name)
    assert isinstance(message, Request)
    return message


@pytest.mark.rfc("4475 §3")
@pytest.mark.parametrize("name", list(CASES))
def test_each_message_is_read_or_refused_as_its_class_says(name: str) -> None:
    row = CASES[name]
    acceptable = row["acceptable"].split(",")
    refused = row["class"] == "invalid" and name not in READ_THOUGH_INVALID
    if not (refused or name in REFUSED_THOUGH_READABLE):
        message = read(name)
        assert parse(serialize(message)) == message
        assert isinstance(message, Response) == (row["method"] == "response")
        return
    with pytest.raises(SipParseError) as caught:
        read(name)
    error = caught.value
    if acceptable == ["none"]:
        assert error.partial is None
        return
    assert str(error.status) in acceptable
    assert error.partial is not None
    answer = serialize(error.partial.response(error.status, to_tag="t"))
    assert answer.startswith(f"SIP/2.0 {error.status} ".encode())
    for field in ("From", "To", "Call-ID", "CSeq"):
        value = error.partial.headers.get(field)
        assert value is None or value.encode("utf-8", "surrogateescape") in answer


@pytest.mark.rfc("4475 §3", "3261 §18.3")
@pytest.mark.parametrize("name", list(CASES))
def test_byte_by_byte_the_framer_gives_what_whole_feeding_gives(name: str) -> None:
    def framed(pieces: list[bytes]) -> tuple[list[bytes], int | None]:
        framer, found = StreamFramer(), list[bytes]()
        for piece in pieces:
            try:
                found += framer.feed(piece)
            except SipParseError:
                break
        return found, framer.failed.status if framer.failed else None

    data = message_of(name)
    assert framed([data]) == framed([data[i : i + 1] for i in range(len(data))])


def test_wsinv_is_unfolded_and_taken_apart() -> None:
    message = request("wsinv")
    assert [(via.transport, via.host, via.branch) for via in message.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert (message.to.tag, message.from_.tag) == ("1918181833n", "98asjd8")
    assert message.from_.display == 'J Rosenberg \\"'
    assert (message.max_forwards, message.cseq.number) == (68, 9)
    assert message.contact is not None
    assert message.contact.display == 'Quoted string ""'
    assert message.contact.params.get("q") == "0.33"
    assert message.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert message.headers.get("Subject") == ""
    assert len(message.body) == 150


def test_intmeth_keeps_every_odd_character() -> None:
    message = request("intmeth")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.to.display == "BEL:\x07 NUL:\0 DEL:\x7f"
    assert message.from_.display == "token1~` token2'+_ token3*%!.-"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"
    answer = serialize(message.response(501, to_tag="t"))
    assert b'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f"' in answer


def test_escapes_mean_what_they_say_in_a_uri_and_nothing_in_a_token() -> None:
    esc01, esc02 = request("esc01"), request("esc02")
    assert esc01.uri.user == "sips:user@example.com"
    assert esc01.to.uri.user == "user"
    assert esc01.from_.uri.user == "I have spaces"
    assert esc01.contact is not None
    assert (esc01.contact.uri.lr, esc01.contact.uri.param("name")) == (True, "value%41")
    assert esc02.method == "RE%47IST%45R"
    assert [str(contact.uri.user) for contact in esc02.contacts] == ["alias1", "alias3"]
    assert request("escnull").to.uri.user == "null-\0-null"


def test_the_datagram_of_two_requests_is_the_first_and_the_stream_is_both() -> None:
    assert request("dblreq").method == "REGISTER"
    first, second = StreamFramer().feed(message_of("dblreq"))
    assert (parse(first, stream=True), parse(second, stream=True)) == (
        request("dblreq"),
        parse(second),
    )
    assert isinstance(parse(second), Request)


def test_the_long_request_has_all_its_hops() -> None:
    message = request("longreq")
    assert len(message.vias) == 34
    assert message.via.host == "sip33.example.com"


def test_binary_bodies_are_kept() -> None:
    message = request("mpart01")
    assert len(message.body) == 553
    assert b"\0" in message.body
    assert message.content_type == "multipart/mixed"


def test_other_parts_are_found_where_they_are() -> None:
    assert request("semiuri").uri.user == "user;par=u@example.net"
    assert request("lwsdisp").from_.display == "caller"
    assert [via.transport for via in request("transports").vias] == [
        "UDP", "SCTP", "TLS", "UNKNOWN", "TCP",
    ]  # fmt: skip
    assert not request("badbranch").via.has_cookie
    assert request("unkscm").uri.scheme == "nobodyknowsthisscheme"
    assert request("novelsc").uri.scheme == "soap.beep"
    assert request("bext01").require == ("nothingSupportsThis", "nothingSupportsThisEither")
    assert request("invut").content_type == "application/unknownformat"
    assert request("sdp01").accept == ("text/nobodyknowsthis",)
    assert request("zeromf").max_forwards == 0
    assert request("inv2543").via.branch is None
    cparam01, cparam02 = request("cparam01").contact, request("cparam02").contact
    assert cparam01 is not None
    assert cparam02 is not None
    assert "unknownparam" in cparam01.params
    assert "unknownparam" in cparam02.uri.params


def test_an_unbracketed_contact_with_headers_is_refused_when_it_is_read() -> None:
    message = request("regbadct")
    with pytest.raises(SipParseError) as caught:
        _ = message.contact
    assert (caught.value.status, caught.value.partial) == (400, message)
