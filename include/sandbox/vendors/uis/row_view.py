"""Rows of a report that are made only when somebody looks at them: most calls want one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

Row = dict[str, Any]


class RowView(Sequence[Row]):
    """``describe`` of each event, in the order of the events, which is that of their time."""

    def __init__(self, events: Sequence[Row], describe: Callable[[Row], Row]) -> None:
        self._events = events
        self._describe = describe

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._describe(event) for event in self._events[index]]
        return self._describe(self._events[index])

    def __iter__(self) -> Iterator[Row]:
        return map(self._describe, self._events)
