"""Is the audit log what was written? Every seal is computed anew, from the anchor to the head.

What it can show: an entry that was changed, removed or put in, by whatever way, as long as the
seals behind it were not all made anew; that the end was cut off, by the head that is kept apart;
that a seal noted elsewhere (`expected`: printed in the log every night, or on paper) is still
where it was. What it cannot: somebody who may write to the database and knows this file can make
all seals and the head anew. Only a seal noted where they cannot reach shows that.

The log is read in pieces, each in a transaction of its own: it may be long, and the line goes on
writing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from ivr.records import Database
from ivr.records.seal import NOTHING_BEFORE, seal
from ivr.records.tables import AuditAnchor, AuditChain, AuditEntry
from ivr.services import facts
from ivr.services.errors import Message, RefusedError

BATCH = 2000
LAST_CHECK = "audit_check"
PURGED = "audit_purged"
"""The entry that witnesses an anchor."""

_HEAD = re.compile(r"([0-9]{1,12}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry's id and seal: enough to tell later that nothing up to it was touched."""

    entry: int
    hash: str

    def __str__(self) -> str:
        return f"{self.entry}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what `str` wrote; RefusedError."""
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise RefusedError(
                "a head of the audit log is written NUMBER:SEAL, not %(text)s", text=text
            )
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What was found: `fault` says what is wrong with entry `broken`; both None where all is well.

    `entries` were checked; `head` is where the log ended as the check began.
    """

    entries: int
    head: Head
    broken: int | None = None
    fault: Message | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.fault is None


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """The outcome of the last check, as the page shows it."""

    at: datetime
    entries: int
    head: str
    fault: Message | None


def check_and_keep(database: Database, now: datetime) -> AuditCheck:
    """Check the whole log and keep the outcome for the page."""
    found = check(database)
    fault = found.fault and {"template": found.fault.template, "params": dict(found.fault.params)}
    with database.begin() as session:
        kept = {
            "at": now.isoformat(),
            "entries": found.entries,
            "head": str(found.head),
            "fault": fault,
        }
        facts.write(session, LAST_CHECK, kept)
    return found


def last(session: Session) -> KeptCheck | None:
    """The outcome of the last check; None before the first."""
    kept = facts.read(session, LAST_CHECK)
    if kept is None:
        return None
    said = kept["fault"]
    make = Message  # the template is one of those below
    fault = make(said["template"], **said["params"]) if said else None
    return KeptCheck(datetime.fromisoformat(kept["at"]), kept["entries"], kept["head"], fault)


class _BrokenError(Exception):
    def __init__(self, entry: int, fault: Message) -> None:
        self.entry, self.fault = entry, fault
        super().__init__(fault)


def head(session: Session) -> Head:
    """Where the log ends now, as its head says."""
    row = session.get(AuditChain, 1)
    return Head(0, NOTHING_BEFORE) if row is None else Head(row.last_id, row.last_hash)


def check(database: Database, expected: Sequence[Head] = ()) -> AuditCheck:
    """Check the whole log, and that it still holds every head of `expected`."""
    with database.read() as session:
        end = head(session)
        anchor = _anchor(session, end)
    walk = _Walk(end, {one.entry: one.hash for one in expected})
    try:
        while walk.step(database):
            pass
        walk.finish(anchor)
    except _BrokenError as error:
        return AuditCheck(walk.entries, end, error.entry, error.fault)
    return AuditCheck(walk.entries, end)


def _anchor(session: Session, end: Head) -> AuditAnchor | None:
    """The newest anchor that this check must find witnessed."""
    query = select(AuditAnchor).where(AuditAnchor.up_to <= end.entry)
    return session.scalar(query.order_by(AuditAnchor.up_to.desc()).limit(1))


class _Walk:
    """One pass over the log, from the oldest entry that is kept."""

    def __init__(self, end: Head, expected: Mapping[int, str]) -> None:
        self.end, self.expected = end, dict(expected)
        self.entries = 0
        self.at, self.hash = 0, NOTHING_BEFORE
        self.witnesses: set[tuple[int, str]] = set()

    def step(self, database: Database) -> bool:
        """Check the next piece; False where the log is at its end."""
        with database.read() as session:
            # The purge may run meanwhile: what is behind an anchor is given up.
            anchor = session.scalar(select(AuditAnchor).order_by(AuditAnchor.up_to.desc()).limit(1))
            if anchor is not None and anchor.up_to > self.at:
                self._pass_by(anchor)
            rows = session.execute(
                select(
                    *(AuditEntry.id, AuditEntry.at, AuditEntry.who, AuditEntry.what),
                    *(AuditEntry.record, AuditEntry.detail),
                    *(AuditEntry.former_hash, AuditEntry.hash),
                )
                .where(AuditEntry.id > self.at, AuditEntry.id <= self.end.entry)
                .order_by(AuditEntry.id)
                .limit(BATCH)
            ).all()
        for row in rows:
            self._take(row)
        return bool(rows)

    def _pass_by(self, anchor: AuditAnchor) -> None:
        noted = self.expected.pop(anchor.up_to, anchor.hash)
        if noted != anchor.hash:
            raise _made_anew(anchor.up_to)
        self.expected = {key: value for key, value in self.expected.items() if key > anchor.up_to}
        self.at, self.hash = anchor.up_to, anchor.hash

    def _take(self, row: Row[Any]) -> None:
        if row.former_hash != self.hash:
            told = Message(
                "entry %(entry)s does not follow entry %(before)s: "
                "what stood between them is gone, or one of them was put in",
                entry=row.id,
                before=self.at,
            )
            raise _BrokenError(row.id, told)
        sealed = seal(
            self.hash,
            entry_id=row.id,
            at=row.at,
            who=row.who,
            what=row.what,
            record=row.record,
            detail=row.detail,
        )
        if sealed != row.hash:
            told = Message(
                "entry %(entry)s was changed: what it says does not fit its seal", entry=row.id
            )
            raise _BrokenError(row.id, told)
        if self.expected.pop(row.id, sealed) != sealed:
            raise _made_anew(row.id)
        if row.what == PURGED and row.detail is not None:
            self.witnesses.add((row.detail.get("up_to", 0), str(row.detail.get("hash"))))
        self.at, self.hash = row.id, sealed
        self.entries += 1

    def finish(self, anchor: AuditAnchor | None) -> None:
        """Look at the end, and at what nobody came across."""
        if (self.at, self.hash) != (self.end.entry, self.end.hash):
            told = Message(
                "the log should end with entry %(entry)s, and ends with entry %(last)s",
                entry=self.end.entry,
                last=self.at,
            )
            raise _BrokenError(self.end.entry, told)
        if self.expected:
            lost = min(self.expected)
            told = Message(
                "entry %(entry)s, whose seal was noted elsewhere, is not in the log", entry=lost
            )
            raise _BrokenError(lost, told)
        if anchor is not None and (anchor.up_to, anchor.hash) not in self.witnesses:
            told = Message(
                "the entries up to %(entry)s were removed, and not by the purge",
                entry=anchor.up_to,
            )
            raise _BrokenError(anchor.up_to, told)


def _made_anew(entry: int) -> _BrokenError:
    told = Message(
        "entry %(entry)s has another seal than the one noted elsewhere: the log was made anew",
        entry=entry,
    )
    return _BrokenError(entry, told)
