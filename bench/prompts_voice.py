"""How fast the voice is: `python -m bench.prompts_voice [--all] [--long N]`, one JSON object.

Composing and cached reading are what stands between a lookup and a caller's ear; `--all`
also renders the whole catalogue into an empty store; `--long` renders that many clauses
more in the voice process, of all lengths, and gives its memory on the way. The voice
process is measured over its own socket, after its voices have been loaded.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prompts import g711
from prompts.catalogue import Catalogue
from prompts.clause import Clause
from prompts.compose import compose
from prompts.errors import VoiceError
from prompts.mastering import TARGET_DBOV
from prompts.p56 import active_level
from prompts.render_all import render_all
from prompts.renderer import AHEAD, default_renderer
from prompts.store import ClauseStore
from prompts.voice_client import VoiceClient
from prompts.voice_server import serve

TEXTS = Path(__file__).resolve().parents[1] / "prompts" / "text"


def microseconds(work: Callable[[], object], times: int = 2000) -> dict[str, float]:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e6)
    taken.sort()
    return {"p50": round(statistics.median(taken), 1), "p99": round(taken[int(times * 0.99)], 1)}


def bill(amount: str) -> dict[str, object]:
    return {"kind": "power", "amount": Decimal(amount), "due": date(2026, 12, 1), "state": "unpaid"}


def in_process(folder: Path) -> dict[str, object]:
    catalogue = Catalogue.load_folder(TEXTS)
    store = ClauseStore(folder)
    key = Clause("您好", "zh-CN").key("bench")
    store.put(key, b"\xff" * 16000)
    clauses = compose(catalogue, "bill_found", "zh-CN", bill("128.50"))
    return {
        "compose_menu_us": microseconds(lambda: compose(catalogue, "main_menu", "zh-CN", {})),
        "compose_bill_us": microseconds(
            lambda: compose(catalogue, "bill_found", "zh-CN", bill("128.50"))
        ),
        "keys_of_bill_us": microseconds(lambda: [clause.key("bench") for clause in clauses]),
        "cached_read_2s_us": microseconds(lambda: store.read(key)),
    }


def run_server(folder: Path) -> None:
    store = ClauseStore(folder / "store")
    renderer = default_renderer(store)
    renderer.patience = AHEAD  # what is measured is the voice, not what else the machine does
    serve(folder / "voice.sock", store, renderer)


def memory_mb(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if "kB" in line}
    return {"now": found["VmRSS"], "most": found["VmHWM"]}


def long_use(client: VoiceClient, pid: int, clauses: int) -> list[dict[str, int]]:
    """Memory after each quarter of `clauses` clauses of 4 to 60 characters, never seen before."""
    found = []
    words = "城南新村一号楼因设备检修今天下午停水停电恢复供应时间请留意通知感谢配合"
    for at in range(clauses):
        length = 4 + 7 * at % 57
        text = "".join(words[(at * 31 + 11 * place) % len(words)] for place in range(length))
        clause = Clause(text, "zh-CN") if at % 3 else Clause(f"The meter shows {at}.", "en")
        client.render(clause)
        if at % max(1, clauses // 4) == clauses // 4 - 1:
            found.append(memory_mb(pid))
    return found


def over_socket(folder: Path, long: int) -> dict[str, object]:
    process = multiprocessing.get_context("spawn").Process(target=run_server, args=(folder,))
    process.start()
    client = VoiceClient(folder / "voice.sock", 60)
    try:
        deadline = time.monotonic() + 60
        while not (folder / "voice.sock").exists() and time.monotonic() < deadline:
            process.join(0.05)
        for language, text in (("zh-CN", "您好。"), ("en", "Hello there.")):
            client.render(Clause(text, language))
        assert process.pid is not None
        figures: dict[str, object] = {"memory_loaded_mb": memory_mb(process.pid)}
        catalogue = Catalogue.load_folder(TEXTS)
        for language in ("zh-CN", "en"):
            taken = []
            for at in range(30):
                clauses = compose(
                    catalogue, "bill_found", language, bill(f"{137 * at + 1}.{at:02}")
                )
                (amount,) = [c for c in clauses if "元" in c.text or " yuan" in c.text]
                start = time.perf_counter()
                client.render(amount)
                taken.append((time.perf_counter() - start) * 1000)
            taken.sort()
            figures[f"uncached_amount_{language}_ms"] = {
                "p50": round(statistics.median(taken)), "p95": round(taken[28])
            }  # fmt: skip
        client.render(
            Clause("因设备检修，城南新村一号楼至十二号楼停电，请提前做好准备。" * 3, "zh-CN")
        )
        figures["memory_after_mb"] = memory_mb(process.pid)
        if long:
            figures[f"memory_over_{long}_more_mb"] = long_use(client, process.pid, long)
        return figures
    except VoiceError as error:
        return {"error": str(error)}
    finally:
        client.close()
        process.terminate()
        process.join(30)


def whole_catalogue(folder: Path) -> dict[str, object]:
    store = ClauseStore(folder)
    workers = len(os.sched_getaffinity(0))
    renderer = default_renderer(store)
    report = render_all(Catalogue.load_folder(TEXTS), store, renderer, workers=workers)
    sounds = [g711.decode(file.read_bytes()) for file in sorted(folder.rglob("*.ulaw"))]
    return {
        **cleanliness(sounds),
        "clauses": report.total,
        "faults": len(report.faults),
        "workers": workers,
        "seconds": round(report.seconds, 1),
        "audio_seconds": round(sum(map(len, sounds)) / g711.RATE),
    }


def cleanliness(sounds: list[NDArray[np.float32]]) -> dict[str, object]:
    """Level, peaks and ends of what was rendered, after µ-law: what a caller is sent.

    A click is a step at the first or last sample, where a clause meets silence; the noise
    of µ-law itself is at -38 dB of the speech beside it. Silence is what could be trimmed.
    """
    off = [active_level(sound, g711.RATE) - TARGET_DBOV for sound in sounds]
    ends = [max(abs(float(sound[0])), abs(float(sound[-1]))) for sound in sounds]
    still = [(np.flatnonzero(np.abs(sound) > 0.003)[[0, -1]], len(sound)) for sound in sounds]
    return {
        "level_off_target_db": {
            "least": round(min(off), 2), "most": round(max(off), 2),
            "over_1_db": sum(abs(one) > 1 for one in off),
        },
        "highest_peak_dbfs": round(20 * np.log10(max(float(np.abs(s).max()) for s in sounds)), 2),
        "loudest_end_dbfs": round(20 * np.log10(max(max(ends), 1e-5)), 1),
        "longest_silence_at_an_end_ms": round(
            max(max(first, size - 1 - last) for (first, last), size in still) / 8
        ),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also render the whole catalogue")
    parser.add_argument("--long", type=int, default=0, help="so many clauses more, for memory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voice") as folder:
        figures = in_process(Path(folder) / "read") | over_socket(Path(folder), arguments.long)
        if arguments.all:
            figures["catalogue"] = whole_catalogue(Path(folder) / "all")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
