"""A process that runs the project's DAGs for a test, each time in a fork that may be killed.

Importing Airflow and Great Expectations costs many seconds, so it happens once; every run is a
fork. A run reads its orders as one JSON line on standard input and answers with one line: the
fork's exit code, negative for a signal. ``die_at`` names a function of the product; when it is
called for the n-th time, the fork kills itself or the engine with SIGKILL, before or after it.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def main() -> int:
    """Prepare once, then serve runs until standard input ends."""
    from tests.airflow_home import airflow_home  # noqa: F401 - sets Airflow's environment

    os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "s" * 64
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    import great_expectations  # noqa: F401 - costs ten seconds, so before any fork
    from airflow import settings
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.execution_time.supervisor import in_process_api_server
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    if bag.import_errors:
        raise RuntimeError(str(bag.import_errors))
    warm_up(in_process_api_server().app)
    settings.dispose_orm()
    answers.write("ready\n")
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(bag, order)
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
    return 0


def warm_up(app: Any) -> None:
    """Let the task API prepare what its first request costs, without starting its thread.

    Its life span ends with that and begins anew in each fork, which then needs a secret of its
    environment where the first one was handed its own validator.
    """
    import asyncio

    import httpx

    async def ask_once() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://task-api") as client,
        ):
            await client.get("/variables/none")

    asyncio.run(ask_once())


def _run(bag: Any, order: dict[str, Any]) -> None:
    """Run the ordered DAGs and leave with 0 when every run succeeded."""
    code = 1
    try:
        from airflow import settings

        settings.configure_orm()
        os.environ.update(order["environment"])
        if order.get("die_at"):
            arm(order["die_at"])
        states = [str(_without_retries(bag.dags[name]).test().state) for name in order["dags"]]
        code = 0 if set(states) == {"success"} else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _without_retries(dag: Any) -> Any:
    """A failed try ends the run at once; the test itself is the retry."""
    for task in dag.tasks:
        task.retries = 0
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["retries"] = 0
    return dag


def arm(orders: dict[str, Any]) -> None:
    """Replace the named function by one that kills at its n-th call."""
    module_name, _, path = orders["function"].partition(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original: Callable[..., Any] = getattr(owner, name)
    victim = orders.get("engine_pid") or os.getpid()
    calls = itertools.count(1)

    @functools.wraps(original)
    def deadly(*args: Any, **kwargs: Any) -> Any:
        # Of two threads that call it, each ends as the call it began as.
        is_last = next(calls) == orders["call"]
        if is_last and orders["when"] == "before":
            os.kill(victim, signal.SIGKILL)
        result = original(*args, **kwargs)
        if is_last and orders["when"] == "after":
            os.kill(victim, signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


if __name__ == "__main__":
    sys.exit(main())
