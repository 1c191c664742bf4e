"""Every word the line writes into the database has a name on the pages."""

from __future__ import annotations

from enum import Enum

import pytest

from admin_web import names
from admin_web.roles import ROLE_NAMES
from call_flows.nodes import NAMES
from ivr.records import tables

TABLES: dict[type[Enum], dict] = {
    tables.EndedBy: names.ENDED_BY,
    tables.ComplaintState: names.COMPLAINT_STATE,
    tables.UtilityKind: names.UTILITY,
    tables.BillState: names.BILL_STATE,
    tables.RecordingKind: names.RECORDING_KIND,
    tables.RecordingState: names.RECORDING_STATE,
    tables.CallBackState: names.CALL_BACK_STATE,
    tables.Role: ROLE_NAMES,
}


@pytest.mark.parametrize("words", TABLES, ids=lambda words: words.__name__)
def test_every_word_of_a_table_has_a_name_and_no_name_is_for_nothing(words: type[Enum]) -> None:
    assert set(TABLES[words]) == {word.value for word in words}


def test_every_kind_of_node_has_a_name() -> None:
    assert set(names.STEP_KIND) == set(NAMES.values())


def test_a_word_without_a_name_is_shown_as_it_is() -> None:
    assert names.word("brand_new", "step_outcome") == "brand_new"
