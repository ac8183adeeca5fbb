"""The DAGs of the project, read once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def dag_bag(airflow_home: Path, project_root: Path) -> Any:
    """Every DAG of ``dags/``, parsed as Airflow parses them."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(project_root / "dags"))
