"""Pulls one account: whatever is left of earlier runs first, then the plan.

Callable again at any time and as often as wanted: all state lies in landing and the slice log. A
killed run is resumed by the same call; landed slices are published without asking the vendor.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from include.connectors.protocol import (
    AccessDenied,
    Connector,
    Interval,
    KnownSlice,
    Now,
    Ready,
    Slice,
    TemporaryFailure,
    Token,
)
from include.ingestion.failures import describe_failure, raise_failures
from include.ingestion.garbage import rarer_collections
from include.ingestion.report import IngestReport, write_report
from include.ingestion.resumed_plan import drop_finished
from include.ingestion.slice_publisher import Published, Result, SlicePublisher
from include.warehouse.landing import Landing
from include.warehouse.landing_state import SavedPlan, SavedWait
from include.warehouse.manifest import Manifest
from include.warehouse.raw_load import load_all
from include.warehouse.slices import SliceLog

Progress = Callable[[str], None]

LONGEST_WAIT = timedelta(hours=12)
"""A vendor silent for longer has forgotten us: ask anew."""
LONGEST_PLAN = timedelta(hours=24)
"""A run resumed later than this plans anew: what it wanted has changed."""
_SHORTEST_PAUSE_SECONDS = 0.2
_PROGRESS_ROWS = 500_000


@dataclass(frozen=True)
class Waiting:
    """Nothing can go on before the vendor is ready: call again after ``seconds``."""

    seconds: float
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Done:
    """Everything planned is published."""

    report: IngestReport


Outcome = Waiting | Done


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


def run_account(
    connector: Connector,
    landing: Landing,
    client: Client,
    window: Interval | None,
    now: Now,
    run_id: str,
    progress: Progress | None = None,
    *,
    account: str,
    clock: Now = utc_now,
) -> Outcome:
    """Publish everything the connector plans for ``account``, or say how long to wait.

    ``now`` caps the plan (it may lie in the past), ``clock`` dates questions and waits. One failed
    slice does not stop the others; at the end :class:`~include.ingestion.failures.SlicesFailed`
    names each, and carries the report of what was published all the same.
    """
    run = _AccountRun(connector, landing, client, run_id, progress or _say_nothing, account, clock)
    with run.publisher, rarer_collections():
        return run.go(window, now)


class _AccountRun:
    def __init__(
        self,
        connector: Connector,
        landing: Landing,
        client: Client,
        run_id: str,
        progress: Progress,
        account: str,
        clock: Now,
    ) -> None:
        self._connector = connector
        self._landing = landing
        self._client = client
        self._progress = progress
        self._clock = clock
        self._place = (connector.source, account)
        self._report = IngestReport(run_id, connector.source, account, clock())
        self._plan: SavedPlan | None = None
        self._waits: dict[tuple[str, str], SavedWait] = {}
        self._finished: set[tuple[str, str]] = set()
        self._cause: Exception | None = None
        self._is_denied = False
        self.publisher = SlicePublisher(self._load)

    def go(self, window: Interval | None, now: Now) -> Outcome:
        self._read_plan(window)
        self._publish_pending()
        self._look_at_waits()
        self._record(self.publisher.take_all())  # the plan is made from what is published
        plan = self._make_plan(window, now)
        for is_checkpoint in (False, True):
            if is_checkpoint and self._report.failures:
                break  # a watermark may pass only over slices that have arrived
            failed = {(failure.resource, failure.key) for failure in self._report.failures}
            queue = deque(
                piece
                for piece in plan.remaining
                if piece.is_checkpoint == is_checkpoint and _name(piece) not in failed
            )
            self._work(queue)
            self._record(self.publisher.take_all())
            if self._waits and not self._is_denied:
                return self._wait()
        self._finish()
        return Done(self._report)

    def _read_plan(self, window: Interval | None) -> None:
        plan = self._landing.read_plan(*self._place, self._report.run_id)
        if plan is None:
            return
        is_old = self._clock() - plan.planned_at > LONGEST_PLAN
        if is_old or plan.window != str(window):
            self._landing.drop_plan(*self._place, self._report.run_id)
            return
        self._plan = plan
        self._report.restore(plan.counts, plan.failures)
        self._is_denied = any(failure.kind == "denied" for failure in self._report.failures)

    def _publish_pending(self) -> None:
        for manifest in self._landing.pending(*self._place):
            self._say(manifest.resource, manifest.slice_key, "landed before, not yet published")
            self._report.of(manifest.resource).slices_planned += 1
            piece = Slice(manifest.resource, manifest.slice_key)
            self.publisher.submit(piece, [manifest])
            for published in self.publisher.take_all():
                self._count_all(published)

    def _look_at_waits(self) -> None:
        """Look at all of them once whether due or not: someone may have told us they are ready."""
        for wait in self._landing.waits(*self._place):
            if self._clock() - wait.started_at > LONGEST_WAIT:
                self._say(wait.piece.resource, wait.piece.key, "waited for too long: asking anew")
                self._landing.drop_wait(*self._place, wait.piece)
                continue
            if self._plan is None or wait.piece not in self._plan.remaining:
                self._report.of(wait.piece.resource).slices_planned += 1
            self._waits[_name(wait.piece)] = wait
        for wait in list(self._waits.values()):
            self._poll(wait)

    def _make_plan(self, window: Interval | None, now: Now) -> SavedPlan:
        known = SliceLog(self._client).known(*self._place)
        if self._plan is not None:
            drop_finished(self._plan, known, self._connector.resources)
        else:
            self._tell_older_versions(known)
            try:
                pieces = self._connector.plan(known, now(), window)
            except Exception as error:
                self._note_failure("", "plan", error)
                write_report(self._client, self._report, [""], self._clock())
                raise
            left = [piece for piece in pieces if _name(piece) not in self._finished]
            for piece in left:
                if _name(piece) not in self._waits:
                    self._report.of(piece.resource).slices_planned += 1
            self._plan = SavedPlan(self._clock(), str(window), left)
            self._progress(f"{'/'.join(self._place)}: {len(left)} slices planned")
        self._save_plan()
        return self._plan

    def _tell_older_versions(self, known: Sequence[KnownSlice]) -> None:
        """Rows of an older connector may mean something else; re-reading years is a decision."""
        version = self._connector.version
        counts = Counter(
            (slice_.resource, slice_.connector_version)
            for slice_ in known
            if slice_.connector_version not in ("", version) and self._may_be_read_again(slice_)
        )
        for (resource, older), number in sorted(counts.items()):
            text = (
                f"{number} slices made by version {older} of the connector, now {version}: a "
                "backfill over their days reads them again"
            )
            for told in self._report.of(resource).note([text]):
                self._say(resource, "plan", told)

    def _may_be_read_again(self, slice_: KnownSlice) -> bool:
        """A window of changes keeps what it showed then; only what is replaced can be renewed."""
        resource = self._connector.resources.get(slice_.resource)
        return resource is not None and resource.kind == "replace"

    def _work(self, queue: deque[Slice]) -> None:
        """Start and poll until every slice is published, failed, or waiting at the vendor."""
        while not self._is_denied:
            for wait in list(self._waits.values()):
                if wait.due_at <= self._clock():
                    self._poll(wait)
            while queue and len(self._waits) < self._connector.max_waits and not self._is_denied:
                piece = queue.popleft()
                if _name(piece) not in self._waits:
                    self._start(piece)
            is_any_due = any(wait.due_at <= self._clock() for wait in self._waits.values())
            can_start = queue and len(self._waits) < self._connector.max_waits
            if not is_any_due and not can_start:
                return

    def _start(self, piece: Slice) -> None:
        asked_at = self._clock()
        try:
            answer = self._connector.start(piece)
        except Exception as error:  # one slice's error must not stop the others
            self._fail(piece, error)
            return
        if isinstance(answer, Ready):
            self._take(piece, answer.token, asked_at)
            return
        self._keep_waiting(SavedWait(piece, answer.token, asked_at, asked_at), answer.seconds)

    def _poll(self, wait: SavedWait) -> None:
        try:
            answer = self._connector.poll(wait.token)
        except Exception as error:  # one slice's error must not stop the others
            self._give_up(wait, error)
            return
        if isinstance(answer, Ready):
            del self._waits[_name(wait.piece)]
            self._take(wait.piece, answer.token, wait.started_at)
            return
        self._keep_waiting(replace(wait, token=answer.token), answer.seconds)

    def _keep_waiting(self, wait: SavedWait, seconds: float) -> None:
        pause = timedelta(seconds=max(seconds, _SHORTEST_PAUSE_SECONDS))
        due = replace(wait, due_at=self._clock() + pause)
        self._waits[_name(wait.piece)] = due
        self._landing.save_wait(*self._place, due)

    def _give_up(self, wait: SavedWait, error: Exception) -> None:
        """A temporary failure keeps the token for the retry; anything else makes it worthless."""
        self._waits.pop(_name(wait.piece), None)
        if not isinstance(error, TemporaryFailure):
            self._landing.drop_wait(*self._place, wait.piece)
        self._fail(wait.piece, error)

    def _take(self, piece: Slice, token: Token, asked_at: datetime) -> None:
        try:
            manifests = self._land(piece, token, asked_at)
        except Exception as error:  # one slice's error must not stop the others
            if not isinstance(error, TemporaryFailure):
                self._landing.drop_wait(*self._place, piece)
            self._fail(piece, error)
            return
        self._landing.drop_wait(*self._place, piece)
        self._finished.add(_name(piece))
        self.publisher.submit(piece, manifests)
        self._record(self.publisher.take_done())

    def _record(self, done: list[Published]) -> None:
        """Count what was published and take it off the plan."""
        for published in done:
            if self._count_all(published) and self._plan is not None:
                name = _name(published.piece)
                self._plan.remaining = [p for p in self._plan.remaining if _name(p) != name]
        if done:
            self._save_plan()

    def _land(self, piece: Slice, token: Token, asked_at: datetime) -> list[Manifest]:
        resource = self._connector.resources[piece.resource]
        rows_in = told = 0
        with self._landing.open_pull(
            *self._place,
            resource,
            piece,
            pulled_at=asked_at,
            connector_version=self._connector.version,
            run_id=self._report.run_id,
        ) as writer:
            for batch in self._connector.fetch(token):
                writer.add(batch)
                for text in self._report.of(piece.resource).note(batch.findings):
                    self._say(piece.resource, piece.key, f"found {text}; it is kept")
                self._record(self.publisher.take_done())
                rows_in += len(batch.rejected) + (batch.rows.num_rows if batch.rows else 0)
                if rows_in - told >= _PROGRESS_ROWS:
                    told = rows_in
                    self._say(piece.resource, piece.key, f"{rows_in:,} rows read so far")
            return writer.finish(rows_in)

    def _load(self, manifests: Sequence[Manifest]) -> list[Result]:
        return load_all(self._client, self._landing, manifests, self._report.run_id)

    def _count_all(self, published: Published) -> bool:
        counted = [self._count(manifest, result) for manifest, result in published.results]
        return all(counted)

    def _count(self, manifest: Manifest, result: Result) -> bool:
        if isinstance(result, Exception):
            live = SliceLog(self._client).live(manifest)
            if live is not None and live.pulled_at > manifest.pulled_at:
                self._landing.clear_pending(manifest)
                self._say(manifest.resource, manifest.slice_key, "outdated and not loadable: left")
                return False
            self._note_failure(manifest.resource, manifest.slice_key, result)
            return False
        counts = self._report.of(manifest.resource)
        counts.rows_in += manifest.row_count + manifest.rejected_count
        counts.add(result)
        rejected = f", {result.rejected_count:,} quarantined" if result.rejected_count else ""
        text = f"{result.row_count:,} rows {result.status}{rejected}"
        self._say(manifest.resource, manifest.slice_key, text)
        return True

    def _fail(self, piece: Slice, error: Exception) -> None:
        self._is_denied |= isinstance(error, AccessDenied)
        self._note_failure(piece.resource, piece.key, error)

    def _note_failure(self, resource: str, key: str, error: Exception) -> None:
        failure = describe_failure(resource, key, error)
        self._cause = self._cause or error
        self._report.failures.append(failure)
        self._report.of(resource).slices_failed += 1
        self._say(resource, key, f"failed: {failure.error_class}: {failure.error}")

    def _save_plan(self) -> None:
        if self._plan is None:
            return
        self._plan.counts = {
            name: counts.as_values() for name, counts in self._report.resources.items()
        }
        self._plan.failures = [asdict(failure) for failure in self._report.failures]
        self._landing.save_plan(*self._place, self._report.run_id, self._plan)

    def _wait(self) -> Waiting:
        self._save_plan()
        waits = sorted(self._waits.values(), key=lambda wait: wait.due_at)
        seconds = max((waits[0].due_at - self._clock()).total_seconds(), _SHORTEST_PAUSE_SECONDS)
        self._progress(f"{'/'.join(self._place)}: {len(waits)} answers are being prepared")
        return Waiting(seconds, tuple(wait.token for wait in waits))

    def _finish(self) -> None:
        resources = sorted({*self._connector.resources, *self._report.resources})
        write_report(self._client, self._report, resources, self._clock())
        if self._report.failures:
            self._leave_for_retry()
            raise_failures(self._report, self._cause)
        self._report.require_conserved()
        self._landing.drop_plan(*self._place, self._report.run_id)

    def _leave_for_retry(self) -> None:
        """The same run tried again counts on, but owes its failed slices another try."""
        self._save_plan()
        if self._plan is None:
            return
        self._plan.failures = []
        for counts in self._plan.counts.values():
            counts["slices_failed"] = 0
        self._landing.save_plan(*self._place, self._report.run_id, self._plan)

    def _say(self, resource: str, key: str, text: str) -> None:
        self._progress(f"{'/'.join(self._place)} {resource} {key}: {text}")


def _name(piece: Slice) -> tuple[str, str]:
    return piece.resource, piece.key


def _say_nothing(_: str) -> None:
    """For callers that show no progress."""
