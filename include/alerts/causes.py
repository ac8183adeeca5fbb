"""The kinds of trouble a person is told about: how each is recognised, grouped and cured.

Recognition goes by the names of an exception's classes, most derived first, so that this module
imports neither connectors nor drivers. Every kind has a section of the same name in
docs/runbook.md; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Scope = Literal["everything", "source", "account", "dag", "task"]


@dataclass(frozen=True)
class Cause:
    """One kind of trouble. ``scope`` says which failures share a root cause and so one message."""

    name: str
    headline: str
    """Completes the sentence ``<subject> …``."""
    action: str
    scope: Scope
    error_classes: tuple[str, ...]


WAREHOUSE_UNREACHABLE = Cause(
    name="warehouse_unreachable",
    headline="cannot reach ClickHouse",
    action="Check that ClickHouse is up and has disk space; then clear the failed tasks once.",
    scope="everything",
    error_classes=("WarehouseUnreachable", "OperationalError", "StreamFailureError"),
)
SOURCE_UNREACHABLE = Cause(
    name="source_unreachable",
    headline="does not answer properly",
    action="Retries are used up; the next run catches up by itself. Act if it lasts a day.",
    scope="source",
    error_classes=(
        "TemporaryFailure",
        "IncompleteAnswer",
        "ConnectionError",
        "ConnectTimeout",
        "ReadTimeout",
        "Timeout",
        "TimeoutError",
    ),
)
ACCESS_DENIED = Cause(
    name="access_denied",
    headline="refuses our credentials",
    action="Renew the token in the Airflow connection; no retry helps until then.",
    scope="account",
    error_classes=("AccessDenied",),
)
REQUEST_REFUSED = Cause(
    name="request_refused",
    headline="calls our request wrong",
    action="The vendor changed its API or an option is wrong: read the line below and the log.",
    scope="source",
    error_classes=("RequestRefused",),
)
BAD_INPUT = Cause(
    name="bad_input",
    headline="delivered something unreadable",
    action="Correct the file, mapping or option named below; the next run reads it again.",
    scope="account",
    error_classes=("BadInput",),
)
AUDIT_FAILED = Cause(
    name="audit_failed",
    headline="failed the audit, nothing was published",
    action="Readers keep the former tables. Look up the failed checks and decide: data or code.",
    scope="dag",
    error_classes=("QualityFailed",),
)
BUILD_INTERRUPTED = Cause(
    name="build_interrupted",
    headline="was overtaken, nothing was published",
    action="Readers keep the former tables. Start a new run of build.",
    scope="dag",
    error_classes=("BuildNotActive", "BuildRunning", "InputsMoved", "Unaudited"),
)
PUBLICATION_CONFLICT = Cause(
    name="publication_conflict",
    headline="found a published table replaced by someone else",
    action="Do not build again yet: compare the two tables as the runbook says.",
    scope="everything",
    error_classes=("PublicationConflict",),
)
CONTRACT_REFUSED = Cause(
    name="contract_refused",
    headline="met a contract or statement it cannot apply",
    action="The last commit changed sql/: write the migration it asks for, or revert it.",
    scope="everything",
    error_classes=("MigrationNeeded", "ContractError", "SeedRefused", "SqlRefused", "SqlFailed"),
)
LOAD_NOT_COUNTED = Cause(
    name="load_not_counted",
    headline="landed rows that did not all arrive in raw",
    action="Nothing of that load is visible. Clear the task; if it repeats, look at ClickHouse.",
    scope="source",
    error_classes=("RawLoadFailed", "RowsNotConserved", "LandingError"),
)
DEADLINE_MISSED = Cause(
    name="deadline_missed",
    headline="has not finished in time",
    action="See which task is running or waiting; the run itself goes on.",
    scope="dag",
    error_classes=("DeadlineMissed",),
)
TASK_KILLED = Cause(
    name="task_killed",
    headline="was killed from outside",
    action="Usually memory or a restart. Clear the task: it continues where it stood.",
    scope="task",
    error_classes=("TaskKilled", "AirflowTaskTerminated", "AirflowTaskTimeout", "MemoryError"),
)
UNEXPECTED = Cause(
    name="unexpected",
    headline="failed unexpectedly",
    action="Read the log; if clearing the task once does not help, it is a bug to report.",
    scope="task",
    error_classes=(),
)
CAUSES: tuple[Cause, ...] = (
    WAREHOUSE_UNREACHABLE,
    SOURCE_UNREACHABLE,
    ACCESS_DENIED,
    REQUEST_REFUSED,
    BAD_INPUT,
    LOAD_NOT_COUNTED,
    AUDIT_FAILED,
    BUILD_INTERRUPTED,
    PUBLICATION_CONFLICT,
    CONTRACT_REFUSED,
    DEADLINE_MISSED,
    TASK_KILLED,
    UNEXPECTED,
)


def find_cause(error_classes: Sequence[str]) -> Cause:
    """The cause of an exception, given the names of its classes, most derived first."""
    for name in error_classes:
        for cause in CAUSES:
            if name in cause.error_classes:
                return cause
    return UNEXPECTED
