"""A caller to whom the line is too fast and too soft, on a live call."""

import numpy as np
import pytest

from prompts.clause import SLOW_TEMPO
from prompts.compose import compose
from tests.line.harness import RunningLine
from tests.line.heard import RATE_HZ, Clip, find, in_order
from tests.line.jobs import Town
from tests.line.phone import Phone

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("line"), pytest.mark.timeout(150)]

LANGUAGE = "zh-CN"
FRAME = 160
PAUSES_FRAMES = 75
"""What lies between the clips, and a little."""


def slowly(town: Town, prompt: str, values: dict[str, object] | None = None) -> list[Clip]:
    clauses = compose(town.catalogue, prompt, LANGUAGE, values or {})  # type: ignore[arg-type]
    return [town.clip(clause.at(SLOW_TEMPO)) for clause in clauses]


def heard_after(phone: Phone, key: str, clips: list[Clip]) -> np.ndarray:
    """What is heard once the key is pressed, as long as the clips take; they are in it."""
    before = phone.sound.packets
    phone.press(key)
    wanted = before + sum(len(clip.samples) for clip in clips) // FRAME + PAUSES_FRAMES
    phone.sound.until(lambda: phone.sound.packets >= wanted, "all of the clips", 60.0)
    heard = phone.sound.samples()[before * FRAME :]
    in_order(heard, clips)
    return heard


def gain_db(heard: np.ndarray, clip: Clip) -> float:
    """How much louder the clip was heard than it is in the store."""
    at = int(find(heard, clip).start_s * RATE_HZ)
    size = min(len(clip.samples), RATE_HZ // 2)
    start = len(clip.samples) // 3
    piece = clip.samples[start : start + size]
    scores = [
        heard[at + start + shift : at + start + shift + len(piece)] @ piece
        for shift in range(-200, 200)
    ]
    return float(20 * np.log10(max(scores) / (piece @ piece)))


@pytest.mark.parametrize("codec", [0, 8], ids=["PCMU", "PCMA"])
def test_slower_and_louder_from_a_key_on_to_the_end_of_the_call(
    line: RunningLine, town: Town, codec: int
) -> None:
    number = f"1350000000{codec}"
    bill = town.lookup("bills.find", LANGUAGE, account="880123")
    menu = town.clips("main_menu", LANGUAGE, {})
    slow_menu = slowly(town, "main_menu")
    slow_bill = slowly(
        town,
        "bill_found",
        {name: bill[name] for name in town.catalogue.prompt("bill_found").slots},
    )
    with Phone(line.sip_port, number=number, codecs=(codec,)) as phone:
        phone.call()
        phone.press("1")
        phone.sound.until_heard(menu[:1])
        slower = heard_after(phone, "7", [*slowly(town, "speaking_slower"), slow_menu[0]])
        assert abs(gain_db(slower, slow_menu[0])) < 1.0
        louder = heard_after(phone, "8", [*slowly(town, "speaking_louder"), slow_menu[0]])
        assert gain_db(louder, slow_menu[0]) == pytest.approx(6.0, abs=1.0)
        phone.press("1880123#")
        phone.sound.until_heard(slow_bill[1:2], 30.0)  # the amount, made slower there and then
        phone.sound.until_heard(slow_bill[-1:], 30.0)
        in_order(phone.sound.samples(), slow_bill[:-1])
        phone.hang_up()
    call = line.until_row(
        "SELECT * FROM calls WHERE caller = ? AND ended_at IS NOT NULL", number, limit_s=20.0
    )
    steps = line.rows("SELECT outcome FROM call_steps WHERE call_id = ?", call["id"])
    outcomes = [row["outcome"] for row in steps]
    assert "slower" in outcomes
    assert "louder" in outcomes
