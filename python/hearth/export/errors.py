"""The one exception that exporting raises for a person to read."""


class ExportError(Exception):
    """Exporting failed for a reason that the user can act on. The message says what, where and what to do next."""
