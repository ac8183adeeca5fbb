"""What Airflow's components run with: settings, credentials, the project's own variables.

Everything travels as environment variables, so no ``airflow.cfg`` has to be edited and no secret
is an argument that ``ps`` would show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.sandbox.demo_accounts import DEMO_ACCOUNTS
from include.supervisor.store import Secrets, Store

USER = "admin"
WAREHOUSE_USER = "throughline"


@dataclass(frozen=True)
class Ports:
    """Loopback ports of one run; 0 when the part is not started."""

    clickhouse: int
    airflow: int
    vendors: int = 0
    alerts: int = 0


def airflow_environment(
    inherited: Mapping[str, str],
    project: Path,
    home: Path,
    store: Store,
    secrets: Secrets,
    ports: Ports,
    debounce_seconds: float,
) -> dict[str, str]:
    """Environment of every component; also what a task sees."""
    return {
        **inherited,
        **project_environment(project, home, store, secrets, ports),
        "THROUGHLINE_BUILD_DEBOUNCE_SECONDS": str(debounce_seconds),
        **_airflow_settings(project, store, secrets, ports),
        **_connections(secrets, ports),
    }


def project_environment(
    project: Path, home: Path, store: Store, secrets: Secrets, ports: Ports
) -> dict[str, str]:
    """What the library's settings read, pointed at this store."""
    return {
        "PYTHONPATH": str(project),
        "PYTHONUNBUFFERED": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "THROUGHLINE_HOME": str(home),
        "THROUGHLINE_LANDING_ROOT": str(store.landing),
        "THROUGHLINE_SOURCES_FILE": str(store.sources_file),
        "THROUGHLINE_CLICKHOUSE_HOST": "127.0.0.1",
        "THROUGHLINE_CLICKHOUSE_PORT": str(ports.clickhouse),
        "THROUGHLINE_CLICKHOUSE_USER": WAREHOUSE_USER,
        "THROUGHLINE_CLICKHOUSE_PASSWORD": secrets.clickhouse_password,
        "THROUGHLINE_BI_PASSWORD": secrets.bi_password,
        "THROUGHLINE_IDENTITY_KEY": secrets.identity_key,
    }


def write_passwords_file(store: Store, secrets: Secrets) -> Path:
    """The file in which Airflow's simple auth manager looks its users' passwords up."""
    path = _passwords_file(store)
    path.touch(mode=0o600)
    path.write_text(json.dumps({USER: secrets.airflow_password}), "utf-8")
    return path


def _passwords_file(store: Store) -> Path:
    return store.airflow_home / "passwords.json"


def _airflow_settings(
    project: Path, store: Store, secrets: Secrets, ports: Ports
) -> dict[str, str]:
    page = f"http://127.0.0.1:{ports.airflow}"
    return {
        "AIRFLOW_HOME": str(store.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_passwords_file(store)),
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet_key,
        # Without it every task fails while the health page stays green.
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{page}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__API__BASE_URL": page,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.jwt_secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt_secret,
        # Many tasks write at once; the default patience of five seconds is too short for a laptop.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{store.metadata}?timeout=60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(store.logs / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(store.logs / "dags"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        # Parsing costs a second of processor time a file; the DAGs change with a commit only.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "120",
        # A task whose first call is cut off finds itself started already and fails; on a busy
        # laptop the default of five seconds is too short.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _connections(secrets: Secrets, ports: Ports) -> dict[str, str]:
    connections: dict[str, dict[str, object]] = {
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": {
            "conn_type": "clickhouse",
            "host": "127.0.0.1",
            "port": ports.clickhouse,
            "login": WAREHOUSE_USER,
            "password": secrets.clickhouse_password,
        }
    }
    if ports.alerts:
        connections["AIRFLOW_CONN_THROUGHLINE_ALERTS"] = {
            "conn_type": "generic",
            "extra": {"urls": [f"json://127.0.0.1:{ports.alerts}/"]},
        }
    if ports.vendors:
        for each in DEMO_ACCOUNTS:
            name = f"AIRFLOW_CONN_{each.connection_id.upper()}"
            connections[name] = {"conn_type": "generic", **each.connection}
    return {name: json.dumps(value) for name, value in connections.items()}
