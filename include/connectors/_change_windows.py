"""Frozen change windows of mutable entities: what was changed within ``[from, to)``.

The windows that have arrived say themselves what is covered, so a failed one in the middle leaves
a gap that the next plan asks for again, whatever came after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from include.connectors.protocol import KnownSlice, Slice

_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class ChangeWindow:
    """Half-open span of change instants, whole UTC seconds."""

    changed_from: datetime
    changed_to: datetime

    @property
    def key(self) -> str:
        """Its name in the slice log."""
        return f"{_show(self.changed_from)}_{_show(self.changed_to)}"

    @classmethod
    def from_key(cls, key: str) -> ChangeWindow:
        """Read a name back."""
        begin, _, end = key.partition("_")
        return cls(_read(begin), _read(end))

    def to_slice(self, resource: str) -> Slice:
        """The piece of work: every version changed inside stays visible."""
        return Slice(resource, self.key, kind="append")


def plan_windows(
    known: Iterable[KnownSlice],
    resource: str,
    now: datetime,
    history_from: datetime,
    longest: timedelta,
    settle: timedelta = timedelta(0),
    overlap: timedelta = timedelta(0),
) -> list[ChangeWindow]:
    """Gaps of ``[history_from, now - settle)`` in windows of at most ``longest``, oldest first.

    ``settle`` leaves out the newest changes, which a lagging index of the vendor may not show yet;
    ``overlap`` begins the newest window that much earlier, for clocks that differ. Both instants
    are cut to whole seconds.
    """
    end = _whole(now - settle)
    covered = sorted(
        (ChangeWindow.from_key(k.key) for k in known if k.resource == resource),
        key=lambda window: window.changed_from,
    )
    gaps: list[ChangeWindow] = []
    position = _whole(history_from)
    for window in covered:
        if window.changed_from > position:
            gaps.append(ChangeWindow(position, min(window.changed_from, end)))
        position = max(position, window.changed_to)
    if position < end:
        begin = max(position - overlap, _whole(history_from)) if covered else position
        gaps.append(ChangeWindow(begin, end))
    return [
        piece
        for gap in gaps
        if gap.changed_from < gap.changed_to
        for piece in split_window(gap, longest)
    ]


def split_window(window: ChangeWindow, longest: timedelta) -> list[ChangeWindow]:
    """The same span in pieces of at most ``longest``."""
    pieces = []
    position = window.changed_from
    while position < window.changed_to:
        end = min(position + longest, window.changed_to)
        pieces.append(ChangeWindow(position, end))
        position = end
    return pieces


def _whole(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


def _show(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime(_FORMAT)


def _read(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
