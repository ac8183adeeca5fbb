"""One parameterised run of an ingest DAG in a process that may be killed.

``python -m benchmarks.backfill_run ORDER`` with JSON of ``dag_id``, ``conf``, ``at`` (the logical
date: the same one again is the same run, as a retry is), ``now`` of the vendors' calendar, to which
the task's own is moved, and ``result``: a file for the run's state and how many events were sent.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def main(order: dict[str, Any]) -> int:
    """0 when the run succeeded."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    from include.settings import PROJECT_ROOT
    from throughline import ingest

    now = datetime.fromisoformat(order["now"]).astimezone(UTC)
    ingest._now = lambda: now
    at = datetime.fromisoformat(order["at"])
    bag = DagBag(str(PROJECT_ROOT / "dags"))
    run = bag.dags[order["dag_id"]].test(run_after=at, logical_date=at, run_conf=order["conf"])
    with create_session() as session:
        events = session.scalar(select(func.count()).select_from(AssetEvent))
    told = json.dumps({"state": str(run.state), "events": events})
    Path(order["result"]).write_text(told, encoding="utf-8")
    return 0 if str(run.state) == "success" else 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
