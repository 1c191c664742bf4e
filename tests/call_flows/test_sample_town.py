"""The default line asks the real services of the sample town, and every prompt can be composed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from call_flows import CallFacts, default_texts, load, simulate
from call_flows.instructions import CreateCallBack, FileComplaint
from ivr.records import Database, migrate
from ivr.records.tables import Complaint
from ivr.services import complaints, lookups, sample_town
from prompts.catalogue import Catalogue
from prompts.compose import compose

LINE = load(default_texts())
CATALOGUE = Catalogue.load_folder(Path(__file__).parents[2] / "prompts" / "text")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

Dial = Callable[..., str]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A fresh sample town."""
    url = f"sqlite:///{tmp_path / 'town.db'}"
    migrate(url)
    database = Database(url)
    with database.begin() as session:
        assert sample_town.load(session, NOW)
    return database


@pytest.fixture
def dial(database: Database) -> Dial:
    """Holds a scripted call; returns everything that was said."""

    def ask(service: str, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        with database.begin() as session:
            found = lookups.run(session, service, arguments, NOW)
        return found.name, found.values

    def say(prompt: str, slots: Mapping[str, Any], language: str) -> str:
        clauses = compose(CATALOGUE, prompt, language, slots)
        return "".join(clause.text for clause in clauses)

    def hold(keys: str, *, file: Callable[..., str] | None = None) -> str:
        written: list[str] = []
        simulate(
            LINE,
            say=say,
            lookups=ask,
            keys=keys,
            out=written.append,
            call=CallFacts("13800138000", "12345"),
            file=file,
        )
        assert not [line for line in written if line.startswith("    !")]
        return "\n".join(line for line in written if not line.startswith("    "))

    return hold


def test_the_bill_of_the_sample_account_is_heard_in_both_languages(dial: Dial) -> None:
    heard = dial("1 1 880123# *")
    assert "一百二十八" in heard
    assert "待缴费" in heard
    heard = dial("2 1 880123# *")
    assert "one hundred" in heard
    assert "electricity" in heard


def test_the_protected_account_opens_with_its_code_and_locks_after_three_wrong_ones(
    dial: Dial,
) -> None:
    assert "三十六" in dial("1 1 880456# 4321# *")
    heard = dial("1 1 880456# 1111# 2222# 3333# *")
    assert "密码不正确" in heard
    assert "密码输错次数太多" in heard


def test_nothing_is_owed_on_the_third_account(dial: Dial) -> None:
    assert "没有欠费" in dial("1 1 880789# *")


def test_current_notices_are_heard_one_by_one_and_the_ended_one_is_not(dial: Dial) -> None:
    heard = dial("1 2 1 1 1 *")
    assert "人民路" in heard
    assert "滨湖小区" in heard
    assert "西山乡" not in heard
    assert "后面没有通知了" in heard
    assert "East Lake" in dial("2 2 1 1")
    assert "没有这个区域代码" in dial("1 2 2 99#")
    assert "这个区域当前没有" in dial("1 2 2 03#")


def test_the_menu_of_categories_is_that_of_the_records(dial: Dial, database: Database) -> None:
    chosen: dict[int, str] = {}
    for key in range(1, 7):
        filed: list[FileComplaint | CreateCallBack] = []
        dial(f"1 3 {key} speak 1 1", file=lambda one, filed=filed: filed.append(one) or "1")
        assert isinstance(filed[0], FileComplaint)
        chosen[key] = filed[0].category
    with database.begin() as session:
        known = {row.position: row.code for row in complaints.categories(session)}
    assert chosen == known


def test_progress_of_a_sample_complaint_is_heard(dial: Dial, database: Database) -> None:
    with database.begin() as session:
        rows = [(row.ticket, row.callback_number) for row in session.scalars(select(Complaint))]
    assert rows
    for ticket, number in rows:
        for language, word in (("1", "您的投诉"), ("2", "Your complaint")):
            heard = dial(f"{language} 4 {ticket}# {number[-4:]} *")
            assert word in heard
    assert "没有找到这个工单" in dial(f"1 4 {rows[0][0]}# 9999")
