"""Who is let in, who is answered, who may call; time is passed in."""

from dataclasses import replace
from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from ivr.gate import Gate, Limits, Networks, Offence
from ivr.gate.gate import OVERHEAD_BYTES

STRANGER = "203.0.113.7"
TRUNK = "192.0.2.5"


def gate(**changes: float) -> Gate:
    limits = replace(Limits(), **changes)  # type: ignore[arg-type]
    return Gate(limits, trusted=Networks([ip_network("192.0.2.0/24")]))


def admitted(door: Gate, host: str, packets: int, now: float) -> int:
    return sum(door.admits(host, 400, now) for _ in range(packets))


def test_a_source_gets_its_burst_and_then_its_rate() -> None:
    door = gate(burst=10, requests_a_second=5)
    assert admitted(door, STRANGER, 50, 0.0) == 10
    assert admitted(door, STRANGER, 50, 2.0) == 10
    assert admitted(door, STRANGER, 50, 3.0) == 5


def test_one_source_does_not_use_up_what_another_has() -> None:
    door = gate(burst=10)
    admitted(door, STRANGER, 100, 0.0)
    assert admitted(door, "203.0.113.8", 10, 0.0) == 10


def test_addresses_of_one_64_share_one_rate() -> None:
    door = gate(burst=10)
    taken = sum(door.admits(f"2001:db8::{n:x}", 400, 0.0) for n in range(1, 100))
    assert taken == 10


def test_trunks_and_trusted_networks_have_no_limit() -> None:
    assert admitted(gate(burst=1, strangers_burst=1), TRUNK, 5000, 0.0) == 5000


def test_forged_addresses_together_cannot_take_more_than_the_share_of_strangers() -> None:
    door = gate(strangers_a_second=100, strangers_burst=200)
    taken = sum(door.admits(f"198.18.{n // 250}.{n % 250}", 400, 0.0) for n in range(5000))
    assert taken == 200


def test_who_has_heard_us_gets_in_while_forged_addresses_fill_the_share() -> None:
    door = gate(strangers_a_second=1, strangers_burst=1)
    door.admits(STRANGER, 400, 0.0)
    door.prove(STRANGER, 0.0)
    assert not door.admits("203.0.113.9", 400, 0.0)
    assert door.admits(STRANGER, 400, 0.0)


def test_what_is_remembered_is_bounded() -> None:
    door = gate(sources=1000)
    for n in range(5000):
        door.admits(f"10.{n // 62500}.{n // 250}.{n % 250}", 400, 0.0)
    assert door.sources <= 1000


# --- amplification


def test_an_answer_larger_than_what_came_is_withheld_until_more_comes() -> None:
    door = gate()
    door.admits(STRANGER, 300, 0.0)
    assert not door.may_send(STRANGER, 500, 0.0)
    door.admits(STRANGER, 300, 0.5)
    assert door.may_send(STRANGER, 500, 0.5)
    assert not door.may_send(STRANGER, 500, 0.5)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 2000), st.floats(0, 10)), min_size=1, max_size=200
    )
)
def test_a_source_not_proven_is_never_sent_more_than_it_sent(
    steps: list[tuple[bool, int, float]],
) -> None:
    door = gate(burst=10_000)
    got = sent = 0
    now = 0.0
    for comes, size, pause in steps:
        now += pause
        if comes:
            got += size + OVERHEAD_BYTES
            door.admits(STRANGER, size, now)
        elif door.may_send(STRANGER, size, now):
            sent += size + OVERHEAD_BYTES
        assert sent <= got


def test_nobody_is_answered_who_never_sent_anything() -> None:
    assert not gate().may_send(STRANGER, 1, 0.0)


def test_who_has_heard_us_is_answered_freely_for_a_while() -> None:
    door = gate(proof_lasts_s=300)
    door.admits(STRANGER, 100, 0.0)
    door.prove(STRANGER, 0.0)
    assert door.may_send(STRANGER, 5000, 299.0)
    assert not door.may_send(STRANGER, 5000, 301.0)


def test_a_call_that_was_proven_keeps_its_proof_however_long_it_lasts() -> None:
    door = gate(proof_lasts_s=300)
    door.admits(STRANGER, 100, 0.0)
    door.call_began(STRANGER)
    assert not door.may_send(STRANGER, 5000, 0.0), "an INVITE alone proves nothing"
    door.prove(STRANGER, 0.0)
    assert door.may_send(STRANGER, 5000, 3000.0)
    door.call_ended(STRANGER)
    assert not door.may_send(STRANGER, 5000, 3000.0)


# --- offences


def offend(door: Gate, what: Offence, times: int, *, proven: bool, host: str = STRANGER) -> bool:
    return any(door.offence(host, what, 0.0, proven=proven) for _ in range(times))


