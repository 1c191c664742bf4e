# ruff: noqa: E501 - steps in long lines
"""What callers of the bench's year do, and what they say: ways through the line, sentences."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    flow: str
    node: str
    kind: str
    digits: str
    outcome: str


class Way(NamedTuple):
    """A way through the line; `share` of 10 000 calls; outcomes as `call_outcomes` judges them."""

    share: int
    outcome: str
    ended_by: str
    steps: tuple[Step, ...]


GREETING = Step("main", "greeting", "menu", "1", "match")
MANDARIN = Step("main", "mandarin", "language", "", "next")


def _menu(key: str, outcome: str = "match") -> Step:
    return Step("main", "menu", "menu", key, outcome)


_ACCOUNT = Step("bills", "ask_account", "ask", "880123", "match")
_TELL = Step("bills", "tell", "say", "", "next")
_CATEGORY = Step("complaint", "category", "menu", "3", "match")
_SPEAK = Step("complaint", "speak", "record", "", "recorded")
WAYS: tuple[Way, ...] = (
    Way(2200, "self_served", "caller", (
        GREETING, MANDARIN, _menu("1"), _ACCOUNT, Step("bills", "look_up", "lookup", "", "found"),
        _TELL, Step("bills", "after", "menu", "", "hang_up"))),
    Way(500, "self_served", "line", (
        GREETING, MANDARIN, _menu("1"), _ACCOUNT,
        Step("bills", "look_up", "lookup", "", "nothing_owed"),
        Step("bills", "tell_nothing_owed", "say", "", "next"))),
    Way(1500, "self_served", "caller", (
        GREETING, MANDARIN, _menu("2"), Step("outages", "menu", "menu", "1", "match"),
        Step("outages", "look_up", "lookup", "", "found"),
        Step("outages", "notices", "list", "", "hang_up"))),
    Way(1000, "self_served", "line", (
        GREETING, MANDARIN, _menu("3"), _CATEGORY, _SPEAK,
        Step("complaint", "confirm", "menu", "1", "match"),
        Step("complaint", "submit", "file_complaint", "", "filed"),
        Step("complaint", "ticket", "say", "", "next"),
        Step("complaint", "after", "menu", "", "hang_up"))),
    Way(600, "self_served", "caller", (
        GREETING, MANDARIN, _menu("4"), Step("progress", "ask_ticket", "ask", "********", "match"),
        Step("progress", "ask_last4", "ask", "****", "match"),
        Step("progress", "look_up", "lookup", "", "found"),
        Step("progress", "tell", "say", "", "hang_up"))),
    Way(1400, "person", "transfer", (
        GREETING, MANDARIN, _menu("0"), Step("person", "connect", "transfer", "", "answered"))),
    Way(500, "message", "line", (
        GREETING, MANDARIN, _menu("0"), Step("person", "connect", "transfer", "", "no_answer"),
        Step("person", "offer", "menu", "1", "match"), Step("person", "speak", "record", "", "recorded"),
        Step("person", "submit", "call_back", "", "filed"))),
    Way(900, "abandoned", "caller", (Step("main", "greeting", "menu", "", "hang_up"),)),
    Way(700, "abandoned", "caller", (GREETING, MANDARIN, _menu("", "hang_up"))),
    Way(250, "abandoned", "caller", (
        GREETING, MANDARIN, _menu("1"), Step("bills", "ask_account", "ask", "", "hang_up"))),
    Way(100, "fault", "error", (
        GREETING, MANDARIN, _menu("1"), _ACCOUNT,
        Step("bills", "look_up", "lookup", "", "error"))),
    Way(6, "self_served", "line", (
        GREETING, MANDARIN, _menu("5"), Step("guides", "menu", "menu", "5", "match"),
        Step("guides", "business_licence", "menu", "", "hang_up"))),
    Way(4, "fault", "crash", (GREETING, MANDARIN, _menu("", ""))),
    Way(340, "unanswered", "caller", ()),
)  # fmt: skip
PLACES = ("东街", "南门路", "工农新村", "人民广场", "幸福小区", "长乐路", "中山路", "解放桥", "滨河公园",
           "第一小学", "菜市场", "火车站", "文化宫", "龙腾花园", "阳光家园", "科技园", "老年公寓", "汽修厂",
           "三里屯", "北郊")  # fmt: skip
MATTERS = ("路灯不亮", "垃圾没有人清运", "自来水发黄", "半夜施工太吵", "井盖丢失", "天然气收费不对", "暖气不热",
            "停车位被占", "下水道堵塞", "公交车不停站", "树枝挡住信号灯", "商家乱收费", "电梯经常坏",
            "物业不处理", "网络断断续续", "墙面脱落")  # fmt: skip
WISHES = (
    "请尽快派人来看",
    "已经反映过两次",
    "希望给个答复",
    "老人出行不方便",
    "上个月就开始了",
    "谢谢你们",
)


def sentences() -> list[str]:
    """Each once; what a recogniser would have written."""
    return [
        f"我住在{place}，这里{matter}，{wish}。"
        for place in PLACES
        for matter in MATTERS
        for wish in WISHES
    ]
