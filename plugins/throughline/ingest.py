"""The task that pulls one account; it waits in the triggerer while the vendor works.

Everything it has achieved is in landing and the slice log, so being killed, retried or resumed is
one and the same call again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    Interval,
    RequestRefused,
)
from include.ingestion.account_run import Done, Waiting, run_account
from include.ingestion.sources import find_connector
from throughline.accounts import require_account, with_credentials
from throughline.hosts import make_host
from throughline.triggers import VendorReady
from throughline.warehouse import open_landing, open_workshop

HOPELESS = (AccessDenied, BadInput, RequestRefused)
"""No later try helps until a person acts: fail at once, without retries."""

LONGEST_DEFERRAL = timedelta(hours=12)
"""A vendor that has not answered by then is asked again from the beginning by the retry."""


class IngestAccount(BaseOperator):
    """Pull every planned slice of one account; ``account`` is a name of the sources file."""

    template_fields: Sequence[str] = ("account",)

    def __init__(self, *, source: str, account: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.account = account

    def execute(self, context: Context) -> dict[str, Any]:
        """Counts of the run by resource; raises what the connector raised."""
        try:
            outcome = self._pull(context)
        except HOPELESS as error:
            advice = self._advise() if isinstance(error, AccessDenied) else ""
            raise AirflowFailException(f"{type(error).__name__}: {error}{advice}") from error
        if isinstance(outcome, Waiting):
            self.log.info("the vendor works; waiting %.0f s in the triggerer", outcome.seconds)
            self.defer(
                trigger=VendorReady(
                    source=self.source,
                    account=self.account,
                    tokens=[dict(token) for token in outcome.tokens],
                    seconds=outcome.seconds,
                ),
                method_name=self.resume.__name__,
                timeout=LONGEST_DEFERRAL,
            )
        return outcome.report.as_counts()

    def resume(self, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Called when the vendor is ready, or was waited for long enough to look again."""
        return self.execute(context)

    def _advise(self) -> str:
        """How to see that a cure has worked before the task is cleared."""
        return (
            f"\nAfter the cure, make check-source NAME={self.source}/{self.account} tells what the "
            "account may read."
        )

    def _pull(self, context: Context) -> Done | Waiting:
        entry = require_account(self.source, self.account)
        account = with_credentials(entry)
        connector = find_connector(self.source)(account, _now, make_host(account))
        with open_workshop(self.log.info) as shop:
            return run_account(
                connector,
                open_landing(),
                shop.client,
                requested_window(context.get("params") or {}),
                now=lambda: min(_now(), latest_instant(context)),
                run_id=context["run_id"],
                progress=self.log.info,
                account=self.account,
            )


def requested_window(params: Mapping[str, Any]) -> Interval | None:
    """Days ``[date_from, date_to)`` of a backfill, or None for the connector's own plan.

    Raises ``BadInput`` when only one end is given or the span is empty.
    """
    begin, end = params.get("date_from"), params.get("date_to")
    if not begin and not end:
        return None
    if not begin or not end:
        raise BadInput("give both date_from and date_to (the first day not wanted any more)")
    try:
        return Interval(date.fromisoformat(begin), date.fromisoformat(end))
    except (TypeError, ValueError) as error:
        raise BadInput(f"date_from/date_to: {error}") from error


def require_all_pulled(task: Any) -> None:
    """Raise unless every account before ``task`` was pulled; called in the run's last task.

    A run's state is that of its last tasks, and those run whatever happened before them.
    """
    states = task.get_task_states(dag_id=task.dag_id, run_ids=[task.run_id])[task.run_id]
    failed = sorted(
        name for name, state in states.items() if state in ("failed", "upstream_failed")
    )
    if failed:
        raise AirflowFailException(f"not everything arrived: {', '.join(failed)} failed")


def latest_instant(context: Context) -> datetime:
    """Nothing later than this is planned: the data interval's end, or when the run was due.

    A manual run has no interval, and one created by an asset event has no logical date either.
    """
    return context.get("data_interval_end") or context["dag_run"].run_after


def _now() -> datetime:
    return datetime.now(UTC)
