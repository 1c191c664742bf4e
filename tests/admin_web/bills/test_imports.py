"""Files of bills: uploaded, columns chosen, looked at, stored, undone."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from werkzeug.test import TestResponse

from admin_web.bills import working
from tests.admin_web.browsing import NEEDS_CHROMIUM, sign_in
from tests.admin_web.builders import DeskUnderTest, Visitor

HEADER = "account,kind,period,amount,due_on,state\n"
GOOD = "990001,gas,2026-11,45.60,2026-12-20,unpaid\n"
BAD = "99x,gas,2026-13,=1+1,2026-12-20,unpaid\n"
CHOSEN = {f"column-{name}": str(at) for at, name in enumerate(HEADER.strip().split(","))}


def upload(
    visitor: Visitor, content: str | bytes, name: str = "bills.csv", **more: str
) -> TestResponse:
    data = content.encode() if isinstance(content, str) else content
    return visitor.post("/bills/import", {"file": (io.BytesIO(data), name), **more})


def checked(desk: DeskUnderTest, visitor: Visitor, content: str, **chosen: str) -> str:
    """The page of a file that was uploaded and checked as a whole."""
    place = upload(visitor, content).location
    answer = visitor.post(place + "/columns", {**CHOSEN, "check": "1", **chosen})
    assert answer.status_code == 302, answer.text
    finish(desk)
    return place


def finish(desk: DeskUnderTest) -> None:
    with desk.app.app_context():
        working.join()


def stored(desk: DeskUnderTest, visitor: Visitor, content: str, **given: str) -> str:
    place = checked(desk, visitor, content)
    assert visitor.post(place + "/store", given).status_code == 302
    finish(desk)
    return place


def counts(page: str) -> list[str]:
    return [part.split("</dd>")[0] for part in page.split("<dd>")[1:]]


def test_nothing_is_imported_before_it_was_seen_and_good_lines_are_kept(
    desk: DeskUnderTest,
) -> None:
    visitor = desk.as_("administrator").english()
    place = checked(desk, visitor, HEADER + GOOD + BAD)
    page = visitor.get(place).text
    assert counts(page)[:5] == ["2", "1", "0", "0", "1"]
    assert "is not an account number" in page
    assert "No account fits" in visitor.get("/bills/?text=990001").text
    assert visitor.post(place + "/store").status_code == 302
    finish(desk)
    assert "45.60 yuan" in visitor.get("/bills/?text=990001").text
    assert "Imported" in visitor.get("/bills/import").text
    assert not list((desk.state_dir / "uploads").iterdir())


def test_all_or_nothing_keeps_nothing_where_one_line_is_bad(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    place = checked(desk, visitor, HEADER + GOOD + BAD)
    answer = visitor.post(place + "/store", {"all_or_nothing": "y"})
    assert answer.status_code == 422
    assert "all or nothing was chosen" in answer.text
    assert "No account fits" in visitor.get("/bills/?text=990001").text


def test_wrong_lines_can_be_taken_away_without_a_formula_in_them(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    place = checked(desk, visitor, HEADER + GOOD + BAD)
    answer = visitor.get(place + "/wrong-lines.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0][:3] == ["Line", "What is wrong", "account"]
    assert len(rows) == 2
    assert rows[1][0] == "3"
    assert rows[1][5] == "'=1+1"


def test_an_import_is_undone_to_what_was_there(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    stored(desk, visitor, HEADER + GOOD)
    text = HEADER + GOOD.replace("45.60", "99.00") + GOOD.replace("990001", "990002")
    place = stored(desk, visitor, text)
    assert counts(visitor.get(place).text)[1:4] == ["1", "1", "0"]
    assert "99.00 yuan" in visitor.get("/bills/?text=990001").text
    assert visitor.post(place + "/undo").status_code == 302
    finish(desk)
    assert "45.60 yuan" in visitor.get("/bills/?text=990001").text
    assert "No account fits" in visitor.get("/bills/?text=990002").text
    assert "Undone" in visitor.get(place).text


def test_undoing_is_refused_where_a_later_import_overlaps(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    first = stored(desk, visitor, HEADER + GOOD)
    stored(desk, visitor, HEADER + GOOD.replace("45.60", "99.00"))
    answer = visitor.post(first + "/undo")
    assert answer.status_code == 422
    assert "1 bills of this import were changed by import 2 since" in answer.text
    assert "99.00 yuan" in visitor.get("/bills/?text=990001").text


CHINESE = "用户编号,户名,应缴金额(元),缴费截止日\r\n990001,张三,45.60,2026年12月20日\r\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_columns_are_guessed_and_the_rest_is_one_value_for_all_lines(
    desk: DeskUnderTest, encoding: str
) -> None:
    visitor = desk.as_("administrator")
    place = upload(visitor, CHINESE.encode(encoding), "账单.csv", source="城南供电所").location
    page = visitor.get(place).text
    for name, at in (("account", 0), ("holder", 1), ("amount", 2), ("due_on", 3)):
        select = page.split(f'name="column-{name}"')[1].split("</select>")[0]
        assert f'value="{at}" selected' in select
    chosen = {"column-account": "0", "column-holder": "1", "column-amount": "2"} | {
        "column-due_on": "3",
        "column-kind": "=",
        "fixed-kind": "electricity",
        "source": "城南供电所",
    }
    refused = visitor.post(place + "/columns", {**chosen, "check": "1"})
    assert refused.status_code == 422
    assert "账期" in refused.text
    chosen |= {"column-period": "=", "fixed-period": "2026-11"}
    again = visitor.post(place + "/columns", chosen)
    assert "45.60 元" in visitor.get(again.location).text
    visitor.post(place + "/columns", {**chosen, "check": "1"})
    finish(desk)
    visitor.post(place + "/store")
    finish(desk)
    assert "张三" in visitor.get("/bills/?text=990001").text
    # The next file of this source, its columns in another order.
    turned = "户名,用户编号,缴费截止日,应缴金额(元)\n张三,990001,2027-01-20,50\n"
    page = visitor.get(upload(visitor, turned, source="城南供电所").location).text
    select = page.split('name="column-account"')[1].split("</select>")[0]
    assert 'value="1" selected' in select
    select = page.split('name="fixed-kind"')[1].split("</select>")[0]
    assert 'value="electricity" selected' in select


def test_a_workbook_is_read_as_a_csv_file_is(desk: DeskUnderTest) -> None:
    book = Workbook()
    for row in (HEADER.strip().split(","), [990001, "gas", "2026-11", 45.6, "2026-12-20", "paid"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    visitor = desk.as_("administrator").english()
    page = visitor.get(upload(visitor, file.getvalue(), "bills.xlsx").location).text
    assert "45.60 yuan" in page


def test_what_is_no_such_file_is_told_and_not_kept(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    assert "Choose a file." in visitor.post("/bills/import").text
    for content in (
        b"\x89PNG\x00\xff\xfe\x00",
        b"",
        b"PK\x03\x04nothing",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ):
        answer = upload(visitor, content, "../../x.csv")
        assert answer.status_code == 422
        assert 'class="errors"' in answer.text
    assert not list((desk.state_dir / "uploads").iterdir())


def test_a_file_given_up_leaves_nothing(desk: DeskUnderTest) -> None:
    visitor = desk.as_("administrator").english()
    place = checked(desk, visitor, HEADER + GOOD)
    assert visitor.post(place + "/drop").status_code == 302
    assert not list((desk.state_dir / "uploads").iterdir())
    assert visitor.post(place + "/store").status_code == 422


@NEEDS_CHROMIUM
def test_a_file_goes_in_and_out_again_in_a_browser(
    page: Any, desk: DeskUnderTest, tmp_path: Path
) -> None:
    path = tmp_path / "电费.csv"
    lines = [f"99{n:04d},45.60,2026-12-20" for n in range(1200)]
    path.write_text("户号,金额,截止日期\n" + "\n".join([*lines, "abc,1,2026-12-20"]))
    sign_in(page, "administrator", "/bills/import")
    page.set_input_files("[name=file]", path)
    page.fill("[name=source]", "供电公司")
    page.click("main form.sheet button[type=submit]")
    page.select_option("#column-kind", "=")
    page.select_option("[name=fixed-kind]", "electricity")
    page.select_option("#column-period", "=")
    page.fill("[name=fixed-period]", "2026-11")
    page.click("button[name=check]")
    page.click("text=导入 1,200 行")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=撤销这次导入")
    page.wait_for_selector("text=每张账单都恢复原样")
