"""Files of bills from upload to undo: where each stands, and who may work on which.

An import is *read* into lines beside the bills (`bill_staging`), looked at, and then *stored*
(`bill_storing`), each in short transactions; it can be *undone* while nothing later overlaps.
One import changes bills at a time. Whoever works on one says so every batch: after `LOST` without
a sign it was broken off, and `work` takes it up where it stopped. "All or nothing" is therefore
decided before the first bill changes; from there on it goes on to its end, over a crash too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from ivr.records.tables import (
    Account,
    BillImport,
    BillImportLine,
    BillImportProblem,
    ImportState,
    LineChange,
)
from ivr.services import bill_staging, bill_storing
from ivr.services.bill_columns import Columns
from ivr.services.bill_reading import Problem
from ivr.services.bill_staging import SessionFactory
from ivr.services.errors import Message, NotFoundError, RefusedError
from ivr.services.text import storable

AT_WORK = (ImportState.READING, ImportState.STORING, ImportState.UNDOING)
CHANGING = (ImportState.STORING, ImportState.UNDOING)
_OF_NO_USE = (ImportState.UNDONE, ImportState.DROPPED, ImportState.FAILED)
LOST = timedelta(seconds=30)
KEPT_FOR_UNDO = 12
"""The lines of so many stored imports are kept; older ones can no longer be undone."""
_LOCK = 0x62696C6C


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`lines` with content below the header, how many of them were imported, what was wrong."""

    lines: int
    imported: int
    problems: tuple[Problem, ...]


def create(
    session: Session,
    *,
    filename: str,
    file: str,
    columns: Columns,
    source: str,
    who: str,
    now: datetime,
    state: ImportState = ImportState.UPLOADED,
) -> BillImport:
    """A file that was uploaded; nothing of it is read yet."""
    row = BillImport(
        filename=storable(filename, 100),
        file=file,
        source=storable(source.strip(), 80),
        who=storable(who, 64),
        at=now,
        state=state,
        mapping=columns.kept(),
        **dict.fromkeys(("lines", "good", "wrong", "missing", "done"), 0),
        **{change.value: 0 for change in LineChange},
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, import_id: int, *, lock: bool = False) -> BillImport:
    """One import; NotFoundError."""
    row = session.get(BillImport, import_id, with_for_update=lock, populate_existing=lock)
    if row is None:
        raise NotFoundError("there is no import %(id)s", id=import_id)
    return row


def history(session: Session, *, limit: int = 50) -> Sequence[BillImport]:
    """The newest imports first; those given up before anything was stored are left out."""
    return session.scalars(
        select(BillImport)
        .where(BillImport.state != ImportState.DROPPED)
        .order_by(BillImport.id.desc())
        .limit(limit)
    ).all()


def problems(session: Session, import_id: int, *, limit: int | None = None) -> list[Problem]:
    """What was wrong in the file, by line."""
    rows = session.scalars(
        select(BillImportProblem)
        .where(BillImportProblem.import_id == import_id)
        .order_by(BillImportProblem.line, BillImportProblem.column, BillImportProblem.id)
        .limit(limit)
    )
    return [Problem(row.line, row.column, _message(row.message)) for row in rows]


def _message(kept: dict[str, Any]) -> Message:
    from ivr.records import tables

    params = {
        name: getattr(tables, value["of"])(value["word"]) if isinstance(value, dict) else value
        for name, value in kept["params"].items()
    }
    template: str = kept["template"]
    return Message(template, **params)


def begin_reading(session: Session, import_id: int, columns: Columns, *, now: datetime) -> None:
    """From here on `work` reads the file; RefusedError where it is past that."""
    row = get(session, import_id, lock=True)
    if row.state not in (ImportState.UPLOADED, ImportState.READY, ImportState.FAILED):
        raise _past(row)
    if row.stored_at is not None:
        raise _past(row)
    row.mapping, row.state, row.beat_at, row.fault = columns.kept(), ImportState.READING, now, None
    session.flush()


