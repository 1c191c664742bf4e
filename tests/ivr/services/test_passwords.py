"""What is too weak to be a password, and that nothing else is asked of one."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.services import passwords
from ivr.services.errors import RefusedError


@pytest.mark.parametrize(
    "password",
    [
        *("password123", "PASSWORD123", "P@ssw0rd", "qwertyuiop", "1qaz2wsx", "iloveyou1"),
        *("aaaaaaaaaaaa", "abcabcabcabc", "abcdefgh", "12345678", "987654321", "11223344"),
        *("5201314520", "a5201314", "5201314abc", "woaini1314", "woaini520", "Woaini5201314"),
        *("zhangwei123", "wangfang1", "woaiwojia", "wodemima1", "zhongguo1", "beijing2008"),
        *("19851203", "20001231", "1985-12-03", "13800138000", "minsheng12345", "zhengfu123"),
        *("我爱你我爱你我爱你", "admin12345", "administrator"),
    ],
)
def test_what_a_guesser_tries_first_is_refused(password):
    with pytest.raises(RefusedError, match="easy to guess"):
        passwords.check_policy(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse staple",
        "我们的热线每天为您服务",
        "Tr0ub4dor&3",
        "лёд и пламень",
        "🐎🔋📎 and a stapler",
        "wholly lower case words",
        "x7" * 4 + "vqmz",
        "a" + "very long sentence " * 6,
    ],
)
def test_length_and_surprise_are_enough(password):
    passwords.check_policy(password, "li.na")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(string.ascii_letters), min_size=16, max_size=64).map("".join))
def test_random_letters_alone_are_taken(letters):
    """No digit, sign or capital is asked for."""
    if len(set(letters)) > 8:
        passwords.check_policy(letters.lower())


def test_length_is_counted_in_characters_from_eight_to_a_hundred_and_twenty_eight():
    words = "我们的热线每天为您服务请多多指教"
    passwords.check_policy(words[:8])
    passwords.check_policy((words * 9)[:128])
    for wrong, said in ((words[:7], "at least 8"), ((words * 9)[:129], "at most 128")):
        with pytest.raises(RefusedError, match=said):
            passwords.check_policy(wrong)


def test_the_username_is_no_part_of_it():
    with pytest.raises(RefusedError, match="username"):
        passwords.check_policy("my-li.na-password", "Li.Na")
    assert (
        passwords.strength("lina qiang fan", "li.na").level
        <= passwords.strength("lina qiang fan").level
    )


def test_strength_grows_with_words():
    levels = [
        passwords.strength(word).level
        for word in ("short", "password123", "secret one!", "correct horse staple")
    ]
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert levels[-1] == 4
