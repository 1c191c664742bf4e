from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ivr.records import Database
from ivr.records.tables import Account, Bill, BillState, UtilityKind
from ivr.services import bills, query_codes
from ivr.services.errors import NotFoundError

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def add_account(database, number="880123", *, code=None, owes=(), paid=()):
    with database.begin() as session:
        hashed = query_codes.hash_code(code) if code else None
        session.add(Account(number=number, kind=UtilityKind.WATER, query_code_hash=hashed))
        session.flush()
        month = 0
        for state, list_ in ((BillState.UNPAID, owes), (BillState.PAID, paid)):
            for amount, due in list_:
                month += 1
                session.add(
                    Bill(
                        account=number,
                        period=f"2026-{month:02d}",
                        amount=Decimal(amount),
                        due_on=due,
                        state=state,
                    )
                )


def ask(database, number="880123", code=None, now=NOW):
    with database.begin() as session:
        return bills.find(session, number, code, now)


def test_several_unpaid_bills_are_summed_with_the_earliest_due_date(database):
    owes = [("36.00", date(2026, 12, 5)), ("12.35", date(2026, 11, 30))]
    add_account(database, owes=owes, paid=[("99.00", date(2026, 1, 1))])
    outcome = ask(database)
    assert outcome.name == "found"
    assert outcome.values == {
        "account": "880123",
        "kind": "water",
        "amount": Decimal("48.35"),
        "due": date(2026, 11, 30),
        "state": "unpaid",
        "count": 2,
    }


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (datetime(2026, 11, 30, 15, 59, tzinfo=UTC), "unpaid"),  # still the 30th in Shanghai
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), "overdue"),
    ],
)
def test_a_bill_is_overdue_from_the_lines_midnight_after_its_due_date(database, now, state):
    add_account(database, owes=[("1.00", date(2026, 11, 30))])
    assert ask(database, now=now).values["state"] == state


def test_an_account_with_everything_paid_owes_nothing(database):
    add_account(database, paid=[("5.00", date(2026, 1, 1))], owes=[("0.00", date(2026, 1, 1))])
    outcome = ask(database)
    assert outcome.name == "nothing_owed"
    assert outcome.values == {"account": "880123", "kind": "water", "state": "paid"}


@pytest.mark.parametrize("number", ["", "999999", "88012", "8801234", "x", "880123'--", "\x00"])
def test_a_number_that_is_no_account_is_not_found(database, number):
    add_account(database, number="8801230")
    assert ask(database, number).name == "not_found"


def test_an_account_with_a_code_tells_nothing_without_it(database):
    add_account(database, code="4321", owes=[("36.00", date(2026, 12, 5))])
    assert ask(database) == bills.Outcome("code_needed")
    assert ask(database, code="") == bills.Outcome("code_needed")
    assert ask(database, code="4321").values["amount"] == Decimal("36.00")


def test_the_third_wrong_code_locks_for_thirty_minutes_and_the_right_code_does_not_help(database):
    add_account(database, code="4321", owes=[("36.00", date(2026, 12, 5))])
    heard = [ask(database, code=code) for code in ("0000", "1111", "2222", "4321")]
    assert [(o.name, o.values.get("tries_left")) for o in heard] == [
        ("wrong_code", 2),
        ("wrong_code", 1),
        ("locked", None),
        ("locked", None),
    ]
    assert ask(database, code="4321", now=NOW + timedelta(minutes=29, seconds=59)).name == "locked"
    assert ask(database, code="4321", now=NOW + timedelta(minutes=30)).name == "found"


def test_a_lock_outlives_a_restart(url, database):
    add_account(database, code="4321")
    for _ in range(3):
        ask(database, code="9999")
    database.close()
    again = Database(url)
    assert ask(again, code="4321").name == "locked"
    again.close()


def test_after_a_lock_there_are_three_tries_again(database):
    add_account(database, code="4321")
    for _ in range(3):
        ask(database, code="9999")
    later = NOW + timedelta(minutes=31)
    assert ask(database, code="9999", now=later).values == {"tries_left": 2}


def test_the_right_code_clears_the_wrong_tries(database):
    add_account(database, code="4321")
    assert ask(database, code="1").values == {"tries_left": 2}
    assert ask(database, code="4321").name == "nothing_owed"
    assert ask(database, code="1").values == {"tries_left": 2}


def test_calls_at_once_share_the_three_tries(database):
    add_account(database, code="4321")
    with ThreadPoolExecutor(6) as pool:
        heard = list(pool.map(lambda n: ask(database, code=f"000{n}"), range(6)))
    assert sorted(o.name for o in heard) == ["locked"] * 4 + ["wrong_code"] * 2


def test_staff_can_end_a_lock(database):
    add_account(database, code="4321")
    for _ in range(3):
        ask(database, code="9999")
    with database.begin() as session:
        bills.unlock(session, "880123")
    assert ask(database, code="4321").name == "nothing_owed"


def test_the_desk_finds_accounts_by_number_and_name_and_pages_through_them(database):
    with database.begin() as session:
        for n in range(7):
            session.add(
                Account(number=f"88000{n}", kind=UtilityKind.GAS, holder="样例" if n % 2 else "")
            )
    with database.read() as session:
        first = bills.search(session, "8800", limit=5)
        assert ([a.number[-1] for a in first.accounts], first.total) == (list("01234"), 7)
        rest = bills.search(session, "8800", limit=5, after=first.next)
        assert ([a.number[-1] for a in rest.accounts], rest.next) == (list("56"), None)
        assert bills.search(session, "样").total == 3
        assert bills.search(session, "%").total == 0
        assert bills.search(session, kind=UtilityKind.WATER).total == 0
        with pytest.raises(NotFoundError):
            bills.find_account(session, "1")


def test_a_hash_never_holds_the_code_and_differs_each_time():
    first, second = query_codes.hash_code("4321"), query_codes.hash_code("4321")
    assert first != second
    assert query_codes.code_matches("4321", first)
    assert not query_codes.code_matches("4322", first)
    assert not query_codes.code_matches("", second)
