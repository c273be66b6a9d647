"""Progress bars with rate and remaining time on standard error; in a log, a line for each stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sd_covid.cli.console import note, printable

if TYPE_CHECKING:
    from rich.progress import ProgressColumn, TaskID

Step = Callable[[str, int, int], None]


@contextmanager
def stages(descriptions: Mapping[str, str]) -> Iterator[Step]:
    """Show a bar for each stage of some work, from the moment it starts.

    Parameters
    ----------
    descriptions : mapping
        Stage -> what is being done.

    Yields
    ------
    callable
        To be called with (stage, done, total), as often as is convenient.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(*_columns(), console=console, disable=not console.is_terminal) as bars:
        known: dict[str, TaskID] = {}

        def step(stage: str, done: int, total: int) -> None:
            if stage not in known:
                told = descriptions.get(stage, stage)  # a stage may be the name of a file
                known[stage] = bars.add_task(printable(told), total=total)
                if not console.is_terminal:
                    note(told)
            bars.update(known[stage], completed=done, total=total)

        yield step


def _columns() -> tuple[ProgressColumn, ...]:
    """What stands in a bar: the work, how much is done, how fast, and how long it still takes."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps a second; a minute where they are slow."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            if speed is None:
                return Text("")
            return Text(f"{speed:,.1f}/s" if speed >= 1 else f"{60 * speed:,.1f}/min")

    work = TextColumn("{task.description}", markup=False)
    return work, BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn()


@contextmanager
def progress(description: str) -> Iterator[Callable[[int, int], None]]:
    """Show one bar while the block runs.

    Parameters
    ----------
    description : str
        What is being done.

    Yields
    ------
    callable
        To be called with (done, total).
    """
    with stages({}) as step:
        yield lambda done, total: step(description, done, total)
