"""Turns rows of an answer into Arrow; notices what nobody declared, and what is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import Column, RecordReader
from include.connectors.google_ads.fields import Field, to_camel
from include.connectors.google_ads.plain_batches import PlainReader
from include.connectors.google_ads.schema import KNOWN_VALUES, RESOURCES, Report
from include.connectors.protocol import Batch, RequestRefused


@dataclass(frozen=True)
class Part:
    """What one element of the stream holds; ``row_count`` has rejected rows too."""

    batch: Batch
    row_count: int
    summary: Mapping[str, Any] | None
    error: Mapping[str, Any] | None = None


class RowReader:
    """Rows of one report; tells fields and enum values nobody declared, misses none silently."""

    def __init__(self, report: Report, constants: Mapping[str, Any]) -> None:
        self._report = report
        schema = RESOURCES[report.resource].schema
        self._plain = PlainReader(report, constants)
        self._records = RecordReader(
            f"google_ads {report.resource}",
            schema,
            [_make_column(field) for field in report.fields],
            {name: value for name, value in constants.items() if name in schema.names},
            ignored=("customer", to_camel(report.source)),
        )
        self._required: dict[tuple[str, ...], set[str]] = {}
        self._declared: dict[tuple[str, ...], set[str]] = {}
        for field in report.fields:
            *parent, leaf = field.path
            self._declared.setdefault(tuple(parent), {"resourceName"}).add(leaf)
            for depth in range(1, len(parent)):
                self._declared.setdefault(tuple(parent[:depth]), {"resourceName"}).add(
                    parent[depth]
                )
            if field.is_required:
                self._required.setdefault(tuple(parent), set()).add(leaf)
        self._told: set[str] = set()

    def read(self, element: bytes, first_number: int) -> Part:
        """One element of the stream."""
        plain = self._plain.read(element) if self._plain.is_able else None
        if plain is not None:
            batch = Batch(plain.rows, (), self._tell(self._find_new_values(plain.rows)))
            return Part(batch, plain.rows.num_rows if plain.rows else 0, plain.summary)
        told = orjson.loads(element)
        if isinstance(told.get("error"), dict):
            return Part(Batch(None), 0, None, told["error"])
        records = told.get("results") or []
        findings = self._check_fields(records) if records else []
        batch = self._records.read(records, first_number)
        findings = self._tell([*batch.findings, *findings, *self._find_new_values(batch.rows)])
        return Part(replace(batch, findings=findings), len(records), told.get("summaryRow"))

    def _find_new_values(self, rows: pa.RecordBatch | None) -> list[str]:
        findings = []
        for column, known in KNOWN_VALUES.items():
            if rows is not None and column in rows.schema.names:
                values = set(pc.unique(rows.column(column)).to_pylist()) - set(known)
                findings += [f"unknown value {value} of {column}" for value in sorted(values)]
        return findings

    def _tell(self, findings: Sequence[str]) -> tuple[str, ...]:
        """Those not told before."""
        new = tuple(text for text in findings if text not in self._told)
        self._told.update(new)
        return new

    def _check_fields(self, records: list[dict[str, Any]]) -> list[str]:
        findings = []
        for parent, declared in self._declared.items():
            holders: list[Any] = records
            for step in parent:
                holders = [h.get(step) or {} for h in holders]
            found: set[str] = set().union(*(h for h in holders if isinstance(h, dict)))
            missing = self._required.get(parent, set()) - found
            if missing:
                name = ".".join((*parent, min(missing)))
                raise RequestRefused(
                    f"google_ads {self._report.resource} no longer has the field {name}: the API "
                    "has changed; compare its release notes with the connector's fields"
                )
            findings += [
                f"unknown field {'.'.join((*parent, name))}" for name in sorted(found - declared)
            ]
        return findings


def _make_column(field: Field) -> Column:
    return Column(field.column, field.decode, ".".join(field.path), field.read)
