"""The ban list as staff see and change it, and as the responder writes and reads it.

The responder decides who is banned (`ivr.gate`) and writes down what it decided a few times a
minute; staff lift bans and except networks, which it takes up as it next looks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.records.tables import ExemptNetwork, SipBan
from ivr.services import audit
from ivr.services.errors import NotFoundError, RefusedError
from ivr.services.text import storable

Network = IPv4Network | IPv6Network

KEPT = timedelta(days=7)
"""How long a ban that is over stays on the list."""
MOST_EXEMPT = 200
MOST_SHOWN = 200
WIDEST_IPV4, WIDEST_IPV6 = 8, 16


@dataclass(frozen=True, slots=True)
class BanSeen:
    """A ban as the responder knows it."""

    source: str
    reason: str
    since: datetime
    until: datetime
    strikes: int
    proven: bool
    refused: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """What staff want: whose ban to lift, and who is never to have one."""

    lifted: tuple[str, ...]
    exempt: tuple[Network, ...]


# --- the responder's side


def note_bans(session: Session, bans: Collection[BanSeen], now: datetime) -> None:
    """Write these bans down, and forget those that are long over."""
    known = {
        row.source: row
        for row in session.scalars(
            select(SipBan).where(SipBan.source.in_([ban.source for ban in bans]))
        )
    }
    for ban in bans:
        row = known.get(ban.source)
        if row is None:
            row = SipBan(source=ban.source)
            session.add(row)
        elif row.lifted_at is not None and ban.since > row.lifted_at:
            row.lifted_at = row.lifted_by = None
        row.reason, row.since, row.until = storable(ban.reason, 24), ban.since, ban.until
        row.strikes, row.proven, row.refused = ban.strikes, ban.proven, ban.refused
    session.execute(delete(SipBan).where(SipBan.until < now - KEPT))
    session.flush()


def wishes(session: Session, now: datetime) -> Wishes:
    """Whose running ban staff have lifted, and the networks they except."""
    lifted = session.scalars(
        select(SipBan.source).where(SipBan.until > now, SipBan.lifted_at.is_not(None))
    )
    return Wishes(tuple(lifted), tuple(ip_network(row.network) for row in exempt(session)))


def remembered(session: Session, now: datetime) -> list[BanSeen]:
    """The bans that a responder which starts anew goes on with."""
    rows = session.scalars(select(SipBan).where(SipBan.until > now, SipBan.lifted_at.is_(None)))
    return [
        BanSeen(row.source, row.reason, row.since, row.until, row.strikes, row.proven, row.refused)
        for row in rows
    ]


# --- the desk's side


def running(session: Session, now: datetime) -> Sequence[SipBan]:
    """The newest of the bans that hold."""
    query = select(SipBan).where(SipBan.until > now, SipBan.lifted_at.is_(None))
    return session.scalars(query.order_by(SipBan.since.desc()).limit(MOST_SHOWN)).all()


def count_running(session: Session, now: datetime) -> int:
    """How many bans hold."""
    query = select(func.count()).where(SipBan.until > now, SipBan.lifted_at.is_(None))
    return session.scalar(query) or 0


def past(session: Session, now: datetime) -> Sequence[SipBan]:
    """The newest of those that are over or were lifted, a week back."""
    over = (SipBan.until <= now) | SipBan.lifted_at.is_not(None)
    query = select(SipBan).where(over).order_by(SipBan.until.desc())
    return session.scalars(query.limit(MOST_SHOWN)).all()


def lift(session: Session, source: str, *, who: str, now: datetime) -> None:
    """End a ban; NotFoundError where none runs."""
    row = session.get(SipBan, source)
    if row is None or row.until <= now or row.lifted_at is not None:
        raise NotFoundError("no ban of %(source)s runs", source=storable(source, 64))
    row.lifted_at, row.lifted_by = now, who
    audit.record(session, who=who, what="ban_lifted", record=source, detail=None, now=now)


def exempt(session: Session) -> Sequence[ExemptNetwork]:
    """The networks that are never banned."""
    return session.scalars(select(ExemptNetwork).order_by(ExemptNetwork.network)).all()


def add_exempt(
    session: Session, written: str, note: str, *, who: str, now: datetime
) -> ExemptNetwork:
    """Except an address or network; RefusedError for what is none, is too wide or is there."""
    network = _network(written)
    if session.get(ExemptNetwork, str(network)) is not None:
        raise RefusedError("%(network)s is on the list already", network=str(network))
    if len(exempt(session)) >= MOST_EXEMPT:
        raise RefusedError(
            "there are %(number)s networks on the list: name a larger one instead",
            number=MOST_EXEMPT,
        )
    row = ExemptNetwork(
        network=str(network), note=storable(note.strip(), 200), added_by=who, added_at=now
    )
    session.add(row)
    audit.record(
        session, who=who, what="network_exempted", record=row.network, detail=None, now=now
    )
    session.flush()
    return row


def remove_exempt(session: Session, network: str, *, who: str, now: datetime) -> None:
    """Except it no longer; NotFoundError."""
    row = session.get(ExemptNetwork, network)
    if row is None:
        raise NotFoundError("%(network)s is not on the list", network=storable(network, 64))
    session.delete(row)
    audit.record(session, who=who, what="exemption_ended", record=network, detail=None, now=now)


def _network(written: str) -> Network:
    try:
        network = ip_network(written.strip(), strict=False)
    except ValueError as error:
        raise RefusedError(
            "%(written)s is no address or network: write 203.0.113.7 or 203.0.113.0/24",
            written=storable(written, 64),
        ) from error
    widest = WIDEST_IPV4 if network.version == 4 else WIDEST_IPV6
    if network.prefixlen < widest:
        raise RefusedError(
            "%(network)s is too wide: /%(widest)s is the widest that can be excepted",
            network=str(network),
            widest=widest,
        )
    return network
