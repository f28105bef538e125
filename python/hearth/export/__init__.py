"""Export PyTorch models to Hearth files: see docs/exporting.md."""

from hearth.export.api import Summary, save
from hearth.export.errors import ExportError
from hearth.export.progress import Progress
from hearth.export.source import Source
from hearth.export.trace import Method

__all__ = ["ExportError", "Method", "Progress", "Source", "Summary", "save"]
