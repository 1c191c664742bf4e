"""`make bench`: every measurement, one after the other; each runs alone too by `python -m`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEASURES = (
    "sip_parse",
    "sip_cps",
    "media_tick",
    "media_floor",
    "media_inband",
    "flow_session",
    "prompts_voice",
    "records_calls",
    "key_to_answer",
    "again_after_crash",
    "line_load",
)

names = sys.argv[1:] or MEASURES
failed = []
for name in names:
    print(f"--- {name}", flush=True)
    if subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT).returncode:
        failed.append(name)
if failed:
    sys.exit("failed: " + ", ".join(failed))
