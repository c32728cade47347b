"""Shows a person that something long is going on, and how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress:
    """A bar per stage on a terminal, a line per stage elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def of(self, name: str, total: int | None) -> Iterator[Callable[[], None]]:
        """Show a stage while it lasts; gives what is to be called for each step."""
        if not self._console.is_terminal:
            self._console.print(f"demo world: {name}" + (f" ({total})" if total else ""))
            yield lambda: None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Bars(*columns, TimeElapsedColumn(), console=self._console, transient=True) as bars:
            task = bars.add_task(f"demo world: {name}", total=total)
            yield lambda: bars.advance(task)
