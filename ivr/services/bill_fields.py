"""One line of a bill file: what each column is called, and how each cell is read.

Column names and words are accepted in Chinese and English; digits and signs
also full-width, as Chinese input methods write them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ivr.records.tables import BillState, UtilityKind
from ivr.services.errors import ServiceError

MAX_AMOUNT = Decimal("9999999999.99")


class CellError(ServiceError, ValueError):
    """Why a cell is not accepted."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """What one line says."""

    account: str
    kind: UtilityKind
    period: str
    amount: Decimal
    due_on: date
    state: BillState
    holder: str
    query_code: str | None


# field -> names a header may use for it; compared without case, blanks and underscores
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "account": (
        *("account", "account number", "户号", "用户号", "账号", "缴费户号", "客户编号"),
        *("account no", "account no.", "customer number", "用户编号", "客户号", "缴费号"),
    ),
    "kind": (
        *("kind", "type", "service", "类别", "种类", "类型", "缴费类别", "费用类别"),
        *("supply", "费用种类", "缴费项目", "项目"),
    ),
    "period": (
        *("period", "month", "账期", "月份", "费用月份", "账单月份"),
        *("billing month", "billing period", "所属月份", "计费月份", "用量月份"),
    ),
    "amount": (
        *("amount", "amount due", "金额", "应缴金额", "欠费金额", "应收金额"),
        *("total", "应付金额", "本期金额", "合计金额", "应缴费用"),
    ),
    "due_on": (
        *("due on", "due", "due date", "截止日期", "缴费截止日期", "最后缴费日", "到期日"),
        *("pay by", "缴费期限", "截止日", "应缴日期", "缴费截止日"),
    ),
    "state": ("state", "status", "状态", "缴费状态", "账单状态", "是否缴费"),
    "holder": ("holder", "name", "户名", "姓名", "客户名称", "用户名称", "customer name"),
    "query_code": ("query code", "code", "查询码", "查询密码", "查询口令"),
}
REQUIRED = ("account", "kind", "period", "amount", "due_on")

_KINDS: Mapping[UtilityKind, tuple[str, ...]] = {
    UtilityKind.ELECTRICITY: ("electricity", "power", "电", "电费", "电力", "供电"),
    UtilityKind.WATER: ("water", "水", "水费", "自来水", "供水"),
    UtilityKind.GAS: ("gas", "气", "燃气", "燃气费", "天然气", "煤气"),
    UtilityKind.HEAT: ("heat", "heating", "热", "暖", "暖气", "供暖", "供热", "取暖费", "热费"),
    UtilityKind.TELEPHONE: ("telephone", "phone", "电话", "电话费", "话费", "固定电话"),
}
_STATES: Mapping[BillState, tuple[str, ...]] = {
    BillState.UNPAID: ("unpaid", "due", "overdue", "未缴", "未缴费", "欠费", "待缴", "未付"),
    BillState.PAID: ("paid", "已缴", "已缴费", "已缴清", "缴清", "已付"),
}
_SHOWN_KINDS = [f"{kind.value} ({names[-1]})" for kind, names in _KINDS.items()]
_KIND_OF = {word: kind for kind, names in _KINDS.items() for word in names}
_STATE_OF = {word: state for state, names in _STATES.items() for word in names}


def plain(text: str) -> str:
    """A cell without blanks around it, full-width forms made ordinary, and no `'` of a sheet."""
    return unicodedata.normalize("NFKC", text).strip().removeprefix("'").strip()


def header_name(text: str) -> str:
    """A column's name as `COLUMNS` is searched."""
    return re.sub(r"[\s_]+", "", plain(text).casefold())


def read_account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{3,20}", text):
        raise CellError("%(text)r is not an account number of 3 to 20 digits", text=text)
    return text


def read_kind(text: str) -> UtilityKind:
    kind = _KIND_OF.get(text.casefold())
    if kind is None:
        raise CellError("%(text)r is none of %(known)s", text=text, known=", ".join(_SHOWN_KINDS))
    return kind


def read_period(text: str) -> str:
    # A spreadsheet makes the first day of a month of 2026-11.
    match = re.fullmatch(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})(?:月|[-/.]0?1)?|([0-9]{2}))", text)
    month = int(match[2] or match[3]) if match else 0
    if match is None or not 1 <= month <= 12:
        raise CellError("%(text)r is not a month such as 2026-11", text=text)
    return f"{match[1]}-{month:02d}"


def read_amount(text: str) -> Decimal:
    bare = text.removeprefix("¥").removesuffix("元").strip()
    if not re.fullmatch(r"(?:[0-9]{1,10}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.[0-9]{1,2}0*)?", bare):
        raise CellError("%(text)r is not an amount such as 128.50", text=text)
    amount = Decimal(bare.replace(",", "")).quantize(Decimal("0.01"))
    if amount > MAX_AMOUNT:
        raise CellError("%(text)r is more than %(most)s", text=text, most=MAX_AMOUNT)
    return amount


def read_date(text: str) -> date:
    match = re.fullmatch(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", text)
    match = match or re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
    try:
        if match is None:
            raise ValueError
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise CellError("%(text)r is not a date such as 2026-12-05", text=text) from None


def read_state(text: str) -> BillState:
    if not text:
        return BillState.UNPAID
    state = _STATE_OF.get(text.casefold())
    if state is None:
        raise CellError("%(text)r is neither unpaid (未缴) nor paid (已缴)", text=text)
    return state


def read_holder(text: str) -> str:
    if len(text) > 80:
        raise CellError("a name has at most 80 characters")
    return "".join(c for c in text if c.isprintable())


def read_query_code(text: str) -> str | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{4,8}", text):
        # The code itself must not reach a log or a report.
        raise CellError("a query code is 4 to 8 digits")
    return text


READERS: Mapping[str, Callable[[str], object]] = {
    "account": read_account,
    "kind": read_kind,
    "period": read_period,
    "amount": read_amount,
    "due_on": read_date,
    "state": read_state,
    "holder": read_holder,
    "query_code": read_query_code,
}
