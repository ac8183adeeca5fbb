"""Tells a failed task to the channels of the connection ``throughline_alerts``.

Attach it to tasks that can be a root cause only: what failed because of them (``upstream_failed``)
calls no callback, and a task that merely repeats their failure must not carry it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import BaseHook, BaseNotifier, Context
from airflow.sdk.exceptions import AirflowNotFoundException

from include.alerts.delivery import send
from include.alerts.incident import StaleMart, describe_incident
from include.alerts.staleness import find_stale_marts, read_data_through
from include.contracts.graph import read_graph
from include.settings import read_settings
from throughline.warehouse import open_workshop

RUNBOOK = "docs/runbook.md"
CONNECTION = "throughline_alerts"
"""Its extra holds ``urls``: Apprise addresses such as ``tgram://…`` or ``mailto://…``."""


class AlertNotifier(BaseNotifier):
    """One message per root cause. ``source`` is empty for tasks that belong to no source."""

    template_fields = ()

    def __init__(self, source: str = "") -> None:
        super().__init__()
        self.source = source

    def notify(self, context: Context) -> None:
        """Describe the failure and send it; never raises because of a channel."""
        task = context["ti"]
        settings = read_settings()
        incident = describe_incident(
            context.get("exception") or "the process ended without an error; see its log",
            dag_id=task.dag_id,
            task_id=task.task_id,
            run_id=task.run_id,
            source=self.source,
            account=account_of(context),
            interval=_interval_of(context),
            log_url=getattr(task, "log_url", "") or "",
            runbook_url=RUNBOOK,
            stale=self._stale_marts(),
        )
        send(incident, alert_urls(), settings.home / "alerts", quiet=timedelta(hours=6))

    def _stale_marts(self) -> tuple[StaleMart, ...]:
        if not self.source:
            return ()
        try:
            with open_workshop(self.log.debug) as shop:
                graph = read_graph(shop.sql_root, shop.catalog)
                return find_stale_marts(
                    self.source, shop.catalog, graph, read_data_through(shop.client)
                )
        except Exception:
            # The warehouse may be the very thing that failed; the message matters more.
            self.log.warning("which marts are stale is not known", exc_info=True)
            return ()


def alert_urls() -> list[str]:
    """Channels of this installation; none when the connection is not there."""
    try:
        connection = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        return []
    return [str(url) for url in connection.extra_dejson.get("urls", [])]


def account_of(context: Context) -> str:
    """The account a mapped task works on."""
    return str(getattr(context.get("task"), "account", "") or "")


def _interval_of(context: Context) -> str:
    params = context.get("params") or {}
    if params.get("date_from"):
        return f"{params['date_from']} .. {params.get('date_to')}"
    end = context.get("data_interval_end") or getattr(context.get("dag_run"), "run_after", None)
    return f"up to {end:%Y-%m-%d %H:%M} UTC" if end else ""
