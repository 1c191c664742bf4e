"""SIP URIs (RFC 3261 §19.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.errors import SipParseError, SipUsageError
from ivr.sip.uri import Uri, escape_user, unescape


def test_every_part_is_found() -> None:
    uri = Uri.parse("sip:alice:secret@atlanta.com:5070;transport=TCP;lr?subject=project%20x&to=b")
    assert (uri.scheme, uri.user, uri.raw_password) == ("sip", "alice", "secret")
    assert (uri.host, uri.port) == ("atlanta.com", 5070)
    assert (uri.transport, uri.lr) == ("tcp", True)
    assert uri.headers == "subject=project%20x&to=b"


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sips:bob@[2001:db8::1]:5061",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sip:user;par=u%40example.net@example.com",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
        "(doesn't-it)@example.com",
        "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31",
        "sip:%00%00@host5.example.com",
        "sip:a:@b",
        "sip:line@my_container:5060",
        "sip:a@b.",
        "tel:+8657112345;phone-context=example.com",
        "soap.beep://192.0.2.103:3002",
        "isbn:2983792873",
        "urn:service:sos",
    ],
)
def test_what_came_is_what_is_written(text: str) -> None:
    assert Uri.parse(text).serialize() == text


def test_an_escaped_user_is_read_unescaped_and_kept_as_it_came() -> None:
    uri = Uri.parse("sip:sips%3Auser%40example.com@example.net")
    assert uri.user == "sips:user@example.com"
    assert uri.raw_user == "sips%3Auser%40example.com"


def test_nul_in_a_user_is_a_character_of_it_and_not_its_end() -> None:
    assert Uri.parse("sip:null-%00-null@example.com").user == "null-\0-null"


def test_escaped_parameter_names_mean_what_they_say() -> None:
    uri = Uri.parse("sip:a@b;%6C%72;n%61me=v%61lue%25%34%31")
    assert uri.lr
    assert uri.param("name") == "value%41"


def test_parameters_are_found_in_any_case() -> None:
    uri = Uri.parse("sip:a@b;LR;Transport=Udp")
    assert uri.lr
    assert uri.transport == "udp"
    assert uri.param("maddr") is None


def test_an_ipv6_host_stands_without_brackets() -> None:
    uri = Uri.parse("sip:[2001:db8::9:1]:5070")
    assert (uri.host, uri.port) == ("2001:db8::9:1", 5070)


def test_an_unknown_scheme_is_kept_whole_and_has_no_user() -> None:
    uri = Uri.parse("nobodyKnowsThisScheme:totallyopaquecontent")
    assert (uri.scheme, uri.opaque) == ("nobodyknowsthisscheme", "totallyopaquecontent")
    assert uri.user is None


def test_a_telephone_number_is_the_user_of_a_tel_uri() -> None:
    assert Uri.parse("tel:+86-571-12345;ext=5").user == "+86-571-12345"


@pytest.mark.parametrize(
    ("defect", "text"),
    [
        ("no scheme", "user@example.com"),
        ("empty", ""),
        ("scheme alone", "sip:"),
        ("brackets around it", "<sip:user@example.com>"),
        ("space inside", "sip:user@example.com; lr"),
        ("space before", " sip:user@example.com"),
        ("line end", "sip:user@example.com\r\n"),
        ("NUL", "sip:us\0er@example.com"),
        ("broken escape", "sip:us%4@example.com"),
        ("escape of other letters", "sip:us%4G@example.com"),
        ("empty user", "sip:@example.com"),
        ("no host", "sip:user@"),
        ("no host, a port", "sip:user@:5060"),
        ("two at signs", "sip:a@b@c"),
        ("empty label", "sip:a@b..c"),
        ("leading hyphen", "sip:a@-b"),
        ("octet over 255", "sip:a@192.0.2.256"),
        ("three octets", "sip:a@192.0.2"),
        ("IPv6 without brackets", "sip:a@2001:db8::1"),
        ("broken IPv6", "sip:a@[2001:db8:::1]"),
        ("bracket not closed", "sip:a@[2001:db8::1"),
        ("port over 65535", "sip:a@b:65536"),
        ("port of eleven thousand digits", "sip:a@b:" + "9" * 11000),
        ("negative port", "sip:a@b:-1"),
        ("empty port", "sip:a@b:"),
        ("port in other digits", "sip:a@b:٥٠٦٠"),
        ("empty parameter", "sip:a@b;;lr"),
        ("trailing semicolon", "sip:a@b;"),
        ("empty parameter value", "sip:a@b;transport="),
        ("parameter twice", "sip:a@b;lr;LR"),
        ("empty headers", "sip:a@b?"),
        ("letters of other scripts in the user", "sip:民声@b"),
        ("space in an opaque URI", "http://a b"),
        ("empty opaque URI", "http:"),
    ],
)
def test_a_malformed_uri_is_refused(defect: str, text: str) -> None:
    with pytest.raises(SipParseError) as caught:
        Uri.parse(text)
    assert caught.value.status == 400, defect


def test_our_own_uri_is_escaped() -> None:
    uri = Uri.sip("2001:db8::1", 5060, "民 声@", transport="tcp", lr=True)
    assert uri.serialize() == "sip:%E6%B0%91%20%E5%A3%B0%40@[2001:db8::1]:5060;transport=tcp;lr"
    assert uri.user == "民 声@"


@pytest.mark.parametrize("host", ["", "a b", "a\r\nb", "a>b", "999.1.1.1"])
def test_our_own_impossible_host_is_our_fault(host: str) -> None:
    with pytest.raises(SipUsageError):
        Uri.sip(host)


@given(st.text())
def test_every_user_survives_escaping(user: str) -> None:
    if not any("\ud800" <= character <= "\udfff" for character in user):
        assert unescape(escape_user(user)) == user


@given(st.binary())
def test_every_byte_of_a_user_survives_escaping(user: bytes) -> None:
    text = user.decode("utf-8", "surrogateescape")
    assert unescape(escape_user(text)) == text


@given(
    user=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    port=st.none() | st.integers(0, 65535),
    transport=st.none() | st.sampled_from(["udp", "tcp"]),
    lr=st.booleans(),
    host=st.sampled_from(["a", "line.example.cn", "192.0.2.1", "2001:db8::1"]),
)
def test_what_is_written_reads_the_same(
    user: str | None, port: int | None, transport: str | None, lr: bool, host: str
) -> None:
    uri = Uri.sip(host, port, user, transport=transport, lr=lr)
    assert Uri.parse(uri.serialize()) == uri
    assert uri.user == user


@given(st.text(max_size=80))
def test_no_text_raises_anything_but_a_parse_error(text: str) -> None:
    for whole in (text, f"sip:{text}", f"sip:a@{text}", f"sip:a@b;{text}"):
        try:
            uri = Uri.parse(whole)
        except SipParseError:
            continue
        assert Uri.parse(uri.serialize()) == uri
