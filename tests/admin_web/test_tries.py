"""Wrong sign-ins are counted by address, whatever names they try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from admin_web.tries import LIMIT, MOST_ADDRESSES, WITHIN, Tries
from tests.admin_web.builders import DeskUnderTest

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_an_address_waits_until_its_oldest_try_is_old_enough() -> None:
    tries = Tries()
    for second in range(LIMIT):
        assert tries.locked_until("192.0.2.1", NOW) is None
        tries.count("192.0.2.1", NOW + timedelta(seconds=second))
    last = NOW + timedelta(seconds=LIMIT)
    assert tries.locked_until("192.0.2.1", last) == NOW + WITHIN
    assert tries.locked_until("192.0.2.2", last) is None
    assert tries.locked_until("192.0.2.1", NOW + WITHIN) is None


def test_all_addresses_of_one_ipv6_customer_count_as_one() -> None:
    tries = Tries()
    for host in range(LIMIT):
        tries.count(f"2001:db8::{host:x}", NOW)
    assert tries.locked_until("2001:db8::ffff", NOW) is not None
    assert tries.locked_until("2001:db8:0:1::1", NOW) is None
    for _ in range(LIMIT):
        tries.count("::ffff:192.0.2.9", NOW)
    assert tries.locked_until("192.0.2.9", NOW) is not None


def test_no_flood_of_addresses_fills_the_memory() -> None:
    tries = Tries()
    for number in range(MOST_ADDRESSES + 50):
        tries.count(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", NOW)
    assert len(tries._wrong) == MOST_ADDRESSES


@given(st.one_of(st.none(), st.text(max_size=60)))
def test_any_address_is_counted(address: str | None) -> None:
    tries = Tries()
    for _ in range(LIMIT):
        tries.count(address, NOW)
    assert tries.locked_until(address, NOW) == NOW + WITHIN


def test_the_page_says_until_when_and_lets_in_afterwards(desk: DeskUnderTest) -> None:
    visitor = desk.visitor()
    for number in range(LIMIT):
        answer = visitor.sign_in(f"guess-{number}", "wrong")
        assert answer.status_code == 401
    refused = visitor.sign_in("editor")
    assert refused.status_code == 429
    assert "在 16:10:00 之前不能再从这里登录" in refused.text
    desk.clock.move(minutes=10)
    assert visitor.sign_in("editor").status_code == 302
