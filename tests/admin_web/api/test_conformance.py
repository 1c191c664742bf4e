"""What the document promises is what is answered, whatever is sent (schemathesis, all its checks).

A longer run by hand:
``API_EXAMPLES=300 .venv/bin/python -m pytest -n 2 tests/admin_web/api/test_conformance.py``
"""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS

from admin_web.api.operation import OPERATIONS
from admin_web.api.scopes import SCOPES
from ivr.records.tables import Role
from ivr.services import call_backs, tokens
from tests.admin_web.builders import (
    DeskUnderTest,
    add_call,
    add_complaint,
    add_recording,
    make_desk,
)

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))


@schemathesis.serializer("audio/wav")
def sound(_context: object, value: object) -> bytes:
    """What is made up for a file of sound, as it is sent."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


# Its plugin for pytest does not know pytest 9 yet: its parts are put together here.
GROUPS = sorted({one.group for one in OPERATIONS.values()})
WRITTEN = {f"/api{one.path}" for one in OPERATIONS.values()}
PUT_TOGETHER = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> DeskUnderTest:
    made = make_desk(tmp_path_factory.mktemp("conformance"), api_rate=1_000_000)
    call = add_call(made)
    add_complaint(made, call_id=call, recording_id=add_recording(made, call))
    with made.database.begin() as session:
        call_backs.create(
            session, call_id=call, number="13800138000", reason="nobody", now=made.clock()
        )
    return made


@pytest.fixture(scope="module")
def authorization(desk: DeskUnderTest) -> dict[str, str]:
    """One that may do everything."""
    with desk.database.begin() as session:
        token = tokens.create(
            session,
            "schemathesis",
            who="tests",
            now=desk.clock(),
            role=Role.ADMINISTRATOR,
            scopes=SCOPES,
            whole_numbers=True,
        )
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def promised(desk: DeskUnderTest) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", desk.app)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("group", GROUPS)
def test_every_answer_is_one_that_the_document_promises(
    desk: DeskUnderTest,
    promised: schemathesis.BaseSchema,
    authorization: dict[str, str],
    group: str,
    mode: GenerationMode,
) -> None:
    for one in (one for one in OPERATIONS.values() if one.group == group):
        described = promised[f"/api{one.path}"][one.method]
        if mode is GenerationMode.NEGATIVE and not (one.parts or one.query or one.body):
            continue  # there is nothing to send wrongly

        @PUT_TOGETHER
        @given(case=described.as_strategy(generation_mode=mode))
        def holds(case: Case) -> None:
            # A check sends wrong tokens, too, and many of them in ten minutes shut an address out.
            desk.clock.move(seconds=10)
            if case.formatted_path != case.path and case.formatted_path in WRITTEN:
                return  # a made-up part spells another operation: /calls/live is no call
            case.call_and_validate(headers=authorization, checks=CHECKS.get_all())

        holds()
