"""Loads landed slices in a thread of its own, so that the vendor is read meanwhile.

One answer after the other, in the order they were landed: of two pulls of one slice the later is
published last. What came of them is fetched by the thread that submitted them, which alone keeps
the books.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType

from include.connectors.protocol import Slice
from include.warehouse.manifest import LandingError, Manifest
from include.warehouse.raw_load import LoadOutcome, RawLoadFailed

Result = LoadOutcome | RawLoadFailed | LandingError
Load = Callable[[Sequence[Manifest]], Sequence[Result]]
"""Loads the slices of one answer; the error of a single slice is its result."""

_ANSWERS_AHEAD = 2
"""Landed answers that may wait for their turn: a slow ClickHouse slows the vendor's reading."""


@dataclass(frozen=True)
class Published:
    """What became of one answer's slices, in their order; errors are values."""

    piece: Slice
    results: tuple[tuple[Manifest, Result], ...]


class SlicePublisher:
    """Publishes answers beside the caller; a context manager that waits unless an error ends it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publish")
        self._running: deque[Future[Published]] = deque()

    def submit(self, piece: Slice, manifests: Sequence[Manifest]) -> None:
        """Hand over the slices of one answer; waits while too many are under way.

        Raises what an earlier load broke with, if that was no error of its slice alone.
        """
        for run in self._running:
            if _is_broken(run):
                run.result()
        if len(self._running) >= _ANSWERS_AHEAD:
            wait([self._running[0]])
        self._running.append(self._thread.submit(self._publish, piece, tuple(manifests)))

    def take_done(self) -> list[Published]:
        """Answers published since the last call; never waits and never raises."""
        done = []
        while self._running and self._running[0].done() and not _is_broken(self._running[0]):
            done.append(self._running.popleft().result())
        return done

    def take_all(self) -> list[Published]:
        """Every answer not taken yet, waiting for the last of them; raises as ``submit`` does."""
        done = []
        while self._running:
            done.append(self._running.popleft().result())
        return done

    def __enter__(self) -> SlicePublisher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A task timed out or stopped must end now; a load cut off shows nothing and is repeated.
        self._thread.shutdown(wait=error is None, cancel_futures=True)

    def _publish(self, piece: Slice, manifests: tuple[Manifest, ...]) -> Published:
        results = self._load(manifests) if manifests else ()
        return Published(piece, tuple(zip(manifests, results, strict=True)))


def _is_broken(run: Future[Published]) -> bool:
    return run.done() and run.exception() is not None
