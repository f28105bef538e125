"""Which machine and when: what every data file begins with."""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_bf16", "amx_int8")


def stamp() -> dict:
    """The date, the processor's name, what it multiplies with, and how many cores there are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = {line.split(":")[0].strip(): line.split(":", 1)[1].strip() for line in lines if ":" in line}
    flags = fields.get("flags", "").split()
    model = f"family {fields.get('cpu family')}, model {fields.get('model')}"
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": {
            "name": f"{fields.get('model name', 'unknown')} ({model})",
            "features": [feature for feature in FEATURES if feature in flags],
        },
        "cores": os.cpu_count(),
    }


def file_name(kind: str, stamped: dict) -> str:
    """The data file's name: what it holds, and when it was measured."""
    return f"{kind}-{stamped['date'][:16].replace('T', '-').replace(':', '')}.json"


def first_gpu(program: Path) -> dict | None:
    """The first GPU that `hearth devices` lists. None, after saying on standard error what is missing, without one."""
    listed = subprocess.run([program, "devices", "--json"], capture_output=True, text=True, check=True)
    answer = json.loads(listed.stdout)
    for device in answer["devices"]:
        if device["name"].startswith("cuda"):
            return {key: device[key] for key in ("description", "architecture", "driver", "memory_bytes")}
    print(f"There is no GPU here: {answer['missing'][0]['why']}", file=sys.stderr)
    return None
