"""Targets and key scripts of `ivr call`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.caller.script import KEYS, Press, ScriptError, Target, parse_keys, parse_target


def test_a_target_has_a_user_a_host_and_perhaps_a_port():
    assert parse_target("sip:line@127.0.0.1") == Target("line", "127.0.0.1", 5060)
    assert parse_target("SIP:12345@pbx.example.cn:5070") == Target("12345", "pbx.example.cn", 5070)


@pytest.mark.parametrize(
    "text",
    ["", "line", "sip:127.0.0.1", "sips:a@b", "sip:a@b:0", "sip:a@b:70000", "sip:a b@c",
     "sip:a@b\r\nX: y", "sip:a@[::1]", "sip:a@b;transport=tcp"],
)  # fmt: skip
def test_what_cannot_be_called_is_refused(text):
    with pytest.raises(ScriptError, match="write sip:"):
        parse_target(text)


def test_keys_are_pressed_in_order_of_time():
    assert parse_keys("880123#:9, 1:2,a:4.5") == (
        Press("1", 2.0),
        Press("A", 4.5),
        Press("880123#", 9.0),
    )
    assert parse_keys("") == ()


@pytest.mark.parametrize("text", ["1", "1:", ":2", "x:1", "1:-2", "1:1e3", "１:2", "1:99999"])
def test_what_cannot_be_pressed_is_refused(text):
    with pytest.raises(ScriptError, match="KEYS:SECONDS"):
        parse_keys(text)


presses = st.tuples(
    st.text(st.sampled_from(KEYS), min_size=1, max_size=12),
    st.decimals(0, 3600, places=2, allow_nan=False),
)


@given(st.lists(presses, max_size=6))
def test_every_script_is_read_as_written(wanted):
    text = ",".join(f"{keys}:{at}" for keys, at in wanted)
    expected = sorted((Press(k, float(at)) for k, at in wanted), key=lambda p: p.at_s)
    assert list(parse_keys(text)) == expected


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for parse in (parse_keys, parse_target):
        try:
            parse(text)
        except ScriptError as error:
            assert "write" in str(error)  # noqa: PT017
