"""The few calls of Airflow's REST API the supervisor needs: health, runs, tasks, logs.

The API needs a token; ours lives a day, longer than any demo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

FINISHED_RUN = frozenset({"success", "failed"})
_TIMEOUT = 30
_ATTEMPTS = 4


class AirflowRefused(Exception):
    """The API answered with an error; the message carries its own words."""


_PAGE = 100
"""Airflow gives no more at a time."""


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    run_type: str


@dataclass(frozen=True)
class TaskState:
    """One task instance; ``map_index`` is -1 for a task that is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    try_number: int
    seconds: float

    @property
    def label(self) -> str:
        """``ingest_files.ingest_account[0]``."""
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id}.{self.task_id}{mapped}"


class AirflowApi:
    """A session with the API server at ``url``."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._session = requests.Session()
        # A proxy of the environment must not get between two programs of one machine.
        self._session.trust_env = False

    def is_healthy(self) -> bool:
        """Whether every component has sent a heartbeat; False while the server is not up."""
        return not self.unhealthy_components()

    def unhealthy_components(self) -> list[str]:
        """Components that are not healthy yet."""
        components = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        try:
            answer = self._session.get(f"{self._url}/api/v2/monitor/health", timeout=5)
            health = answer.json()
        except (requests.RequestException, ValueError):
            return ["api-server", *components]
        return [c for c in components if (health.get(c) or {}).get("status") != "healthy"]

    def serves(self) -> bool:
        """Whether the API server answers people and tasks.

        Its part for tasks takes seconds of computing at the first request, during which nothing
        else is answered: better here, while the other components start, than in the first task.
        """
        if "api-server" in self.unhealthy_components():
            return False
        try:
            answer = self._session.get(f"{self._url}/execution/health", timeout=120)
        except requests.RequestException:
            return False
        return answer.status_code == requests.codes.ok

    def log_in(self) -> None:
        """Fetch a token for the following calls."""
        answer = self._session.post(
            f"{self._url}/auth/token",
            json={"username": self._user, "password": self._password},
            timeout=_TIMEOUT,
        )
        if answer.status_code >= 400:
            raise AirflowRefused(f"Airflow refused the login of {self._user}: {answer.status_code}")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def dag_ids(self) -> set[str]:
        """Every DAG that was read without error."""
        return {dag["dag_id"] for dag in self._get("/dags", limit=200)["dags"]}

    def import_errors(self) -> list[str]:
        """``file: last line`` of each DAG file that could not be read."""
        errors = self._get("/importErrors", limit=50)["import_errors"]
        return [
            f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}"
            for error in errors
        ]

    def start_run(self, dag_id: str, run_id: str, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Start a manual run now. The name makes it safe to ask again after a lost answer."""
        body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf or {})}
        path = f"/dags/{dag_id}/dagRuns"
        answer = self._ask("POST", path, json=body)
        if answer.status_code == requests.codes.conflict:
            return _dag_run(self._get(f"{path}/{run_id}"))
        return _dag_run(_read(answer))

    def runs(self, dag_id: str) -> list[DagRun]:
        """Runs of one DAG, oldest first."""
        answer = self._get(f"/dags/{dag_id}/dagRuns", order_by="id", limit=100)
        return [_dag_run(run) for run in answer["dag_runs"]]

    def runs_of(self, dag_ids: Sequence[str]) -> list[DagRun]:
        """Runs of several DAGs in one question, oldest first.

        Only questions that read: Airflow writes its audit log for those by POST, and SQLite may be
        busy.
        """
        answer = self._get("/dags/~/dagRuns", order_by="-id", limit=_PAGE)
        return [_dag_run(run) for run in reversed(answer["dag_runs"]) if run["dag_id"] in dag_ids]

    def tasks(self, run: DagRun) -> list[TaskState]:
        """Task instances of one run."""
        return self.tasks_of([run])

    def tasks_of(self, runs: Sequence[DagRun]) -> list[TaskState]:
        """Task instances of several runs: of all there are in one question, or of the only one."""
        wanted = {(run.dag_id, run.run_id) for run in runs}
        dag_id, run_id = next(iter(wanted)) if len(wanted) == 1 else ("~", "~")
        found = self._all_pages(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return [
            TaskState(
                dag_id=task["dag_id"],
                run_id=task["dag_run_id"],
                task_id=task["task_id"],
                map_index=task["map_index"],
                state=task["state"] or "",
                try_number=task["try_number"],
                seconds=float(task["duration"] or 0.0),
            )
            for task in found
            if (task["dag_id"], task["dag_run_id"]) in wanted
        ]

    def _all_pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = self._get(path, limit=_PAGE, offset=len(found))
            found += answer["task_instances"]
            if len(found) >= answer["total_entries"] or not answer["task_instances"]:
                return found

    def log_errors(self, task: TaskState) -> list[str]:
        """Error events of the last try's log, oldest first."""
        path = (
            f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}"
            f"/logs/{max(task.try_number, 1)}"
        )
        content = self._get(path, map_index=task.map_index, full_content="true").get("content", [])
        return [line for entry in content if (line := _error_line(entry))]

    def _get(self, path: str, **parameters: Any) -> Any:
        return _read(self._ask("GET", path, params=parameters))

    def _ask(self, method: str, path: str, **arguments: Any) -> requests.Response:
        # The server may be kept busy for a while by what else runs on this machine.
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._session.request(
                    method, f"{self._url}/api/v2{path}", timeout=_TIMEOUT, **arguments
                )
            except requests.RequestException as error:
                if attempt == _ATTEMPTS:
                    raise AirflowRefused(
                        f"Airflow's API server did not answer {attempt} times"
                        f" ({type(error).__name__}): see api-server.log"
                    ) from error


def _error_line(entry: Any) -> str:
    if not isinstance(entry, dict) or entry.get("level") not in ("error", "critical"):
        return ""
    details = entry.get("error_detail") or []
    if details:
        first = details[0]
        return f"{first.get('exc_type', '')}: {first.get('exc_value', '')}"
    return str(entry.get("event", ""))


def _dag_run(content: Mapping[str, Any]) -> DagRun:
    return DagRun(
        dag_id=content["dag_id"],
        run_id=content["dag_run_id"],
        state=content["state"],
        run_type=content["run_type"],
    )


def _read(answer: requests.Response) -> Any:
    if answer.status_code >= 400:
        raise AirflowRefused(f"{answer.request.method} {answer.url}: {answer.text[:500]}")
    return answer.json()
