"""Every figure on the page is what its list shows, in both languages and for any period."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from admin_web.dashboard.charts import bar_chart, nice, shade
from ivr.records.tables import ComplaintEvent, ComplaintState, EndedBy
from ivr.services import complaint_search, numbers, statistics_counting, statistics_period
from ivr.services.complaint_search import ComplaintFilter, search
from ivr.services.statistics_period import Period
from tests.admin_web.builders import DeskUnderTest, Visitor, add_call, add_complaint

ZONE = ZoneInfo("Asia/Shanghai")
LOST = [("main", "menu", "menu", "", "no_input"), ("main", "menu", "menu", "", "hang_up")]
PERSON = [
    ("main", "menu", "menu", "0", "match"),
    ("person", "connect", "transfer", "", "answered"),
]


def fill(desk: DeskUnderTest) -> None:
    """A fortnight: 3 served, 2 lost, 1 to a person, 1 fault this week; 2 served the week before."""
    with desk.database.begin() as session:
        numbers.save(session, "12319", "main", now=desk.clock())
    begun = desk.clock()
    for n in range(3):
        add_call(desk, f"served{n}", started_at=begun - timedelta(days=n, hours=1))
    for n in range(2):
        add_call(desk, f"lost{n}", started_at=begun - timedelta(days=n, hours=2), steps=LOST)
    add_call(desk, "person", started_at=begun - timedelta(hours=3), steps=PERSON, called="12319")
    add_call(
        desk,
        "fault",
        started_at=begun - timedelta(hours=4),
        ended_by=EndedBy.ERROR,
        steps=[("bills", "look_up", "lookup", "", "error")],
    )
    for n in range(2):
        add_call(desk, f"before{n}", started_at=begun - timedelta(days=7 + n))
    add_complaint(desk, category="roads")
    count(desk)


def count(desk: DeskUnderTest) -> None:
    with desk.database.begin() as session:
        statistics_counting.count_ended(session, zone=ZONE)


def links(page: str) -> list[tuple[str, str]]:
    """The addresses of figures and what each figure says."""
    found = re.findall(r'<a (?:class="(?:value|muted)" )?href="([^"]+)"[^>]*>([\d,]+)</a>', page)
    return [(html.unescape(address), figure.replace(",", "")) for address, figure in found]


def listed(visitor: Visitor, address: str) -> int:
    page = visitor.get(address)
    assert page.status_code == 200, address
    body = page.text.split('<main id="content">')[1]
    return len(re.findall(r"<tr>\s*<td data-label", body))


@pytest.mark.parametrize(
    "query",
    [
        "period=today",
        "period=week",
        "period=month",
        "period=week&number=12319",
        "period=week&number=other",
        "period=week&flow=main",
        "first_day=2026-11-20&last_day=2026-11-21",
    ],
)
def test_every_figure_leads_to_as_many_records(desk: DeskUnderTest, query: str) -> None:
    fill(desk)
    visitor = desk.as_("supervisor").english()
    page = visitor.get(f"/figures/?{query}").text
    found = [
        (address, figure)
        for address, figure in links(page)
        # A node may be passed, and asked, more than once in a call.
        if "node=" not in address
    ]
    assert len(found) > 30
    wrong = {
        (address, figure, listed(visitor, address))
        for address, figure in set(found)
        if listed(visitor, address) != int(figure)
    }
    assert wrong == set()


def test_the_page_says_what_it_was_before_and_whether_that_is_better(desk: DeskUnderTest) -> None:
    fill(desk)
    page = desk.as_("supervisor").english().get("/figures/?period=week").text
    tiles = dict(
        re.findall(r'<span class="name">([^<]+)</span>\s*<a class="value"[^>]*>([^<]+)</a>', page)
    )
    assert tiles["Calls"] == "7"
    assert tiles["Served by the line"] == "3"
    assert tiles["Reached a person"] == "1"
    assert tiles["Abandoned"] == "2"
    assert tiles["Ended by a fault"] == "1"
    assert tiles["Wait for a person"] == "3 s"
    assert "(worse)" in page
    assert "2 calls" not in page.split("Calls over time")[0]


def test_hours_and_nodes_and_lookups_are_shown(desk: DeskUnderTest) -> None:
    fill(desk)
    page = desk.as_("supervisor").english().get("/figures/?period=week").text
    assert re.search(r"Main menu<small>Menu: [^<]+</small>", page)
    assert re.search(r"Bills<small><code>bills\.look_up</code></small>", page)
    cells = re.findall(
        r'<td role="cell" class="shade-(\d)"><a href="[^"]+" title="[^"]+">(\d+)', page
    )
    assert sum(int(number) for _, number in cells) == 7


def test_calls_that_are_not_counted_yet_are_told_of(desk: DeskUnderTest) -> None:
    add_call(desk)
    visitor = desk.as_("supervisor").english()
    assert "1 call has ended and is being counted." in visitor.get("/figures/").text
    count(desk)
    assert "being counted" not in visitor.get("/figures/").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("first_day=2026-11-21&last_day=2026-11-20", "the last day is before the first one"),
        ("first_day=2026-11-23&last_day=2026-11-24", "this day is yet to come"),
        ("first_day=2024-11-01&last_day=2026-11-20", "at most 366 days at once"),
        ("first_day=yesterday", "Write the day as"),
        ("period=days", "Write the days."),
    ],
)
def test_a_period_that_is_none_is_explained(desk: DeskUnderTest, query: str, said: str) -> None:
    answer = desk.as_("supervisor").english().get(f"/figures/?{query}")
    assert answer.status_code == 422
    assert said in answer.text


def test_availability_is_computed_from_gaps_between_signs_of_life(desk: DeskUnderTest) -> None:
    desk.clock.at = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)  # midnight of the line
    desk.beat(listening=True)
    for _ in range(20):  # alive until 00:03:20, then silent for 1 h
        desk.clock.move(seconds=10)
        desk.beat(listening=True)
    desk.clock.move(hours=1)
    desk.beat(listening=True)
    page = desk.as_("supervisor").english().get("/figures/").text
    watched, lost = 200 + 3600, 3600
    assert f"{100 * (1 - lost / watched):.2f}%" in page
    assert "No sign of life" in page


def test_the_share_of_availability_leads_to_when_the_line_was_away(desk: DeskUnderTest) -> None:
    desk.clock.at = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # midnight of the line
    desk.beat(listening=True)
    for away_s in (60, 3600, 20):
        desk.clock.move(seconds=away_s)
        desk.beat(listening=True)
    desk.clock.at = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    desk.beat(listening=True)
    visitor = desk.as_("supervisor").english()
    page = visitor.get("/figures/?period=yesterday").text
    found = re.search(r'<a class="value" href="(/figures/availability[^"]+)">([\d.]+%)</a>', page)
    assert found is not None
    listed = visitor.get(html.unescape(found[1])).text.split('<main id="content">')[1]
    assert found[2] in listed
    # 60, 3600 and 20 s, and from then on until the day after
    assert len(re.findall(r"<tr><td><time", listed)) == 4
    assert "4 times, " in listed
    assert "60 minutes" in listed
    unknown = visitor.get("/figures/availability?first_day=2026-11-19&last_day=2026-11-19").text
    assert "Not known: the line had left no signs of life yet." in unknown
    wrong = visitor.get("/figures/availability?first_day=2026-11-24&last_day=2026-11-25")
    assert wrong.status_code == 422
    assert "this day is yet to come" in wrong.text


def test_a_line_that_was_never_away_is_said_so(desk: DeskUnderTest) -> None:
    desk.beat(listening=True)
    desk.clock.move(seconds=8)
    desk.beat(listening=True)
    page = desk.as_("supervisor").english().get("/figures/availability").text
    assert "The line was not away in this time." in page
    assert "100.00%" in page
    earlier = desk.as_("supervisor").english().get("/figures/availability?last_hour=2").text
    assert "Up to 02:59 of the last day." in earlier


def test_complaints_replied_to_lead_to_those_that_were(desk: DeskUnderTest) -> None:
    first, second, third = (add_complaint(desk) for _ in range(3))
    with desk.database.begin() as session:
        for ticket, replies in ((first, 2), (second, 1)):
            for number in range(replies):
                session.add_all(
                    ComplaintEvent(
                        ticket=ticket,
                        at=desk.clock() + timedelta(minutes=number),
                        who="clerk",
                        from_state=ComplaintState.HANDLING,
                        to_state=state,
                    )
                    for state in (ComplaintState.REPLIED, ComplaintState.HANDLING)
                )
    desk.clock.move(days=1)
    visitor = desk.as_("supervisor").english()
    page = visitor.get("/figures/summary").text
    line = re.search(r'Complaints replied to</th><td class="number"><a href="([^"]+)">(\d+)<', page)
    assert line is not None
    assert line[2] == "2"  # one of them twice
    listed_page = visitor.get(html.unescape(line[1])).text
    assert first in listed_page
    assert second in listed_page
    assert third not in listed_page
    assert "2 complaints" in listed_page
    none = visitor.get("/complaints/?replied_first=2026-11-23&replied_last=2026-11-23").text
    assert "No complaint fits this search." in none
    turned = visitor.get("/complaints/?replied_first=2026-11-23&replied_last=2026-11-22")
    assert turned.status_code == 422
    with desk.database.read() as session:
        whole = search(session, ComplaintFilter(replied_until=desk.clock(), text="nothing said"))
        assert not whole.complaints


def test_replies_too_many_to_be_sorted_are_looked_for_one_by_one(
    desk: DeskUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    replied, waiting = add_complaint(desk), add_complaint(desk)
    with desk.database.begin() as session:
        session.add(
            ComplaintEvent(
                ticket=replied,
                at=desk.clock(),
                who="clerk",
                from_state=ComplaintState.HANDLING,
                to_state=ComplaintState.REPLIED,
            )
        )
    monkeypatch.setattr(complaint_search, "few", lambda *_: False)
    with desk.database.read() as session:
        found = search(session, ComplaintFilter(replied_since=desk.clock()))
    assert [row.ticket for row in found.complaints] == [replied]
    assert waiting not in [row.ticket for row in found.complaints]


def test_a_perfect_day_is_100_and_a_second_away_never_is(desk: DeskUnderTest) -> None:
    with desk.app.test_request_context("/"):
        from admin_web.formatting import exact_share

        assert exact_share(1.0).startswith("100")
        assert exact_share(0.99999).startswith("99.99")


def test_the_summary_of_yesterday_begins_with_what_went_wrong(desk: DeskUnderTest) -> None:
    fill(desk)
    desk.clock.move(days=1)
    visitor = desk.as_("supervisor").english()
    page = visitor.get("/figures/summary").text
    assert "1 call was ended by a fault of the line." in page
    assert "“Bills” could not be looked up once." in page
    assert page.index("What went wrong") < page.index("<h2>The day</h2>")
    for address in re.findall(r'<li class="(?:bad|busy)"><a href="([^"]+)"', page):
        assert visitor.get(html.unescape(address)).status_code == 200
    body = page.split("<h2>The day</h2>")[1].split("</table>")[0]
    checked = 0
    for address, number in re.findall(r'<a href="(/calls/[^"]+)">([0-9]+)</a>', body):
        told = re.search(r"([0-9]+) calls?</p>", visitor.get(html.unescape(address)).text)
        assert (told[1] if told else "0") == number, address
        checked += 1
    assert checked >= 8
    assert visitor.get("/figures/summary?day=2026-11-23").status_code == 404  # not over yet
    assert visitor.get("/figures/summary?day=once").status_code == 404


def days(first: str, last: str, last_hour: int = 23) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last), last_hour)


@pytest.mark.parametrize(
    ("period", "earlier"),
    [
        (
            days("2026-11-22", "2026-11-22", 9),
            days("2026-11-21", "2026-11-21", 9),
        ),
        (
            days("2026-11-16", "2026-11-22"),
            days("2026-11-09", "2026-11-15"),
        ),
        (
            days("2026-11-01", "2026-11-22", 9),
            days("2026-10-01", "2026-10-22", 9),
        ),
        (days("2026-03-01", "2026-03-31"), days("2026-02-01", "2026-02-28")),
        (
            days("2026-01-01", "2026-01-31"),
            days("2025-12-01", "2025-12-31"),
        ),
        (days("2026-02-01", "2026-02-28"), days("2026-01-01", "2026-01-31")),
        (
            days("2026-11-01", "2026-11-03"),
            days("2026-10-29", "2026-10-31"),
        ),
    ],
)
def test_the_period_before(period: Period, earlier: Period) -> None:
    assert statistics_period.before(period) == earlier


def test_the_axis_ends_at_a_round_number_and_bars_fill_it() -> None:
    assert [nice(n) for n in (0, 4, 5, 11, 23, 26, 51, 1001)] == [4, 4, 5, 20, 25, 50, 100, 2000]
    chart = bar_chart([("a", "A"), ("b", "B")], [("x", "", "/", (3, 1)), ("y", "", "/", (0, 0))])
    assert chart.top == 4
    first = chart.columns[0]
    assert sum(piece.height for piece in first.pieces) == chart.height
    assert chart.columns[1].pieces == ()
    assert Counter(piece.series for piece in first.pieces) == {"a": 1, "b": 1}
    assert [shade(n, 10) for n in (0, 1, 5, 10)] == [0, 1, 3, 5]
