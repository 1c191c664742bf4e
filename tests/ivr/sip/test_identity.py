"""Who calls, by From and by what a trunk asserts (RFC 3323, RFC 3325, RFC 3966)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.config import Trunk
from ivr.sip.errors import SipParseError
from ivr.sip.events import InviteReceived
from ivr.sip.identity import user_of
from ivr.sip.uri import Uri
from tests.ivr.sip.peers import OFFER, Line, request


def caller(*headers: str, trusted: bool = True, from_uri: str = "") -> tuple[str, str]:
    """User and name of a caller with these fields, by a trunk or from anywhere."""
    line = Line()
    if trusted:
        trunk = Trunk("pbx", line.flow, "sip:88001234@192.0.2.9", register=False)
        line.agent.add_trunk(trunk, line.now)
        line.said()
    invite = request("INVITE", body=OFFER, headers=headers)
    if from_uri:
        invite = invite.replace(b"Peer <sip:peer@192.0.2.9>", from_uri.encode())
    line.give(invite)
    event = line.event(InviteReceived)
    assert (event.trunk == "pbx") is trusted
    return event.from_user, event.from_display


ASSERTED = 'P-Asserted-Identity: "Wang" <sip:+8613800138000@192.0.2.9;user=phone>'


@pytest.mark.rfc("3325 §9.1")
def test_a_trunk_is_believed_about_who_calls() -> None:
    assert caller(ASSERTED) == ("+8613800138000", "Wang")


@pytest.mark.rfc("3325 §9.1")
def test_nobody_else_is() -> None:
    assert caller(ASSERTED, trusted=False) == ("peer", "Peer")


@pytest.mark.rfc("3325 §9.1")
@pytest.mark.parametrize(
    "headers",
    [
        ["P-Asserted-Identity: <sip:192.0.2.9>, <tel:+8613800138000>"],
        ["P-Asserted-Identity: <sip:192.0.2.9>", "P-Asserted-Identity: <tel:+8613800138000>"],
        ["P-Asserted-Identity: tel:+86-138-0013-8000"],
    ],
)
def test_of_two_identities_the_first_that_names_somebody_counts(headers: list[str]) -> None:
    assert caller(*headers) == ("+8613800138000", "")


@pytest.mark.rfc("3325 §9.3", "3323 §4.2")
@pytest.mark.parametrize("privacy", ["id", "header;id", "ID ; critical", "user"])
def test_who_hides_its_number_is_anonymous(privacy: str) -> None:
    hidden = '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert caller(ASSERTED, f"Privacy: {privacy}", from_uri=hidden) == ("anonymous", "")


@pytest.mark.rfc("3323 §4.2")
def test_privacy_none_hides_nothing() -> None:
    assert caller(ASSERTED, "Privacy: none") == ("+8613800138000", "Wang")


@pytest.mark.rfc("3325 §9.1")
@pytest.mark.parametrize("field", ["<sip:a@b", '"open <sip:a@b>', "", "<urn:nobody>"])
def test_an_identity_that_cannot_be_read_costs_no_call(field: str) -> None:
    assert caller(f"P-Asserted-Identity: {field}") == ("peer", "Peer")


@pytest.mark.rfc("3966 §3", "3261 §19.1.6")
@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:+8613800138000@h;user=phone", "+8613800138000"),
        ("sip:13800138000;phone-context=+86@h;user=phone", "13800138000"),
        ("sip:+86-10-8800.1234@h", "+861088001234"),
        ("tel:(010)88001234;phone-context=+86", "01088001234"),
        ("tel:+8613800138000", "+8613800138000"),
        ("sip:wang.li@h", "wang.li"),
        ("sip:user;par=u%40h@h", "user;par=u@h"),
        ("sip:h", ""),
        ("urn:service:sos", ""),
    ],
)
def test_of_a_telephone_number_the_digits_count_alone(uri: str, user: str) -> None:
    assert user_of(Uri.parse(uri)) == user


@pytest.mark.rfc("3966 §3")
def test_a_caller_with_parameters_in_its_number_is_known_by_the_number() -> None:
    sip = "<sip:13800138000;phone-context=+86@192.0.2.9;user=phone>"
    assert caller(trusted=False, from_uri=sip) == ("13800138000", "")


@given(st.text(max_size=60))
def test_no_uri_gives_anything_but_a_user(text: str) -> None:
    try:
        uri = Uri.parse(text)
    except SipParseError:
        return
    assert isinstance(user_of(uri), str)
