"""The threads that read, store and undo files of bills, while the page looks on.

What is to be done stands in the database; a thread only does it. After a restart the first look
at the page takes up what was broken off.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from flask import current_app

from admin_web import uploads
from admin_web.desk import Desk, desk
from ivr.records.errors import DatabaseUnavailable
from ivr.records.tables import BillImport, ImportState
from ivr.services import bill_import
from ivr.services.bill_staging import SessionFactory

log = logging.getLogger(__name__)
_EXTENSION = "minsheng_bill_imports"


def set_going(row: BillImport) -> None:
    """Do what ``row``'s state says, in a thread of its own."""
    at_work: dict[int, threading.Thread] = current_app.extensions.setdefault(_EXTENSION, {})
    thread = threading.Thread(
        target=_work,
        args=(desk(), row.id, uploads.kept(row.file)),
        name=f"bills-{row.id}",
        daemon=True,
    )
    at_work[row.id] = thread
    thread.start()


def take_up_lost() -> None:
    """Go on with what was broken off."""
    now = desk().now()
    with desk().database.read() as session:
        lost = bill_import.lost(session, now)
    for import_id in lost:
        with desk().database.begin() as session:
            taken = bill_import.take(session, import_id, now)
            row = bill_import.get(session, import_id)
        if taken:
            set_going(row)


def tidy_up() -> None:
    """Forget what is of no use any more, in a thread of its own: it may be many lines."""
    at_work: dict[int, threading.Thread] = current_app.extensions.setdefault(_EXTENSION, {})
    begin = desk().database.begin
    thread = threading.Thread(target=_tidy, args=(begin,), name="bills-tidy", daemon=True)
    at_work[0] = thread
    thread.start()


def _tidy(begin: SessionFactory) -> None:
    try:
        bill_import.tidy(begin)
    except DatabaseUnavailable as error:
        log.warning("lines of dropped imports wait to be removed: %s", error)


def join() -> None:
    """Wait until every thread of this desk is done."""
    for thread in list(current_app.extensions.get(_EXTENSION, {}).values()):
        thread.join()


def _work(where: Desk, import_id: int, path: Path | None) -> None:
    begin = where.database.begin
    try:
        bill_import.work(begin, import_id, path, clock=where.now, read=where.database.read)
        with where.database.read() as session:
            done = bill_import.get(session, import_id).state is ImportState.STORED
    except DatabaseUnavailable as error:
        log.warning("import %d waits to be taken up again: %s", import_id, error)
    except Exception:
        log.exception("import %d broke off", import_id)
    else:
        if done and path is not None:
            path.unlink(missing_ok=True)
