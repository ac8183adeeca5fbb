"""Waits for DAG runs and tells each change once; explains a failure by its root cause.

A task that only failed because one before it did (``upstream_failed``) is not reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from include.supervisor.airflow_api import FINISHED_RUN, AirflowApi, AirflowRefused, DagRun
from include.supervisor.progress import Progress

_TOLD = frozenset({"success", "failed", "skipped", "up_for_retry", "deferred"})
_PAUSE = 1.0


class RunFailed(Exception):
    """A DAG run failed; the message names task, error and log."""


class WaitedTooLong(Exception):
    """The runs did not end in time; the message says what was still going on."""


class DagWatch:
    """Follows runs of one Airflow. ``require_alive`` is called at each look."""

    def __init__(
        self,
        api: AirflowApi,
        progress: Progress,
        require_alive: Callable[[], None],
        task_logs: Path,
    ) -> None:
        self._api = api
        self._progress = progress
        self._require_alive = require_alive
        self._task_logs = task_logs
        self._told: set[tuple[str, str, str, str, int]] = set()

    def wait_for_dags(self, wanted: Sequence[str], seconds: float = 90.0) -> None:
        """Return when every DAG of ``wanted`` was read; raises :class:`RunFailed` otherwise."""
        until = time.monotonic() + seconds
        missing = set(wanted)
        while missing:
            self._require_alive()
            missing = set(wanted) - self._api.dag_ids()
            errors = self._api.import_errors()
            if errors:
                raise RunFailed("a DAG file could not be read:\n  " + "\n  ".join(errors))
            if missing and time.monotonic() > until:
                raise WaitedTooLong(
                    f"DAGs {', '.join(sorted(missing))} were not read within {seconds:.0f} s;"
                    " see dag-processor.log"
                )
            if missing:
                time.sleep(_PAUSE / 2)

    def wait_for_runs(self, runs: Sequence[DagRun], seconds: float) -> None:
        """Return when all of ``runs`` succeeded; raises :class:`RunFailed` for the first failed.

        Every run is waited for before the failure is raised: the other sources still arrive.
        """
        until = time.monotonic() + seconds
        ended: list[DagRun] = []
        open_ids = {(run.dag_id, run.run_id) for run in runs}
        while open_ids:
            self._require_alive()
            known = self._api.runs_of(sorted({dag_id for dag_id, _ in open_ids}))
            looked_at = [run for run in known if (run.dag_id, run.run_id) in open_ids]
            self.tell(*looked_at)
            for run in looked_at:
                if run.state in FINISHED_RUN:
                    open_ids.discard((run.dag_id, run.run_id))
                    ended.append(run)
            if open_ids and time.monotonic() > until:
                names = ", ".join(sorted(dag_id for dag_id, _ in open_ids))
                raise WaitedTooLong(f"{names} did not end within {seconds:.0f} s")
            if open_ids:
                time.sleep(_PAUSE)
        for run in ended:
            self.require_success(run)

    def tell(self, *runs: DagRun) -> None:
        """Write a line about every task of the runs whose state changed since the last look."""
        going_on = []
        for task in self._api.tasks_of(runs) if runs else ():
            if task.state in ("running", "queued", "deferred"):
                going_on.append(f"{task.label} {task.state}")
            key = (task.dag_id, task.run_id, task.label, task.state, task.try_number)
            if task.state not in _TOLD or key in self._told:
                continue
            self._told.add(key)
            line = f"{task.label}: {task.state}"
            if task.state == "success":
                self._progress.say(f"{line} ({task.seconds:.1f} s)")
            elif task.state in ("failed", "up_for_retry"):
                self._progress.warn(line)
            else:
                self._progress.say(line, style="dim")
        if going_on:
            self._progress.now(", ".join(going_on))

    def require_success(self, run: DagRun) -> None:
        """Raise :class:`RunFailed` with every root cause when the run failed."""
        if run.state != "failed":
            return
        causes = [task for task in self._api.tasks(run) if task.state == "failed"]
        lines = [f"DAG run {run.dag_id} ({run.run_id}) failed:"]
        for task in causes:
            try:
                errors = self._api.log_errors(task)
            except AirflowRefused:
                errors = []
            lines.append(f"  {task.label}: {errors[-1] if errors else 'no error in its log'}")
        lines.append(f"  task logs: {self._task_logs}")
        raise RunFailed("\n".join(lines))
