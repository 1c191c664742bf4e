"""What a flow may look up, by name: the one door between call flows and services.

`run` is called with the arguments a flow collected; `OUTCOMES` is what a flow
must be ready for, for the checks of call flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy.orm import Session

from ivr.services import bills, complaints, outages, studio
from ivr.services.errors import ServiceError
from ivr.services.line_time import DEFAULT_ZONE
from ivr.services.outcome import Outcome, Spoken
from ivr.services.studio import Visit

Arguments = Mapping[str, Spoken]
DEFAULT_LANGUAGE = "zh-CN"


class LookupArgumentError(ServiceError):
    """A flow names a service that does not exist, or leaves out an argument it needs."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service: how to ask it, what it needs, what it takes besides, what may come of it."""

    ask: Callable[[Session, Arguments, datetime, tzinfo, Visit], Outcome]
    needs: frozenset[str]
    takes: frozenset[str]
    outcomes: frozenset[str]


def _bill(
    session: Session, given: Arguments, now: datetime, zone: tzinfo, _visit: Visit
) -> Outcome:
    code = _text(given, "code") or None
    return bills.find(session, _text(given, "account"), code, now, zone=zone)


def _outages(
    session: Session, given: Arguments, now: datetime, zone: tzinfo, _visit: Visit
) -> Outcome:
    area = _text(given, "area") or None
    return outages.find(session, area, _language(given), now, zone=zone)


def _progress(
    session: Session, given: Arguments, now: datetime, _zone: tzinfo, _visit: Visit
) -> Outcome:
    return complaints.progress(
        session, _text(given, "ticket"), _text(given, "last4"), _language(given), now
    )


_Studio = Callable[[Session, Visit, Arguments, datetime], Outcome]


def _studio(ask: _Studio, *, needs: str = "", outcomes: str) -> Service:
    """A service of the studio (`ivr.services.studio`), which knows the call's visit."""

    def asked(
        session: Session, given: Arguments, now: datetime, _zone: tzinfo, visit: Visit
    ) -> Outcome:
        return ask(session, visit, given, now)

    needed = frozenset(needs.split())
    return Service(asked, needed, frozenset({"language"}), frozenset(outcomes.split()))


LOOKUPS: Mapping[str, Service] = {
    "bills.find": Service(
        _bill,
        needs=frozenset({"account"}),
        takes=frozenset({"code", "language"}),
        outcomes=frozenset(
            {"found", "code_needed", "wrong_code", "locked", "not_found", "nothing_owed"}
        ),
    ),
    "outages.current": Service(
        _outages,
        needs=frozenset(),
        takes=frozenset({"area", "language"}),
        outcomes=frozenset({"found", "none", "unknown_area"}),
    ),
    "complaints.progress": Service(
        _progress,
        needs=frozenset({"ticket", "last4"}),
        takes=frozenset({"language"}),
        outcomes=frozenset({"found", "not_found"}),
    ),
    "studio.enter": _studio(
        lambda session, visit, given, now: studio.enter(session, visit, _text(given, "code"), now),
        needs="code",
        outcomes="accepted wrong_code locked",
    ),
    "studio.find": _studio(
        lambda session, visit, given, _now: studio.find(
            session, visit, _text(given, "number"), _language(given)
        ),
        needs="number",
        outcomes="found not_found has_slots signed_out",
    ),
    "studio.choose": _studio(
        lambda session, visit, given, _now: studio.choose(session, visit, _text(given, "tongue")),
        needs="tongue",
        outcomes="ready no_text signed_out",
    ),
    "studio.check": _studio(
        lambda session, visit, _given, _now: studio.check(session, visit),
        needs="take",
        outcomes=" ".join(("good signed_out", *studio.FAULTS)),
    ),
    "studio.keep": _studio(
        lambda session, visit, given, now: studio.keep(session, visit, _language(given), now),
        outcomes="kept changed nothing signed_out",
    ),
    "studio.drop": _studio(
        lambda _session, visit, _given, _now: studio.drop(visit), outcomes="dropped"
    ),
}

OUTCOMES: Mapping[str, frozenset[str]] = {
    name: service.outcomes for name, service in LOOKUPS.items()
}


def run(
    session: Session,
    service: str,
    arguments: Arguments,
    now: datetime,
    *,
    zone: tzinfo = DEFAULT_ZONE,
    visit: Visit | None = None,
) -> Outcome:
    """Ask `service`; LookupArgumentError names a service or argument that is missing.

    Needs a transaction that may write: a wrong query code is counted. `visit` is what a call
    keeps for the services of the studio; without one, nobody is signed in.
    """
    known = LOOKUPS.get(service)
    if known is None:
        raise LookupArgumentError(
            "there is no service %(name)r; there are %(known)s",
            name=service,
            known=", ".join(sorted(LOOKUPS)),
        )
    missing = known.needs - arguments.keys()
    if missing:
        raise LookupArgumentError(
            "%(service)s needs %(missing)s", service=service, missing=", ".join(sorted(missing))
        )
    return known.ask(session, arguments, now, zone, visit or Visit())


def _text(given: Arguments, name: str) -> str:
    return str(given.get(name, "") or "")


def _language(given: Arguments) -> str:
    return _text(given, "language") or DEFAULT_LANGUAGE