def test_tried_passwords_end_in_a_ban() -> None:
    door = gate()
    assert not offend(door, Offence.PASSWORD, 4, proven=True)
    assert offend(door, Offence.PASSWORD, 1, proven=True)
    assert not door.admits(STRANGER, 400, 1.0)
    assert door.counters["banned"] == 1
    assert door.admits(STRANGER, 400, 61.0)


def test_a_mistake_now_and_then_is_forgiven() -> None:
    door = gate()
    for hour in range(100):
        assert door.offence(STRANGER, Offence.PASSWORD, hour * 60.0, proven=True) is None


def test_a_flood_bans_its_source_and_dropped_packets_cost_no_more_than_a_look_up() -> None:
    door = gate(burst=10)
    admitted(door, STRANGER, 200, 0.0)
    assert [ban.reason for ban in door.bans.running(0.0)] == ["flood"]


def test_a_forger_cannot_get_a_caller_banned_who_has_called_lately() -> None:
    door = gate(burst=10)
    door.prove(STRANGER, 0.0)
    admitted(door, STRANGER, 5000, 0.0)
    assert not offend(door, Offence.SCANNER, 10, proven=False)
    assert door.bans.running(0.0) == []


def test_a_forger_cannot_get_a_trunk_banned() -> None:
    door = gate()
    assert not offend(door, Offence.SCANNER, 100, proven=False, host=TRUNK)
    assert not offend(door, Offence.PASSWORD, 100, proven=True, host=TRUNK)
    assert door.admits(TRUNK, 400, 0.0)


def test_an_exempt_network_is_never_banned_but_stays_a_stranger() -> None:
    door = gate(burst=5)
    door.exempt.add(ip_network("203.0.113.0/24"))
    assert admitted(door, STRANGER, 500, 0.0) == 500
    assert not offend(door, Offence.SCANNER, 5, proven=True)
    assert not door.may_send("203.0.113.99", 100, 0.0)


def test_a_ban_of_one_ipv6_address_is_one_of_its_64() -> None:
    door = gate()
    assert offend(door, Offence.SCANNER, 1, proven=True, host="2001:db8::1")
    assert not door.admits("2001:db8::2", 400, 1.0)
    assert door.admits("2001:db8:0:1::2", 400, 1.0)


# --- calls and connections


def test_a_source_has_so_many_calls_at_once() -> None:
    door = gate(calls=3, calls_a_minute=6000)
    for _ in range(3):
        assert door.may_call(STRANGER, 0.0)
        door.call_began(STRANGER)
    assert not door.may_call(STRANGER, 10.0)
    assert door.crowded == STRANGER
    door.call_ended(STRANGER)
    assert door.may_call(STRANGER, 10.0)
    assert door.may_call("203.0.113.8", 10.0)


def test_a_source_begins_so_many_calls_a_minute() -> None:
    door = gate(calls=5, calls_a_minute=60)
    taken = 0
    for tenth in range(600):
        if door.may_call(STRANGER, tenth / 10):
            taken += 1
            door.call_began(STRANGER)
            door.call_ended(STRANGER)
    assert 60 <= taken <= 65


def test_connections_are_counted_by_source_and_together() -> None:
    door = gate(connections=2, stranger_connections=3)
    assert [door.may_connect(STRANGER, 0.0) for _ in range(3)] == [True, True, False]
    assert door.may_connect("203.0.113.8", 0.0)
    assert not door.may_connect("203.0.113.9", 0.0)
    assert door.may_connect(TRUNK, 0.0)
    door.disconnected(STRANGER)
    assert door.may_connect("203.0.113.9", 0.0)


def test_a_banned_source_cannot_connect() -> None:
    door = gate()
    offend(door, Offence.SCANNER, 1, proven=True)
    assert not door.may_connect(STRANGER, 1.0)


# --- whom we call


def test_only_our_requests_go_freely_to_whom_we_call() -> None:
    """Or who forges a call from the operator's telephone would aim our answers at it."""
    door = gate()
    door.we_call(STRANGER)
    assert door.may_send(STRANGER, 5000, 0.0, request=True)
    assert not door.may_send(STRANGER, 5000, 0.0)
    door.admits(STRANGER, 600, 0.0)
    assert door.may_send(STRANGER, 600, 0.0)
    assert not door.may_send(STRANGER, 600, 0.0)
    assert not gate().may_send(STRANGER, 1, 0.0, request=True)


def test_a_forger_cannot_cut_off_whom_we_call() -> None:
    door = gate(burst=5, strangers_burst=5.0, strangers_a_second=1.0)
    door.we_call(STRANGER)
    for n in range(50):
        door.admits(f"198.51.100.{n}", 100, 0.0)
    for _ in range(100):
        assert door.admits(STRANGER, 100, 0.0)
        assert door.offence(STRANGER, Offence.SCANNER, 0.0, proven=False) is None
    assert door.offence(STRANGER, Offence.SCANNER, 0.0, proven=True) is not None
    assert not door.admits(STRANGER, 100, 1.0)
