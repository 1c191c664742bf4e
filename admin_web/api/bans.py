"""Addresses that the line does not listen to, and networks it always does."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from admin_web.api.fields import Answer
from admin_web.api.operation import operation
from admin_web.api.shapes import At
from admin_web.desk import desk
from ivr.records.tables import SipBan
from ivr.services import protection as service


class BanOut(Answer):
    """A ban; ``proven``: the address has shown that it hears us, so it is not forged."""

    source: str
    reason: str
    since: At
    until: At
    strikes: int
    proven: bool
    refused: int
    lifted: At | None
    lifted_by: str | None

    @classmethod
    def of(cls, row: SipBan) -> BanOut:
        """From its row."""
        return cls(
            source=row.source,
            reason=row.reason,
            since=row.since,
            until=row.until,
            strikes=row.strikes,
            proven=row.proven,
            refused=row.refused,
            lifted=row.lifted_at,
            lifted_by=row.lifted_by,
        )


class NetworkOut(Answer):
    """A network that is never banned."""

    network: str
    note: str
    added: At
    added_by: str


class Protection(Answer):
    """The newest bans that hold, those of a week that are over, and the networks excepted."""

    running: list[BanOut]
    count: int
    past: list[BanOut]
    exempt: list[NetworkOut]


@operation(
    "GET",
    "/bans",
    _l("Addresses that are banned, were banned, or never are"),
    page="protection.bans",
    scope="line:read",
    answer=Protection,
)
def bans() -> Protection:
    """As on the page."""
    now = desk().now()
    with desk().database.read() as session:
        return Protection(
            running=list(map(BanOut.of, service.running(session, now))),
            count=service.count_running(session, now),
            past=list(map(BanOut.of, service.past(session, now))),
            exempt=[
                NetworkOut(
                    network=row.network, note=row.note, added=row.added_at, added_by=row.added_by
                )
                for row in service.exempt(session)
            ],
        )
