"""Searches of calls that somebody keeps under a name."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import Field
from werkzeug.datastructures import MultiDict

from admin_web.api.fields import SEEN, Answer, Given, Listed
from admin_web.api.operation import operation
from admin_web.api.outages import Number
from admin_web.calls.views import PAGE, search_form
from admin_web.desk import desk
from admin_web.roles import ADMINISTRATOR
from ivr.records.tables import SavedSearch
from ivr.services import saved_searches as service
from ivr.services.errors import RefusedError


class SearchOut(Answer):
    """A search: the fields of the page with what was entered; `shared`: everybody finds it."""

    id: int
    name: str
    query: dict[str, str]
    owner: str
    shared: bool

    @classmethod
    def of(cls, row: SavedSearch) -> SearchOut:
        """From its row."""
        return cls(
            id=row.id, name=row.name, query=dict(row.query), owner=row.owner, shared=row.shared
        )


@operation(
    "GET",
    "/calls/searches",
    _l("Searches of calls that were kept"),
    page="calls.calls",
    scope="calls:read",
    answer=Listed[SearchOut],
)
def searches() -> Listed[SearchOut]:
    """The token's own and the shared ones, by name."""
    with desk().database.read() as session:
        rows = service.seen_by(session, PAGE, current_user.username)
        return Listed[SearchOut](items=list(map(SearchOut.of, rows)))


class NewSearch(Given):
    """A search to be kept; one of the same name is replaced."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=SEEN)]
    query: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=200)]],
        Field(
            max_length=40,
            description="the fields as in the address of the page, such as `ended_by`",
        ),
    ]
    shared: bool = False


@operation(
    "POST",
    "/calls/searches",
    _l("Keep a search of calls"),
    page="calls.save_search",
    scope="calls:write",
    body=NewSearch,
    answer=SearchOut,
    status=201,
    conflicts=True,
)
def save_search(body: NewSearch) -> SearchOut:
    """Refused where the page would not understand it."""
    with desk().database.begin() as session:
        form = search_form(session, MultiDict(body.query))
        query = form.query()
        if not form.validate() or query.keys() != {k for k, v in body.query.items() if v}:
            raise RefusedError("this is no search of calls that the page understands")
        return SearchOut.of(
            service.save(
                session,
                PAGE,
                body.name,
                query,
                owner=current_user.username,
                shared=body.shared,
                now=desk().now(),
            )
        )


@operation(
    "DELETE",
    "/calls/searches/{search_id}",
    _l("Forget a search of calls"),
    page="calls.remove_search",
    scope="calls:write",
    parts={"search_id": Number},
    status=204,
)
def remove_search(search_id: int) -> Response:
    """One's own; a token of an administrator may forget a shared one."""
    with desk().database.begin() as session:
        service.remove(
            session,
            search_id,
            owner=current_user.username,
            any_owner=current_user.role == ADMINISTRATOR,
        )
    return Response(status=204)
