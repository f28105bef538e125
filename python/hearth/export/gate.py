"""What a compiled method must not contain: operators and symbols that the runtime does not serve."""

from hearth.export.lower import Sources
from hearth.export.targets import Target
from hearth.export.trace import TracedMethod


def check_sources(sources: Sources, method: TracedMethod, target: Target) -> None:
    """Before the long compilation."""


def check_library(code: bytes, method: TracedMethod, target: Target) -> None:
    """After it."""
