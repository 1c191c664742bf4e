"""How fast every page of the desk is, and counting, with the rows of `bench/desk_rows.py`.

    python -m bench.desk_pages URL [--times 20] [--only WORD] [--table]

URL is a database that `desk_rows` has filled (`sqlite:///FILE`, `postgresql://...`); it is brought
up to date first. Each page is asked for through the whole application, as an administrator and
as a supervisor who sees numbers masked, or with the token of a program. What is asked comes from
the application's own map of addresses: a page that is neither in `ASKED` nor in `LEFT_OUT` is
asked for as it is, and one whose place in an address is not in `_places` is reported, so that no
new page goes unmeasured. Wall time is the machine's, busy or not; the process's own time beside
it is not disturbed by others (of PostgreSQL's own work it says nothing). Figures as JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, text

from admin_web import DeskSettings, create_app
from bench.desk_rows import NOW, ZONE
from ivr.records import Database, migrate
from ivr.records.tables import Call, Complaint, Role, Staff
from ivr.services import heartbeats, passwords, staff, statistics_counting

PASSWORD = "correct horse staple"  # noqa: S105
TOKEN = "a token of the bench only"  # noqa: S105
YEAR = "first_day=2025-11-23&last_day=2026-11-22"
MONTH = "first_day=2026-11-01&last_day=2026-11-22"
FAR = "after=20251201T030000.000000~0"
# endpoint: name of what is asked -> query. {name} is filled in from `_places`.
ASKED: dict[str, dict[str, str]] = {
    "calls.calls": {
        "newest": "",
        "a far page": FAR,
        "today": "first_day=2026-11-22&last_day=2026-11-22",
        "a day last winter": "first_day=2025-12-24&last_day=2025-12-24",
        "caller, whole number": "caller={caller}",
        "caller, last 4 digits": "caller={end4}",
        "caller, last 6 digits": "caller={end6}",
        "caller, beginning of 3": "caller=138",
        "caller, beginning of 7": "caller={begin7}",
        "caller nobody has": "caller=00000000001",
        "called number": "called=12345",
        "called number, rare": "called={rare_called}",
        "number not listed": "number=other",
        "language": "language=en",
        "outcome, rare": "outcome=fault",
        "outcome": f"outcome=abandoned&ended=1&{MONTH}",
        "ended by a crash": "ended_by=crash",
        "in progress": "ended=0",
        "went through a node": "node=bills.look_up",
        "a node and its outcome": "node=bills.look_up&step_outcome=error",
        "a rare node": "node=guides.business_licence",
        "a node nobody went through": "node=guides.nowhere",
        "ended at a node": f"place=main.menu&{YEAR}",
        "ended at a node, rare": "place=guides.business_licence",
        "Mondays at nine, a year": f"ended=1&weekday=0&hour=9&{YEAR}",
        "at three at night, a year": f"ended=1&hour=3&{YEAR}",
        "three at night, by a crash": f"ended_by=crash&hour=3&{YEAR}",
        "answered late": f"in_time=0&ended=1&{MONTH}",
        "with a recording": "recorded=y",
        "with a note": "noted=y",
        "nothing fits": "outcome=abandoned&ended_by=transfer",
        "nothing fits, last 4 digits": "caller={end4}&outcome=fault&language=en&recorded=y",
    },
    "complaints.complaints": {
        "newest": "",
        "a far page": FAR,
        "open": "state=open",
        "closed": "state=closed",
        "overdue": "overdue=y",
        "category": "category=roads",
        "department": "department={department}",
        "area": "area=01",
        "area this month": "area=01&first_day=2026-11-01",
        "no area": "area=-",
        "ticket": "text={ticket}",
        "beginning of a ticket": "text=202605",
        "caller, whole number": "text={complainer}",
        "last 4 digits": "text={complainer_end}",
        "words said": "text=路灯",
        "two words said": "text=路灯 东街",
        "words nobody said": "text=飞碟",
        "words and department": "text=井盖&department={department}",
        "replied to on a day": "replied_first=2026-11-20&replied_last=2026-11-20",
        "replied to in a day last winter": "replied_first=2025-12-24&replied_last=2025-12-24",
        "replied to in a year": "replied_first=2025-11-23&replied_last=2026-11-22",
        "replied to before all": "replied_last=2020-01-01",
    },
    "dashboard.figures": {
        "today": "",
        "7 days": "period=week",
        "month": "period=month",
        "a year": YEAR,
        "a year, one number": f"{YEAR}&number=12345",
        "month, number and area": "period=month&number=12345&area=01",
    },
    "dashboard.availability": {"7 days": "period=week", "a year": YEAR},
    "dashboard.summary": {"yesterday": "", "a day last winter": "day=2025-12-24"},
    "audit.audit": {
        "newest": "",
        "a far page": FAR,
        "one person": "who=clerk7",
        "nobody": "who=nobody",
        "what": "what=complaint_opened",
        "one record": "record=complaint+{ticket}",
    },
    "bills.bills": {"first": "", "account": "account={account}", "number": "number={account}"},
    "call_backs.call_backs": {"open": "", "done": "state=done"},
    "outages.outages": {"current": "", "all": "state=all"},
    "api.calls": {"newest": "", "far": FAR, "last 4 digits": "caller={end4}", "node": "node=menu"},
    "api.complaints": {"newest": "", "far": FAR, "words": "text=路灯"},
}
# Not pages: files that are streamed (bench/desk_export.py), sound, streams that stay open, what
# is no part of the database.
LEFT_OUT = re.compile(
    r"static|favicon|sign_in\.(sign_in|code)|csv|\.wav|recording$|\.take$|stream|events|sound|"
    r"languages\.|peaks|waveform|listen|download|export|openapi|reference|document|file"
)


def _places(database: Database) -> dict[str, str]:
    """What stands in addresses and searches, taken from the rows."""
    with database.read() as session:
        call = session.scalars(
            select(Call).where(Call.last_place == "complaint.after").order_by(
                Call.started_at.desc()).limit(1)
        ).one()  # fmt: skip
        complaint = session.scalars(
            select(Complaint).order_by(Complaint.created_at.desc()).limit(1)
        ).one()
        rare = session.scalars(select(Call.called).where(Call.called > "80000000").limit(1)).first()
        account = session.scalar(text("SELECT number FROM accounts WHERE number > '9' LIMIT 1"))
        outage = session.scalar(text("SELECT max(id) FROM outages"))
    return {
        "call_id": call.id,
        "caller": call.caller,
        "end4": call.caller[-4:],
        "end6": call.caller[-6:],
        "begin7": call.caller[:7],
        "rare_called": rare or "81000",
        "ticket": complaint.ticket,
        "recording_id": complaint.recording_id or "",
        "complainer": complaint.caller,
        "complainer_end": complaint.caller[-4:],
        "department": complaint.department or "",
        "account": str(account),
        "number": str(account),
        "outage_id": str(outage),
        "code": "01",
        "area": "01",
        "name": "main",
        "called": "12345",
        "username": "bench-administrator",
        "prompt_id": "greeting",
        "language": "zh-CN",
        "day": "2026-11-21",
    }


def _staff(database: Database) -> None:
    with database.begin() as session:
        for role in (Role.ADMINISTRATOR, Role.SUPERVISOR):
            name = f"bench-{role.value}"
            if session.scalar(select(Staff.id).where(Staff.username == name)) is None:
                staff.create(session, username=name, role=role, must_change_password=False,
                             password_hash=passwords.hash_password(PASSWORD),
                             who="bench", now=NOW)  # fmt: skip
        heartbeats.beat(session, "responder", {"listening": True, "calls": 0}, NOW)


def signed_in(app: Any, role: Role) -> FlaskClient:
    """The browser of somebody."""
    client: FlaskClient = app.test_client()
    given = {"username": f"bench-{role.value}", "password": PASSWORD}
    if client.post("/sign-in", data=given).status_code != 302:
        raise SystemExit(f"bench-{role.value} cannot sign in")
    return client


def application(database: Database, folder: Path) -> Any:
    """The desk over this database, at the moment the rows were made for."""
    settings = DeskSettings(
        state_dir=folder,
        secret_key="a secret of the bench only",  # noqa: S106
        api_token=TOKEN,
        numbers_for=frozenset({"administrator"}),
    )
    app = create_app(settings, database, now=lambda: NOW)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def asked(app: Any, places: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Endpoint, what is asked, address: of every page."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or LEFT_OUT.search(rule.endpoint):
            continue
        path, missing = rule.rule, set()
        for name in rule.arguments:
            known = places.get(name)
            if known is None:
                missing.add(name)
            path = re.sub(r"<[^<>]*\b" + name + ">", known or "", path)
        if missing:
            print(f"not measured, no example of {missing}: {rule.rule}", file=sys.stderr)
            continue
        for name, query in ASKED.get(rule.endpoint, {"": ""}).items():
            yield rule.endpoint, name, path + (f"?{query.format(**places)}" if query else "")


def measured(client: FlaskClient, path: str, times: int, headers: dict[str, str]) -> dict[str, Any]:
    """Milliseconds of a page; the first time apart."""
    taken, worked = [], []
    for _ in range(times + 1):
        start, cpu = time.perf_counter(), time.process_time()
        answer = client.get(path, headers=headers)
        body = answer.get_data()
        taken.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - cpu) * 1000)
        if answer.status_code in (301, 302, 304, 401, 403, 404, 429):
            return {"status": answer.status_code}
    rest, own = sorted(taken[1:]), sorted(worked[1:])
    return {
        "status": answer.status_code,
        "p50_ms": round(statistics.median(rest), 1),
        "p95_ms": round(rest[max(0, round(len(rest) * 0.95) - 1)], 1),
        "max_ms": round(rest[-1], 1),
        "own_p50_ms": round(statistics.median(own), 1),
        "own_p95_ms": round(own[max(0, round(len(own) * 0.95) - 1)], 1),
        "first_ms": round(taken[0], 1),
        "rows": max(0, body.count(b"<tr") - body.count(b"<thead")) or body.count(b'"id":'),
        "kb": round(len(body) / 1024),
    }


def counted(database: Database) -> dict[str, float]:
    """What counting a batch of calls that have just ended costs; the sums grow by them."""
    taken = []
    with database.begin() as session:
        session.execute(
            text("UPDATE calls SET outcome = NULL WHERE id IN "
                 "(SELECT id FROM calls ORDER BY started_at DESC LIMIT 2000)")
        )  # fmt: skip
    while True:
        start = time.perf_counter()
        with database.begin() as session:
            done = statistics_counting.count_ended(session, zone=ZONE)
        if not done:
            break
        taken.append((time.perf_counter() - start) * 1000)
    return {"batch_of_200_p50_ms": round(statistics.median(taken), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("url")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose endpoint or name holds this")
    parser.add_argument("--table", action="store_true", help="Markdown instead of JSON")
    given = parser.parse_args()
    migrate(given.url)
    database = Database(given.url)
    _staff(database)
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        app = application(database, Path(folder))
        client = signed_in(app, Role.ADMINISTRATOR)
        gc.collect()
        gc.freeze()  # as the desk does when it starts
        pages: dict[str, Any] = {}
        for endpoint, name, path in asked(app, _places(database)):
            label = f"{endpoint} {name}".strip()
            if given.only not in label:
                continue
            headers = {"Authorization": f"Bearer {TOKEN}"} if endpoint.startswith("api.") else {}
            pages[label] = measured(client, path, given.times, headers)
            print(f"{label:60} {pages[label]}", file=sys.stderr, flush=True)
        shown = {label: page for label, page in pages.items() if "p95_ms" in page}
        figures = {
            "database": database.url.get_backend_name(),
            "pages": pages,
            "worst_p95_ms": max((page["p95_ms"] for page in shown.values()), default=None),
            "counting": None if given.only else counted(database),
        }
        if given.table:
            for label, page in shown.items():
                print(f"| {label} | {page['p50_ms']} | {page['p95_ms']} | {page['max_ms']} |"
                      f" {page['own_p50_ms']} | {page['rows']} |")  # fmt: skip
        else:
            print(json.dumps(figures, indent=2))
        database.close()


if __name__ == "__main__":
    main()
