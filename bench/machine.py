"""Which machine and when: what every data file begins with."""

import datetime
import os
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
