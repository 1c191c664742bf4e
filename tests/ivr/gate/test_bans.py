"""Bans grow, end, and are forgotten."""

from ivr.gate.bans import FORGOTTEN_AFTER_S, PROVEN_STEPS_S, UNPROVEN_STEPS_S, Bans


def lengths(bans: Bans, times: int, *, proven: bool) -> list[float]:
    """How long each of several bans lasts, the next beginning as the one before ends."""
    found, now = [], 0.0
    for _ in range(times):
        ban = bans.add("192.0.2.1", "password", now, proven=proven)
        found.append(ban.until - ban.since)
        now = ban.until
    return found


def test_each_ban_is_longer_than_the_one_before_up_to_a_day() -> None:
    assert lengths(Bans(10), 7, proven=True) == [*PROVEN_STEPS_S, 86_400.0]


def test_what_a_forger_could_have_earned_for_another_stays_short() -> None:
    assert lengths(Bans(10), 4, proven=False) == [60.0, 300.0, 300.0, 300.0]
    assert max(UNPROVEN_STEPS_S) <= 300


def test_a_source_is_refused_until_its_ban_ends_and_the_packets_are_counted() -> None:
    bans = Bans(10)
    ban = bans.add("192.0.2.1", "flood", 0.0, proven=True)
    assert bans.refuses("192.0.2.1", 59.9)
    assert bans.refuses("192.0.2.1", 59.9)
    assert not bans.refuses("192.0.2.1", 60.0)
    assert not bans.refuses("192.0.2.2", 1.0)
    assert ban.refused == 2


def test_good_conduct_for_a_day_is_forgiven() -> None:
    bans = Bans(10)
    first = bans.add("192.0.2.1", "flood", 0.0, proven=True)
    later = first.until + FORGOTTEN_AFTER_S
    bans.sweep(later)
    assert len(bans) == 0
    assert bans.add("192.0.2.1", "flood", later, proven=True).strikes == 1


def test_a_lifted_ban_leaves_no_past() -> None:
    bans = Bans(10)
    bans.add("192.0.2.1", "flood", 0.0, proven=True)
    assert bans.lift("192.0.2.1")
    assert not bans.refuses("192.0.2.1", 1.0)
    assert not bans.lift("192.0.2.1")
    assert bans.add("192.0.2.1", "flood", 2.0, proven=True).strikes == 1


def test_there_are_never_more_bans_than_allowed() -> None:
    bans = Bans(100)
    for number in range(1000):
        bans.add(f"s{number}", "flood", float(number), proven=False)
        assert len(bans) <= 100
    assert bans.refuses("s999", 999.0)
