"""Hearth: export PyTorch models to one file, run by a small C++ runtime without Python or libtorch.

Importing this package registers the `hearth::` operators, and lets `torch.export.pt2_archive` read Hearth archives.
"""

from hearth import ops, pt2

__version__ = "0.1.0"

__all__ = ["__version__", "ops", "pt2"]
