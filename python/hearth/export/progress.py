"""How an export tells what it is doing."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Progress:
    """Says nothing. Subclasses show steps, notes and warnings to a person."""

    def start(self, steps: int) -> None:
        """The export begins and will take this many steps."""

    def step(self, what: str) -> None:
        """The next step begins."""

    def note(self, text: str) -> None:
        """Something worth knowing that is no step: why this one takes long."""

    def warn(self, text: str) -> None:
        """Something that the user should look at."""

    def finish(self) -> None:
        """The export ended, well or not."""


class Lines(Progress):
    """A line for each step on standard error."""

    def __init__(self) -> None:
        self._done, self._steps = 0, 0

    def start(self, steps: int) -> None:
        self._steps = steps

    def step(self, what: str) -> None:
        self._done += 1
        print(f"[{self._done}/{self._steps}] {what}", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def warn(self, text: str) -> None:
        print(f"warning: {text}", file=sys.stderr, flush=True)


class Bar(Progress):
    """A progress bar, for a terminal."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = RichProgress(*columns, console=console, transient=True)
        self._task = None
        self._running = False

    def start(self, steps: int) -> None:
        self._bar.start()
        self._task = self._bar.add_task("", total=steps)

    def step(self, what: str) -> None:
        self._bar.update(self._task, description=what, advance=1 if self._running else 0)
        self._running = True

    def note(self, text: str) -> None:
        self._bar.console.print(text)

    def warn(self, text: str) -> None:
        self._bar.console.print(f"warning: {text}", style="yellow")

    def finish(self) -> None:
        self._bar.stop()


def progress_for(console: Console, quiet: bool) -> Progress:
    """A bar on a terminal, lines elsewhere, nothing when quiet."""
    if quiet:
        return Progress()
    return Bar(console) if console.is_terminal else Lines()
