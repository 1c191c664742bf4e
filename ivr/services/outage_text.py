"""The words of an outage notice where staff wrote none in the caller's language.

An English caller must not hear silence, or Chinese read by an English voice,
because the notice was written in a hurry: kind, area and times say enough.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from ivr.records.tables import Outage, UtilityKind

_ZH: dict[UtilityKind, str] = {
    UtilityKind.ELECTRICITY: "停电",
    UtilityKind.WATER: "停水",
    UtilityKind.GAS: "停气",
    UtilityKind.HEAT: "停暖",
    UtilityKind.TELEPHONE: "电话中断",
}
_EN: dict[UtilityKind, str] = {
    UtilityKind.ELECTRICITY: "Power cut",
    UtilityKind.WATER: "Water supply interrupted",
    UtilityKind.GAS: "Gas supply interrupted",
    UtilityKind.HEAT: "Heating interrupted",
    UtilityKind.TELEPHONE: "Telephone service interrupted",
}


def notice_text(outage: Outage, area: str, language: str, zone: tzinfo) -> str:
    """What staff wrote in `language`, else a sentence from kind, area and times."""
    written = outage.text_zh if language == "zh-CN" else outage.text_en
    if written:
        return written
    starts = outage.starts_at.astimezone(zone)
    ends = outage.ends_at.astimezone(zone) if outage.ends_at else None
    if language == "zh-CN":
        until = f"，预计{zh_time(ends)}恢复" if ends else ""
        return f"{area}{_ZH[outage.kind]}，{zh_time(starts)}开始{until}。"
    until = f", expected to end on {en_time(ends)}" if ends else ""
    return f"{_EN[outage.kind]} in {area}, from {en_time(starts)}{until}."


def zh_time(at: datetime) -> str:
    """A moment in a sentence: 11月22日20点."""
    minute = f"{at.minute}分" if at.minute else ""
    return f"{at.month}月{at.day}日{at.hour}点{minute}"


# Not strftime("%B"): its words follow the server's locale.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def en_time(at: datetime) -> str:
    """The same: 22 November at 20:00."""
    return f"{at.day} {_MONTHS[at.month - 1]} at {at.hour}:{at.minute:02d}"
