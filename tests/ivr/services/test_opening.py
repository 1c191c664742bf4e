"""Open or closed: compared with a clock that is looked at minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.services.errors import RefusedError
from ivr.services.opening import (
    ALWAYS,
    DAY_MINUTES,
    DifferentDay,
    DifferentKind,
    Hours,
    Span,
    Timetable,
    hours_text,
    parse_hours,
)

CHINA = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC")
OFFICE = (parse_hours("09:00-12:00, 13:30-17:30"),) * 5 + ((), ())
MONDAY = date(2026, 11, 23)


def at(text: str, zone: ZoneInfo = CHINA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("09:00-12:00, 13:30-17:30", "09:00-12:00, 13:30-17:30"),
        ("13:30—17:30；9:00至12:00", "09:00-12:00, 13:30-17:30"),
        ("０９：００-１２：００", "09:00-12:00"),
        ("22:00-06:00", "22:00-06:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("09:00-12:00,12:00-13:00", "09:00-12:00, 12:00-13:00"),
        ("", ""),
    ],
)
def test_hours_are_read_as_clerks_write_them(given_text, kept):
    assert hours_text(parse_hours(given_text)) == kept
    assert parse_hours(kept) == parse_hours(given_text)


@pytest.mark.parametrize(
    "text",
    ["9-12", "09:00", "09:60-10:00", "24:00-25:00", "10:00-10:00", "09:00-12:00, 11:00-13:00",
     "09:00-12:00 13:00-14:00", "٠٩:٠٠-١٢:٠٠", ", ".join(f"{h:02}:00-{h:02}:30" for h in range(9))],
)  # fmt: skip
def test_hours_that_mean_nothing_are_refused(text):
    with pytest.raises(RefusedError):
        parse_hours(text)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text):
    try:
        spans = parse_hours(text)
    except RefusedError:
        return
    assert parse_hours(hours_text(spans)) == spans


def test_a_weekday_opens_closes_for_lunch_and_closes():
    hours = Hours(OFFICE, zone=CHINA)
    before = hours.standing(at("2026-11-23T08:59"))
    assert (before.open, before.opens) == (False, at("2026-11-23T09:00"))
    morning = hours.standing(at("2026-11-23T09:00"))
    assert (morning.open, morning.closes) == (True, at("2026-11-23T12:00"))
    assert hours.standing(at("2026-11-23T12:00")).opens == at("2026-11-23T13:30")
    friday_evening = hours.standing(at("2026-11-27T17:30"))
    assert friday_evening.opens == at("2026-11-30T09:00")


def test_a_night_goes_on_past_midnight_into_a_holiday():
    nights = Hours(
        (parse_hours("22:00-06:00"),) * 7,
        (DifferentDay(MONDAY, MONDAY, DifferentKind.HOLIDAY, "Closed"),),
        zone=CHINA,
    )
    assert nights.is_open(at("2026-11-23T05:59"))  # Sunday's night
    assert not nights.is_open(at("2026-11-23T06:00"))
    assert not nights.is_open(at("2026-11-23T23:00"))
    assert nights.standing(at("2026-11-23T23:00")).opens == at("2026-11-24T22:00")


def test_a_moved_working_day_takes_mondays_hours_or_its_own():
    saturday, sunday = date(2026, 10, 10), date(2026, 10, 11)
    hours = Hours(
        OFFICE,
        (
            DifferentDay(saturday, saturday, DifferentKind.WORKDAY, "moved"),
            DifferentDay(
                sunday, sunday, DifferentKind.WORKDAY, "moved", parse_hours("08:00-09:00")
            ),
        ),
        zone=CHINA,
    )
    assert hours.on(saturday).spans == OFFICE[0]
    assert hours.on(sunday).spans == (Span(480, 540),)


def test_where_days_overlap_the_stronger_decides():
    day = MONDAY
    week = DifferentDay(day, day + timedelta(days=6), DifferentKind.HOLIDAY, "week", entered=9)
    one = DifferentDay(day, day, DifferentKind.HOLIDAY, "one", entered=1)
    work = DifferentDay(day, day + timedelta(days=6), DifferentKind.WORKDAY, "work", entered=2)
    special = DifferentDay(
        day, day + timedelta(days=9), DifferentKind.SPECIAL, "special", (), entered=3
    )
    own = DifferentDay(
        day, day + timedelta(days=30), DifferentKind.HOLIDAY, "own", own=True, entered=4
    )
    later = DifferentDay(day, day, DifferentKind.HOLIDAY, "later", entered=5)

    def decides(*days: DifferentDay) -> str:
        because = Hours(OFFICE, days, zone=CHINA).on(day).because
        assert because is not None
        return because.name

    assert decides(week, one) == "one"
    assert decides(one, later) == decides(later, one) == "later"
    assert decides(one, work) == "work"
    assert decides(work, special) == "special"
    assert decides(special, own) == "own"


def test_where_the_clock_leaps_hours_begin_with_the_leap():
    berlin = ZoneInfo("Europe/Berlin")
    leap = date(2026, 3, 29)  # 02:00 becomes 03:00
    days = (DifferentDay(leap, leap, DifferentKind.SPECIAL, "s", parse_hours("02:30-05:00")),)
    hours = Hours(((),) * 7, days, zone=berlin)
    assert hours.periods(leap) == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC))
    ]
    within = (DifferentDay(leap, leap, DifferentKind.SPECIAL, "s", parse_hours("02:10-02:50")),)
    assert Hours(((),) * 7, within, zone=berlin).periods(leap) == []


def test_an_hour_that_comes_twice_is_open_both_times():
    berlin = ZoneInfo("Europe/Berlin")
    back = date(2026, 10, 25)  # 03:00 becomes 02:00
    days = (DifferentDay(back, back, DifferentKind.SPECIAL, "s", parse_hours("01:00-02:30")),)
    assert Hours(((),) * 7, days, zone=berlin).periods(back) == [
        (datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    ]


def test_a_schedule_that_nobody_made_is_always_open():
    now = at("2026-11-22T03:00")
    assert Timetable().standing("office", now).open
    assert ALWAYS.standing(now).closes is None


def test_never_open_says_no_day():
    assert Hours(((),) * 7, zone=CHINA).standing(at("2026-11-22T03:00")).opens is None


# --- against a clock looked at minute by minute

minutes = st.integers(0, DAY_MINUTES // 15 - 1).map(lambda quarter: quarter * 15)
spans = st.lists(
    st.tuples(minutes, st.integers(1, 96)).map(lambda s: Span(s[0], s[0] + s[1] * 15)),
    max_size=2,
).map(tuple)
weeks = st.tuples(*[spans] * 7)
# Days on which some of the zones set their clocks, and others.
firsts = st.sampled_from(
    [date(2026, 3, 27), date(2026, 10, 23), date(2026, 4, 3), date(2026, 10, 2), date(2026, 12, 30)]
)


@st.composite
def different(draw, first: date) -> DifferentDay:
    begins = first + timedelta(days=draw(st.integers(-1, 4)))
    ends = begins + timedelta(days=draw(st.integers(0, 3)))
    kind = draw(st.sampled_from(list(DifferentKind)))
    hours = draw(st.one_of(st.none(), spans)) if kind is DifferentKind.WORKDAY else draw(spans)
    return DifferentDay(
        begins, ends, kind, "d", hours, draw(st.booleans()), draw(st.integers(1, 9))
    )


@st.composite
def cases(draw):
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    first = draw(firsts)
    days = draw(st.lists(different(first), max_size=3))
    hours = Hours(draw(weeks), tuple(days), draw(st.integers(0, 6)), zone)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return hours, start + timedelta(minutes=15 * draw(st.integers(0, 4 * 72)))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_next_change_is_the_one_a_clock_would_show(case):
    hours, now = case
    standing = hours.standing(now)
    assert standing.open == hours.is_open(now)
    change = standing.closes if standing.open else standing.opens
    moment = now
    for _ in range(4 * 36):
        moment += timedelta(minutes=15)
        if change is not None and moment > change:
            break
        if change is None or moment < change:
            assert hours.is_open(moment) == standing.open
    if change is not None:
        assert hours.is_open(change) != standing.open
        assert hours.is_open(change - timedelta(seconds=1)) == standing.open


@settings(max_examples=60, deadline=None)
@given(cases())
def test_away_from_leaps_it_is_open_exactly_while_the_wall_clock_is_within_a_span(case):
    hours, now = case
    if len({(now + timedelta(hours=h)).astimezone(hours.zone).utcoffset() for h in (-50, 50)}) > 1:
        return  # a leap is near: the tests above say what holds
    wall = now.astimezone(hours.zone).replace(tzinfo=None)

    def within(day: date) -> bool:
        midnight = datetime.combine(day, time())
        return any(
            midnight + timedelta(minutes=span.begins)
            <= wall
            < midnight + timedelta(minutes=span.ends)
            for span in hours.on(day).spans
        )

    yesterday = wall.date() - timedelta(days=1)
    assert hours.is_open(now) == (within(wall.date()) or within(yesterday))


@settings(max_examples=40)
@given(cases(), st.randoms())
def test_the_order_in_which_days_were_read_changes_nothing(case, random):
    hours, now = case
    days = [
        DifferentDay(d.first, d.last, d.kind, d.name, d.hours, d.own, n)
        for n, d in enumerate(hours.days)
    ]
    one = Hours(hours.weekly, tuple(days), hours.working_day, hours.zone)
    random.shuffle(days)
    other = Hours(hours.weekly, tuple(days), hours.working_day, hours.zone)
    assert one.standing(now) == other.standing(now)


def test_asking_takes_less_than_the_reactor_can_spare():
    """3 ms is the limit; an answer is worked out from nothing here, two months ahead."""
    import time as clock

    days = tuple(
        DifferentDay(
            MONDAY + timedelta(days=n), MONDAY + timedelta(days=n), DifferentKind.HOLIDAY, "x"
        )
        for n in range(300)
    )
    taken = []
    for _ in range(5):
        hours = Hours(OFFICE, days, zone=CHINA)
        begun = clock.thread_time()
        assert not hours.standing(at("2026-11-23T10:00")).open
        taken.append(clock.thread_time() - begun)
    assert min(taken) < 0.003
