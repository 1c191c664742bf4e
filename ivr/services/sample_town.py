"""The sample town: something to ask for on the first call, marked as sample on every page.

Loaded only into an empty database. Accounts, codes and amounts are those of
the README; the numbers are not those of anybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.records.tables import (
    Account,
    Area,
    Bill,
    BillState,
    Call,
    Complaint,
    ComplaintState,
    Outage,
    UtilityKind,
)
from ivr.services import (
    areas,
    china_holidays,
    complaints,
    facts,
    outages,
    query_codes,
    schedules,
)
from ivr.services.line_time import DEFAULT_ZONE, local_day

WHO = "sample"

_AREAS = (
    ("01", "城关镇", "Chengguan Town"),
    ("02", "东湖街道", "East Lake Subdistrict"),
    ("03", "西山乡", "Xishan Township"),
)

# number, kind, query code, unpaid amount, paid amount of the month before
_ACCOUNTS: tuple[tuple[str, UtilityKind, str | None, str | None, str], ...] = (
    ("880123", UtilityKind.ELECTRICITY, None, "128.50", "117.20"),
    ("880456", UtilityKind.WATER, "4321", "36.00", "33.60"),
    ("880789", UtilityKind.GAS, None, None, "58.40"),
)

_ROAD: dict[ComplaintState, tuple[tuple[ComplaintState, str], ...]] = {
    ComplaintState.RECEIVED: (),
    ComplaintState.ASSIGNED: ((ComplaintState.ASSIGNED, ""),),
    ComplaintState.HANDLING: ((ComplaintState.ASSIGNED, ""), (ComplaintState.HANDLING, "")),
    ComplaintState.REPLIED: (
        (ComplaintState.ASSIGNED, ""),
        (ComplaintState.HANDLING, ""),
        (ComplaintState.REPLIED, "路灯已于昨日修复，感谢您的反映。"),
    ),
    ComplaintState.CLOSED: (
        (ComplaintState.HANDLING, ""),
        (ComplaintState.REPLIED, "已到现场核实并清运完毕。"),
        (ComplaintState.CLOSED, ""),
    ),
    ComplaintState.REJECTED: ((ComplaintState.REJECTED, "不属于本市受理范围，已告知市民。"),),
}

_CATEGORIES = ("utilities", "roads", "environment", "prices", "offices", "other")
_CALLERS = ("01088880001", "01088880002")


def load(session: Session, now: datetime, *, zone: tzinfo = DEFAULT_ZONE) -> bool:
    """Fill an empty database; False, and nothing done, where it holds anything already."""
    if not is_empty(session):
        return False
    _load_bills(session, now, zone)
    _load_schedules(session, now)
    _load_outages(session, now)
    _load_complaints(session, now, zone)
    facts.write(session, facts.SAMPLE_DATA, True)
    return True


def is_empty(session: Session) -> bool:
    """Whether no account, area, outage, complaint or call is there."""
    columns = (Account.number, Area.code, Outage.id, Complaint.ticket, Call.id)
    return all(session.scalar(select(column).limit(1)) is None for column in columns)


def _load_schedules(session: Session, now: datetime) -> None:
    """People answer around the clock; the service hall keeps office hours and holidays."""
    hall = schedules.ScheduleEntry(
        "政务服务大厅",
        "Service hall",
        (*["09:00-12:00, 13:30-17:00"] * 5, "09:30-12:00", ""),
    )
    schedules.add(session, "hall", hall, who=WHO, now=now)
    for year in china_holidays.YEARS:
        schedules.fill_year(session, year, who=WHO, now=now)


def _load_bills(session: Session, now: datetime, zone: tzinfo) -> None:
    today = local_day(now, zone)
    last_month = today.replace(day=1) - timedelta(days=1)
    earlier = last_month.replace(day=1) - timedelta(days=1)
    for number, kind, code, unpaid, paid in _ACCOUNTS:
        session.add(
            Account(
                number=number,
                kind=kind,
                holder="样例用户",
                query_code_hash=query_codes.hash_code(code) if code else None,
            )
        )
        session.flush()
        for month, amount, state in (
            (earlier, paid, BillState.PAID),
            (last_month, unpaid, BillState.UNPAID),
        ):
            if amount is not None:
                session.add(
                    Bill(
                        account=number,
                        period=f"{month:%Y-%m}",
                        amount=Decimal(amount),
                        due_on=today + timedelta(days=10 if month is last_month else -20),
                        state=state,
                    )
                )
    session.flush()


def _load_outages(session: Session, now: datetime) -> None:
    for code, zh, en in _AREAS:
        areas.save(session, code, zh, en)
    hour = now.replace(minute=0, second=0, microsecond=0)
    power = outages.Notice(
        UtilityKind.ELECTRICITY,
        "01",
        hour - timedelta(hours=1),
        hour + timedelta(hours=72),
        "城关镇人民路一带因线路检修停电，请提前做好准备。",
        "Power is off around Renmin Road in Chengguan Town for maintenance of the line.",
        valid_from=hour - timedelta(hours=24),
    )
    water = outages.Notice(
        UtilityKind.WATER,
        "02",
        hour - timedelta(hours=2),
        hour + timedelta(hours=48),
        "东湖街道滨湖小区因管道抢修停水，供水车已到现场。",
        "Water is off in the Binhu estate of East Lake Subdistrict while a main is repaired. "
        "A water truck is on site.",
        valid_from=hour - timedelta(hours=2),
    )
    over = outages.Notice(
        UtilityKind.WATER,
        "03",
        hour - timedelta(days=3),
        hour - timedelta(days=2),
        "西山乡水厂检修停水。",
        "Water is off in Xishan Township for maintenance of the waterworks.",
        valid_from=hour - timedelta(days=3),
    )
    outages.add(session, power, who=WHO, now=now)
    outages.add(session, water, who=WHO, now=now)
    ended = outages.add(session, over, who=WHO, now=now)
    outages.end(session, ended.id, now=hour - timedelta(days=2))


def _load_complaints(session: Session, now: datetime, zone: tzinfo) -> None:
    """Two in each state, on days gone by, each with the history that led there."""
    for index, (state, road) in enumerate(_ROAD.items()):
        for turn, caller in enumerate(_CALLERS):
            at = now - timedelta(days=2 * index + turn + 1)
            filed = complaints.file(
                session,
                category=_CATEGORIES[(index + turn) % len(_CATEGORIES)],
                call_id=None,
                recording_id=None,
                caller=caller,
                callback_number=caller,
                # One whose caller hung up before confirming it.
                finished=not (state is ComplaintState.RECEIVED and turn),
                now=at,
                language="en" if turn else "zh-CN",
                zone=zone,
            )
            for step, (after, note) in enumerate(road, start=1):
                complaints.change_state(
                    session,
                    filed.ticket,
                    after,
                    who=WHO,
                    note=note,
                    now=at + timedelta(hours=3 * step),
                )