def begin_storing(
    session: Session, import_id: int, *, all_or_nothing: bool, now: datetime
) -> BillImport:
    """From here on `work` stores the lines; RefusedError says why it may not."""
    _alone(session, import_id)
    row = get(session, import_id, lock=True)
    if row.state is not ImportState.READY:
        raise _past(row)
    if all_or_nothing and row.wrong:
        raise RefusedError(
            "%(number)s lines are wrong, and all or nothing was chosen", number=row.wrong
        )
    if not row.good:
        raise RefusedError("no line of this file is good")
    other_kind = session.scalar(
        select(func.count())
        .select_from(BillImportLine)
        .join(Account, Account.number == BillImportLine.account)
        .where(BillImportLine.import_id == import_id, Account.kind != BillImportLine.kind)
    )
    if other_kind:
        raise RefusedError("an account has become another kind meanwhile; check the file again")
    row.state, row.all_or_nothing, row.done = ImportState.STORING, all_or_nothing, 0
    row.stored_at = row.beat_at = now
    session.flush()
    return row


def begin_undo(session: Session, import_id: int, *, who: str, now: datetime) -> BillImport:
    """From here on `work` puts back what was there; RefusedError says why it may not."""
    _alone(session, import_id)
    row = get(session, import_id, lock=True)
    if row.state is not ImportState.STORED:
        raise _past(row)
    if not can_be_undone(session, row):
        raise RefusedError("this import is too long ago to be undone")
    bill_storing.refuse_overlaps(session, import_id)
    row.state, row.undone_by, row.beat_at = ImportState.UNDOING, storable(who, 64), now
    session.flush()
    return row


def can_be_undone(session: Session, row: BillImport) -> bool:
    """Whether what it replaced is still kept."""
    return row.state is ImportState.STORED and (
        session.scalar(select(BillImportLine.line).where(BillImportLine.import_id == row.id))
        is not None
    )


def drop(session: Session, import_id: int) -> str:
    """Give up an import that changed nothing yet; the name of its file, to be removed.

    Its lines go with `tidy`, some at a time.
    """
    row = get(session, import_id, lock=True)
    if row.stored_at is not None or row.state in CHANGING:
        raise _past(row)
    row.state = ImportState.DROPPED
    session.flush()
    return row.file


def _past(row: BillImport) -> RefusedError:
    return RefusedError(
        "import %(id)s is %(state)s by now; load the page again", id=row.id, state=row.state
    )


