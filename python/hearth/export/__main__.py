"""`python -m hearth.export`."""

import sys

from hearth.export.cli import main

sys.exit(main())
