"""What counts as one source."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from ivr.gate import Networks, source_of


def test_an_ipv4_address_is_a_source_of_its_own() -> None:
    assert source_of("203.0.113.7") == "203.0.113.7"


def test_all_addresses_of_a_64_are_one_source() -> None:
    assert source_of("2001:db8:1:2::1") == source_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert source_of("2001:db8:1:3::1") != source_of("2001:db8:1:2::1")


def test_a_mapped_address_is_the_ipv4_source() -> None:
    assert source_of("::ffff:203.0.113.7") == "203.0.113.7"


@given(st.text(max_size=60))
def test_whatever_stands_for_an_address_makes_a_source(text: str) -> None:
    assert isinstance(source_of(text), str)
    assert text not in Networks([ip_network("192.0.2.0/24")]) or text.startswith("192.0.2.")


def test_networks_hold_addresses_of_both_families() -> None:
    known = Networks([ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")])
    assert "192.0.2.200" in known
    assert "::ffff:192.0.2.200" in known
    assert "2001:db8:ffff::1" in known
    assert "198.51.100.1" not in known
    assert "2001:db9::1" not in known


def test_a_network_added_later_counts_for_addresses_asked_before() -> None:
    known = Networks()
    assert "192.0.2.1" not in known
    known.add(ip_network("192.0.2.1/32"))
    assert "192.0.2.1" in known
    known.replace([])
    assert "192.0.2.1" not in known
