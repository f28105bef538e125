"""extra/hearth.json and the order of records: what docs/archive-format.md says, put together."""

import hashlib
import json
from collections.abc import Iterable

from hearth.export.hashing import sha256, xxh3
from hearth.export.weights import CONSTANT, WEIGHT, WeightStore
from hearth.export.zip_writer import Record

FORMAT = 1
MANIFEST = "extra/hearth.json"
# torch's zip reader wants a version record.
_HEAD = (("archive_format", b"pt2"), ("archive_version", b"0"), ("byteorder", b"little"), (".data/version", b"3\n"))


def assemble(
    facts: dict,
    portable: list[dict[str, Record]],
    store: WeightStore,
    libraries: list[Record],
    extra: list[Record],
) -> list[Record]:
    """All records in the order they are written. `facts`: the manifest without "format" and "records"; `portable`: see
    portable_records(), one a method."""
    weights = store.records()
    before = [Record(path, data) for path, data in _HEAD]
    body = [
        *_by_path(method["model"] for method in portable),
        *_by_path(method["weights"] for method in portable),
        *(record for record in weights if record.path.startswith(f"data/{WEIGHT}")),
        *_by_path(method["constants"] for method in portable),
        *(record for record in weights if record.path.startswith(f"data/{CONSTANT}")),
        *_by_path(libraries),
    ]
    after = _by_path(extra)
    described = {record.path: _describe(record) for record in [*before, *body, *after]}
    identity = Record(".data/serialization_id", _serialization_id(facts, described))
    described[identity.path] = _describe(identity)
    manifest = {"format": FORMAT, **facts, "records": described}
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False).encode()
    return [*before, identity, *body, Record(MANIFEST, text), *after]


def _by_path(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.path.encode())


def _describe(record: Record) -> dict:
    described = {"size": record.size, "xxh3": xxh3(record.data)}
    if record.path.startswith("data/aotinductor/") and record.path.endswith("/model.so"):
        described["sha256"] = sha256(record.data)
    return described


def _serialization_id(facts: dict, described: dict) -> bytes:
    """20 digits that change with the contents."""
    text = json.dumps([facts, described], sort_keys=True).encode()
    return f"{int.from_bytes(hashlib.sha256(text).digest()[:8], 'big'):020d}".encode()
