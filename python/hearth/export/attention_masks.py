"""What transformers' masks hide, as how far a token looks back: hearth_attention takes a window, not a mask."""

from collections.abc import Callable

import torch

from hearth.export.errors import ExportError

_TOKENS_TRIED = 16


class LookBack:
    """Stands in for a mask where a model hands one to its attention. `window`: tokens that one looks back at, itself
    among them; 0: all before it."""

    def __init__(self, window: int) -> None:
        self.window = window

    # What models do to a mask on its way changes nothing of a window.
    def __getitem__(self, _index) -> "LookBack":
        return self

    def to(self, *_arguments, **_options) -> "LookBack":
        return self


def look_back(mask_function: Callable, context: int) -> LookBack:
    """The window of transformers' mask function (text, head, query, key -> whether it is seen), found by asking it
    about tokens of a sequence as long as the context. ExportError for any other way of hiding."""
    keys = torch.arange(context)
    queries = torch.linspace(0, context - 1, min(context, _TOKENS_TRIED)).long().unsqueeze(1)
    zero = torch.zeros((), dtype=torch.long)
    seen = torch.as_tensor(mask_function(zero, zero, queries, keys)).expand(len(queries), context)
    window = int(seen[-1].sum())
    if not torch.equal(seen, (keys <= queries) & (keys > queries - window)):
        raise ExportError("its mask hides tokens otherwise than a window does, which hearth_attention does not know")
    return LookBack(0 if window == context else window)
