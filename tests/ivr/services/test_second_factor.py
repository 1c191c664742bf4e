"""Codes of an authenticator app: near in time, once, and not guessed at."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from ivr.records.tables import SecondFactor
from ivr.services import audit, second_factor, staff
from ivr.services.errors import RefusedError

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
KEY = "a key that is not in the database"
# The middle of a step, so that a second more or less changes nothing.
NOW = datetime(2026, 11, 22, 3, 0, 15, tzinfo=UTC)


@pytest.fixture
def li(database):
    with database.begin() as session:
        given = {"password_hash": "x", "role": "editor", "who": "admin", "now": NOW}
        return staff.create(session, username="li.na", **given)


@pytest.fixture
def on(database, li):
    return turn_on(database, li)


def turn_on(database, person):
    """The app's secret and the recovery codes; the code of a minute ago is used up."""
    with database.begin() as session:
        secret = second_factor.begin(session, person, key=KEY)
        before = NOW - timedelta(minutes=1)
        given = {"key": KEY, "now": before}
        return secret, second_factor.confirm(session, person, app(secret, before), **given)


def app(secret, at=NOW):
    return pyotp.TOTP(secret).at(at)


def judge(database, person, code, now=NOW, key=KEY):
    return second_factor.judge(database, person.id, code, key=key, now=now)


def test_the_first_code_of_the_app_turns_it_on(database, li):
    with database.begin() as session:
        secret = second_factor.begin(session, li, key=KEY)
        assert not second_factor.is_on(session, li.id)
        assert second_factor.pending(session, li, key=KEY) == secret
        with pytest.raises(RefusedError, match="clock"):
            second_factor.confirm(session, li, "000000", key=KEY, now=NOW)
        codes = second_factor.confirm(session, li, app(secret), key=KEY, now=NOW)
        assert len(set(codes)) == second_factor.RECOVERY_CODES
        assert second_factor.state(session, li.id) == second_factor.FactorState(NOW, 10)
        assert second_factor.everybody_on(session) == {li.id}
        with pytest.raises(RefusedError, match="already"):
            second_factor.begin(session, li, key=KEY)
    with database.read() as session:
        assert audit.newest(session)[0].what == "second_factor_on"


def test_the_picture_says_what_authenticator_apps_read():
    said = pyotp.parse_uri(second_factor.address(SECRET, "li.na"))
    assert (said.secret, said.name, said.issuer) == (SECRET, "li.na", "Minsheng Line")
    assert (said.interval, said.digits) == (30, 6)


def test_the_secret_is_not_readable_in_the_database(database, li, on):
    secret, codes = on
    with database.read() as session:
        kept = session.get(SecondFactor, li.id).secret
    assert secret not in kept
    assert codes[0] not in kept
    # A database brought to a machine with another key: no code fits, a recovery code does.
    assert not judge(database, li, app(secret), key="another key").right
    assert judge(database, li, codes[0], key="another key").recovered


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_wrong(database, li, on, seconds, right):
    at = NOW + timedelta(minutes=5)
    assert judge(database, li, app(on[0], at + timedelta(seconds=seconds)), at).right is right


def test_a_code_as_somebody_types_it(database, li, on):
    code = app(on[0])
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert judge(database, li, f" {wide[:3]} {wide[3:]} ").right


@pytest.mark.parametrize("code", ["", "12345", "\ud800", "x" * 10_000, "-1", "１２３"])
def test_what_is_no_code_is_wrong(database, li, on, code):
    assert not judge(database, li, code).right


def test_no_code_is_taken_twice_nor_one_before_it(database, li, on):
    secret, _ = on
    later = NOW + timedelta(seconds=30)
    assert judge(database, li, app(secret, later), NOW).right  # a clock that is ahead
    assert not judge(database, li, app(secret, later), NOW).right
    assert not judge(database, li, app(secret, later), later).right
    assert not judge(database, li, app(secret, NOW), later).right
    assert judge(database, li, app(secret, later + timedelta(seconds=30)), later).right


def test_the_code_that_turned_it_on_signs_nobody_in(database, li):
    with database.begin() as session:
        secret = second_factor.begin(session, li, key=KEY)
        second_factor.confirm(session, li, app(secret), key=KEY, now=NOW)
    assert not judge(database, li, app(secret)).right


def test_of_many_who_send_the_same_code_at_once_one_is_let_in(database, li, on):
    code = app(on[0])
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda _: judge(database, li, code).right, range(4)))
    assert verdicts.count(True) == 1


def test_five_wrong_codes_lock_and_a_right_one_ends_the_count(database, li, on):
    secret, codes = on
    for _ in range(second_factor.TRIES - 1):
        assert judge(database, li, "000000").locked_until is None
    assert judge(database, li, app(secret)).right
    for _ in range(second_factor.TRIES):
        assert not judge(database, li, "000000").right
    later = NOW + timedelta(minutes=1)
    until = NOW + second_factor.LOCK
    assert judge(database, li, app(secret, later), later).locked_until == until
    assert judge(database, li, codes[0], later).locked_until == until
    assert judge(database, li, app(secret, until), until).right


def test_a_recovery_code_is_taken_once_however_it_is_written(database, li, on):
    _, codes = on
    written = codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert judge(database, li, written).recovered
    assert not judge(database, li, codes[0]).right
    with database.read() as session:
        assert second_factor.state(session, li.id).recovery_codes == 9


def test_nobody_signs_in_with_the_recovery_code_of_another(database, li, on):
    with database.begin() as session:
        given = {"password_hash": "x", "role": "editor", "who": "admin", "now": NOW}
        other = staff.create(session, username="wang.fang", **given)
    turn_on(database, other)
    assert not judge(database, other, on[1][0]).right
    assert judge(database, li, on[1][0]).right


def test_new_recovery_codes_end_the_old_ones(database, li, on):
    with database.begin() as session:
        new = second_factor.new_recovery_codes(session, li, who="li.na", now=NOW)
    assert not judge(database, li, on[1][0]).right
    assert judge(database, li, new[0]).right


def test_turned_off_the_password_is_enough_and_nothing_of_it_is_left(database, li, on):
    with database.begin() as session:
        assert second_factor.turn_off(session, li, who="boss", now=NOW)
        assert not second_factor.turn_off(session, li, who="boss", now=NOW)
        assert not second_factor.is_on(session, li.id)
    assert not judge(database, li, on[1][0]).right
    assert not judge(database, li, app(on[0])).right
    with database.begin() as session, pytest.raises(RefusedError, match="no second factor"):
        second_factor.new_recovery_codes(session, li, who="li.na", now=NOW)
