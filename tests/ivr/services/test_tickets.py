import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.records.tables import Complaint, TicketCounter
from ivr.services import complaints, tickets
from tests.databases import environment

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

FILE_MANY = """
import sys, threading
from datetime import UTC, datetime
from ivr.records import Database
from ivr.services import complaints
database = Database(sys.argv[1])
def file_some(give_up_every):
    for n in range(10):
        try:
            with database.begin() as session:
                complaints.file(
                    session, category="roads", call_id=None, recording_id=None,
                    caller="13800000000", callback_number="", finished=True,
                    now=datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
                if n % give_up_every == 2:
                    raise KeyError("changed its mind")
        except KeyError:
            pass
threads = [threading.Thread(target=file_some, args=(4,)) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
"""
FILED_BY_EACH = 3 * 8  # of ten, those with n = 2 and 6 were rolled back


def test_numbers_neither_repeat_nor_skip_when_many_file_at_once(url, database):
    running = [
        subprocess.Popen([sys.executable, "-c", FILE_MANY, url], env=environment())
        for _ in range(3)
    ]
    assert [process.wait(90) for process in running] == [0, 0, 0]
    with database.read() as session:
        given = session.scalars(select(Complaint.ticket).order_by(Complaint.ticket)).all()
    assert given == [f"20261122{n:04d}" for n in range(1, 3 * FILED_BY_EACH + 1)]


def test_a_savepoint_rolled_back_leaves_no_hole(database):
    with database.begin() as session:
        assert tickets.allocate(session, NOW) == "202611220001"
        savepoint = session.begin_nested()
        assert tickets.allocate(session, NOW) == "202611220002"
        savepoint.rollback()
        assert tickets.allocate(session, NOW) == "202611220002"


def test_the_day_is_the_lines_and_begins_at_its_midnight(database):
    with database.begin() as session:
        before = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
        after = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
        assert tickets.allocate(session, before, zone=SHANGHAI) == "202611220001"
        assert tickets.allocate(session, after, zone=SHANGHAI) == "202611230001"
        assert tickets.allocate(session, after, zone=UTC) == "202611220002"


def test_the_ten_thousandth_of_a_day_is_longer_and_not_an_error(database):
    with database.begin() as session:
        session.add(TicketCounter(day=NOW.date(), last=9999))
    with database.begin() as session:
        assert tickets.allocate(session, NOW) == "2026112210000"


def test_a_time_without_a_zone_has_no_day(database):
    with database.begin() as session, pytest.raises(ValueError, match="zone"):
        tickets.allocate(session, NOW.replace(tzinfo=None))


def test_a_ticket_of_the_longest_kind_can_be_filed_and_asked_for(database):
    with database.begin() as session:
        session.add(TicketCounter(day=NOW.date(), last=12345))
        filed = complaints.file(
            session,
            category="roads",
            call_id=None,
            recording_id=None,
            caller="13800001234",
            callback_number="",
            finished=True,
            now=NOW,
        )
        assert complaints.progress(session, filed.ticket, "1234", "en", NOW).name == "found"
