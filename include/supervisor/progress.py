"""What the person at the terminal sees: one line per event, a spinner where there is a screen.

Without a terminal (a log file, CI) only whole lines are written, so nothing needs a screen.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

_PLAIN_WIDTH = 150


class Progress:
    """Lines with the seconds since the start in front."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or _make_console()
        self._began = time.monotonic()
        self._status: Status | None = None

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def say(self, message: str, style: str = "") -> None:
        """One line that stays."""
        self.console.print(
            Text(f"{self.seconds:6.1f} s  ", style="dim") + Text(message, style=style),
            soft_wrap=True,
        )

    def warn(self, message: str) -> None:
        """A line that stays and stands out."""
        self.say(message, style="yellow")

    def done(self, message: str) -> None:
        """A line about something that succeeded."""
        self.say(message, style="green")

    def now(self, message: str) -> None:
        """What is being waited for; visible on a terminal only."""
        if self._status is not None:
            self._status.update(Text(message, style="cyan"))

    @contextlib.contextmanager
    def waiting(self, message: str) -> Iterator[None]:
        """Show a spinner around a wait."""
        if not self.console.is_terminal or self._status is not None:
            yield
            return
        with self.console.status(Text(message, style="cyan")) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def heading(self, text: str) -> None:
        """A title above a table."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def text(self, message: str) -> None:
        """A line without the clock."""
        self.console.print(Text(message), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table; numbers to the right, NULL as a dash."""
        table = Table(header_style="bold", show_edge=False, pad_edge=False)
        for position, column in enumerate(columns):
            is_number = any(_is_number(row[position]) for row in rows)
            table.add_column(column, justify="right" if is_number else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_show(value) for value in row))
        self.console.print(table)


def _make_console() -> Console:
    console = Console(highlight=False)
    # Without a terminal rich assumes 80 columns, which folds every table.
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _is_number(value: Any) -> bool:
    return not isinstance(value, (str, bytes, bool)) and hasattr(value, "__round__")


def _show(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if _is_number(value):
        return f"{value:,}"
    return str(value)
