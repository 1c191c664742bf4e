"""What the voice process weighs, and how fast it speaks: `python -m bench.voice.memory [--long N]`.

Starts the process as the line does, has it say short and long clauses in both languages,
and prints a table of its resident memory (RSS), of its own share of it (PSS: pages that
other processes map as well are divided), and of the highest it ever was. Then the time a
clause of each length takes, no clause twice. One JSON object with `--json`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path

from prompts.clause import Clause
from prompts.compose import compose_text
from prompts.renderer import AHEAD, default_renderer
from prompts.store import ClauseStore
from prompts.voice_client import VoiceClient
from prompts.voice_server import serve

_WORDS = "城南新村一号楼因设备检修今天下午停水停电恢复供应时间请留意通知感谢配合"
_SENTENCE = "Because of maintenance the water is off in Chengnan New Village from nine to six, "
_NOTICE = (
    "因{0}号线路检修，城南新村一号楼至十二号楼、北港镇老街、长乐路沿线，今天下午两点至晚上六点停电，"
    "请提前做好准备，贵重电器请拔掉插头，电梯停止运行，请走楼梯，如有疑问，请拨打12345，谢谢配合。"
)


def run(folder: Path) -> None:
    """The voice process, patient: what is measured is the voice, not the machine's other work."""
    store = ClauseStore(folder / "store")
    renderer = default_renderer(store)
    renderer.patience = AHEAD
    serve(folder / "voice.sock", store, renderer)


def memory_mib(pid: int) -> dict[str, int]:
    """RSS, PSS and the highest RSS of a process."""
    found: dict[str, int] = {}
    for file in ("smaps_rollup", "status"):
        for line in Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in ("Rss", "Pss", "VmHWM"):
                found[name] = int(rest.split()[0]) // 1024
    return {"rss": found["Rss"], "pss": found["Pss"], "highest": found["VmHWM"]}


def mandarin(length: int, at: int) -> Clause:
    """A clause of `length` characters without a mark, another for each `at`."""
    text = "".join(_WORDS[(at * 31 + 11 * place) % len(_WORDS)] for place in range(length))
    return Clause(text, "zh-CN")


def measure(client: VoiceClient, pid: int, times: int, long: int) -> dict[str, dict[str, float]]:
    """The rows of the table, by what was said before."""
    client.render(Clause("Hello there.", "en"))
    client.render(Clause("您好。", "zh-CN"))
    rows: dict[str, dict[str, float]] = {"both voices loaded": {**memory_mib(pid)}}
    taken = []
    for at in range(times):
        for clause in compose_text(_NOTICE.format(at), "zh-CN"):
            start = time.perf_counter()
            client.render(clause)
            taken.append((time.perf_counter() - start) * 1000)
    rows[f"zh-CN, a clause of a notice of {len(_NOTICE)} characters"] = _row(pid, taken)
    for length in (8, 20, 40, 60, 120):
        taken = []
        for at in range(times):
            start = time.perf_counter()
            client.render(mandarin(length, at))
            taken.append((time.perf_counter() - start) * 1000)
        rows[f"zh-CN, {length} characters without a mark"] = _row(pid, taken)
    for many in (1, 3):
        taken = []
        for at in range(times):
            start = time.perf_counter()
            client.render(Clause(f"Notice {at}. " + _SENTENCE * many, "en"))
            taken.append((time.perf_counter() - start) * 1000)
        rows[f"en, {len(_SENTENCE.split()) * many} words"] = _row(pid, taken)
    if long:
        for at in range(long):
            client.render(mandarin(4 + 7 * at % 57, at + times))
        rows[f"{long} clauses more, 4 to 60 characters"] = {**memory_mib(pid)}
    return rows


def _row(pid: int, taken: list[float]) -> dict[str, float]:
    return {**memory_mib(pid), "ms": round(statistics.median(taken))}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.voice.memory", description=__doc__)
    parser.add_argument("--long", type=int, default=0, help="so many clauses more")
    parser.add_argument("--times", type=int, default=9, help="clauses of each length")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voice") as name:
        folder = Path(name)
        process = multiprocessing.get_context("spawn").Process(target=run, args=(folder,))
        process.start()
        client = VoiceClient(folder / "voice.sock", 60)
        try:
            while not (folder / "voice.sock").exists() and process.is_alive():
                process.join(0.05)
            rows = measure(client, process.pid or 0, arguments.times, arguments.long)
        finally:
            client.close()
            process.terminate()
            process.join(30)
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    print("| after | RSS, MB | PSS, MB | highest RSS, MB | median ms |\n|---|---|---|---|---|")
    for name, row in rows.items():
        ms = row.get("ms", "")
        print(f"| {name} | {row['rss']} | {row['pss']} | {row['highest']} | {ms} |")


if __name__ == "__main__":
    main()
