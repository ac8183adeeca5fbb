"""What failed, as facts: the input of a message and the key under which messages are grouped.

Text from outside is redacted on the way in, so an incident may be logged or stored as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from include.alerts.causes import UNEXPECTED, Cause, find_cause
from include.alerts.redaction import redact, redact_first_line

LONGEST_CHAIN = 10
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+")
_WAREHOUSE_DRIVER = ("clickhouse_connect.", "clickhouse_driver.", "include.warehouse.")


@dataclass(frozen=True)
class StaleMart:
    """A published mart that waits for the failed source; complete through ``data_through``."""

    mart: str
    data_through: date | None = None


@dataclass(frozen=True)
class Incident:
    """One failed task, free of secrets and personal data.

    ``interval`` is the half-open span the task worked on, as text. ``error_classes`` are the names
    of the exception's classes, most derived first.
    """

    dag_id: str
    task_id: str
    error_classes: tuple[str, ...]
    error_line: str
    occurred_at: datetime
    run_id: str = ""
    source: str = ""
    account: str = ""
    interval: str = ""
    log_url: str = ""
    runbook_url: str = ""
    stale: tuple[StaleMart, ...] = ()

    @property
    def error_class(self) -> str:
        """Name of the exception's own class."""
        return self.error_classes[0] if self.error_classes else "Error"

    @property
    def cause(self) -> Cause:
        """The kind of trouble this is."""
        return find_cause(self.error_classes)

    @property
    def root_cause_key(self) -> str:
        """Equal for failures one person would fix by one action; stable across processes."""
        cause = self.cause
        parts = [cause.name]
        if cause.scope == "source":
            parts += [self.source or self.dag_id]
        elif cause.scope == "account":
            parts += [self.source or self.dag_id, self.account]
        elif cause.scope == "dag":
            parts += [self.dag_id]
        elif cause.scope == "task":
            # The same bug in three mapped tasks says the same line with other figures.
            parts += [self.dag_id, self.error_class, _VARYING.sub("#", self.error_line)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def describe_incident(
    error: BaseException | str,
    *,
    dag_id: str,
    task_id: str,
    occurred_at: datetime | None = None,
    run_id: str = "",
    source: str = "",
    account: str = "",
    interval: str = "",
    log_url: str = "",
    runbook_url: str = "",
    stale: Sequence[StaleMart] = (),
) -> Incident:
    """Make an incident of an exception, or of a text when the exception itself is gone.

    Of chained exceptions the first is told whose cause is known. Every text is redacted.
    ``runbook_url`` is the address of the runbook page; the section of the
    cause is appended. A naive ``occurred_at`` raises ``ValueError``.
    """
    moment = occurred_at or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("occurred_at must be an aware instant, in UTC; got a naive one")
    classes: tuple[str, ...] = ("Error",)
    if isinstance(error, BaseException):
        error = _find_telling_link(error)
        classes = _name_classes(error)
    if runbook_url and "#" not in runbook_url:
        runbook_url = f"{runbook_url}#{find_cause(classes).name}"
    return Incident(
        dag_id=dag_id,
        task_id=task_id,
        error_classes=classes,
        error_line=redact_first_line(error),
        occurred_at=moment.astimezone(UTC),
        run_id=redact(run_id),
        source=source,
        account=redact(account),
        interval=redact(interval),
        log_url=redact(log_url),
        runbook_url=runbook_url,
        stale=tuple(stale),
    )


def _find_telling_link(error: BaseException) -> BaseException:
    """The first link of the chain whose cause is known: wrappers ("do not retry") say less."""
    link: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if link is None:
            break
        if find_cause(_name_classes(link)) is not UNEXPECTED:
            return link
        link = link.__cause__
    return error


def _name_classes(error: BaseException) -> tuple[str, ...]:
    """Class names of ``error``, most derived first."""
    names = [
        kind.__name__
        for kind in type(error).__mro__
        if kind not in (Exception, BaseException, object)
        # Another database's trouble, say Airflow's own metadata, is not the warehouse's.
        and (kind.__name__ != "OperationalError" or kind.__module__.startswith(_WAREHOUSE_DRIVER))
    ]
    return tuple(names) or (type(error).__name__,)
