"""From the click at the desk to the first new call that hears the announcement.

    python -m bench.announcement_delay [repeats]

A real line, and calls that begin every 50 ms from the click on. A call has heard the
announcement where the first sound after the answer is its first clause, sample by sample.
`first` is when the first call began that heard it, `all` when the last one began that did not;
both in seconds after the click (the POST being sent). The sound is made before, as by hearing it
on the page. With IVR_BENCH_CLAUSES naming a folder of rendered clauses, what is there is used.
"""

import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

from prompts.compose import compose_text
from tests.line.desk import DeskClient
from tests.line.harness import RunningLine, running
from tests.line.heard import Clip, find
from tests.line.jobs import Town
from tests.line.phone import Phone

WORDS = {"words_zh": "河水正在上涨。", "words_en": "The river is rising."}
EVERY_S = 0.05
WATCHED_S = 2.5
HEARD_S = 1.5
FIRST_RTP_PORT = 27000


def call(line: RunningLine, clip: Clip, begun_at: float, results: list[tuple[float, bool]]) -> None:
    """One call: whether it begins with the clip."""
    with Phone(line.sip_port, number="13800137100") as phone:
        phone.call()
        assert phone.sound is not None
        limit = time.monotonic() + 20
        while phone.sound.packets < HEARD_S * 50 and time.monotonic() < limit:
            with phone.sound.changed:
                phone.sound.changed.wait(1.0)
        results.append((begun_at, find(phone.sound.samples(), clip).share >= 0.8))
        phone.hang_up()


def once(line: RunningLine, desk: DeskClient, clip: Clip) -> tuple[float, float]:
    """Click, and call until it is heard; then end it, and wait until nobody hears it."""
    results: list[tuple[float, bool]] = []
    threads = []
    clicked = time.monotonic()
    posting = threading.Thread(
        target=desk.post,
        args=("/announcements/",),
        kwargs={**WORDS, "until": "30", "manner": "go_on"},
    )
    posting.start()
    while (at := time.monotonic() - clicked) < WATCHED_S:
        thread = threading.Thread(target=call, args=(line, clip, at, results))
        thread.start()
        threads.append(thread)
        time.sleep(EVERY_S)
    for thread in (posting, *threads):
        thread.join()
    heard = [at for at, did in results if did]
    not_heard = [at for at, did in results if not did]
    for one in desk.json("/announcements/state")["announcements"]:
        desk.post(f"/announcements/{one['id']}/end", done="1")
    # Between two repeats, so that they do not keep step with the line, which looks twice a second.
    time.sleep(1.2 + random.random())
    return min(heard, default=float("inf")), max(not_heard, default=0.0)


def main() -> None:
    """Repeat, and print."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory(prefix="ivr-announcement-") as folder:
        clauses = Path(os.environ.get("IVR_BENCH_CLAUSES", f"{folder}/clauses"))
        clauses.mkdir(exist_ok=True)
        with running(RunningLine(Path(folder) / "var", clauses, FIRST_RTP_PORT)) as line:
            desk = DeskClient(line)
            desk.json("/announcements/prepare", **WORDS)
            town = Town(line.settings)
            clause = compose_text(WORDS["words_zh"], "zh-CN", town.catalogue.manner)[0]
            found = [once(line, desk, town.clip(clause)) for _ in range(repeats)]
    firsts, lasts = sorted(one for one, _ in found), sorted(one for _, one in found)
    for name, values in (("first", firsts), ("all", lasts)):
        p95 = values[min(len(values) - 1, round(0.95 * len(values)))]
        print(
            f"{name}: median {values[len(values) // 2]:.2f} s, p95 {p95:.2f} s, "
            f"worst {values[-1]:.2f} s of {len(values)}"
        )


if __name__ == "__main__":
    main()
