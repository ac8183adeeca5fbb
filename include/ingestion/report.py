"""What an ingest run did, per resource, and its record in ``ops.ingest_run``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from clickhouse_connect.driver.client import Client

from include.warehouse.manifest import RowsNotConserved
from include.warehouse.raw_load import LoadOutcome

_COLUMNS = {
    "run_id": "String",
    "source": "LowCardinality(String)",
    "account_id": "LowCardinality(String)",
    "resource": "LowCardinality(String)",
    "slices_planned": "UInt32",
    "slices_loaded": "UInt32",
    "slices_confirmed": "UInt32",
    "slices_failed": "UInt32",
    "rows_in": "UInt64",
    "rows_loaded": "UInt64",
    "rows_confirmed": "UInt64",
    "rows_quarantined": "UInt64",
    "is_changed": "Bool",
    "started_at": "DateTime64(6, 'UTC')",
    "finished_at": "DateTime64(6, 'UTC')",
    "error_class": "LowCardinality(String)",
    "error": "String",
    "findings": "Array(String)",
}
_MOST_FINDINGS = 100
"""A vendor that renames everything must not fill the table; the first ones say enough."""


@dataclass
class ResourceCounts:
    """Counts of one resource, in slices and rows."""

    slices_planned: int = 0
    slices_loaded: int = 0
    slices_confirmed: int = 0
    slices_failed: int = 0
    rows_in: int = 0
    rows_loaded: int = 0
    rows_confirmed: int = 0
    rows_quarantined: int = 0
    is_changed: bool = False
    findings: list[str] = field(default_factory=list)
    """Surprises that lose no row, each once: unknown fields and values, by name."""

    def note(self, findings: Iterable[str]) -> list[str]:
        """Remember what is new among ``findings``, and return it."""
        new = [text for text in dict.fromkeys(findings) if text not in self.findings]
        new = new[: _MOST_FINDINGS - len(self.findings)]
        self.findings += new
        return new

    def add(self, outcome: LoadOutcome) -> None:
        """Count one published slice."""
        if outcome.status == "loaded":
            self.slices_loaded += 1
            self.rows_loaded += outcome.row_count
        else:
            self.slices_confirmed += 1
            self.rows_confirmed += outcome.row_count
        self.rows_quarantined += outcome.rejected_count
        self.is_changed |= outcome.is_changed

    def as_values(self) -> dict[str, Any]:
        """JSON values by name."""
        return asdict(self)


Kind = Literal["denied", "refused", "bad input", ""]
"""Credentials, the request itself, or an operator's file or option."""


@dataclass(frozen=True)
class Failure:
    """One slice that could not be pulled or loaded; ``error`` is the first line, no secrets."""

    resource: str
    key: str
    error_class: str
    error: str
    is_temporary: bool
    kind: Kind = ""
    """What of a person's would help; empty for anything else."""

    def __str__(self) -> str:
        return f"{self.resource} {self.key}: {self.error_class}: {self.error}"


@dataclass
class IngestReport:
    """The whole run of one account, over all calls it took."""

    run_id: str
    source: str
    account: str
    started_at: datetime
    resources: dict[str, ResourceCounts] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether a reader of any raw table of the source sees other rows than before."""
        return any(counts.is_changed for counts in self.resources.values())

    def of(self, resource: str) -> ResourceCounts:
        """Counts of one resource, to be added to."""
        return self.resources.setdefault(resource, ResourceCounts())

    def as_counts(self) -> dict[str, Any]:
        """JSON values for a task's result: counts by resource, and whether anything changed."""
        return {
            "source": self.source,
            "account": self.account,
            "is_changed": self.is_changed,
            "resources": {name: counts.as_values() for name, counts in self.resources.items()},
        }

    def require_conserved(self) -> None:
        """Raise :class:`RowsNotConserved` unless every row of the source is accounted for."""
        for name, counts in self.resources.items():
            told = counts.rows_loaded + counts.rows_confirmed + counts.rows_quarantined
            if counts.rows_in != told:
                raise RowsNotConserved(
                    f"{self.source}/{self.account}/{name}: the source gave {counts.rows_in} rows, "
                    f"but {told} were loaded, confirmed or quarantined"
                )

    def restore(
        self, counts: Mapping[str, Mapping[str, Any]], failures: Iterable[Mapping[str, Any]]
    ) -> None:
        """Go on from what earlier calls of the run have counted and met."""
        self.resources = {name: ResourceCounts(**values) for name, values in counts.items()}
        self.failures = [Failure(**values) for values in failures]


def write_report(
    client: Client, report: IngestReport, resources: Iterable[str], finished_at: datetime
) -> None:
    """Append one row per resource, also for those with nothing to do: silence is a fact too."""
    rows = []
    for name in resources:
        failures = [failure for failure in report.failures if failure.resource == name]
        values = report.of(name).as_values()
        rows.append(
            [
                report.run_id,
                report.source,
                report.account,
                name,
                *(values[column] for column in list(_COLUMNS)[4:13]),
                report.started_at,
                finished_at,
                failures[0].error_class if failures else "",
                f"{failures[0].key}: {failures[0].error}" if failures else "",
                values["findings"],
            ]
        )
    client.insert(
        "ops.ingest_run",
        rows,
        column_names=list(_COLUMNS),
        column_type_names=list(_COLUMNS.values()),
    )
