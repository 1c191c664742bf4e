"""`make bench`: every measurement, one after the other; each file here runs alone too."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
MEASURES = (
    "sip_parse.py",
    "sip_cps.py",
    "media_tick.py",
    "media_floor.py",
    "media_inband.py",
    "flow_session.py",
    "prompts_voice.py",
    "records_calls.py",
    "key_to_answer.py",
    "again_after_crash.py",
    "line_load.py",
)

names = sys.argv[1:] or MEASURES
failed = []
for name in names:
    print(f"--- {name}", flush=True)
    if subprocess.run([sys.executable, FOLDER / name], cwd=FOLDER.parent).returncode:
        failed.append(name)
if failed:
    sys.exit("failed: " + ", ".join(failed))
