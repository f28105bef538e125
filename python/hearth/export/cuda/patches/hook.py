"""What a patch is, and how to see whether what it hooks is still what it was."""

import contextlib
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hearth.export.cuda.gpu import Gpu


@dataclass(frozen=True)
class Hook:
    """Something of PyTorch or Triton that a patch replaces or relies on: a module, a path of attributes in it, and for
    functions the names of their parameters; "*" where those do not matter."""

    module: str
    path: str
    parameters: str = "*"

    def found(self) -> Any:
        """The object. AttributeError or ImportError when it is gone."""
        value = importlib.import_module(self.module)
        for name in self.path.split("."):
            value = inspect.getattr_static(value, name) if inspect.isclass(value) else getattr(value, name)
        return value

    def difference(self) -> str:
        """What has changed, in words; "" when nothing has."""
        name = f"{self.module}.{self.path}"
        try:
            value = self.found()
        except (AttributeError, ImportError):
            return f"{name} is gone"
        if self.parameters == "*":
            return ""
        value = getattr(value, "__func__", value)
        present = ", ".join(inspect.signature(value).parameters)
        return "" if present == self.parameters else f"{name} takes ({present}) now, it took ({self.parameters})"


@dataclass(frozen=True)
class Patch:
    """A change that `apply` makes and that the stack takes back. Its reason is the docstring of `apply`."""

    apply: Callable[[contextlib.ExitStack, Gpu], None]
    hooks: tuple[Hook, ...]

    @property
    def name(self) -> str:
        return self.apply.__name__

    @property
    def reason(self) -> str:
        return inspect.getdoc(self.apply) or ""
