"""``make check-source``: runs the check with the connections of the last run's store."""

from __future__ import annotations

import os
import subprocess
import sys

from include.supervisor.airflow_environment import Ports, airflow_environment
from include.supervisor.home_lock import read_running
from include.supervisor.installation import Installation
from include.supervisor.store import Store, last_store, read_secrets

NO_DEBOUNCE = 0.0


def check_source(installation: Installation, name: str) -> int:
    """Exit code of the check; raises ``NoStore`` before the first ``make up`` or ``make demo``."""
    running = read_running(installation.home)
    store = (
        Store(installation.home / "stores" / running.store)
        if running is not None and running.store
        else last_store(installation.home)
    )
    ports = Ports(
        clickhouse=running.clickhouse_port if running else installation.clickhouse_port,
        airflow=running.airflow_port if running else installation.airflow_port,
        vendors=1,
    )
    environment = airflow_environment(
        installation.inherited,
        installation.project,
        installation.home,
        store,
        read_secrets(store),
        ports,
        NO_DEBOUNCE,
    )
    folders = (installation.project, installation.project / "plugins")
    environment["PYTHONPATH"] = os.pathsep.join(str(folder) for folder in folders)
    environment["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    command = (sys.executable, "-m", "throughline.check_source", name)
    return subprocess.run(command, env=environment, check=False).returncode