def _alone(session: Session, import_id: int) -> None:
    """RefusedError while another import changes bills; held to the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    other = session.scalar(
        select(BillImport).where(BillImport.state.in_(CHANGING), BillImport.id != import_id)
    )
    if other is not None:
        raise RefusedError(
            "import %(id)s (%(file)s) is at work; wait until it is done",
            id=other.id,
            file=other.filename,
        )


def lost(session: Session, now: datetime) -> list[int]:
    """Imports that somebody should be working on and nobody is, the oldest first."""
    return list(
        session.scalars(
            select(BillImport.id)
            .where(
                BillImport.state.in_(AT_WORK),
                or_(BillImport.beat_at.is_(None), BillImport.beat_at < now - LOST),
            )
            .order_by(BillImport.id)
        )
    )


def take(session: Session, import_id: int, now: datetime) -> bool:
    """Take up an import that was broken off; False where somebody else just did."""
    taken = session.execute(
        update(BillImport)
        .where(
            BillImport.id == import_id,
            BillImport.state.in_(AT_WORK),
            or_(BillImport.beat_at.is_(None), BillImport.beat_at < now - LOST),
        )
        .values(beat_at=now)
    )
    return bool(getattr(taken, "rowcount", 0))


def work(
    begin: SessionFactory,
    import_id: int,
    path: Path | None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    read: SessionFactory | None = None,
) -> None:
    """Do what the import's state says is to be done, to its end.

    `begin` and `read` are a database's: with `read` it keeps others from writing only to write.

    What is wrong with the file itself ends it as failed, with the reason. A database that is
    away is raised: the import stays as it is, to be taken up again.
    """

    def beat(session: Session) -> None:
        session.execute(
            update(BillImport).where(BillImport.id == import_id).values(beat_at=clock())
        )

    with begin() as session:
        row = get(session, import_id)
        state, columns, name = row.state, Columns.of(row.mapping), row.filename
    match state:
        case ImportState.READING:
            try:
                if path is None:
                    raise RefusedError("the file is no longer there; upload it again")
                chosen = columns if columns.columns else None
                bill_staging.stage(begin, import_id, path, chosen, name=name, beat=beat, read=read)
            except RefusedError as error:
                _finish(begin, import_id, ImportState.FAILED, fault=error.message)
            else:
                _finish(begin, import_id, ImportState.READY)
        case ImportState.STORING:
            bill_storing.store(begin, import_id, beat=beat)
            with (read or begin)() as session:  # all are stored: nothing changes them now
                counts = _changes(session, import_id)
            _finish(begin, import_id, ImportState.STORED, counts=counts)
            tidy(begin)
        case ImportState.UNDOING:
            bill_storing.take_back(begin, import_id, beat=beat)
            _finish(begin, import_id, ImportState.UNDONE, undone_at=clock())
            tidy(begin)


def _finish(
    begin: SessionFactory,
    import_id: int,
    state: ImportState,
    *,
    fault: Message | None = None,
    undone_at: datetime | None = None,
    counts: Mapping[LineChange, int] = MappingProxyType({}),
) -> None:
    with begin() as session:
        row = get(session, import_id, lock=True)
        row.state, row.beat_at = state, None
        row.fault = bill_staging.kept_message(fault) if fault is not None else None
        if state is ImportState.STORED:
            for change in LineChange:
                setattr(row, change.value, counts.get(change, 0))
        if undone_at is not None:
            row.undone_at = undone_at
        session.flush()


def _changes(session: Session, import_id: int) -> dict[LineChange, int]:
    rows = session.execute(
        select(BillImportLine.change, func.count())
        .where(BillImportLine.import_id == import_id)
        .group_by(BillImportLine.change)
    )
    return {change: count for change, count in rows if change is not None}


def fault_of(row: BillImport) -> Message | None:
    """Why an import failed."""
    return _message(row.fault) if row.fault else None


def tidy(begin: SessionFactory) -> None:
    """Forget the lines that are of no use any more, some at a time.

    Those of imports that were undone or dropped, or failed, and of all but the last to be undone.
    """
    kept = (
        select(BillImport.id)
        .where(BillImport.state == ImportState.STORED)
        .order_by(BillImport.id.desc())
        .limit(KEPT_FOR_UNDO)
        .scalar_subquery()
    )
    with begin() as session:
        old = session.scalars(
            select(BillImport.id).where(
                or_(
                    BillImport.state.in_(_OF_NO_USE),
                    and_(BillImport.state == ImportState.STORED, BillImport.id.not_in(kept)),
                ),
                exists().where(BillImportLine.import_id == BillImport.id),
            )
        ).all()
    for import_id in old:
        bill_staging.forget(begin, import_id)


def import_bills(
    session_factory: SessionFactory,
    path: Path | str,
    all_or_nothing: bool = False,
    *,
    who: str = "command",
    read: SessionFactory | None = None,
) -> ImportReport:
    """Import `path` with nobody to ask; RefusedError where the file cannot be read at all.

    `session_factory` is `database.begin`, and `read` `database.read`: one transaction at a time.
    An import that was broken off goes first.
    """
    source = Path(path)
    if not source.is_file():
        raise RefusedError("%(file)s is not a file", file=source.name)
    now = datetime.now(UTC)
    with session_factory() as session:
        broken_off = [one for one in lost(session, now) if take(session, one, now)]
    for one in broken_off:
        work(session_factory, one, None, read=read)
    with session_factory() as session:
        row = create(
            session,
            filename=source.name,
            file="",
            columns=Columns(),
            source="",
            who=who,
            now=now,
            state=ImportState.READING,
        )
        row.beat_at = now
        import_id = row.id
    work(session_factory, import_id, source, read=read)
    with session_factory() as session:
        row = get(session, import_id)
        fault, found = fault_of(row), tuple(problems(session, import_id))
        lines, good = row.lines, row.good
        if fault is None and good and not (all_or_nothing and row.wrong):
            begin_storing(session, import_id, all_or_nothing=all_or_nothing, now=datetime.now(UTC))
        else:
            drop(session, import_id)
            good = 0
    if fault is not None:
        raise RefusedError(fault)
    if good:
        work(session_factory, import_id, None, read=read)
    else:
        tidy(session_factory)
    return ImportReport(lines, good, found)
