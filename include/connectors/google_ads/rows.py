"""Turns rows of an answer into Arrow; notices what nobody declared, and what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc

from include.connectors._records import Column, RecordReader
from include.connectors.google_ads.schema import KNOWN_VALUES, RESOURCES, Field, Report
from include.connectors.protocol import Batch, RequestRefused


class RowReader:
    """Rows of one report; tells fields and enum values nobody declared, misses none silently."""

    def __init__(self, report: Report, constants: Mapping[str, Any]) -> None:
        self._report = report
        schema = RESOURCES[report.resource].schema
        self._records = RecordReader(
            f"google_ads {report.resource}",
            schema,
            [_make_column(field) for field in report.fields],
            {name: value for name, value in constants.items() if name in schema.names},
            ignored=("customer",),
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

    def read(self, records: list[dict[str, Any]], first_number: int) -> Batch:
        """One batch of the stream."""
        findings = self._check_fields(records) if records else []
        batch = self._records.read(records, first_number)
        if batch.rows is not None:
            for column, known in KNOWN_VALUES.items():
                if column in batch.rows.schema.names:
                    values = set(pc.unique(batch.rows.column(column)).to_pylist()) - set(known)
                    findings += [f"unknown value {value} of {column}" for value in sorted(values)]
        new = tuple(text for text in findings if text not in self._told)
        self._told.update(new)
        return replace(batch, findings=(*batch.findings, *new))

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
