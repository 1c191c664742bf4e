"""Numbers in addresses that no row can have."""

from __future__ import annotations

import pytest

from tests.admin_web.builders import DeskUnderTest


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**63, int("9" * 300)])
@pytest.mark.parametrize("page", ["/flows/-/scenarios/{}", "/bills/imports/{}"])
def test_a_row_that_cannot_be_is_not_found(desk: DeskUnderTest, page: str, number: int) -> None:
    """Found by fuzzing: a number larger than the database's raised, and the page was a 500."""
    assert desk.as_("administrator").get(page.format(number)).status_code == 404
