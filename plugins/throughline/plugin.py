"""Registers the project with Airflow; the only file here Airflow imports by itself."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from throughline import pool_listener


class ThroughlinePlugin(AirflowPlugin):
    """The listener that makes the pools."""

    name = "throughline"
    listeners = [pool_listener]  # noqa: RUF012 - Airflow reads it from the class
