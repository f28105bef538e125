"""Trees of texts, laid out as the runtime reads them in place."""

import numpy as np


def trie_arrays(entries: dict[bytes, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each node, breadth first, its first edge (and the number of edges at the end); the byte of each edge, edge k
    leading to node k + 1; for each node one more than the number of the text that ends there, or 0."""
    keys = sorted(entries)
    lengths = np.array([len(key) for key in keys], dtype=np.int64)
    shared = np.array([_shared(a, b) for a, b in zip([b"", *keys], keys, strict=False)], dtype=np.int64)
    labels, parents, values = [], [], [np.zeros(1, np.uint32)]
    above, offset = np.zeros(1, np.int64), 0  # The first key of each node one level up, and the first such node.
    for depth in range(1, int(lengths.max(initial=0)) + 1):
        starts = np.flatnonzero((lengths >= depth) & (shared < depth))
        labels.append(np.array([keys[key][depth - 1] for key in starts], dtype=np.uint8))
        parents.append(np.searchsorted(above, starts, side="right") - 1 + offset)
        # Of the keys that share a node, the one that ends there is the first.
        values.append(np.array([entries[keys[key]] + 1 if lengths[key] == depth else 0 for key in starts], np.uint32))
        offset += len(above)
        above = starts
    nodes = sum(len(level) for level in values)
    counts = np.bincount(np.concatenate([*parents, np.zeros(0, np.int64)]), minlength=nodes)
    first_edge = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]).astype(np.uint32)
    if b"" in entries:
        values[0][0] = entries[b""] + 1
    return first_edge, np.concatenate([*labels, np.zeros(0, np.uint8)]), np.concatenate(values)


def _shared(a: bytes, b: bytes) -> int:
    """How many bytes both begin with."""
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count
